import { concat } from '../../bytes/index.ts';
import { MSR, type Vcpu } from '../../hcall/index.ts';
import { makeCall, UV_ESMB_GET_FILE } from '../../spec/index.ts';
import type { Platform } from './platform.ts';

const REGISTER_BYTES = 8;
/** The name lies in r5..r12 (docs/reference/pef.md#uv_esmb_get_file). */
const NAME_BYTES = 64;

const wordOf = (bytes: Uint8Array, at: number): bigint => {
  let word = 0n;
  for (let i = 0; i < REGISTER_BYTES; i++) word = (word << 8n) | BigInt(bytes[at + i] ?? 0);
  return word;
};

const bytesOf = (word: bigint): Uint8Array =>
  Uint8Array.from({ length: REGISTER_BYTES }, (_, i) => Number((word >> BigInt(56 - 8 * i)) & 0xffn));

/** One UV_ESMB_GET_FILE from user space: bytes from `offset` on (none at the end), or the code that refused. */
export async function getFilePiece(
  platform: Platform,
  vcpu: Vcpu,
  name: string,
  offset: bigint,
  pid: bigint,
): Promise<{ readonly bytes: Uint8Array } | { readonly r3: bigint }> {
  const saved = vcpu.saved();
  const nameBytes = new TextEncoder().encode(name).subarray(0, NAME_BYTES);
  vcpu.regs.msr |= MSR.PR; // the real client is a user program
  vcpu.regs.pidr = pid;
  const words = Array.from({ length: NAME_BYTES / REGISTER_BYTES }, (_, i) => [`name${i}`, wordOf(nameBytes, i * REGISTER_BYTES)]);
  const { r3, out } = await makeCall(vcpu, UV_ESMB_GET_FILE, { offset, ...Object.fromEntries(words) }, () => platform.ultracall(vcpu));
  const data = concat(...Object.values(out).map(bytesOf));
  vcpu.load(saved);
  return r3 < 0n ? { r3 } : { bytes: data.slice(0, Number(r3)) };
}

export type FileOutcome =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly calls: number }
  | { readonly ok: false; readonly r3: bigint };

/** The whole file, as svm-tools' esmb-get-file reads it: forward, in pieces, until one is empty. */
export async function getFile(platform: Platform, vcpu: Vcpu, name: string, pid: bigint): Promise<FileOutcome> {
  const pieces: Uint8Array[] = [];
  let offset = 0n;
  for (let calls = 1; ; calls++) {
    const piece = await getFilePiece(platform, vcpu, name, offset, pid);
    if ('r3' in piece) return { ok: false, r3: piece.r3 };
    if (piece.bytes.length === 0) return { ok: true, bytes: concat(...pieces), calls };
    pieces.push(piece.bytes);
    offset += BigInt(piece.bytes.length);
  }
}
