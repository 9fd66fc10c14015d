// A door of its own: `esm make` comes in here first, before the modules that know keys and blobs are loaded.
export { type HashedFile, type Hashing, hashNamed, startHash } from './hash-file.ts';
export { readNamed } from './read-file.ts';
export { parseRecipe, type Recipe } from './recipe.ts';
