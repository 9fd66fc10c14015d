import { randomBytes } from 'node:crypto';
import { openEmbeddedTpm } from '../../machine/index.ts';
import { parseListenAddress, showAddress } from '../../protocols/index.ts';
import { createWorld, SimulatorError, type World } from '../../sim/index.ts';
import { lastingChange } from '../../tpm/index.ts';
import { explainRc, TPM_RC } from '../../tpm/wire/index.ts';
import { type Backend, openBackend, parseBackendSpec, serveResourceManager, TpmChip } from '../../tpmrm/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { chanceLine } from '../tpm/chance.ts';
import type { ServeFlags } from './flags.ts';

/** `svm-sim tpmrm serve`: until the person interrupts. */
export async function tpmrmServe(flags: ServeFlags, io: Io): Promise<number> {
  const { listen, seed = randomBytes(32).toString('hex'), swapping, quiet } = flags;
  const { text, address, local } = showAddress(parseListenAddress(listen));
  const world = createWorld(seed);
  const backend = await backendOf(flags, world, io);
  try {
    const onLine = quiet ? () => {} : (line: string) => io.out(`${line}\n`);
    const { log, reason } = kernelLog(onLine);
    const chip = new TpmChip({ backend, clock: world.clock, swapping, log });
    const server = await serveResourceManager(chip, address, { onLine, reason });
    io.out(`${DISCLAIMER}\n`);
    if (!local) io.err(`Anybody who reaches ${text} can use and change this TPM: there is no password.\n`);
    if (flags.tpm === undefined || flags.tpm === 'embedded') io.out(chanceLine(flags.seed));
    io.out(`/dev/tpmrm0 of ${backend.name} on ${showAddress(server.address).text}; Ctrl-C ends it.\n`);
    await interrupted(io.signal);
    await server.close();
    return EXIT.held;
  } finally {
    await backend.close();
  }
}

async function backendOf({ tpm = 'embedded', tpmState, allowHardware }: ServeFlags, world: World, io: Io): Promise<Backend> {
  const spec = parseBackendSpec(tpm);
  if (spec.kind === 'embedded') return (await openEmbeddedTpm(world, 'tpmrm', { folder: tpmState })).backend;
  if (tpmState !== undefined) {
    throw new SimulatorError('cli.tpm-state', {
      where: '--tpm-state',
      what: `the TPM is ${tpm}: its state is not ours to keep`,
      hint: '--tpm-state is for the embedded TPM.',
    });
  }
  if (allowHardware) return openBackend(spec, { allowHardware });
  const onRefused = (why: string) => io.err(`refused: ${why}; to let it change the TPM of this machine, add --allow-hardware\n`);
  return openBackend(spec, { readOnly: { lastingChange, onRefused } });
}

/** Tells the kernel's log, and keeps the last error of the TPM in it as the reason why a system call failed. */
export function kernelLog(onLine: (line: string) => void): { log(line: string): void; reason(): string | undefined } {
  let last: string | undefined;
  return {
    log(line) {
      const code = /TPM error 0x([0-9A-F]+)/.exec(line)?.[1];
      if (code !== undefined) last = explained(line, Number.parseInt(code, 16));
      onLine(`kernel: ${line}`);
    },
    reason() {
      const said = last;
      last = undefined;
      return said;
    },
  };
}

function explained(line: string, rc: number): string {
  const helps =
    rc === TPM_RC.CONTEXT_GAP
      ? '; a saved session of somebody is too old: flush it (tpm2_flushcontext --saved-session), or end the client that keeps it'
      : '';
  return `${line}, ${explainRc(rc).text}${helps}`;
}

const interrupted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
