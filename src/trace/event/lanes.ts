import type { Actor } from '../../sim/index.ts';

/** The columns of a sequence diagram, in the order of trust: the owner's world left, the TPM right. */
export const LANES = ['owner', 'svm', 'ultravisor', 'hypervisor', 'spapr-tpm-proxy', 'tpmrm', 'tpm', 'firmware'] as const;
export type Lane = (typeof LANES)[number];

export const LANE_NAMES: Readonly<Record<Lane, string>> = {
  owner: 'Owner',
  svm: 'Guest / SVM',
  ultravisor: 'Ultravisor',
  hypervisor: 'Hypervisor',
  'spapr-tpm-proxy': 'TPM proxy',
  tpmrm: 'Resource manager',
  tpm: 'TPM',
  firmware: 'Firmware',
};

/** Where an event stands in the diagram: an arrow from a lane to another, or something that happens at one lane. */
export interface Place {
  readonly from: Lane;
  readonly to: Lane;
}

export const turned = ({ from, to }: Place): Place => ({ from: to, to: from });
export const laneOf = (actor: Actor): Lane => (actor === 'guest' ? 'svm' : actor);
