import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EsmManifest } from '../../src/conform/kinds/esm/esm-manifest.ts';
import {
  type EsmBlob,
  type EsmPrivateKey,
  type EsmPublicKey,
  loadPrivateKey,
  loadPublicKey,
  readEsmBlob,
} from '../../src/svm/format/index.ts';

const root = new URL('../../fixtures/observed/esm/', import.meta.url);

/** The folders of the recorded blobs. */
export const caseNames: readonly string[] = readdirSync(root, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name);

/** One recorded blob with its inputs and keys. */
export interface RecordedBlob {
  readonly folder: string;
  readonly manifest: EsmManifest;
  readonly bytes: Uint8Array;
  readonly blob: EsmBlob;
  read(file: string): Uint8Array;
  publicKey(name: string): Promise<EsmPublicKey>;
  privateKey(name: string): Promise<EsmPrivateKey>;
}

export function recorded(name: string): RecordedBlob {
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${name}/${file}`, root)));
  const manifest = JSON.parse(Buffer.from(read('manifest.json')).toString('utf8')) as EsmManifest;
  const bytes = read(manifest.blob);
  return {
    folder: fileURLToPath(new URL(name, root)),
    manifest,
    bytes,
    blob: readEsmBlob(bytes),
    read,
    publicKey: file => loadPublicKey(read(file), file),
    privateKey: file => loadPrivateKey(read(file), file, file === 'origin.key' ? manifest.originKeyPassphrase : undefined),
  };
}

/** What a body threw; a body that does not throw fails the test. */
export function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );
}
