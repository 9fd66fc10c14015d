import type { Actor } from '../../sim/index.ts';

/**
 * Actors that are of one party: what one of them sees, all know. The guest and the SVM are one machine before and after; QEMU's proxy
 * and the kernel's resource manager are part of what the hypervisor controls.
 */
const PARTIES: Readonly<Partial<Record<Actor, readonly Actor[]>>> = {
  svm: ['svm', 'guest'],
  hypervisor: ['hypervisor', 'spapr-tpm-proxy', 'tpmrm'],
};

/** All of an actor's party, with itself. */
export const partyOf = (actor: Actor): readonly Actor[] => PARTIES[actor] ?? [actor];
