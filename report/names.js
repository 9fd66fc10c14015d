/** @type {Record<string, string>} */
const NAMES = {
  omniscient: 'Omniscient',
  svm: 'SVM',
  guest: 'Guest',
  'spapr-tpm-proxy': 'TPM proxy',
  tpmrm: 'resource manager',
  tpm: 'TPM',
};
/** @param {string} actor */
export const nameOf = actor => NAMES[actor] ?? (actor[0] ?? '').toUpperCase() + actor.slice(1);

/** Within a sentence. @param {string} actor */
export const inText = actor => (actor === 'ultravisor' ? 'Ultravisor' : (NAMES[actor] ?? actor));
