import { concat, DecodeError, Reader, utf8, Writer } from '../../bytes/index.ts';
import { decryptGcm, digest, encryptGcm, equal } from '../../crypto/index.ts';
import type { SwtpmState } from '../../tpmrm/index.ts';
import type { TpmSpapr, TpmSpaprState } from './tpm-spapr.ts';

/** The vTPM of a guest on its way to another host. The format is our own; what it carries is what QEMU's migration carries. */
const MAGIC = utf8('svm-vtpm');
const FORMAT_VERSION = 1;
const ENCRYPTED = 1;
const HEAD_BYTES = MAGIC.length + 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const DIGEST_BYTES = 32;
const COMMANDS = ['none', 'runs', 'held'] as const;
const PARTS = ['permanent', 'volatile', 'savestate'] as const;

export interface MigrationKey {
  /** 32 bytes: AES-256-GCM. Without a key the state goes as it is, secrets and all. */
  readonly key?: Uint8Array;
}
export type Refused = { readonly refused: string };

/**
 * Takes the vTPM's state from a machine that stands still. A command that runs is brought to its end; its response travels and is
 * delivered at the other end. Refused where the TPM cannot leave: then the guest cannot either.
 * @param random for the nonce of the encryption.
 */
export async function saveVtpm(
  vtpm: TpmSpapr,
  random: (count: number) => Uint8Array,
  { key }: MigrationKey = {},
): Promise<Uint8Array | Refused> {
  const { state, tpmVersion } = vtpm.backend;
  if ('refused' in state) return state;
  await vtpm.finish();
  const parts = await state.save();
  const head = concat(MAGIC, Uint8Array.of(0, FORMAT_VERSION, key ? ENCRYPTED : 0, tpmVersion === '2.0' ? 2 : 1));
  const body = bodyOf(vtpm.unit, vtpm.snapshot(), parts);
  const whole = concat(body, digest('sha256', head, body));
  if (!key) return concat(head, whole);
  const iv = random(IV_BYTES);
  const { ciphertext, tag } = encryptGcm(key, iv, whole);
  return concat(head, iv, tag, ciphertext);
}

/** Puts a state into a vTPM of the same kind. Refused, with nothing changed, when it does not fit or was changed on its way. */
export async function loadVtpm(vtpm: TpmSpapr, bytes: Uint8Array, { key }: MigrationKey = {}): Promise<Refused | null> {
  const { state, tpmVersion } = vtpm.backend;
  if ('refused' in state) return state;
  const head = bytes.subarray(0, HEAD_BYTES);
  const [, version, flags = 0, tpm] = head.subarray(MAGIC.length);
  if (!equal(head.subarray(0, MAGIC.length), MAGIC)) return { refused: 'this is no state of a vTPM' };
  if (version !== FORMAT_VERSION) return { refused: `the state has version ${version}, this program knows ${FORMAT_VERSION}` };
  if (tpm !== (tpmVersion === '2.0' ? 2 : 1))
    return { refused: `the state is that of a TPM ${tpm === 2 ? '2.0' : '1.2'}, this one is a TPM ${tpmVersion}` };
  const opened = open(bytes.subarray(HEAD_BYTES), (flags & ENCRYPTED) !== 0, key);
  if ('refused' in opened) return opened;
  const body = opened.plain.subarray(0, -DIGEST_BYTES);
  if (!equal(opened.plain.subarray(-DIGEST_BYTES), digest('sha256', head, body)))
    return { refused: 'the state was changed or cut short on its way' };
  const read = readBody(body);
  if ('refused' in read) return read;
  // VMSTATE_SPAPR_VIO: the guest knows the device by its address.
  if (read.unit !== vtpm.unit)
    return { refused: `the state is that of unit 0x${read.unit.toString(16)}, this is 0x${vtpm.unit.toString(16)}` };
  const refused = await state.load(read.parts);
  if (refused) return refused;
  vtpm.restore(read.device);
  await vtpm.settle(); // tpm_spapr_post_load: a response that was held is delivered now
  return null;
}

function open(sealed: Uint8Array, encrypted: boolean, key: Uint8Array | undefined): { readonly plain: Uint8Array } | Refused {
  if (!encrypted) return key ? { refused: 'a key was given, and the state is not encrypted' } : { plain: sealed };
  if (!key) return { refused: 'the state is encrypted: its key is needed' };
  const [iv, tag, ciphertext] = [
    sealed.slice(0, IV_BYTES),
    sealed.slice(IV_BYTES, IV_BYTES + TAG_BYTES),
    sealed.slice(IV_BYTES + TAG_BYTES),
  ];
  const plain = tag.length === TAG_BYTES ? decryptGcm(key, iv, { ciphertext, tag }) : null;
  return plain ? { plain } : { refused: 'the key is another one, or the state was changed on its way' };
}

function bodyOf(unit: number, { signals, interrupts, crq, tces, buffer, command, data }: TpmSpaprState, parts: SwtpmState): Uint8Array {
  const w = new Writer(16_384);
  for (const number of [unit, signals, interrupts, crq.address, crq.size, crq.next, data, COMMANDS.indexOf(command)]) w.u32(number);
  w.sized(4, () => w.raw(buffer));
  w.u32(tces.entries.size);
  for (const [index, tce] of tces.entries) {
    w.u32(index);
    w.u64(tce);
  }
  for (const part of PARTS) w.sized(4, () => w.raw(parts[part]));
  return w.done();
}

function readBody(bytes: Uint8Array): { readonly unit: number; readonly device: TpmSpaprState; readonly parts: SwtpmState } | Refused {
  try {
    const r = new Reader(bytes);
    const [unit, signals, interrupts, address, size, next, data] = [r.u32(), r.u32(), r.u32(), r.u32(), r.u32(), r.u32(), r.u32()];
    const command = COMMANDS[r.u32()] ?? 'none';
    const sized = () => r.take(r.u32());
    const buffer = sized();
    const entries = new Map(Array.from({ length: r.u32() }, () => [r.u32(), r.u64()] as const));
    const parts = { permanent: sized(), volatile: sized(), savestate: sized() };
    return { unit, device: { signals, interrupts, crq: { address, size, next }, tces: { entries }, buffer, command, data }, parts };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { refused: `the state cannot be read: ${error.message}` };
  }
}
