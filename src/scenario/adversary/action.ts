import type { z } from 'zod';
import type { Betrayal } from './betrayal.ts';
import type { Moment, Point } from './moment.ts';
import type { Scene } from './scene.ts';

/** Something that a rule says and that cannot be meant; `among`: the words that could. */
export interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly what: string;
  readonly word?: string;
  readonly among?: readonly string[];
}

/** Fields of a rule beside those that all have, with their values. */
export type FieldsOf<F extends z.ZodRawShape> = z.infer<z.ZodObject<F>>;

interface Common<F extends z.ZodRawShape, B extends Betrayal> {
  /** The word after `do:`. */
  readonly name: string;
  readonly about: string;
  readonly at: readonly [Point, ...Point[]];
  readonly fields: F;
  /** It only withholds or delays: what comes of it is at worst a denial of service. */
  readonly withholds?: boolean;
  /** What it needs that a hypervisor does not have. */
  readonly betrayed?: readonly B[];
  /** What the schema cannot say of its fields: what belongs together. */
  problems?(fields: FieldsOf<F>): readonly RuleProblem[];
  /** What `explore` tries at a moment: fields for each try. */
  variants(moment: Moment): readonly FieldsOf<F>[];
}

/** Changes bytes, or those of a field of a TPM message; null: nothing to change there. */
export interface BytesAction<F extends z.ZodRawShape = z.ZodRawShape, B extends Betrayal = never> extends Common<F, B> {
  readonly kind: 'bytes';
  apply(bytes: Uint8Array, fields: FieldsOf<F>, scene: Scene<B>): Uint8Array | null;
}

/** What becomes of a call: it is made so many times, or answered with a code in its place. */
export interface CallPlan {
  times: number;
  /** r3 when the call is not made. */
  answer: number;
  /** Replaces r3 of a call that was made. */
  r3?: number;
}

/** Does something before or after a call, or decides whether it is made at all. */
export interface CallAction<F extends z.ZodRawShape = z.ZodRawShape, B extends Betrayal = never> extends Common<F, B> {
  readonly kind: 'call';
  before?(plan: CallPlan, fields: FieldsOf<F>, scene: Scene<B>): Promise<void> | void;
  after?(fields: FieldsOf<F>, scene: Scene<B>): Promise<void> | void;
}

/** Changes registers by name: `r3`, `r4`, or as the call declares them. */
export interface RegistersAction<F extends z.ZodRawShape = z.ZodRawShape, B extends Betrayal = never> extends Common<F, B> {
  readonly kind: 'registers';
  apply(registers: Map<string, bigint>, fields: FieldsOf<F>, scene: Scene<B>): void;
}

export type Action<F extends z.ZodRawShape = z.ZodRawShape, B extends Betrayal = never> =
  | BytesAction<F, B>
  | CallAction<F, B>
  | RegistersAction<F, B>;

// The table holds actions of any fields; the makers check each record against its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyAction = Action<any, any>;

type Record<A> = Omit<A, 'kind'>;
export const bytesAction = <const F extends z.ZodRawShape, const B extends Betrayal = never>(
  record: Record<BytesAction<F, B>>,
): BytesAction<F, B> => ({ kind: 'bytes', ...record });
export const callAction = <const F extends z.ZodRawShape, const B extends Betrayal = never>(
  record: Record<CallAction<F, B>>,
): CallAction<F, B> => ({ kind: 'call', ...record });
export const registersAction = <const F extends z.ZodRawShape, const B extends Betrayal = never>(
  record: Record<RegistersAction<F, B>>,
): RegistersAction<F, B> => ({ kind: 'registers', ...record });
