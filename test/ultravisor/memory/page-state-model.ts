import { GPF, OPERATIONS, type Operation } from './page-state-tables.ts';

/**
 * What docs/reference/pef.md#page-states, #the-hypervisors-view say of an SVM that is secure, frame by frame: the Ultravisor's state, the
 * hypervisor's, and who holds which page. It is written from the text; it knows no code of the simulator.
 */
export interface FrameModel {
  /** Number of the Ultravisor's state. */
  gpf: number;
  /** The hypervisor's (KVM's): Secure, secure and paged Out, sHared. */
  kvm: 'S' | 'O' | 'H';
  /** The hypervisor's page is mapped or noted. */
  mapped: boolean;
  /** Its record went while it was paged out: nothing maps it any more. */
  lost?: boolean;
  /** Where the ciphertext lies that opens in this frame. */
  sealedIn: 'nowhere' | 'kvm' | 'raw';
  /** What the SVM finds: 0 zeros, else the number of its last write; -1: what the hypervisor put there. */
  contents: number;
}
export const newFrame = (gpf: number): FrameModel => ({
  gpf,
  kvm: gpf === 0 ? 'S' : 'H',
  mapped: gpf !== 0,
  sealedIn: 'nowhere',
  contents: gpf === 0 ? 0 : -1,
});

/** What the hypervisor does when it gets H_SVM_PAGE_IN. */
export interface Answer {
  readonly first: readonly { readonly op: Operation; readonly offset: number; readonly right: boolean }[];
  readonly result: 'honest' | 'refuse' | 'lie';
}

const SHARED_GROUP = [2, 3, 4, 5, 12, 13];
const TRANSIENT = [6, 7, 8, 9, 10, 11];
const UNSHARABLE = [4, 5, 12, 13];
/** The SVM is over: ibm,os-term. */
export class Dead {}

export class Model {
  frames: FrameModel[];
  #answers: Answer[] = [];
  /** Every raw call and the state after it. */
  readonly log: string[] = [];
  readonly reached = new Set<string>();

  constructor(states: readonly number[]) {
    this.frames = states.map(newFrame);
  }

  reset(states: readonly number[]): void {
    this.frames = states.map(newFrame);
  }

  /** Raw UV_PAGE_IN, UV_PAGE_OUT or UV_PAGE_INVAL of the hypervisor; `right`: with the ciphertext that opens, if there is one. */
  raw(op: Operation, n: number, right: boolean): string {
    const code = this.#raw(op, n, right);
    this.log.push(`${op} ${n}: ${code}, ${GPF[this.frames[n]?.gpf ?? 0]?.state}`);
    return code;
  }

  #raw(op: Operation, n: number, right: boolean): string {
    const frame = this.frames[n];
    if (!frame) return '';
    this.reached.add(`${frame.gpf} ${op}`);
    const cell = GPF[frame.gpf]?.cells[op];
    if (!cell) return '';
    if (op === 'UV_PAGE_IN' && frame.gpf === 1 && !(right && frame.sealedIn === 'raw')) return 'U_P3';
    if (cell.code !== 'U_SUCCESS') return cell.code;
    if (op === 'UV_PAGE_OUT') frame.sealedIn = 'raw';
    if (op === 'UV_PAGE_IN' && frame.gpf === 1) frame.sealedIn = 'nowhere';
    if (op === 'UV_PAGE_INVAL') frame.mapped = false;
    if (op === 'UV_PAGE_IN' && [2, 3, 4, 5, 6, 7, 8, 12, 13].includes(frame.gpf)) frame.mapped = true;
    if (op === 'UV_PAGE_IN' && (frame.gpf === 2 || frame.gpf === 3)) frame.contents = -1; // another page of the hypervisor's
    frame.gpf = cell.next;
    if (frame.gpf !== 0) frame.lost = false;
    return cell.code;
  }

  /** KVM pushes a frame out, or the host touched it: only what it holds to be secure and paged in. */
  kvmPageOut(n: number): void {
    const frame = this.frames[n];
    if (frame?.kvm !== 'S' || frame.gpf !== 0) return;
    Object.assign(frame, { gpf: 1, kvm: 'O', sealedIn: 'kvm', lost: false });
  }

  /** KVM takes the page of a shared frame away. */
  kvmInvalidate(n: number): void {
    if (this.frames[n]?.kvm === 'H') this.#raw('UV_PAGE_INVAL', n, false);
  }

  /** H_SVM_PAGE_IN as KVM answers it, or as the adversary has it; true on H_SUCCESS. */
  #pageIn(n: number, shared: boolean): boolean {
    const answer = this.#answers.shift();
    for (const { op, offset, right } of answer?.first ?? []) this.raw(op, (n + offset) % this.frames.length, right);
    if (answer?.result === 'refuse') return false;
    if (answer?.result === 'lie') return true;
    const frame = this.frames[n] as FrameModel;
    if (!shared && frame.kvm === 'S') return false; // H_PARAMETER: in secure memory already
    this.reached.add(`${frame.gpf} UV_PAGE_IN`);
    const cell = GPF[frame.gpf]?.cells.UV_PAGE_IN;
    if (cell?.code !== 'U_SUCCESS') return false;
    if (frame.gpf === 1) {
      if (frame.sealedIn !== 'kvm') return false;
      frame.sealedIn = 'nowhere';
    } else if (frame.gpf !== 9 && frame.gpf !== 10) {
      frame.mapped = true;
      if (frame.gpf === 2 || frame.gpf === 3) frame.contents = -1;
    }
    frame.gpf = cell.next;
    if (frame.gpf !== 0) frame.lost = false;
    frame.kvm = shared ? 'H' : 'S';
    return true;
  }

  /** Runs an SVM call during which the hypervisor answers in this way, one for each H_SVM_PAGE_IN. */
  during<T>(answers: readonly Answer[], call: () => T): T {
    this.#answers = [...answers];
    try {
      return call();
    } finally {
      this.#answers = [];
    }
  }

  share(first: number, count: number): string {
    const changed: FrameModel[] = [];
    const revert = (pagedOut?: FrameModel): string => {
      for (const frame of changed) if (frame.gpf === 6) frame.gpf = 0;
      const confirmed = changed.filter(frame => frame.gpf !== 0);
      for (const frame of confirmed) {
        frame.gpf = 9;
        if (!this.#pageIn(this.frames.indexOf(frame), false)) throw new Dead();
        Object.assign(frame, { gpf: 11, mapped: false });
      }
      for (const frame of confirmed) frame.gpf = 0;
      if (pagedOut?.gpf === 1) Object.assign(pagedOut, { gpf: 0, lost: true });
      return 'U_P2';
    };
    for (let n = first; n < first + count; n++) {
      const frame = this.frames[n] as FrameModel;
      this.reached.add(`${frame.gpf} share`);
      if (SHARED_GROUP.includes(frame.gpf)) continue;
      if (TRANSIENT.includes(frame.gpf)) return 'U_P2';
      for (let tries = 0; tries < 4 && frame.gpf === 1; tries++) if (!this.#pageIn(n, false)) return revert(frame);
      if (frame.gpf !== 0) return revert(frame);
      Object.assign(frame, { gpf: 6, lost: false });
      changed.push(frame);
      if (!this.#pageIn(n, true)) return revert();
    }
    for (const frame of changed) {
      if (frame.gpf !== 7 && frame.gpf !== 8) throw new Dead();
      Object.assign(frame, frame.mapped ? { gpf: 2, contents: 0 } : { gpf: 3, contents: -1 });
    }
    return 'U_SUCCESS';
  }

  unshare(first: number, count: number): string {
    const frames = this.frames.slice(first, first + count);
    for (const { gpf } of frames) this.reached.add(`${gpf} unshare`);
    if (frames.some(({ gpf }) => TRANSIENT.includes(gpf) || UNSHARABLE.includes(gpf))) return 'U_P2';
    const shared = frames.filter(({ gpf }) => gpf > 1);
    for (const frame of shared) {
      frame.gpf = 9;
      if (!this.#pageIn(this.frames.indexOf(frame), false)) throw new Dead();
      Object.assign(frame, { gpf: 11, mapped: false });
    }
    for (const frame of frames) if (frame.gpf === 1) Object.assign(frame, { gpf: 0, lost: true });
    for (const frame of shared) Object.assign(frame, { gpf: 0, contents: 0 });
    return 'U_SUCCESS';
  }

  /** The SVM reads or writes a frame. */
  touch(n: number, write?: number): number {
    const frame = this.frames[n] as FrameModel;
    if (frame.gpf === 4 || frame.gpf === 5) throw new Dead();
    if (frame.gpf === 1 && !this.#tenTimes(n)) throw new Dead();
    if (frame.gpf === 0 && frame.lost) throw new Dead();
    if (frame.gpf === 3) {
      // The hypervisor gets 0xE00: it gives the page if it believes the frame to be shared.
      if (frame.kvm !== 'H') throw new Dead();
      Object.assign(frame, { gpf: 2, mapped: true, contents: -1 });
    }
    if (write !== undefined) frame.contents = write;
    return frame.contents;
  }

  #tenTimes(n: number): boolean {
    for (let tries = 0; tries < 10 && this.frames[n]?.gpf === 1; tries++) this.#pageIn(n, false);
    return this.frames[n]?.gpf === 0;
  }
}

export const RAW = OPERATIONS.slice(2);
