import type { AnyEvent } from '../../sim/index.ts';

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

const turned = ({ from, to }: Place): Place => ({ from: to, to: from });
const laneOf = (actor: AnyEvent['actor']): Lane => (actor === 'guest' ? 'svm' : actor);

/** Places events, in their order: a return goes back the way of its call. */
export class Placer {
  readonly #calls = new Map<number, Place>();

  place(event: AnyEvent): Place {
    const here = laneOf(event.actor);
    switch (event.kind) {
      case 'hcall.call':
        return this.#call(event.seq, { from: laneOf(event.data.issuer), to: 'hypervisor' });
      case 'ultracall.call':
        return this.#call(event.seq, { from: laneOf(event.data.issuer), to: 'ultravisor' });
      case 'hcall.return':
      case 'ultracall.return':
        return this.#back(event.cause) ?? { from: here, to: here };
      case 'tpm.command':
        return this.#way(event.data.via, here);
      case 'tpm.response':
        return turned(this.#way(event.data.via, here));
      case 'proxy.file':
        return event.data.call === 'read' ? { from: 'tpmrm', to: 'spapr-tpm-proxy' } : { from: 'spapr-tpm-proxy', to: 'tpmrm' };
      default:
        return { from: here, to: here };
    }
  }

  /** A command's. What the caller of H_TPM_COMM sees goes no further than the hypervisor. */
  #way(via: string, here: Lane): Place {
    if (via === 'H_TPM_COMM') return { from: here, to: 'hypervisor' };
    return { from: via === 'direct' ? 'firmware' : 'tpmrm', to: 'tpm' };
  }

  #call(seq: number, place: Place): Place {
    this.#calls.set(seq, place);
    return place;
  }

  #back(cause: number | null): Place | undefined {
    const call = cause === null ? undefined : this.#calls.get(cause);
    if (cause !== null) this.#calls.delete(cause);
    return call && { from: call.to, to: call.from };
  }
}
