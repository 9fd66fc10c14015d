import { DecodeError, toHex } from '../../bytes/index.ts';
import { U } from '../../spec/index.ts';
import {
  compareMeasured,
  type DigestProperties,
  digestProperties,
  ESM_LIMITS,
  encryptedDigests,
  type Fdt,
  filesDigest,
  filesFdt,
  MEASURED_ITEMS,
  type MeasuredOutcome,
  mismatches,
  openGcm,
  readFdt,
  refusesMeasured,
} from '../../svm/format/index.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { readSvm, writeSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import { fetched, type GuestTree, type Range } from './guest-tree.ts';

const SOURCE = 'open-power/ultravisor svm/svm-esmb.c, svm/svm-crypto.c';

/** Copies the files tree to its page, undecrypted; a blob without attachments has none (docs/reference/pef.md#files-tree). */
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

/** Decrypts the digests tree with the symmetric key (docs/reference/pef.md#digests-tree). */
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

/** Compares all that the owner measured; refuses the guest where the firmware does (docs/reference/pef.md#digests). */
export async function checkDigests(ctx: SvmContext, digests: DigestProperties, tree: GuestTree, kbase: bigint): Promise<void> {
  const { uv, svm } = ctx;
  const kernelSize = digests.kernelSize ?? missing('kernel-size');
  const lies: Readonly<Record<'rtas' | 'kernel' | 'initrd', Range>> = {
    rtas: { start: tree.rtas.base, end: tree.rtas.base + BigInt(tree.rtas.codeBytes) },
    kernel: { start: kbase, end: kbase + BigInt(kernelSize) },
    initrd: tree.initrd,
  };
  const outcomes: MeasuredOutcome[] = [];
  for (const item of MEASURED_ITEMS) {
    const expected = digests[item] ?? missing(item);
    if (item === 'bootargs') {
      const bootargs = tree.bootargs.subarray(0, -1); // without its last byte, the NUL
      outcomes.push(recorded(uv, compareMeasured(item, bootargs, expected), `${bootargs.length} bytes`));
      continue;
    }
    const { start, end } = lies[item];
    const bytes = await fetched(ctx, start, end - start, `the ${item}`);
    outcomes.push(recorded(uv, compareMeasured(item, bytes, expected), `${bytes.length} bytes at 0x${start.toString(16)}`));
    tree.measured.push({ start, end });
  }
  outcomes.push(...(await filesOutcome(ctx, digests)));
  const wrong = mismatches(outcomes, uv.profile).map(({ item }) => item);
  if (wrong.length === 0) return;
  const why = `not what the owner measured: ${wrong.join(', ')}`;
  if (refusesMeasured(outcomes, uv.profile)) throw new EsmRefused(U.PERMISSION, `digest-${wrong[0]}`, why, SOURCE, true);
  uv.note(`${why} (warn-only build: the VM goes secure all the same)`, svm.lpid);
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
