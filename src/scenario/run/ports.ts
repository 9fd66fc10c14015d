import type { VtpmSpec } from '../../machine/index.ts';
import type { World } from '../../sim/index.ts';
import type { Swapping } from '../../tpmrm/index.ts';
import type { Profile } from '../../ultravisor/index.ts';

/** What the runner needs of a machine. The room `machine/` satisfies it, and so can a stand-in. */
export interface MachinePort {
  host(name: string): HostPort;
  close(): Promise<void>;
}

export interface HostPlan {
  readonly name: string;
  /** Backend: `embedded`, or where another TPM is reached. */
  readonly tpm: string;
  readonly profile: string;
  readonly securePages?: number;
  readonly proxyMode?: 'observed' | 'strict';
  readonly swapping?: Swapping;
  /** A given private key takes the place of the one that firmware would make. */
  readonly wrappingKey?: { readonly pem: string };
}

/** A host with its firmware by name, or a firmware of one's own: a mutant. */
export type AnyHostPlan = Omit<HostPlan, 'profile'> & { readonly profile: string | Profile };

export interface HostPort {
  boot(): Promise<void>;
  reboot(): Promise<void>;
  /** SPKI PEM of its wrapping key. */
  wrappingKeyPem(): string | Promise<string>;
  wrappingKeyName(): Uint8Array | Promise<Uint8Array>;
  createGuest(plan: GuestPlan): GuestPort | Promise<GuestPort>;
}

export interface GuestPlan {
  readonly name: string;
  readonly lpid: number;
  readonly ramBytes: bigint;
  readonly vcpus?: number;
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  readonly bootargs: string;
  readonly rtas: Uint8Array;
  readonly esmBlob?: Uint8Array;
  readonly tpmProxy?: { readonly hostPath: string } | null;
  readonly vtpm?: VtpmSpec;
}

export type GuestState = 'created' | 'running' | 'secure' | 'failed' | 'stuck' | 'dead' | 'terminated';
export const GUEST_STATES = ['created', 'running', 'secure', 'failed', 'stuck', 'dead', 'terminated'] as const satisfies GuestState[];

/** A call that did not come back: this guest's QEMU is gone or stuck, or the whole host stopped. */
export interface Never {
  readonly never: string;
  readonly scope: 'guest' | 'host';
}

export interface GuestPort {
  readonly state: GuestState;
  start(): Promise<void>;
  enterSecureMode(): Promise<
    | { readonly secure: true; readonly pc: bigint; readonly r3: bigint; readonly r4: bigint; readonly r5: bigint }
    | { readonly secure: false; readonly r3: bigint; readonly r3Name: string }
    | Never
  >;
  getFile(
    name: string,
  ): Promise<
    | { readonly ok: true; readonly bytes: Uint8Array; readonly calls: number }
    | { readonly ok: false; readonly r3: bigint; readonly r3Name?: string }
    | Never
  >;
  reboot(): Promise<void>;
  terminate(): Promise<void>;
}

export type CreateMachine = (world: World, hosts: readonly AnyHostPlan[]) => Promise<MachinePort>;
