import { asText, type Fdt, type FdtNode, type FdtProperty, propertyOf, readFdt, writeFdt } from '../fdt/index.ts';
import { type Encrypted, encryptedAt } from './as-ultravisor.ts';
import { EsmError } from './error.ts';

export const ORIGIN_LOCKBOX = 'origin-lockbox';
export const DIGESTS_PATH = '/digest/digests-fdt';
export const FILES_WHERE = 'files-fdt:';
const LOCKBOX_NAME = /^(?:origin-lockbox|lockbox-([1-9][0-9]*))$/;
const CIPHER = 'AES256-GCM';
const FINGERPRINT_BYTES = 32;
const IV_BYTES = 16;
const MAC_BYTES = 16;

export interface Lockbox {
  /** `origin-lockbox` or `lockbox-N`. */
  readonly name: string;
  /** N; 0 for the origin's. */
  readonly number: number;
  readonly encryptedSymkey: Uint8Array;
  readonly comment: string;
  /** SHA-256 of the public key's file. */
  readonly fingerprint: Uint8Array;
  readonly offset: number | undefined;
}

export interface SealedItem extends Encrypted {
  readonly comment: string;
  readonly offset: number | undefined;
}

export interface Attachment extends SealedItem {
  readonly name: string;
}

/** An ESM blob: the tree as it is, and what it means. Lists are in tree order. */
export interface EsmBlob {
  readonly tree: Fdt;
  readonly lockboxes: readonly Lockbox[];
  readonly digests: SealedItem | null;
  /** The inner tree, null when nothing was ever attached. */
  readonly files: Fdt | null;
  readonly attachments: readonly Attachment[];
}

/**
 * A blob with everything that svm-tool checks before it changes one (esm.py): the nodes and no others, each lockbox complete.
 * @throws {DecodeError} when the bytes, or those of the inner tree, are no device tree.
 * @throws {EsmError} `not-esm`, `structure` or `algorithm`, with path and byte.
 */
export const readEsmBlob = (bytes: Uint8Array): EsmBlob => esmBlobOf(readFdt(bytes));

export const writeEsmBlob = (blob: EsmBlob): Uint8Array => writeFdt(blob.tree);

/** The meaning of a tree; see {@link readEsmBlob}. */
export function esmBlobOf(tree: Fdt): EsmBlob {
  const { root } = tree;
  const compatible = asText(propertyOf(root, 'compatible')?.value);
  if (compatible !== 'ibm,esm') throw new EsmError('not-esm', '/compatible', propertyOf(root, 'compatible')?.offset, 'is not "ibm,esm"');
  exactly(root, '', 'node', ['lockboxes', 'digest', 'file']);
  const lockboxes = child(root, '', 'lockboxes').children.map(lockboxOf);
  if (!lockboxes.some(({ name }) => name === ORIGIN_LOCKBOX)) {
    throw new EsmError('structure', '/lockboxes', child(root, '', 'lockboxes').offset, `there is no ${ORIGIN_LOCKBOX}`);
  }
  const names = lockboxes.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new EsmError('structure', `/lockboxes/${twice}`, undefined, 'there are two lockboxes of this name');
  const digestsNode = child(root, '', 'digest').children.find(({ name }) => name === 'digests-fdt');
  const filesProperty = propertyOf(child(root, '', 'file'), 'files-fdt');
  const files = filesProperty ? filesTree(filesProperty) : null;
  return {
    tree,
    lockboxes,
    digests: digestsNode ? sealedOf(tree, digestsNode, DIGESTS_PATH, '') : null,
    files,
    attachments: files ? attachmentsOf(files) : [],
  };
}

function child(node: FdtNode, path: string, name: string): FdtNode {
  const found = node.children.find(other => other.name === name);
  if (!found) throw new EsmError('structure', `${path}/${name}`, node.offset, 'the node is missing');
  return found;
}

/** Refuses what is missing and what does not belong. */
function exactly(node: FdtNode, path: string, kind: 'node' | 'property', names: readonly string[]): void {
  const present: readonly (FdtNode | FdtProperty)[] = kind === 'node' ? node.children : node.properties;
  const missing = names.find(name => !present.some(item => item.name === name));
  if (missing) throw new EsmError('structure', `${path}/${missing}`, node.offset, `the ${kind} is missing`);
  const extra = present.find((item, i) => !names.includes(item.name) || present.findIndex(other => other.name === item.name) !== i);
  if (extra) throw new EsmError('structure', `${path}/${extra.name}`, extra.offset, `a ${kind} that does not belong here`);
}

function textOf(node: FdtNode, path: string, name: string): string {
  const property = propertyOf(node, name);
  const value = asText(property?.value);
  if (value === undefined)
    throw new EsmError('structure', `${path}/${name}`, property?.offset ?? node.offset, property ? 'no text' : 'missing');
  return value;
}

function lockboxOf(node: FdtNode): Lockbox {
  const path = `/lockboxes/${node.name}`;
  const match = LOCKBOX_NAME.exec(node.name);
  if (!match) throw new EsmError('structure', path, node.offset, 'not the name of a lockbox');
  exactly(node, path, 'property', ['encrypted-symkey', 'untrusted-comment']);
  exactly(node, path, 'node', ['pubkey-fingerprint']);
  const print = child(node, path, 'pubkey-fingerprint');
  const printPath = `${path}/pubkey-fingerprint`;
  const algorithm = textOf(print, printPath, 'algorithm');
  if (algorithm !== 'SHA256') {
    throw new EsmError('algorithm', `${printPath}/algorithm`, print.offset, `${JSON.stringify(algorithm)}, only SHA256 is known`);
  }
  const hash = propertyOf(print, 'hash');
  if (hash?.value.length !== FINGERPRINT_BYTES) {
    throw new EsmError(
      'structure',
      `${printPath}/hash`,
      hash?.offset ?? print.offset,
      `a SHA-256 of ${FINGERPRINT_BYTES} bytes is expected`,
    );
  }
  return {
    name: node.name,
    number: Number(match[1] ?? 0),
    encryptedSymkey: propertyOf(node, 'encrypted-symkey')?.value ?? new Uint8Array(0),
    comment: textOf(node, path, 'untrusted-comment'),
    fingerprint: hash.value,
    offset: node.offset,
  };
}

function sealedOf(tree: Fdt, node: FdtNode, path: string, where: string): SealedItem {
  const shown = `${where}${path}`;
  const encrypted = encryptedAt(tree, path);
  if (!encrypted) throw new EsmError('structure', shown, node.offset, 'algorithm, ciphertext, iv and mac must all be there');
  const algorithm = textOf(node, shown, 'algorithm');
  if (algorithm !== CIPHER)
    throw new EsmError('algorithm', `${shown}/algorithm`, node.offset, `${JSON.stringify(algorithm)}, only ${CIPHER} is known`);
  for (const [name, size] of [
    ['iv', IV_BYTES],
    ['mac', MAC_BYTES],
  ] as const) {
    if (encrypted[name].length !== size) {
      throw new EsmError(
        'structure',
        `${shown}/${name}`,
        propertyOf(node, name)?.offset,
        `${encrypted[name].length} bytes, ${size} expected`,
      );
    }
  }
  return { ...encrypted, comment: textOf(node, shown, 'untrusted-comment'), offset: node.offset };
}

function filesTree({ value, offset }: FdtProperty): Fdt {
  const tree = readFdt(value, offset === undefined ? 0 : offset + 12, FILES_WHERE);
  if (asText(propertyOf(tree.root, 'compatible')?.value) !== 'ibm,esm-file') {
    throw new EsmError('not-esm', `${FILES_WHERE}/compatible`, tree.root.offset, 'is not "ibm,esm-file"');
  }
  return tree;
}

function attachmentsOf(files: Fdt): Attachment[] {
  return child(files.root, FILES_WHERE, 'files').children.map(node => ({
    name: node.name,
    ...sealedOf(files, node, `/files/${node.name}`, FILES_WHERE),
  }));
}
