import type { ClientSession } from '../../../src/tpm/client/index.ts';
import { TPM_ALG, TPM_RH, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import type { Both } from './pair.ts';

// What a stream knows of both TPMs: enough to make commands that are mostly right. Where it is wrong both TPMs are told the same.

export interface Thing {
  readonly kind: 'key' | 'sequence';
  readonly handle: Both<number>;
  /** Of a key. */
  readonly publicArea: Both<TPMT_PUBLIC> | null;
  readonly name: Both<Uint8Array>;
  readonly auth: Uint8Array;
  /** Whether both TPMs have the very same key: then they say the same with it. */
  readonly same: boolean;
  /** Made by LoadExternal: its place in the hierarchies is the same too. */
  readonly external?: boolean;
  readonly publicOnly?: boolean;
  /** Name of the parent that it was loaded under. */
  readonly parent?: Uint8Array;
  /** A sequence of events, one hash a bank. */
  readonly event?: boolean;
}

export interface Index {
  readonly handle: number;
  readonly size: number;
  readonly attributes: number;
  readonly authPolicy: Uint8Array;
  readonly nameAlg: number;
  auth: Uint8Array;
}

export interface Blob {
  readonly inPrivate: Both<Uint8Array>;
  readonly publicArea: Both<TPMT_PUBLIC>;
  readonly auth: Uint8Array;
  readonly same: boolean;
  readonly parent: Uint8Array;
}

export interface TwinSession {
  readonly sides: Both<ClientSession>;
  /** Its policy digest is a function of Names that differ. */
  tainted: boolean;
}

export interface Saved {
  readonly context: Both<unknown>;
  readonly thing: Thing | TwinSession;
}

/** Values that belong together: what one command gave and another takes. */
export type Deed = Readonly<Record<string, unknown>>;

export interface World {
  things: Thing[];
  persistent: Thing[];
  indices: Index[];
  sessions: TwinSession[];
  blobs: Blob[];
  saved: Saved[];
  /** Values that came out and may go in again, by the kind of parameter. */
  readonly pools: Map<string, Both<unknown>[]>;
  readonly deeds: Map<string, Deed[]>;
  readonly auths: Map<number, Uint8Array>;
  readonly nvNames: Map<number, Uint8Array>;
}

export const newWorld = (): World => ({
  things: [],
  persistent: [],
  indices: [],
  sessions: [],
  blobs: [],
  saved: [],
  pools: new Map(),
  deeds: new Map(),
  auths: new Map(),
  nvNames: new Map(),
});

const KEPT = 6;

function keep<T>(pools: Map<string, T[]>, kind: string, value: T): void {
  const pool = pools.get(kind) ?? [];
  pool.push(value);
  if (pool.length > KEPT) pool.shift();
  pools.set(kind, pool);
}

/** Remembers a value; only the last few of a kind are kept. */
export const remember = ({ pools }: World, kind: string, value: Both<unknown>): void => keep(pools, kind, value);
export const rememberDeed = ({ deeds }: World, kind: string, deed: Deed): void => keep(deeds, kind, deed);

const EMPTY = new Uint8Array(0);
export const isSession = (thing: Thing | TwinSession): thing is TwinSession => 'sides' in thing;
export const all = (world: World): Thing[] => [...world.things, ...world.persistent];
export const findThing = (world: World, handle: number): Thing | undefined => all(world).find(thing => thing.handle[0] === handle);
export const findIndex = (world: World, handle: number): Index | undefined => world.indices.find(index => index.handle === handle);
export const findSession = (world: World, handle: number): TwinSession | undefined =>
  world.sessions.find(({ sides }) => sides[0].handle === handle);

/** The authorization value of what a handle names, as far as the stream knows. */
export const authOf = (world: World, handle: number): Uint8Array =>
  findThing(world, handle)?.auth ?? findIndex(world, handle)?.auth ?? world.auths.get(handle) ?? EMPTY;

/** All that lives until power goes. */
export function forgetVolatile(world: World): void {
  world.things = [];
  world.sessions = [];
  world.auths.delete(TPM_RH.PLATFORM);
}

const attributesOf = (thing: Thing): number => thing.publicArea?.[0].objectAttributes ?? 0;
const typeOf = (thing: Thing): number => thing.publicArea?.[0].type ?? TPM_ALG.NULL;
const isAsymmetric = (thing: Thing): boolean => typeOf(thing) === TPM_ALG.RSA || typeOf(thing) === TPM_ALG.ECC;
const can =
  (bits: number, not = 0) =>
  (thing: Thing) =>
    (attributesOf(thing) & bits) === bits && (attributesOf(thing) & not) === 0;

/** What keys are good for. */
export const is = {
  storage: (thing: Thing) => can(0x30000, 0x40000)(thing) && typeOf(thing) !== TPM_ALG.KEYEDHASH,
  asymmetricStorage: (thing: Thing) => can(0x30000, 0x40000)(thing) && isAsymmetric(thing) && thing.publicOnly !== true,
  signer: (thing: Thing) => can(0x40000)(thing) && typeOf(thing) !== TPM_ALG.SYMCIPHER && thing.publicOnly !== true,
  verifier: (thing: Thing) => can(0x40000)(thing) && typeOf(thing) !== TPM_ALG.SYMCIPHER,
  rsaDecrypter: (thing: Thing) => can(0x20000, 0x10000)(thing) && typeOf(thing) === TPM_ALG.RSA,
  eccDecrypter: (thing: Thing) => can(0x20000, 0x10000)(thing) && typeOf(thing) === TPM_ALG.ECC,
  ecc: (thing: Thing) => typeOf(thing) === TPM_ALG.ECC,
  cipher: (thing: Thing) => typeOf(thing) === TPM_ALG.SYMCIPHER && can(0, 0x10000)(thing),
  mac: (thing: Thing) => (typeOf(thing) === TPM_ALG.KEYEDHASH || typeOf(thing) === TPM_ALG.SYMCIPHER) && can(0x40000, 0x10000)(thing),
  sealed: (thing: Thing) => typeOf(thing) === TPM_ALG.KEYEDHASH && can(0, 0x70000)(thing),
  anonymous: (thing: Thing) =>
    (thing.publicArea?.[0].parameters as { scheme?: { scheme: number } } | undefined)?.scheme?.scheme === TPM_ALG.ECDAA,
  sequence: (thing: Thing) => thing.kind === 'sequence',
  key: (thing: Thing) => thing.kind === 'key',
  any: () => true,
} as const;
