import { DecodeError } from '../../../bytes/index.ts';
import {
  addSubnode,
  asText,
  asU32,
  cells,
  emptyFdt,
  type Fdt,
  findNode,
  propertyOf,
  readFdt,
  setProperty,
  text,
  writeFdt,
} from '../fdt/index.ts';
import { EsmError } from './error.ts';

const SHA512_BYTES = 64;
const WHERE = 'digests:';

/** SHA-512 of all that is measured, and the number of kernel bytes. */
export interface EsmDigests {
  readonly rtas: Uint8Array;
  readonly kernel: Uint8Array;
  /** bytes */
  readonly kernelSize: number;
  readonly initrd: Uint8Array;
  readonly bootargs: Uint8Array;
  /** Of the files tree as it lies in the blob. Not in svm-tool's trees; `hardened` looks for it. */
  readonly files?: Uint8Array;
}

/** The plaintext tree in the real tool's order: libfdt puts the property that was set last first. */
export function digestsTree(digests: EsmDigests): Fdt {
  let tree = setProperty(emptyFdt(), '/', 'compatible', text('ibm,esm'));
  tree = addSubnode(tree, '/', 'digests');
  const properties: readonly (readonly [string, Uint8Array])[] = [
    ['algorithm', text('SHA512')],
    ['rtas', digests.rtas],
    ['kernel', digests.kernel],
    ['kernel-size', cells(digests.kernelSize)],
    ['initrd', digests.initrd],
    ['bootargs', digests.bootargs],
    ...(digests.files ? [['files', digests.files] as const] : []),
  ];
  for (const [name, value] of properties) tree = setProperty(tree, '/digests', name, value);
  return tree;
}

export const encodeDigests = (digests: EsmDigests): Uint8Array => writeFdt(digestsTree(digests));

/**
 * The typed digests of a decrypted tree. Offsets in errors count from the start of the plaintext.
 * @throws {DecodeError | EsmError}
 */
export function decodeDigests(plaintext: Uint8Array): EsmDigests {
  const tree = readPlain(plaintext);
  const node = findNode(tree, '/digests');
  if (!node) throw new EsmError('structure', `${WHERE}/`, tree.root.offset, 'the tree has no node digests');
  const bytes = (name: string): Uint8Array => {
    const property = propertyOf(node, name);
    if (property?.value.length === SHA512_BYTES) return property.value;
    const detail = property ? `${property.value.length} bytes, a SHA-512 has ${SHA512_BYTES}` : 'missing';
    throw new EsmError('structure', `${WHERE}/digests/${name}`, property?.offset ?? node.offset, detail);
  };
  const algorithm = propertyOf(node, 'algorithm');
  const named = asText(algorithm?.value);
  if (named !== 'SHA512') {
    const detail = algorithm ? `the digests are said to be ${JSON.stringify(named ?? 'no text')}, only SHA512 is known` : 'missing';
    throw new EsmError('algorithm', `${WHERE}/digests/algorithm`, algorithm?.offset ?? node.offset, detail);
  }
  const kernelSize = asU32(propertyOf(node, 'kernel-size')?.value);
  if (kernelSize === undefined) {
    throw new EsmError('structure', `${WHERE}/digests/kernel-size`, node.offset, 'missing, or not one cell');
  }
  const files = propertyOf(node, 'files') ? { files: bytes('files') } : {};
  return { rtas: bytes('rtas'), kernel: bytes('kernel'), kernelSize, initrd: bytes('initrd'), bootargs: bytes('bootargs'), ...files };
}

function readPlain(plaintext: Uint8Array): Fdt {
  try {
    return readFdt(plaintext, 0, WHERE);
  } catch (error) {
    // Where something is wrong may be told; what stands there is decrypted text.
    if (error instanceof DecodeError && error.fault === 'magic') {
      throw new DecodeError('magic', error.path, error.offset, 'the decrypted digests are no device tree');
    }
    throw error;
  }
}
