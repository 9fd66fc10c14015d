import type { AnyHcall, InterceptedHypercall, NormalMemory } from '../../hcall/index.ts';
import type { Sight } from '../../sim/index.ts';
import type { Layout } from '../../svm/guest/index.ts';
import type { PolicyPcr } from '../../svm/wrapping-key/index.ts';
import type { TpmClient } from '../../tpm/client/index.ts';

/** A guest as its hypervisor has it: the files it was started with, where they were put, its normal memory. */
export interface StartedGuest {
  readonly name: string;
  readonly lpid: number;
  readonly files: {
    readonly kernel: Uint8Array;
    readonly initrd: Uint8Array;
    readonly rtas: Uint8Array;
    /** Absent: it lies in the initrd. */
    readonly esmBlob?: Uint8Array | undefined;
  };
  readonly layout: Layout;
  readonly memory: NormalMemory;
}

/**
 * What a hostile hypervisor has of its host, and nothing else: normal memory, calls, a space of its own of the TPM, the power switch, time.
 * There is no way from here to secure memory, to what the Ultravisor holds, or to the register of secrets.
 */
export interface Reach {
  readonly host: string;
  guest(lpid: number): StartedGuest | undefined;
  guestNamed(name: string | undefined): StartedGuest | undefined;
  /** What everybody can read in the source of the host's firmware. */
  readonly firmware: { readonly policyPcr: PolicyPcr };
  /** Makes an ultracall with arguments from r4 on; gives back r3 and those behind it. */
  ultracall(number: number, ...args: readonly bigint[]): Promise<readonly bigint[]>;
  /** Handles a hypercall that nobody made, on the virtual processor of one that was. */
  handle(call: AnyHcall, made: InterceptedHypercall, input: Readonly<Record<string, bigint>>): Promise<void>;
  /** The real address of a normal page of its own that begins with these bytes; zeros follow. */
  ownPage(contents: Uint8Array): bigint;
  /** What the Ultravisor put into a page of the hypervisor's own becomes the frame of a guest that is paged out. */
  keepPagedOut(lpid: number, gpa: bigint, ra: bigint): void;
  /** Runs commands of the host's root on a descriptor of its own of the TPM's device, and with it in a space of its own. */
  inOwnSpace(body: (client: TpmClient) => Promise<string>): Promise<string>;
  /** Switches the TPM off and on, and starts it. */
  resetTpm(): Promise<void>;
  /** Lets virtual time pass. */
  waitMs(ms: number): void;
  /** A deed, in the record; its event. */
  tell(deed: Deed): number;
  /** Something that a reader of the record has to know. */
  note(text: string): void;
}

/** What the record says of something that the adversary did. */
export interface Deed {
  readonly lpid: number;
  readonly action: string;
  readonly target: string;
  readonly detail: string;
  readonly sights?: readonly Sight[];
}
