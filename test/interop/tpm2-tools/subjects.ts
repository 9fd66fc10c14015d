import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock, Random } from '../../../src/sim/index.ts';
import { ServedTpm, serveTpm, type TpmServer } from '../../../src/tpm-serve/index.ts';
import { type Backend, BackendError, openBackend, type SwtpmControl } from '../../../src/tpmrm/index.ts';

import { STARTUP } from '../../tpm-serve/commands.ts';

/** A TPM that flows run on, reached as its protocol says. */
export interface Subject {
  readonly name: string;
  /** Where the programs find it. */
  readonly env: Readonly<Record<string, string>>;
  /** As it was at the beginning, started: through its control channel. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** The environment of tpm2-tools and of IBM's TSS. */
const environment = (protocol: 'swtpm' | 'mssim', port: number): Readonly<Record<string, string>> => ({
  TPM2TOOLS_TCTI: `${protocol}:host=127.0.0.1,port=${port}`,
  TPM_INTERFACE_TYPE: 'socsim',
  TPM_SERVER_NAME: '127.0.0.1',
  TPM_SERVER_TYPE: protocol === 'mssim' ? 'mssim' : 'raw',
  TPM_COMMAND_PORT: String(port),
  TPM_PLATFORM_PORT: String(port + 1),
});

const NOTHING = new Uint8Array(0);

/**
 * Puts a TPM back to what it was and starts it. A connection for each time: swtpm serves one control connection at a time, and the
 * programs need it.
 */
async function resetOf(port: number): Promise<() => Promise<void>> {
  async function withControl<T>(body: (control: SwtpmControl, backend: Backend) => Promise<T>): Promise<T> {
    const backend = await openBackend({ kind: 'swtpm-tcp', host: '127.0.0.1', port }, {});
    try {
      return await body((backend as Backend & { readonly control: SwtpmControl }).control, backend);
    } finally {
      await backend.close();
    }
  }
  const { permanent } = await withControl(control => control.getState());
  return () =>
    withControl(async (control, backend) => {
      await control.setState({ permanent, volatile: NOTHING, savestate: NOTHING });
      await backend.transmit(STARTUP);
    });
}

/** Our TPM, by one of its protocols. The other is there too: the control channel resets it. */
export async function embeddedSubject(protocol: 'swtpm' | 'mssim'): Promise<Subject> {
  const start = process.hrtime.bigint();
  const tpm = new ServedTpm({ random: new Random(protocol), clock: new Clock(), nowNs: () => process.hrtime.bigint() - start });
  const any = { listen: { host: '127.0.0.1', port: 0 }, control: 'next', onLine: () => {} } as const;
  const servers = { swtpm: await serveTpm(tpm, { ...any, protocol: 'swtpm' }), mssim: await serveTpm(tpm, { ...any, protocol: 'mssim' }) };
  const portOf = ({ data }: TpmServer) => (data as { port: number }).port;
  return {
    name: `our TPM by the protocol of ${protocol}`,
    env: environment(protocol, portOf(servers[protocol])),
    reset: await resetOf(portOf(servers.swtpm)),
    async close() {
      await servers.swtpm.close();
      await servers.mssim.close();
      await tpm.close();
    },
  };
}

/** A real swtpm. */
export async function swtpmSubject(): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-flows-swtpm-'));
  const port = await freePair();
  const sockets = ['--server', `type=tcp,port=${port}`, '--ctrl', `type=tcp,port=${port + 1}`];
  const child = spawn('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${folder}`, ...sockets, '--flags', 'not-need-init,startup-clear'], {
    stdio: 'ignore',
  });
  await listening(port + 1);
  const reset = await resetOf(port);
  return {
    name: 'a real swtpm',
    env: environment('swtpm', port),
    reset,
    async close() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Two ports, one after the other, that nobody listens on. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = createServer();
    const port = await new Promise<number>(resolve => {
      first.listen(0, '127.0.0.1', () => resolve((first.address() as { port: number }).port));
    });
    const second = createServer();
    const free = await new Promise<boolean>(resolve => {
      second.once('error', () => resolve(false));
      second.listen(port + 1, '127.0.0.1', () => second.close(() => resolve(true)));
    });
    await new Promise(resolve => first.close(resolve));
    if (free) return port;
  }
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const open = await new Promise<boolean>(resolve => {
      const probe = connect({ host: '127.0.0.1', port }, () => {
        probe.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (open) return;
    await sleep(10);
  }
  throw new BackendError('dead', `nobody listens on port ${port}`);
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
