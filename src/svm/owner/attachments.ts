import { SimulatorError } from '../../sim/index.ts';
import {
  addSubnode,
  deleteNode,
  ESM_LIMITS,
  type EsmBlob,
  EsmError,
  type EsmPrivateKey,
  emptyFdt,
  esmBlobOf,
  type Fdt,
  openAttachment,
  openEsmBlob,
  setProperty,
  text,
  writeFdt,
} from '../format/index.ts';
import type { Chance } from './chance.ts';
import { checkedComment, checkedName } from './names-and-comments.ts';
import { sealInto } from './seal.ts';

export interface FileToAttach {
  /** The node's name; the guest asks for it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly comment?: string;
}

/** An empty tree of attachments. */
function noFiles(): Fdt {
  return addSubnode(setProperty(emptyFdt(), '/', 'compatible', text('ibm,esm-file')), '/', 'files');
}

/** The blob with another tree of attachments. @throws {EsmError} `limit`, with the place it would have. */
export function withFiles(blob: EsmBlob, files: Fdt): EsmBlob {
  const bytes = writeFdt(files);
  if (bytes.length > ESM_LIMITS.filesFdtBytes) {
    const detail = `the tree of attachments would have ${bytes.length} bytes, the Ultravisor's page ${ESM_LIMITS.filesFdtBytes}`;
    throw new EsmError('limit', '/file/files-fdt', undefined, detail);
  }
  return esmBlobOf(setProperty(blob.tree, '/file', 'files-fdt', bytes));
}

/**
 * `svm-tool esm attach`. The newest attachment becomes the first.
 * @throws {SimulatorError} `esm.bad-name`, `esm.name-in-use`; {EsmError} `limit`, or the opener does not open.
 */
export function attach(blob: EsmBlob, file: FileToAttach, opener: EsmPrivateKey, chance: Chance): EsmBlob {
  const name = checkedName(file.name);
  if (blob.attachments.some(other => other.name === name)) {
    throw new SimulatorError('esm.name-in-use', {
      what: `an attachment "${name}" is in the blob already`,
      hint: 'Detach it first, or rename this one.',
    });
  }
  if (file.bytes.length > ESM_LIMITS.fileBytes) {
    const detail = `${file.bytes.length} bytes, the Ultravisor keeps lengths in 16 bits (at most ${ESM_LIMITS.fileBytes})`;
    throw new EsmError('limit', `files-fdt:/files/${name}`, undefined, detail);
  }
  const symmetricKey = openEsmBlob(blob, opener.privateKey);
  const files = addSubnode(blob.files ?? noFiles(), '/files', name);
  return withFiles(blob, sealInto(files, `/files/${name}`, file.bytes, symmetricKey, checkedComment(file.comment ?? ''), chance));
}

/** `esm detach` (broken in svm-tool). An emptied tree of attachments stays. @throws {SimulatorError} `esm.no-file` */
export function detach(blob: EsmBlob, name: string): EsmBlob {
  if (!blob.files || !blob.attachments.some(other => other.name === name)) {
    const names = blob.attachments.map(other => other.name).join(', ') || 'none';
    throw new SimulatorError('esm.no-file', { what: `there is no attachment "${name}"`, hint: `Attachments: ${names}.` });
  }
  return withFiles(blob, deleteNode(blob.files, `/files/${name}`));
}

/** `esm extract` (broken in svm-tool): the plaintext. @throws {EsmError} `no-file`, `tampered`, or the opener does not open. */
export function extract(blob: EsmBlob, name: string, opener: EsmPrivateKey): Uint8Array {
  return openAttachment(blob, name, openEsmBlob(blob, opener.privateKey));
}
