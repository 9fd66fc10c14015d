import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Listener } from '../protocols/index.ts';
import { SimulatorError } from '../sim/index.ts';

// Node cannot receive a descriptor over a Unix socket (docs/reference/decisions.md#descriptors-need-a-relay). The relay, a small program in
// C, can: it stands between QEMU and our sockets, passes the control channel on, and connects the descriptor that QEMU hands over to the
// data channel.

/** From `src/` as from `dist/`. */
const PROGRAM = fileURLToPath(new URL('../../dist/native/fd-relay', import.meta.url));

/** The relay, if it was built. */
export const relayProgram = (): string | null => (existsSync(PROGRAM) ? PROGRAM : null);

export interface Relay {
  close(): Promise<void>;
}

export interface RelaySides {
  readonly control: (path: string) => Promise<Listener>;
  readonly data: (path: string) => Promise<Listener>;
  readonly onLine: (line: string) => void;
}

/** @throws {SimulatorError} `tpm.relay` when it does not start. */
export async function startRelay(program: string, path: string, { control, data, onLine }: RelaySides): Promise<Relay> {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-relay-'));
  const [controlPath, dataPath] = [join(folder, 'control'), join(folder, 'data')];
  const listeners = [await control(controlPath), await data(dataPath)];
  const child = spawn(program, [path, controlPath, dataPath], { stdio: ['pipe', 'pipe', 'pipe'] });
  // Not `close`: the processes that serve clients hold its output, and end when our sockets do.
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const close = async () => {
    child.stdin?.end(); // it ends with the program that started it
    await ended;
    await Promise.all(listeners.map(listener => listener.close()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(child);
  } catch (error) {
    await close();
    throw error;
  }
  child.stderr?.on('data', chunk => onLine(`relay: ${String(chunk).trim()}`));
  return { close };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fails = (what: string) => {
      const hint = 'Build it again: npm run build:native.';
      reject(new SimulatorError('tpm.relay', { what: `the relay does not start: ${said.trim() || what}`, hint, blame: 'environment' }));
    };
    child.stderr?.on('data', chunk => {
      said += chunk;
    });
    child.once('error', error => fails(error.message));
    child.once('exit', code => fails(`status ${code}`));
    child.stdout?.once('data', () => resolve());
  });
}
