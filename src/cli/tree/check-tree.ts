import { Machine } from '../../machine/index.ts';
import { type AnyEvent, createWorld, nearest, SimulatorError } from '../../sim/index.ts';
import { cells, type Fdt, findNode, loadPublicKey, readFdt, setProperty, writeEsmBlob, writeFdt } from '../../svm/format/index.ts';
import { describeTree } from '../../svm/guest/index.ts';
import { generateKey, makeBlob, RTAS_CODE } from '../../svm/owner/index.ts';
import { painter } from '../../trace/index.ts';
import { profileNames } from '../../ultravisor/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { CheckFlags } from './flags.ts';
import { readTree } from './read-tree.ts';

const MEMORY_BYTES = 512n << 20n;
const STAND_IN_BYTES = 4096;
/** More than any initrd that a stand-in is made for. */
const LARGEST_INITRD_BYTES = 256n << 20n;

/** `tree check`. */
export async function checkTree(file: string, { profile }: CheckFlags, io: Io): Promise<number> {
  const bytes = await readTree(file);
  if (profile !== undefined && !profileNames.includes(profile)) {
    const meant = nearest(profile, profileNames);
    throw new SimulatorError('scenario.unknown-profile', {
      where: '--profile',
      what: `there is no profile "${profile}"`,
      hint: meant === undefined ? `Profiles: ${profileNames.join(', ')}.` : `Did you mean "${meant}"?`,
    });
  }
  const paint = painter(io.colors);
  let status: number = EXIT.held;
  for (const name of profile === undefined ? profileNames : [profile]) {
    const refused = await whyRefused(bytes, name);
    if (refused !== null) status = EXIT.failed;
    io.out(`${refused === null ? paint('✓', 'good') : paint('✗', 'bad')} ${name}: ${refused ?? 'takes it, to the digests and through'}\n`);
  }
  return status;
}

/** A guest asks with this tree; null: it became secure. */
async function whyRefused(bytes: Uint8Array, profile: string): Promise<string | null> {
  const world = createWorld('tree check');
  const failed: string[] = [];
  world.bus.listen((event: AnyEvent) => {
    if (event.kind === 'check' && !event.data.ok) failed.push(`${event.data.detail} (check "${event.data.name}")`);
  });
  const machine = await Machine.create(world, [{ name: 'host', tpm: 'embedded', profile }]);
  try {
    const host = machine.host('host');
    await host.boot();
    const { ramBytes = MEMORY_BYTES, vcpus, bootargs = '' } = describeTree(bytes);
    const kernel = new Uint8Array(STAND_IN_BYTES).fill(0x60);
    const initrd = new Uint8Array(initrdBytes(readFdt(bytes)));
    const chance = world.random.fork('owner');
    const key = await loadPublicKey(new TextEncoder().encode(host.wrappingKeyPem()), 'wrapping key');
    const digest = { kernel, initrd, bootargs, rtas: RTAS_CODE };
    const made = makeBlob({ origin: generateKey(chance).key, originComment: '', recipients: [{ key }], digest, files: [] }, chance);
    const esmBlob = writeEsmBlob(made);
    const spec = { name: 'vm', lpid: 1, ramBytes, vcpus, kernel, initrd, bootargs, rtas: RTAS_CODE, esmBlob, deviceTree: bytes };
    const guest = host.createGuest(spec);
    await guest.start();
    // As it came, but for where the blob lies: what is missing must stay missing.
    guest.partition.write(guest.layout.fdt, withBlob(bytes, guest.layout.esmBlob ?? 0n, esmBlob.length), 'guest');
    const outcome = await guest.enterSecureMode();
    if ('never' in outcome) return `${outcome.never}${failed.length > 0 ? `: ${failed.at(-1)}` : ''}`;
    return outcome.secure ? null : (failed.at(-1) ?? `UV_ESM gave ${outcome.r3Name}`);
  } finally {
    await machine.close();
  }
}

function initrdBytes(tree: Fdt): number {
  const at = (name: string): bigint => {
    const value = findNode(tree, '/chosen')?.properties.find(property => property.name === name)?.value;
    return value && value.length >= 8 ? new DataView(value.buffer, value.byteOffset).getBigUint64(0) : 0n;
  };
  const length = at('linux,initrd-end') - at('linux,initrd-start');
  return length > 0n && length <= LARGEST_INITRD_BYTES ? Number(length) : STAND_IN_BYTES;
}

function withBlob(bytes: Uint8Array, start: bigint, length: number): Uint8Array {
  let tree = readFdt(bytes);
  if (!findNode(tree, '/chosen')) return bytes;
  tree = setProperty(tree, '/chosen', 'linux,esm-blob-start', cells(Number(start)));
  tree = setProperty(tree, '/chosen', 'linux,esm-blob-end', cells(Number(start) + length));
  return writeFdt(tree, bytes.length);
}
