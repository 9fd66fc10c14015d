import { DecodeError, getU32, toHex } from '../../bytes/index.ts';
import { gpaOf } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import {
  compareMeasured,
  type DigestProperties,
  digestProperties,
  type Encrypted,
  ESM_LIMITS,
  encryptedDigests,
  type Fdt,
  filesDigest,
  filesFdt,
  type MeasuredOutcome,
  mismatches,
  openGcm,
  openGcmShortTag,
  readFdt,
} from '../../svm/format/index.ts';
import { ownFrames } from '../core/svm.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { fetch, readSvm, writeSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import { type GuestTree, inSlots, type Range } from './guest-tree.ts';

const SOURCE = 'open-power/ultravisor svm/svm-esmb.c, svm/svm-crypto.c';

/** Bytes of the page of keys before the digests: the key (open-power/ultravisor svm/svm-esmb.c). */
const KEY_BUFFER_BYTES = 512;
const SHA512_BYTES = 64;
const WHOLE_TAG_BYTES = 16;

/**
 * Copies the files tree to its page, undecrypted, before anything of the blob was opened; a blob without attachments has none
 * (docs/reference/pef.md#files-tree). The published copy has no check of the length: what is more than a page lies over the page of keys.
 */
export async function keepFilesTree(ctx: SvmContext, blob: Fdt): Promise<void> {
  const { uv, svm } = ctx;
  const files = filesFdt(blob);
  if (!files) return;
  const fits = files.length <= ESM_LIMITS.filesFdtBytes;
  const detail = `the files tree has ${files.length} bytes, its page ${ESM_LIMITS.filesFdtBytes}`;
  if (uv.makes('files-tree-size') && !uv.check('files-tree-size', fits, detail, SOURCE))
    throw new EsmRefused(U.PERMISSION, 'files-tree-size', detail, SOURCE, true);
  await writeSvm(ctx, svm.reserved?.files ?? 0n, files, 'ultravisor');
  svm.filesBytes = files.length;
}

/** Decrypts the digests tree with the symmetric key, into the page of keys (docs/reference/pef.md#digests-tree). */
export async function openDigests(ctx: SvmContext, symkey: Uint8Array, blob: Fdt): Promise<DigestProperties> {
  const { uv, svm } = ctx;
  const sealed = encryptedDigests(blob);
  if (!sealed) throw new EsmRefused(U.PERMISSION, 'digests', 'the blob has no encrypted digests', SOURCE);
  if (!takesTag(uv, sealed)) throw new EsmRefused(U.PERMISSION, 'tag-length', 'the tag of the digests is shortened', SOURCE, true);
  const authentic = openGcmShortTag(sealed, symkey);
  const detail = authentic
    ? 'the digests are authentic'
    : 'the digests do not authenticate under the symmetric key: altered, or of another blob';
  const plaintext = uv.check('digests-tag', authentic !== null, detail, SOURCE) ? (authentic ?? openGcm(sealed, symkey, true)) : null;
  if (!plaintext) {
    throw new EsmRefused(U.PERMISSION, 'digests-tag', detail, SOURCE, true);
  }
  await writeSvm(ctx, (svm.reserved?.keys ?? 0n) + BigInt(KEY_BUFFER_BYTES), plaintext, 'ultravisor');
  try {
    return digestProperties(readFdt(plaintext));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new EsmRefused(U.PERMISSION, 'digests', 'the decrypted digests are no device tree', SOURCE);
  }
}

/** What of the guest is measured. */
export interface Measured {
  readonly rtas: Range;
  readonly initrd: Range;
  readonly bootargs: Uint8Array;
  readonly kbase: bigint;
}

/** Compares all that the owner measured; refuses the guest where the firmware does (docs/reference/pef.md#digests). */
export async function checkDigests(
  ctx: SvmContext,
  digests: DigestProperties,
  { rtas, initrd, bootargs, kbase }: Measured,
  tree: GuestTree,
): Promise<void> {
  const { uv } = ctx;
  const outcomes: MeasuredOutcome[] = [];
  const measure = async (item: 'rtas' | 'kernel' | 'initrd', { start, end }: Range, expected: Uint8Array): Promise<void> => {
    const length = Number(end - start);
    const bytes = length > 0 && !inSlots(ctx, start, end - start) ? null : await readSvm(ctx, start, length, 'ultravisor');
    // A range that leaves the guest is never what the owner measured.
    const found = bytes ?? new Uint8Array(0);
    outcomes.push(recorded(uv, compareMeasured(item, found, counted(expected)), `${length} bytes at 0x${start.toString(16)}`));
    if (length > 0) tree.measured.push({ start, end });
  };
  try {
    await measure('rtas', rtas, digests.rtas ?? missing('rtas'));
    const kernel = digests.kernel ?? missing('kernel');
    const kernelRange = { start: kbase, end: kbase + BigInt(kernelBytes(uv, digests)) };
    if (!(await fetch(ctx, kbase, kernelRange.end - kbase)))
      throw new EsmRefused(U.P2, 'page-in', `the hypervisor does not give the kernel at 0x${kbase.toString(16)}`, SOURCE);
    await measure('kernel', kernelRange, kernel);
    await measure('initrd', initrd, digests.initrd ?? missing('initrd'));
    const withoutNul = bootargs.subarray(0, -1);
    const expected = digests.bootargs ?? missing('bootargs');
    outcomes.push(recorded(uv, compareMeasured('bootargs', withoutNul, counted(expected)), `${withoutNul.length} bytes`));
    outcomes.push(...(await filesOutcome(ctx, digests)));
  } catch (refused) {
    // What differed before counts all the same: it is the reason that the guest's owner is told.
    if (refused instanceof EsmRefused) refuseMismatches(uv, outcomes);
    throw refused;
  }
  refuseMismatches(uv, outcomes);
  refuseOwnPages(ctx, tree);
}

/** Of a digest the first 64 bytes count; a shorter one is compared with what lies behind it, and is never the same. */
const counted = (digest: Uint8Array): Uint8Array => digest.subarray(0, SHA512_BYTES);

/** The first cell of kernel-size; one that is shorter is an assertion. */
function kernelBytes(uv: Ultravisor, { kernelSize }: DigestProperties): number {
  const value = kernelSize ?? missing('kernel-size');
  if (value.length >= 4) return getU32(value, 0);
  uv.assertionFailed(`kernel-size has ${value.length} bytes`);
  return missing('kernel-size');
}

function refuseMismatches(uv: Ultravisor, outcomes: readonly MeasuredOutcome[]): void {
  const wrong = mismatches(outcomes, uv.profile).map(({ item }) => item);
  if (wrong.length === 0) return;
  const why = `not what the owner measured: ${wrong.join(', ')}`;
  throw new EsmRefused(U.PERMISSION, `digest-${wrong[0]}`, why, SOURCE, true);
}

/** No page of the Ultravisor's own may lie in what was measured: it holds a key there, or is shared. */
function refuseOwnPages({ uv, svm }: SvmContext, { measured }: GuestTree): void {
  if (!uv.makes('own-pages')) return;
  const inside = ownFrames(svm).find(gfn => measured.some(({ start, end }) => gpaOf(gfn) < end && gpaOf(gfn + 1n) > start));
  const detail =
    inside === undefined
      ? 'no page of the Ultravisor lies in what was measured'
      : `a page of the Ultravisor at 0x${gpaOf(inside).toString(16)} lies in what was measured`;
  if (!uv.check('own-pages', inside === undefined, detail, SOURCE)) throw new EsmRefused(U.PERMISSION, 'own-pages', detail, SOURCE, true);
}

/** Whether the firmware takes a tag of this length: 4 bytes and more, unless it wants all 16. */
export function takesTag(uv: Ultravisor, { mac }: Encrypted): boolean {
  return !uv.makes('tag-length') || uv.check('tag-length', mac.length === WHOLE_TAG_BYTES, `the tag has ${mac.length} bytes`, SOURCE);
}

/** Decisions 28: the owner may add a digest of the files tree, so that attachments can be neither exchanged nor taken away. */
async function filesOutcome(ctx: SvmContext, digests: DigestProperties): Promise<readonly MeasuredOutcome[]> {
  const { uv, svm } = ctx;
  const expected = filesDigest(digests.files, uv.profile);
  if (expected === null) return [];
  if (expected === undefined) {
    uv.note("the owner's digests have none of the files tree: attachments may be exchanged or missing", svm.lpid);
    return [];
  }
  const bytes = await readSvm(ctx, svm.reserved?.files ?? 0n, svm.filesBytes, 'ultravisor');
  return [recorded(uv, compareMeasured('files', bytes, expected), `${bytes.length} bytes`)];
}

function missing(item: string): never {
  throw new EsmRefused(U.PERMISSION, 'digests', `the digests have no ${item}`, SOURCE);
}

function recorded(uv: Ultravisor, outcome: MeasuredOutcome, where: string): MeasuredOutcome {
  const { item, check, same, found, expected } = outcome;
  const detail = same
    ? `SHA-512 of the ${item} (${where}) is the owner's`
    : `SHA-512 of the ${item} (${where}) is ${toHex(found).slice(0, 16)}..., the owner measured ${toHex(expected).slice(0, 16)}...`;
  uv.check(check, same, detail, SOURCE);
  return outcome;
}
