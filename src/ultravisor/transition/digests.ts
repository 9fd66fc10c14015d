import { DecodeError, toHex } from '../../bytes/index.ts';
import { digest, equal } from '../../crypto/index.ts';
import { U } from '../../spec/index.ts';
import {
  type DigestProperties,
  digestProperties,
  ESM_LIMITS,
  encryptedDigests,
  type Fdt,
  filesFdt,
  openGcm,
  readFdt,
} from '../../svm/format/index.ts';
import type { CheckName } from '../core/checks.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { readSvm, writeSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import { fetched, type GuestTree } from './guest-tree.ts';

const SOURCE = 'open-power/ultravisor svm/svm-esmb.c, svm/svm-crypto.c';

/** Copies the files tree to its page, undecrypted; a blob without attachments has none (pef.md e.7.1). */
export async function keepFilesTree(ctx: SvmContext, blob: Fdt): Promise<void> {
  const { uv, svm } = ctx;
  const files = filesFdt(blob);
  if (!files) return;
  if (files.length > ESM_LIMITS.filesFdtBytes) {
    const why = `a files tree of ${files.length} bytes overruns its page: the published copy has no check`;
    uv.assertionFailed(why);
    throw new EsmRefused(U.PERMISSION, 'files-tree', why, SOURCE);
  }
  await writeSvm(ctx, svm.reserved?.files ?? 0n, files, 'ultravisor');
  svm.filesBytes = files.length;
}

/** Decrypts the digests tree with the symmetric key (pef.md e.7.2). */
export function openDigests(uv: Ultravisor, symkey: Uint8Array, blob: Fdt): DigestProperties {
  const sealed = encryptedDigests(blob);
  if (!sealed) throw new EsmRefused(U.PERMISSION, 'digests', 'the blob has no encrypted digests', SOURCE);
  const authentic = openGcm(sealed, symkey);
  const detail = authentic
    ? 'the digests are authentic'
    : 'the digests do not authenticate under the symmetric key: altered, or of another blob';
  const plaintext = uv.check('digests-tag', authentic !== null, detail, SOURCE) ? openGcm(sealed, symkey, true) : null;
  if (!plaintext) {
    throw new EsmRefused(U.PERMISSION, 'digests-tag', detail, SOURCE, true);
  }
  if (plaintext.length > ESM_LIMITS.digestsBytes) {
    throw new EsmRefused(U.PERMISSION, 'digests', `a digests tree of ${plaintext.length} bytes, ${ESM_LIMITS.digestsBytes} fit`, SOURCE);
  }
  try {
    return digestProperties(readFdt(plaintext));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new EsmRefused(U.PERMISSION, 'digests', 'the decrypted digests are no device tree', SOURCE);
  }
}

/** RTAS, kernel, initrd, bootargs, in this order; a mismatch is counted and the next is looked at (pef.md e.7.3). */
export async function checkDigests(ctx: SvmContext, digests: DigestProperties, tree: GuestTree, kbase: bigint): Promise<void> {
  const { uv, svm } = ctx;
  const { rtas, initrd } = tree;
  const kernelSize = digests.kernelSize ?? missing('kernel-size');
  const items: readonly { readonly item: keyof DigestProperties & string; readonly gpa: bigint; readonly bytes: number }[] = [
    { item: 'rtas', gpa: rtas.base, bytes: rtas.codeBytes },
    { item: 'kernel', gpa: kbase, bytes: kernelSize },
    { item: 'initrd', gpa: initrd.start, bytes: Number(initrd.end - initrd.start) },
  ];
  const wrong: string[] = [];
  for (const { item, gpa, bytes } of items) {
    const expected = (digests[item] as Uint8Array | undefined) ?? missing(item);
    const measured = await fetched(ctx, gpa, BigInt(bytes), `the ${item}`);
    if (!compare(uv, item, expected, measured, `${bytes} bytes at 0x${gpa.toString(16)}`)) wrong.push(item);
    tree.measured.push({ start: gpa, end: gpa + BigInt(bytes) });
  }
  const bootargs = tree.bootargs.subarray(0, -1); // without its last byte, the NUL
  if (!compare(uv, 'bootargs', digests.bootargs ?? missing('bootargs'), bootargs, `${bootargs.length} bytes`)) wrong.push('bootargs');
  if (uv.makes('digest-files') && !(await sameFiles(ctx, digests))) wrong.push('files');
  if (wrong.length === 0) return;
  const why = `not what the owner measured: ${wrong.join(', ')}`;
  if (uv.profile.digestMismatch === 'refused') throw new EsmRefused(U.PERMISSION, `digest-${wrong[0]}`, why, SOURCE, true);
  uv.note(`${why} (warn-only build: the VM goes secure all the same)`, svm.lpid);
}

/** Decisions 28: the owner may add a digest of the files tree, so that attachments can be neither exchanged nor taken away. */
async function sameFiles(ctx: SvmContext, { files }: DigestProperties): Promise<boolean> {
  const { uv, svm } = ctx;
  if (files === undefined) {
    uv.note("the owner's digests have none of the files tree: attachments may be exchanged or missing", svm.lpid);
    return true;
  }
  const bytes = await readSvm(ctx, svm.reserved?.files ?? 0n, svm.filesBytes, 'ultravisor');
  return compare(uv, 'files', files, bytes, `${bytes.length} bytes`);
}

function missing(item: string): never {
  throw new EsmRefused(U.PERMISSION, 'digests', `the digests have no ${item}`, SOURCE);
}

function compare(uv: Ultravisor, item: string, expected: Uint8Array, bytes: Uint8Array, where: string): boolean {
  const found = digest('sha512', bytes);
  const same = equal(found, expected);
  const detail = same
    ? `SHA-512 of the ${item} (${where}) is the owner's`
    : `SHA-512 of the ${item} (${where}) is ${toHex(found).slice(0, 16)}..., the owner measured ${toHex(expected).slice(0, 16)}...`;
  return uv.check(`digest-${item}` as CheckName, same, detail, SOURCE);
}
