import { join } from 'node:path';
import { fromHex } from '../../../bytes/index.ts';
import { readNamed } from '../../../svm/owner/index.ts';
import type { EsmManifest } from '../esm/esm-manifest.ts';

/** The folders of recorded blobs beside a recording, each file read once. */
export class RecordedFiles {
  readonly #root: string;
  readonly #files = new Map<string, Promise<Uint8Array>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws {SimulatorError} `file.unreadable`. */
  read(folder: string, name: string): Promise<Uint8Array> {
    const path = join(this.#root, 'esm', folder, name);
    const read = this.#files.get(path) ?? readNamed(path);
    this.#files.set(path, read);
    return read;
  }

  /** The symmetric key of the folder's blob. */
  async symkey(folder: string): Promise<Uint8Array> {
    const manifest = JSON.parse(Buffer.from(await this.read(folder, 'manifest.json')).toString('utf8')) as EsmManifest;
    return fromHex(manifest.symmetricKeyHex);
  }
}
