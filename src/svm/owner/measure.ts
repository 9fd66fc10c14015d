import { fromHex, utf8 } from '../../bytes/index.ts';
import { digest } from '../../crypto/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import {
  addSubnode,
  DIGESTS_PATH,
  ESM_LIMITS,
  type EsmBlob,
  type EsmDigests,
  EsmError,
  type EsmPrivateKey,
  encodeDigests,
  esmBlobOf,
  flattenElf,
  isElf,
  openEsmBlob,
} from '../format/index.ts';
import type { Chance } from './chance.ts';
import { explainedFile } from './explained-faults.ts';
import { checkedComment } from './names-and-comments.ts';
import type { HashedFile } from './recipe/index.ts';
import { sealInto } from './seal.ts';

/**
 * The RTAS code that svm-tool has built in by its digest (svm-tools svm_tool/esm_digest/rtas_sha512.py): r4 = r3; r3 = 0xf000; sc 1;
 * return.
 */
export const RTAS_CODE = fromHex('7c641b78 3c600000 6063f000 44000022 4e800020');

/** What the guest will be started with. */
export interface Measured {
  /** `vmlinux`, which is flattened, or a flat image as it lies in memory. */
  readonly kernel: Uint8Array;
  /** As it lies behind the blob's archive; compressed or not. */
  readonly initrd: Uint8Array | HashedFile;
  /** The command line, without NUL. */
  readonly bootargs: string;
  readonly rtas?: Uint8Array;
}

/**
 * The kernel as it lies in memory: a `vmlinux` is flattened, anything else is taken for a flat image.
 * @param file how the person named it. @throws {SimulatorError} `file.short`, ... when it is a broken ELF file.
 */
export function flatKernel(kernel: Uint8Array, file: string): Uint8Array {
  const not = notAKernel(kernel);
  if (not) throw new SimulatorError('file.no-kernel', { where: file, ...not });
  return isElf(kernel) ? explainedFile(file, 'This is a broken vmlinux: copy it again.', () => flattenElf(kernel)) : kernel;
}

/** What is no kernel, flat or not: objcopy, with which svm-tool flattens one, takes neither. */
export function notAKernel(kernel: Uint8Array): { readonly what: string; readonly hint: string } | undefined {
  const hint = 'Give the vmlinux, or its flat image (objcopy -O binary).';
  if (kernel.length === 0) return { what: 'the kernel is empty', hint };
  return kernel[0] === 0x1f && kernel[1] === 0x8b ? { what: 'the kernel is compressed with gzip', hint } : undefined;
}

/** The digests the Ultravisor will compare. @throws {DecodeError} when an ELF kernel is broken. */
export function measure({ kernel, initrd, bootargs, rtas = RTAS_CODE }: Measured): EsmDigests {
  const image = isElf(kernel) ? flattenElf(kernel) : kernel;
  return {
    rtas: digest('sha512', rtas),
    kernel: digest('sha512', image),
    kernelSize: image.length,
    initrd: 'sha512' in initrd ? initrd.sha512 : digest('sha512', initrd),
    bootargs: digest('sha512', utf8(bootargs)),
  };
}

/**
 * `esm digest` (broken in svm-tool but through make). Digests that are there already are replaced.
 * @throws {EsmError} when the opener does not open, or `limit`.
 */
export function setDigests(blob: EsmBlob, digests: EsmDigests, opener: EsmPrivateKey, chance: Chance, comment = ''): EsmBlob {
  const plaintext = encodeDigests(digests);
  if (plaintext.length > ESM_LIMITS.digestsBytes) {
    const detail = `the digests tree would have ${plaintext.length} bytes, the Ultravisor's buffer ${ESM_LIMITS.digestsBytes}`;
    throw new EsmError('limit', DIGESTS_PATH, undefined, detail);
  }
  const symmetricKey = openEsmBlob(blob, opener.privateKey);
  const tree = blob.digests ? blob.tree : addSubnode(blob.tree, '/digest', 'digests-fdt');
  return esmBlobOf(sealInto(tree, DIGESTS_PATH, plaintext, symmetricKey, checkedComment(comment), chance));
}
