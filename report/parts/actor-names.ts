import type { Viewpoint } from '../../src/trace/view/viewpoint.ts';

/** Where it is not the actor's own word with a capital. */
const NAMES: Readonly<Partial<Record<Viewpoint, string>>> = {
  omniscient: 'Omniscient',
  svm: 'SVM',
  guest: 'Guest',
  'spapr-tpm-proxy': 'TPM proxy',
  tpmrm: 'resource manager',
  tpm: 'TPM',
};

export const nameOf = (actor: Viewpoint): string => NAMES[actor] ?? (actor[0] ?? '').toUpperCase() + actor.slice(1);

/** Within a sentence. */
export const inText = (actor: Viewpoint): string => (actor === 'ultravisor' ? 'Ultravisor' : (NAMES[actor] ?? actor));
