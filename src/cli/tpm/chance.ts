/** Where the numbers of an embedded TPM come from: the person must know what its keys are worth. */
export const chanceLine = (seed: string | undefined): string =>
  seed === undefined
    ? 'Its chance comes from the operating system.\n'
    : 'Its chance comes from --seed: who knows the seed knows its keys.\n';
