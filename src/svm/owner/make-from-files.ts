import { basename, resolve } from 'node:path';
import { SimulatorError } from '../../sim/index.ts';
import { type EsmBlob, type EsmPrivateKey, loadPrivateKey, loadPublicKey } from '../format/index.ts';
import type { FileToAttach } from './attachments.ts';
import type { Chance } from './chance.ts';
import { makeBlob } from './make.ts';
import { flatKernel } from './measure.ts';
import { type Hashing, type Recipe, readNamed, startHash } from './recipe/index.ts';

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

/** The hash of the initrd that a recipe names, begun; undefined when it names none. */
export const startInitrd = ({ digest }: Recipe, folder: string): Hashing | undefined =>
  digest && startHash(resolve(folder, digest.initramfs), digest.initramfs);

/**
 * `svm-tool esm make -y`: a blob from a recipe and the files that it names, relative to `folder`.
 * @param passphrase of the origin's private key; empty for none.
 * @param initrd begun already.
 * @throws {SimulatorError} what is wrong with a key or file; {EsmError} `limit`.
 */
export async function makeBlobFromRecipe(
  recipe: Recipe,
  folder: string,
  chance: Chance,
  passphrase: Passphrase = '',
  initrd = startInitrd(recipe, folder),
): Promise<EsmBlob> {
  try {
    return await make(recipe, folder, chance, passphrase, initrd);
  } finally {
    initrd?.stop();
  }
}

async function make(recipe: Recipe, folder: string, chance: Chance, passphrase: Passphrase, initrd: Hashing | undefined): Promise<EsmBlob> {
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
  const hashed = await initrd?.done;
  return makeBlob(
    {
      origin,
      originComment: recipe.origin.comment ?? '',
      recipients,
      files,
      ...(digest && kernel && hashed ? { digest: { kernel, initrd: hashed, bootargs: digest.args, comment: digest.comment ?? '' } } : {}),
    },
    chance,
  );
}
