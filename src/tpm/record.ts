import type { Codec, Fields } from '../bytes/index.ts';

export type Role = 'USER' | 'ADMIN' | 'DUP';

/** A handle of a command: its type, and the role in which its authorization is wanted, if at all (Part 1 §19.2). */
export interface HandleUse {
  readonly type: Codec<number>;
  readonly auth?: Role;
}
export type HandleUses = Readonly<Record<string, HandleUse>>;

/** Authorized with the USER role. */
export const user = (type: Codec<number>): HandleUse => ({ type, auth: 'USER' });
/** Authorized with the ADMIN role. */
export const admin = (type: Codec<number>): HandleUse => ({ type, auth: 'ADMIN' });
/** Authorized with the DUP role: by policy only. */
export const dup = (type: Codec<number>): HandleUse => ({ type, auth: 'DUP' });
/** Not authorized. */
export const plain = (type: Codec<number>): HandleUse => ({ type });

/** One command of Part 3: everything that dispatch, capabilities, clients and traces know of it. */
export interface CommandRecord<
  H extends HandleUses = HandleUses,
  P extends Fields = Fields,
  R extends Fields = Fields,
  K extends string = string,
> {
  readonly code: number;
  readonly name: string;
  /** The clause of Part 3. */
  readonly spec: string;
  /** In the order in which they travel; those with a role come first. */
  readonly handles: H;
  readonly params: P;
  /** Name of the handle in the response. */
  readonly returnsHandle?: K;
  readonly returns: R;
  /** TPMA_CC.nv: may write NV. */
  readonly nv?: true;
  /** TPMA_CC.extensive: may flush many contexts. */
  readonly extensive?: true;
  /** TPMA_CC.flushed: the transient object of its first handle is gone afterwards. */
  readonly flushed?: true;
  /** The command takes no sessions at all. */
  readonly sessions?: 'none';
  /** For an NV Index: the command writes, so the write attributes decide who may (Part 2 §13.4). */
  readonly writesNv?: true;
}

const isSized = (codec: Codec<unknown> | undefined): boolean =>
  codec?.shape.kind === 'sizedOf' || (codec?.shape.kind === 'bytes' && codec.shape.width === 2);
const first = (fields: Fields): Codec<unknown> | undefined => Object.values(fields)[0];
/** Whether a session may encrypt the first parameter of the command (Part 1 §21.1: it must be a TPM2B). */
export const firstParameterIsSized = (declared: CommandRecord): boolean => isSized(first(declared.params));
/** Whether a session may encrypt the first parameter of the response. */
export const firstResultIsSized = (declared: CommandRecord): boolean => isSized(first(declared.returns));

/** TPMA_CC (Part 2 §8.9). */
export function attributesOf(declared: CommandRecord): number {
  let bits = declared.code & 0xffff;
  if (declared.nv) bits |= 0x00400000;
  if (declared.extensive) bits |= 0x00800000;
  if (declared.flushed) bits |= 0x01000000;
  bits |= Object.keys(declared.handles).length << 25;
  if (declared.returnsHandle !== undefined) bits |= 0x10000000;
  return bits >>> 0;
}
