import { embeddedTpm } from '../../machine/index.ts';
import { createWorld } from '../../sim/index.ts';
import { openBackend, parseBackendSpec, parseListenAddress, serveResourceManager, showAddress, TpmChip } from '../../tpmrm/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';

interface ServeFlags {
  readonly listen: string;
  readonly tpm?: string;
  readonly seed?: string;
  readonly allowHardware?: boolean;
  readonly quiet?: boolean;
}

/** `svm-sim tpmrm serve`: until the person interrupts. */
export async function tpmrmServe({ listen, tpm = 'embedded', seed = 'tpmrm', allowHardware, quiet }: ServeFlags, io: Io): Promise<number> {
  const { text, address, local } = showAddress(parseListenAddress(listen));
  const world = createWorld(seed);
  const backend = await openBackend(parseBackendSpec(tpm), {
    embedded: () => embeddedTpm(world, 'tpmrm'),
    ...(allowHardware === undefined ? {} : { allowHardware }),
  });
  try {
    const chip = new TpmChip({ backend, clock: world.clock });
    const onLine = quiet ? () => {} : (line: string) => io.out(`${line}\n`);
    const server = await serveResourceManager(chip, address, { onLine });
    io.out(`${DISCLAIMER}\n`);
    if (!local) io.err(`Anybody who reaches ${text} can use and change this TPM: there is no password.\n`);
    io.out(`/dev/tpmrm0 of ${backend.name} on ${showAddress(server.address).text}; Ctrl-C ends it.\n`);
    await interrupted(io.signal);
    await server.close();
    return EXIT.held;
  } finally {
    await backend.close();
  }
}

const interrupted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
