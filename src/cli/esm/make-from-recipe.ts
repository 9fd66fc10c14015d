import { writeEsmBlob } from '../../svm/format/index.ts';
import { explainedLater, type Hashing, makeBlobFromRecipe, type Recipe } from '../../svm/owner/index.ts';
import type { Io } from '../io.ts';
import { keyPassphrase } from '../terminal/passphrase.ts';
import { type CommonFlags, EsmSession, systemChance } from './session.ts';

/** The blob of a recipe whose initrd is being hashed. */
export async function makeFrom(recipe: Recipe, initrd: Hashing | undefined, blob: string, common: CommonFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  const passphrase = keyPassphrase(session.terminal, common.passphraseFile);
  const make = () => makeBlobFromRecipe(recipe, '.', systemChance, passphrase, initrd);
  const contents = await explainedLater(blob, async () => writeEsmBlob(await make()));
  return session.write({ path: blob, contents, replace: true });
}
