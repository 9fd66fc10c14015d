/** A file of an ESM vector. */
export const esmVector = (vector: string, name: string): URL => new URL(`../../fixtures/observed/esm/${vector}/${name}`, import.meta.url);
