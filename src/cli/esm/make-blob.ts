import { parseRecipe, readNamed, startHash } from '../../svm/owner/recipe/index.ts';
import type { Io } from '../io.ts';
import type { MakeFlags } from './flags.ts';

/**
 * `esm make`: paths in the recipe are relative to the working directory, as svm-tool takes them. A large initrd is hashed in a thread of
 * its own while the modules that know keys and blobs are loaded: they are imported late on purpose.
 */
export async function make({ blob, config, ...common }: MakeFlags, io: Io): Promise<number> {
  const recipe = parseRecipe(Buffer.from(await readNamed(config)).toString('utf8'), config);
  const initrd = recipe.digest && startHash(recipe.digest.initramfs);
  try {
    const { makeFrom } = await import('./make-from-recipe.ts');
    return await makeFrom(recipe, initrd, blob, common, io);
  } finally {
    initrd?.stop();
  }
}
