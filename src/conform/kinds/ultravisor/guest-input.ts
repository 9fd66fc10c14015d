import { fromHex, utf8 } from '../../../bytes/index.ts';
import { encryptGcm, padOaep, publicKeyObject, rsaPublic } from '../../../crypto/index.ts';
import { cells, encryptedDigests, findProperty, openGcm, readFdt, setProperty, writeFdt } from '../../../svm/format/index.ts';
import type { RecordedFiles } from './recorded-files.ts';
import { editTree, UnknownEdit } from './tree-edits.ts';
import type { Base, Edit, EsmInput } from './ultravisor-recording.ts';

/** A piece of guest memory. */
export interface Piece {
  readonly gpa: bigint;
  readonly bytes: Uint8Array;
}

/** What a case begins with: memory of the guest, arguments of UV_ESM, the tree that firmware handed over (null: none). */
export interface GuestInput {
  readonly kbase: bigint;
  readonly fdt: bigint;
  readonly pieces: readonly Piece[];
  readonly uvFdt: Uint8Array | null;
}

const DIGESTS = '/digest/digests-fdt';
const LOCKBOX = '/lockboxes/lockbox-1';

/** Bytes that take the place of others that no case looks at. */
const filler = (count: number): Uint8Array => new Uint8Array(count).fill(0x5a);

/** The blob with an edited tree of attachments. */
function withFiles(blob: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const tree = readFdt(blob);
  const files = findProperty(tree, '/file', 'files-fdt');
  if (edits.length === 0 || !files) return blob;
  return writeFdt(setProperty(tree, '/file', 'files-fdt', editTree(files, edits) ?? files));
}

/** The blob of a case; `symkey` is the recorded one. */
function editBlob(bytes: Uint8Array, edits: readonly Edit[], symkey: Uint8Array, modulus: Uint8Array): Uint8Array {
  let blob = bytes;
  let key = symkey;
  const sealAnew = (plain: Uint8Array, iv: Uint8Array): void => {
    const { ciphertext, tag } = encryptGcm(key, iv, plain);
    let tree = readFdt(blob);
    for (const [name, value] of [
      ['iv', iv],
      ['mac', tag],
      ['ciphertext', ciphertext],
    ] as const)
      tree = setProperty(tree, DIGESTS, name, value);
    blob = writeFdt(tree);
  };
  const digests = (): Uint8Array => {
    const sealed = encryptedDigests(readFdt(blob));
    const plain = sealed && openGcm(sealed, symkey);
    if (!plain) throw new RangeError('the recorded digests do not open');
    return plain;
  };
  const plain = edits.some(([name]) => name === 'reseal' || name === 'digests') ? digests() : new Uint8Array(0);
  for (const [name, ...args] of edits) {
    switch (name) {
      case 'wrap': {
        const padded = padOaep('sha256', fromHex(String(args[0])), 256, new Uint8Array(0), filler);
        blob = writeFdt(setProperty(readFdt(blob), LOCKBOX, 'encrypted-symkey', rsaPublic(publicKeyObject(modulus, 65537), padded)));
        break;
      }
      case 'reseal':
        if (typeof args[0] === 'string') key = fromHex(args[0]);
        sealAnew(plain, typeof args[1] === 'number' ? filler(args[1]) : (findProperty(readFdt(blob), DIGESTS, 'iv') ?? filler(16)));
        break;
      case 'digests':
        sealAnew(editTree(plain, args[0] as readonly Edit[]) ?? plain, findProperty(readFdt(blob), DIGESTS, 'iv') ?? filler(16));
        break;
      default:
        blob = editTree(blob, [[name, ...args]]) ?? blob;
    }
  }
  return blob;
}

/** An initrd of which the first archive has been changed. */
function editArchive(initrd: Uint8Array, edits: readonly Edit[]): { readonly bytes: Uint8Array; readonly moved: bigint } {
  let bytes: Buffer = Buffer.from(initrd);
  let moved = 0n;
  for (const [name, ...args] of edits) {
    const [first = '', second = ''] = args.map(String);
    const trailer = bytes.indexOf('TRAILER!!!');
    switch (name) {
      case 'sub': {
        const from = Buffer.from(first, 'latin1');
        const at = bytes.indexOf(from);
        if (at >= 0) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(second, 'latin1'), bytes.subarray(at + from.length)]);
        break;
      }
      case 'trailer': {
        const header = bytes.lastIndexOf('070701', trailer);
        bytes = Buffer.concat([bytes.subarray(0, header), Buffer.alloc(124), bytes.subarray(header + 124)]);
        break;
      }
      case 'front':
        bytes = Buffer.concat([otherFile(), trailerEntry(), bytes]);
        break;
      case 'early':
        bytes = Buffer.concat([otherFile(), bytes]);
        break;
      case 'move':
        moved = BigInt(first);
        break;
      default:
        throw new UnknownEdit(`no edit "${name}" of an archive is known`);
    }
  }
  return { bytes: new Uint8Array(bytes), moved };
}

const field = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
const pad4 = (part: Buffer): Buffer => Buffer.concat([part, Buffer.alloc((4 - (part.length % 4)) % 4)]);

function entry(name: string, data: Uint8Array): Buffer {
  const header = `070701${[0, 0o100644, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0].map(field).join('')}${name}\0`;
  return Buffer.concat([pad4(Buffer.from(header, 'latin1')), pad4(Buffer.from(data))]);
}
const otherFile = (): Buffer => entry('etc/other', utf8('other\n'));
const trailerEntry = (): Buffer => entry('TRAILER!!!', new Uint8Array(0));

/** The tree that firmware hands over, flat as the recording has it. */
export function handoverTree(properties: Readonly<Record<string, string>>, publicname: Uint8Array): Uint8Array {
  const path = '/ibm,uv-tpm';
  let tree = readFdt(
    writeFdt({
      reservations: [],
      bootCpu: 0,
      strings: new Uint8Array(0),
      root: { name: '', properties: [], children: [{ name: 'ibm,uv-tpm', properties: [], children: [] }] },
    }),
  );
  for (const [name, value] of Object.entries(properties).reverse())
    tree = setProperty(tree, path, name, name === 'wrapping-key-publicname' ? publicname : fromHex(value));
  return writeFdt(tree);
}

/** Builds the input of a case from the recording's base and its edits. */
export async function guestInput(
  base: Base,
  input: EsmInput,
  files: RecordedFiles,
  key: { readonly name: Uint8Array; readonly modulus: Uint8Array },
): Promise<GuestInput> {
  const at = (where: string): bigint => BigInt(where);
  const [kernel, rtas, plainInitrd] = await Promise.all([base.kernel, base.rtas, base.initrd].map(name => files.read(base.folder, name)));
  if (!kernel || !rtas || !plainInitrd) throw new RangeError(`${base.folder} lacks a file`);
  const recordedBlob = base.blob === null ? null : await files.read(base.folder, base.blob);
  const blob =
    recordedBlob &&
    editBlob(withFiles(recordedBlob, input.filesTree ?? []), input.blob ?? [], await files.symkey(base.folder), key.modulus);
  const { bytes: initrd, moved } = editArchive(plainInitrd, input.cpio ?? []);
  const parts: Record<string, Uint8Array> = {
    kernel: kernel.slice(),
    rtas: rtas.slice(),
    initrd,
    blob: blob ? blob.slice() : new Uint8Array(0),
  };
  for (const [what, byte] of input.mem ?? []) {
    const part = parts[what];
    if (!part) throw new UnknownEdit(`no memory "${what}" is known`);
    const offset = byte < 0 ? part.length + byte : byte;
    part[offset] = (part[offset] ?? 0) ^ 1;
  }
  const initrdAt = at(base.at.initrd) + moved;
  let tree = readFdt(fromHex(base.tree));
  const initrdEnd = initrdAt + BigInt(initrd.length);
  if (moved !== 0n || initrd.length !== plainInitrd.length) {
    tree = setProperty(tree, '/chosen', 'linux,initrd-start', fromHex(initrdAt.toString(16).padStart(16, '0')));
    tree = setProperty(tree, '/chosen', 'linux,initrd-end', fromHex(initrdEnd.toString(16).padStart(16, '0')));
  }
  if (blob && recordedBlob && blob.length !== recordedBlob.length && base.at.esmBlob !== null)
    tree = setProperty(tree, '/chosen', 'linux,esm-blob-end', cells(Number(at(base.at.esmBlob)) + blob.length));
  const dtb = editTree(writeFdt(tree), input.dtb ?? [], base.roomBehindTree) ?? new Uint8Array(0);
  const entry = input.entry ?? {};
  const treeAt = entry.fdtmove === undefined ? at(base.at.fdt) : BigInt(entry.fdtmove);
  return {
    kbase: entry.kbase === undefined ? at(base.at.kernel) : BigInt(entry.kbase),
    fdt: entry.fdt === undefined ? treeAt : BigInt(entry.fdt),
    pieces: [
      { gpa: at(base.at.kernel), bytes: parts.kernel ?? kernel },
      { gpa: initrdAt, bytes: parts.initrd ?? initrd },
      { gpa: at(base.at.rtas), bytes: parts.rtas ?? rtas },
      ...(blob && base.at.esmBlob !== null ? [{ gpa: at(base.at.esmBlob), bytes: parts.blob ?? blob }] : []),
      { gpa: treeAt, bytes: dtb },
    ],
    uvFdt: editTree(handoverTree(base.handover, key.name), input.uvfdt ?? []),
  };
}
