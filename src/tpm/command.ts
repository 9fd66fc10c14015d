import type { Codec, Fields, StructValue } from '../bytes/index.ts';
import type { Call } from './model/call.ts';
import type { Core } from './model/core.ts';

export type Role = 'USER' | 'ADMIN' | 'DUP';

/** A handle of a command: its type, and the role in which its authorization is wanted, if at all (Part 1 §19.2). */
export interface HandleUse {
  readonly type: Codec<number>;
  readonly auth?: Role;
}
export type HandleUses = Readonly<Record<string, HandleUse>>;
type NoHandles = Readonly<Record<never, HandleUse>>;

/** Authorized with the USER role. */
export const user = (type: Codec<number>): HandleUse => ({ type, auth: 'USER' });
/** Authorized with the ADMIN role. */
export const admin = (type: Codec<number>): HandleUse => ({ type, auth: 'ADMIN' });
/** Authorized with the DUP role: by policy only. */
export const dup = (type: Codec<number>): HandleUse => ({ type, auth: 'DUP' });
/** Not authorized. */
export const plain = (type: Codec<number>): HandleUse => ({ type });

/** A response: its handle, if it has one, stands in front of the parameters. */
export type Returns<R extends Fields, K extends string> = StructValue<R> & { readonly [P in K]: number };

/** One command of Part 3: everything that dispatch, capabilities, clients and traces know of it. */
export interface Command<
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
  /**
   * Part 3's checks, in their order, then the action. Handles and parameters by name; a persistent object comes with the handle
   * of the slot it was copied to.
   * @throws {Refusal} before anything was changed.
   */
  run(tpm: Core, input: { readonly [N in keyof H]: number } & StructValue<P>, call: Call): Returns<R, NoInfer<K>>;
}
/** A command of whatever types, as the table holds it. */
export interface AnyCommand extends Omit<Command, 'returnsHandle' | 'run'> {
  readonly returnsHandle?: string;
  run(tpm: Core, input: never, call: Call): unknown;
}

/** Declares a command; the types of its input and output follow from the declaration. */
export function command<
  const H extends HandleUses = NoHandles,
  const P extends Fields = Readonly<Record<never, never>>,
  const R extends Fields = Readonly<Record<never, never>>,
  const K extends string = never,
>(declared: Command<H, P, R, K>): Command<H, P, R, K> {
  return declared;
}

/** Commands by code. Two with one code, or a handle without a role before one that has a role, stop the start-up. */
export function table(modules: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<number, AnyCommand> {
  const byCode = new Map<number, AnyCommand>();
  for (const module of modules) {
    for (const entry of Object.values(module)) {
      if (!isCommand(entry)) continue;
      const other = byCode.get(entry.code);
      if (other) throw new RangeError(`${entry.name} and ${other.name} both have code 0x${entry.code.toString(16)}`);
      const roles = Object.values<HandleUse>(entry.handles).map(use => use.auth !== undefined);
      if (roles.lastIndexOf(true) > roles.indexOf(false) && roles.includes(false) && roles.includes(true)) {
        throw new RangeError(`${entry.name}: handles that are authorized come first`);
      }
      byCode.set(entry.code, entry);
    }
  }
  return new Map([...byCode].sort(([a], [b]) => a - b));
}

const isCommand = (entry: unknown): entry is AnyCommand =>
  typeof entry === 'object' && entry !== null && 'code' in entry && 'run' in entry && 'handles' in entry;

const isSized = (codec: Codec<unknown> | undefined): boolean =>
  codec?.shape.kind === 'sizedOf' || (codec?.shape.kind === 'bytes' && codec.shape.width === 2);
const first = (fields: Fields): Codec<unknown> | undefined => Object.values(fields)[0];
/** Whether a session may encrypt the first parameter of the command (Part 1 §21.1: it must be a TPM2B). */
export const firstParameterIsSized = (declared: AnyCommand): boolean => isSized(first(declared.params));
/** Whether a session may encrypt the first parameter of the response. */
export const firstResultIsSized = (declared: AnyCommand): boolean => isSized(first(declared.returns));

/** TPMA_CC (Part 2 §8.9). */
export function attributesOf(declared: AnyCommand): number {
  let bits = declared.code & 0xffff;
  if (declared.nv) bits |= 0x00400000;
  if (declared.extensive) bits |= 0x00800000;
  if (declared.flushed) bits |= 0x01000000;
  bits |= Object.keys(declared.handles).length << 25;
  if (declared.returnsHandle !== undefined) bits |= 0x10000000;
  return bits >>> 0;
}
