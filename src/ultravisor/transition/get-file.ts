import { DecodeError } from '../../bytes/index.ts';
import type { Vcpu } from '../../hcall/index.ts';
import { FDT_ERR, U } from '../../spec/index.ts';
import { encryptedFile, type Fdt, findNode, openGcm, openGcmShortTag, readFdt } from '../../svm/format/index.ts';
import type { UltracallResult } from '../core/ultracall-result.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { readSvm } from '../memory/svm-memory.ts';
import { takesTag } from './digests.ts';

const SOURCE = 'open-power/ultravisor core/uvcall.c';
const PIECE_BYTES = 64;
/** An assertion of the published code: any program in an SVM can stop the machine with it (docs/reference/pef.md#uv_esmb_get_file). */
const OFFSET_LIMIT = 65536n;

/** UV_ESMB_GET_FILE: up to 64 bytes of an attachment in r4..r11, their number in r3 (docs/reference/pef.md#uv_esmb_get_file). */
export async function getFile(uv: Ultravisor, vcpu: Vcpu, offset: bigint): Promise<UltracallResult<Record<string, never>>> {
  const svm = uv.svm(vcpu.regs.lpidr);
  if (!svm) return { r3: U.PARAMETER };
  if (svm.phase !== 'SECURE' && uv.makes('get-file-secure')) {
    uv.check('get-file-secure', false, `the SVM is in phase ${svm.phase}`, 'docs/profiles.md#fields');
    return { r3: U.PARAMETER };
  }
  const name = nameIn(vcpu);
  const reader = svm.readers.get(name) ?? { pid: vcpu.regs.pidr, position: 0n };
  svm.readers.set(name, reader);
  const mayRead = reader.pid === vcpu.regs.pidr && offset >= reader.position;
  if (
    !mayRead &&
    !uv.check('get-file-owner', false, `"${name}" is read by process ${reader.pid} from byte ${reader.position} on`, SOURCE)
  ) {
    return { r3: U.PARAMETER };
  }
  if (offset >= OFFSET_LIMIT) {
    uv.assertionFailed(`UV_ESMB_GET_FILE with offset ${offset}: an assertion of the published firmware`);
    return { r3: U.PARAMETER };
  }
  const opened = await openFile({ uv, svm, vcpu }, name);
  if (typeof opened === 'number') return { r3: opened, count: true };
  reader.position = offset;
  if (offset >= BigInt(opened.length)) return { r3: 0, count: true };
  const piece = opened.subarray(Number(offset), Number(offset) + PIECE_BYTES);
  reader.position = offset + BigInt(piece.length);
  for (let i = 0; i < PIECE_BYTES / 8; i++) vcpu.set(4 + i, wordAt(piece, i * 8));
  return { r3: piece.length, count: true };
}

/** The plaintext of an attachment, decrypted anew at each call; or the code that refuses it. */
async function openFile(ctx: SvmContext, name: string): Promise<Uint8Array | number> {
  const { uv, svm } = ctx;
  if (!svm.reserved || svm.filesBytes === 0) return FDT_ERR.BADMAGIC;
  const files = await readSvm(ctx, svm.reserved.files, svm.filesBytes, 'ultravisor');
  const symkey = await readSvm(ctx, svm.reserved.keys, svm.symkeyBytes, 'ultravisor');
  const tree = treeOf(files);
  if (!tree) return FDT_ERR.BADMAGIC;
  if (!findNode(tree, `/files/${name}`)) return FDT_ERR.NOTFOUND;
  const sealed = encryptedFile(tree, name);
  if (!sealed) return U.PARAMETER;
  if (!takesTag(uv, sealed)) return U.PARAMETER;
  const plaintext = openGcmShortTag(sealed, symkey);
  const opens = uv.check('file-tag', plaintext !== null, plaintext ? `"${name}" is authentic` : `"${name}" does not authenticate`, SOURCE);
  return opens ? (plaintext ?? openGcm(sealed, symkey, true) ?? U.PARAMETER) : U.PARAMETER;
}

function treeOf(bytes: Uint8Array): Fdt | null {
  try {
    return readFdt(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** The name in r5..r12, up to the first NUL. */
function nameIn(vcpu: Vcpu): string {
  const bytes: number[] = [];
  for (let n = 5; n <= 12; n++) for (let shift = 56n; shift >= 0n; shift -= 8n) bytes.push(Number((vcpu.get(n) >> shift) & 0xffn));
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.slice(0, end)).toString('latin1');
}

function wordAt(bytes: Uint8Array, at: number): bigint {
  let word = 0n;
  for (let i = 0; i < 8; i++) word = (word << 8n) | BigInt(bytes[at + i] ?? 0);
  return word;
}
