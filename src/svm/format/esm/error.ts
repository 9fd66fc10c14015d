/**
 * What can be wrong with an ESM blob whose device tree is sound. `not-esm`: another tree; `structure`: a node or property is
 * missing, too many, or of the wrong size; `algorithm`: named, but not ours; `no-lockbox`, `no-digests`, `no-file`: what was asked
 * for is not in the blob; `wrong-key`: the private key does not open the lockbox; `key-size`: the lockbox holds no AES key;
 * `tampered`: the authentication tag does not fit (or the symmetric key is of another blob); `limit`: more than the Ultravisor takes.
 */
export type EsmFault =
  | 'not-esm'
  | 'structure'
  | 'algorithm'
  | 'no-lockbox'
  | 'no-digests'
  | 'no-file'
  | 'wrong-key'
  | 'key-size'
  | 'tampered'
  | 'limit';

export class EsmError extends Error {
  override readonly name = 'EsmError';
  readonly fault: EsmFault;
  /** Path in the tree. A path in the tree of attachments begins with `files-fdt:`. */
  readonly path: string;
  /** First byte of the node or property in the blob, when the blob was read from bytes. */
  readonly offset: number | undefined;

  constructor(fault: EsmFault, path: string, offset: number | undefined, detail: string) {
    super(`${path}${offset === undefined ? '' : ` at byte ${offset}`}: ${detail}`);
    this.fault = fault;
    this.path = path;
    this.offset = offset;
  }
}
