import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { SimulatorError } from '../../sim/index.ts';
import { BackendError } from './backend.ts';
import { Link } from './link.ts';
import { StreamBackend } from './stream-backend.ts';
import { SwtpmControl } from './swtpm-control.ts';

export interface SwtpmOptions {
  /** Where the TPM keeps its state; a temporary folder, removed at the end, if not given. */
  readonly stateDir?: string;
  /** `clear`: swtpm sends TPM2_Startup itself. Default: it waits for firmware to do so, as a TPM does. */
  readonly startup?: 'clear' | 'none';
  readonly program?: string;
  /** Real time that a command may take. */
  readonly timeoutMs?: number;
}

interface Process {
  child: ChildProcess | null;
  data: Link | null;
  control: Link | null;
  /** The end of what it complained about. */
  stderr: string;
}

const running = new Set<SwtpmProcess>();
let watchingExit = false;

/**
 * An swtpm of our own on socket pairs: no ports, no paths (docs/reference/tpm.md#passing-a-descriptor). It ends with this
 * program.
 */
export class SwtpmProcess extends StreamBackend {
  readonly control: SwtpmControl;
  readonly #options: SwtpmOptions;
  readonly #dir: string;
  readonly #state: Process;

  private constructor(options: SwtpmOptions) {
    const state: Process = { child: null, data: null, control: null, stderr: '' };
    const timeoutMs = options.timeoutMs ?? 30_000;
    super('swtpm', async () => alive(state.data, state.stderr), timeoutMs);
    this.#state = state;
    this.#options = options;
    this.#dir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'svm-sim-swtpm-'));
    this.control = new SwtpmControl(async () => alive(state.control, state.stderr), timeoutMs);
  }

  /** @throws {SimulatorError} `tpmrm.swtpm-missing`, `tpmrm.swtpm-fails`. */
  static async start(options: SwtpmOptions = {}): Promise<SwtpmProcess> {
    const swtpm = new SwtpmProcess(options);
    running.add(swtpm);
    if (!watchingExit) process.once('exit', SwtpmProcess.#killAll);
    watchingExit = true;
    try {
      await swtpm.#spawn();
    } catch (error) {
      await swtpm.close();
      throw error;
    }
    return swtpm;
  }

  /** Process number, for messages and for tests that kill it. */
  get pid(): number | undefined {
    return this.#state.child?.pid;
  }

  async #spawn(): Promise<void> {
    const { program = 'swtpm', startup = 'none' } = this.#options;
    const flags = ['not-need-init', ...(startup === 'clear' ? ['startup-clear'] : [])].join();
    const args = ['socket', '--tpm2', '--tpmstate', `dir=${this.#dir}`, '--fd', '3', '--ctrl', 'type=unixio,clientfd=4', '--flags', flags];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    const state = this.#state;
    state.child = child;
    state.stderr = '';
    child.stderr?.on('data', chunk => {
      state.stderr = `${state.stderr}${chunk}`.slice(-2000);
    });
    (child.stderr as { unref?: () => void } | null)?.unref?.();
    child.unref();
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', cause => reject(cannotStart(program, cause)));
    });
    // Extra 'pipe' entries of stdio are socket pairs on Linux; Node's types know them as one-way streams.
    state.data = new Link(child.stdio[3] as unknown as Duplex, 'swtpm');
    state.control = new Link(child.stdio[4] as unknown as Duplex, "swtpm's control channel");
    try {
      await this.control.cancel(); // answers whatever the TPM's state
    } catch (cause) {
      if (!(cause instanceof BackendError)) throw cause;
      throw new SimulatorError('tpmrm.swtpm-fails', {
        what: `swtpm ended at once: ${state.stderr.trim() || cause.message}`,
        hint: 'Try it by hand: swtpm socket --tpm2 --tpmstate dir=$(mktemp -d) --server type=tcp,port=2321',
        blame: 'environment',
        cause,
      });
    }
  }

  /** Power off and on. A process that died is started again, with the state that it had stored. */
  reset(): Promise<void> {
    return this.exclusive(async () => {
      if (await this.#switchedOffAndOn()) return;
      await this.end();
      await this.#spawn();
    });
  }

  /** False: the process is dead, or dies meanwhile. */
  async #switchedOffAndOn(): Promise<boolean> {
    if (!this.#state.data?.usable || !this.#state.control?.usable) return false;
    try {
      await this.control.stop();
      await this.control.init();
      return true;
    } catch (error) {
      if (error instanceof BackendError && error.fault === 'dead') return false;
      throw error;
    }
  }

  override async close(): Promise<void> {
    await this.end();
    if (this.#options.stateDir === undefined) rmSync(this.#dir, { recursive: true, force: true });
    running.delete(this);
  }

  /** The process ends; its state stays, and a reset starts it again. */
  async end(): Promise<void> {
    const { child, data, control } = this.#state;
    const gone = child?.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    const ended = gone ? Promise.resolve() : new Promise<void>(resolve => child.once('exit', () => resolve()));
    child?.ref();
    child?.kill('SIGKILL');
    data?.close();
    control?.close();
    await ended;
  }

  static #killAll(): void {
    for (const left of running) left.#kill();
  }

  #kill(): void {
    this.#state.child?.kill('SIGKILL');
    if (this.#options.stateDir === undefined) rmSync(this.#dir, { recursive: true, force: true });
  }
}

function alive(link: Link | null, stderr: string): Link {
  if (link?.usable) return link;
  throw new BackendError('dead', `swtpm has ended${stderr ? `: ${stderr.trim()}` : ''}`);
}

function cannotStart(program: string, cause: Error): SimulatorError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return new SimulatorError(missing ? 'tpmrm.swtpm-missing' : 'tpmrm.swtpm-fails', {
    what: missing ? `the program "${program}" is not installed` : `"${program}" cannot be started: ${cause.message}`,
    hint: missing ? 'Install it (apt install swtpm), or use the TPM that is built in: --tpm embedded.' : 'Check its permissions.',
    blame: 'environment',
    cause,
  });
}
