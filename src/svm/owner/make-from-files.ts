import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { SimulatorError } from '../../sim/index.ts';
import { type EsmBlob, type EsmPrivateKey, loadPrivateKey, loadPublicKey } from '../format/index.ts';
import type { FileToAttach } from './attachments.ts';
import type { Chance } from './chance.ts';
import { flatKernel, type HashedFile } from './digests.ts';
import { makeBlob } from './make.ts';
import type { Recipe } from './recipe.ts';

/** The bytes of a file the person named. @throws {SimulatorError} `file.unreadable` */
export async function readNamed(file: string, where = file): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await readFile(file);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    throw unreadable(error, where);
  }
}

/** What the operating system refused; any other error as it is. */
function unreadable(error: unknown, where: string): unknown {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return error;
  return new SimulatorError('file.unreadable', { where, what: `the file cannot be read (${code})`, cause: error });
}

const PIECE = 1 << 20; // stays in the processor's cache

/** SHA-512 of a file the person named, without holding it in memory. @throws {SimulatorError} `file.unreadable` */
export function hashNamed(file: string, where = file): HashedFile {
  const state = createHash('sha512');
  const piece = new Uint8Array(PIECE);
  try {
    const descriptor = openSync(file, 'r');
    try {
      for (let count = readSync(descriptor, piece); count > 0; count = readSync(descriptor, piece)) state.update(piece.subarray(0, count));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(error, where);
  }
  return { sha512: new Uint8Array(state.digest()) };
}

/** A passphrase, or how it is had when it is needed. */
export type Passphrase = string | ((where: string) => Promise<string>);

/** A private key file; for its passphrase is asked only when it has one. @throws {SimulatorError} as `loadPrivateKey`. */
export async function openPrivateKey(file: Uint8Array, where: string, passphrase: Passphrase = ''): Promise<EsmPrivateKey> {
  if (typeof passphrase === 'string') return loadPrivateKey(file, where, passphrase);
  try {
    return await loadPrivateKey(file, where);
  } catch (error) {
    if (!(error instanceof SimulatorError) || error.code !== 'key.passphrase-needed') throw error;
  }
  return loadPrivateKey(file, where, await passphrase(where));
}

/**
 * `svm-tool esm make -y`: a blob from a recipe and the files that it names, relative to `folder`.
 * @param passphrase of the origin's private key; empty for none.
 * @throws {SimulatorError} what is wrong with a key or file; {EsmError} `limit`.
 */
export async function makeBlobFromRecipe(recipe: Recipe, folder: string, chance: Chance, passphrase: Passphrase = ''): Promise<EsmBlob> {
  const read = (file: string) => readNamed(resolve(folder, file), file);
  const origin = await openPrivateKey(await read(recipe.origin.seckey), recipe.origin.seckey, passphrase);
  const pub = await loadPublicKey(await read(recipe.origin.pubkey), recipe.origin.pubkey);
  if (Buffer.compare(pub.fingerprint, origin.fingerprint) !== 0) {
    throw new SimulatorError('recipe.origin-pair', {
      where: recipe.origin.pubkey,
      what: `this is not the public half of ${recipe.origin.seckey}`,
    });
  }
  const recipients = await Promise.all(
    recipe.recipients.map(async ({ pubkey, comment = '' }) => ({ key: await loadPublicKey(await read(pubkey), pubkey), comment })),
  );
  const files = await Promise.all(
    recipe.files.map(
      async ({ path, name = basename(path), comment = '' }): Promise<FileToAttach> => ({ name, comment, bytes: await read(path) }),
    ),
  );
  const { digest } = recipe;
  const kernel = digest && flatKernel(await read(digest.kernel), digest.kernel);
  const initrd = digest && hashNamed(resolve(folder, digest.initramfs), digest.initramfs);
  return makeBlob(
    {
      origin,
      originComment: recipe.origin.comment ?? '',
      recipients,
      files,
      ...(digest && kernel && initrd ? { digest: { kernel, initrd, bootargs: digest.args, comment: digest.comment ?? '' } } : {}),
    },
    chance,
  );
}
