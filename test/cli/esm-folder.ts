import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RecordedBlob, recorded } from '../svm/vectors.ts';

/** A copy of a recorded case that commands can change. */
export interface EsmFolder {
  readonly recorded: RecordedBlob;
  path(file: string): string;
  read(file: string): Buffer;
  write(file: string, contents: string | Uint8Array): string;
  /** The recorded file once more, under its own name. */
  restore(...files: readonly string[]): void;
  /** Names of all files, to see that none was left behind. */
  list(): readonly string[];
  remove(): void;
}

export function esmFolder(name: string): EsmFolder {
  const source = recorded(name);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-esm-'));
  const path = (file: string): string => join(folder, file);
  const restore = (...files: readonly string[]): void => {
    for (const file of files) copyFileSync(join(source.folder, file), path(file));
  };
  mkdirSync(path('attachments'));
  for (const entry of readdirSync(source.folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) restore(join(entry.parentPath, entry.name).slice(source.folder.length + 1));
  }
  // Recipes name files relative to the working directory: here by their whole paths.
  const recipe = Buffer.from(source.read('svm_blob.yml')).toString();
  writeFileSync(
    path('svm_blob.yml'),
    recipe.replace(/^( +(?:pubkey|seckey|initramfs|kernel|path): )"(.*)"$/gm, (_, key, file) => `${key}"${path(file)}"`),
  );
  return {
    recorded: source,
    path,
    read: file => readFileSync(path(file)),
    write: (file, contents) => {
      writeFileSync(path(file), contents);
      return path(file);
    },
    restore,
    list: () => readdirSync(folder).sort(),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
