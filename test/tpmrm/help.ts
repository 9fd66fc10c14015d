import { getU32 } from '../../src/bytes/index.ts';
import { createWorld, type World } from '../../src/sim/index.ts';
import { codeOf, TPM_HEADER_BYTES } from '../../src/spec/index.ts';
import { type Backend, type DeviceFile, embeddedBackend, type OpenFlags, TpmChip } from '../../src/tpmrm/index.ts';
import { message } from '../../src/tpmrm/wire.ts';
import { CODE, TinyTpm } from './tiny-tpm.ts';

export interface Bench {
  readonly world: World;
  readonly tpm: TinyTpm;
  readonly chip: TpmChip;
  readonly log: string[];
  open(path?: '/dev/tpmrm0' | '/dev/tpm0', flags?: OpenFlags): Promise<DeviceFile>;
}

/** A chip over a tiny TPM; `around` may put a faulty backend between them. */
export function bench(around: (backend: Backend) => Backend = backend => backend): Bench {
  const world = createWorld('tpmrm');
  const tpm = new TinyTpm();
  const log: string[] = [];
  const backend = around(embeddedBackend(tpm));
  const chip = new TpmChip({ backend, clock: world.clock, bus: world.bus, log: line => log.push(line) });
  const open: Bench['open'] = async (path = '/dev/tpmrm0', flags) => {
    const opened = await chip.open(path, flags);
    if ('value' in opened) return opened.value;
    throw new Error(`open: ${JSON.stringify(opened)}`);
  };
  return { world, tpm, chip, log, open };
}

export const createObject = message(CODE.createPrimary, [0x40000001]);
export const startSession = message(CODE.startSession, [0x40000007, 0x40000007]);
export const readPublic = (handle: number) => message(CODE.readPublic, [handle]);
export const getDigest = (session: number) => message(CODE.policyGetDigest, [session]);
export const flush = (handle: number) => message(0x165, [handle]);
export const listHandles = (first: number) => message(0x17a, [1, first, 64]);

/** What a command gives: an errno of write or read, or response code and the 32-bit words after the header. */
export async function ask(file: DeviceFile, command: Uint8Array): Promise<{ errno: string } | { rc: number; words: number[] }> {
  const written = await file.write(command);
  if ('errno' in written) return { errno: written.errno };
  const read = await file.read(4096);
  if (!('value' in read)) return { errno: 'errno' in read ? read.errno : 'blocks' };
  const words: number[] = [];
  for (let at = TPM_HEADER_BYTES; at + 4 <= read.value.length; at += 4) words.push(getU32(read.value, at));
  return { rc: codeOf(read.value), words };
}
