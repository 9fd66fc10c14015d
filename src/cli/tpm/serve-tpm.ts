import { randomBytes } from 'node:crypto';
import { type ChosenGeneration, chooseGeneration, parseGeneration } from '../../machine/index.ts';
import { type Address, parseListenAddress, showAddress } from '../../protocols/index.ts';
import { Clock, nearest, Random, SimulatorError } from '../../sim/index.ts';
import {
  type Exchange,
  PROTOCOLS,
  type Protocol,
  ServedTpm,
  type StartupKind,
  StateDir,
  serveTpm,
  type TpmServer,
} from '../../tpm-serve/index.ts';
import { LiveCapture } from '../../trace/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { version } from '../version.ts';
import { chanceLine } from './chance.ts';
import type { ServeFlags } from './flags.ts';

const STARTUPS: readonly StartupKind[] = ['clear', 'state', 'none'];
const DEFAULT_LISTEN = 'tcp:2321';

/** `svm-sim tpm serve`: until the person interrupts, or a client says so. */
export async function tpmServe(flags: ServeFlags, io: Io): Promise<number> {
  const protocol = choice<Protocol>('--protocol', flags.protocol ?? 'swtpm', PROTOCOLS);
  const startup = choice<StartupKind>('--startup', flags.startup ?? 'clear', STARTUPS);
  const { listen, control } = addressesOf(flags, protocol);
  const { libtpms, swtpm } = generationOf(flags);
  const onLine = flags.quiet ? () => {} : (line: string) => io.out(`${line}\n`);
  const capture = flags.log === undefined ? null : new LiveCapture(flags.log, `svm-sim ${version()}`);
  const state = flags.state === undefined ? null : await StateDir.open(flags.state, line => io.err(`${line}\n`));
  let tpm: ServedTpm | null = null;
  let server: TpmServer | null = null;
  try {
    tpm = new ServedTpm({
      random: new Random(flags.seed ?? randomBytes(32)),
      clock: new Clock(),
      nowNs: () => process.hrtime.bigint() - START,
      startup,
      version: libtpms,
      swtpm: swtpm.behaviour,
      onLine,
      ...(state ? { state } : {}),
      ...(capture ? { onExchange: noting(capture, io) } : {}),
    });
    server = await serveTpm(tpm, { protocol, listen, control, onLine });
    announce(server, protocol, flags, io);
    const why = await Promise.race([interrupted(io.signal), server.asked]);
    onLine(`ends: ${why}`);
    return EXIT.held;
  } finally {
    await server?.close();
    if (tpm) await tpm.close();
    else await state?.close();
    capture?.close();
  }
}

/** A profile alone is of the newest generation that has profiles. */
function generationOf({ generation, profile }: ServeFlags): ChosenGeneration {
  const choice = generation === undefined ? undefined : parseGeneration(generation, '--generation');
  if (profile === undefined) return chooseGeneration(choice, '--generation');
  const single = typeof choice === 'string' ? { base: choice } : (choice ?? { libtpms: '0.10.2', swtpm: '0.10.2' });
  return chooseGeneration({ ...single, profile }, '--profile');
}

/** A capture that cannot be written any more is no reason to leave the clients alone. */
function noting(capture: LiveCapture, io: Io): (exchange: Exchange) => void {
  let writable = true;
  return exchange => {
    try {
      if (writable) capture.exchange(exchange, wallNs());
    } catch (error) {
      if (!(error instanceof SimulatorError)) throw error;
      writable = false;
      io.err(`${error.message}: nothing more is written to it\n`);
    }
  };
}

const START = process.hrtime.bigint();
const WALL_START = BigInt(Date.now()) * 1_000_000n;
const wallNs = (): bigint => WALL_START + (process.hrtime.bigint() - START);

/** Commands come by TCP unless a Unix control socket is all that was asked for: over that one a descriptor can be handed over. */
function addressesOf({ listen, ctrl }: ServeFlags, protocol: Protocol): { listen: Address | null; control: Address | 'next' | null } {
  const control = ctrl === undefined ? null : parseListenAddress(ctrl, '--ctrl');
  const byDescriptor = listen === undefined && control !== null && 'path' in control && protocol === 'swtpm';
  const data = byDescriptor ? null : parseListenAddress(listen ?? DEFAULT_LISTEN);
  if (control || !data || !('port' in data)) return { listen: data, control };
  if (data.port === 65535) {
    throw new SimulatorError('tpmrm.listen', {
      where: '--listen',
      what: 'there is no port after 65535 for the control channel',
      hint: 'Take another port, or name the place of the control channel: --ctrl tcp:PORT.',
    });
  }
  return { listen: data, control: 'next' };
}

function announce(server: TpmServer, protocol: Protocol, { state, ctrl, seed }: ServeFlags, io: Io): void {
  const { data, control, takesDescriptors } = server;
  const show = (address: Address): string => showAddress(address).text;
  io.out(`${DISCLAIMER}\n`);
  for (const address of [data, control])
    if (address && !showAddress(address).local)
      io.err(`Anybody who reaches ${show(address)} can use and change this TPM: there is no password.\n`);
  const where = [
    data ? `commands on ${show(data)}` : '',
    control ? `${protocol === 'mssim' ? 'platform' : 'control channel'} on ${show(control)}` : '',
    takesDescriptors ? 'which also takes a descriptor for commands' : '',
  ].filter(Boolean);
  io.out(`TPM 2.0 (${protocol}): ${where.join(', ')}; ${state === undefined ? 'its state is gone when it ends' : `state in ${state}`}\n`);
  io.out(chanceLine(seed));
  if (ctrl?.startsWith('unix:') && protocol === 'swtpm' && !takesDescriptors && !data)
    io.err('No program can hand over a descriptor here: the relay is not built (npm run build:native).\n');
  io.out('Ctrl-C ends it.\n');
}

function choice<T extends string>(option: string, given: string, known: readonly T[]): T {
  const found = known.find(name => name === given);
  if (found !== undefined) return found;
  const close = nearest(given, known);
  throw new SimulatorError('cli.choice', {
    where: option,
    what: `"${given}" is none of ${known.join(', ')}`,
    ...(close ? { hint: `Did you mean "${close}"?` } : {}),
  });
}

const interrupted = (signal: AbortSignal): Promise<string> =>
  new Promise(resolve => {
    if (signal.aborted) resolve('interrupted');
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
