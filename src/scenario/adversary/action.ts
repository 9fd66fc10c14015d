import { z } from 'zod';
import type { InterceptedHypercall } from '../../hcall/index.ts';
import type { Host } from '../../machine/index.ts';
import type { World } from '../../sim/index.ts';
import type { Contents } from '../language/values.ts';
import { type Moment, type Point, SELECTORS } from './points.ts';

/** What an action has at hand. */
export interface Scene {
  readonly world: World;
  readonly host: Host;
  readonly moment: Moment;
  readonly lpid: number;
  /** Messages of this point that passed before, the oldest first, as they passed. */
  readonly earlier: readonly Uint8Array[];
  readonly intercepted: InterceptedHypercall | null;
  /** All messages of a point that passed before, the oldest first. */
  recorded(point: Point): readonly Uint8Array[];
  /** Keeps the command that is on its way back, and sends it behind the one that comes so many commands later. */
  holdBack(commands: number): void;
  bytesOf(contents: Contents): Uint8Array;
  /** Says in the record what is done. */
  tell(target: string, detail: string): void;
}

interface Common<F extends z.ZodRawShape> {
  /** The word after `do:`. */
  readonly name: string;
  readonly about: string;
  readonly at: readonly [Point, ...Point[]];
  readonly fields: F;
  /** It only withholds or delays: what comes of it is at worst a denial of service. */
  readonly withholds?: boolean;
  /** What `explore` tries at a moment: fields for each try. */
  variants(moment: Moment): readonly z.infer<z.ZodObject<F>>[];
}

/** Changes bytes, or those of a field of a TPM message; null: nothing to change there. */
export interface BytesAction<F extends z.ZodRawShape = z.ZodRawShape> extends Common<F> {
  readonly kind: 'bytes';
  apply(bytes: Uint8Array, fields: z.infer<z.ZodObject<F>>, scene: Scene): Uint8Array | null;
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
export interface CallAction<F extends z.ZodRawShape = z.ZodRawShape> extends Common<F> {
  readonly kind: 'call';
  before?(plan: CallPlan, fields: z.infer<z.ZodObject<F>>, scene: Scene): Promise<void> | void;
  after?(fields: z.infer<z.ZodObject<F>>, scene: Scene): Promise<void> | void;
}

/** Changes registers by name: `r3`, `r4`, or as the call declares them. */
export interface RegistersAction<F extends z.ZodRawShape = z.ZodRawShape> extends Common<F> {
  readonly kind: 'registers';
  apply(registers: Map<string, bigint>, fields: z.infer<z.ZodObject<F>>, scene: Scene): void;
}

export type Action<F extends z.ZodRawShape = z.ZodRawShape> = BytesAction<F> | CallAction<F> | RegistersAction<F>;

// The table holds actions of any fields; the makers check each record against its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyAction = Action<any>;

type Record<A> = Omit<A, 'kind'>;
export const bytesAction = <const F extends z.ZodRawShape>(record: Record<BytesAction<F>>): BytesAction<F> => ({
  kind: 'bytes',
  ...record,
});
export const callAction = <const F extends z.ZodRawShape>(record: Record<CallAction<F>>): CallAction<F> => ({ kind: 'call', ...record });
export const registersAction = <const F extends z.ZodRawShape>(record: Record<RegistersAction<F>>): RegistersAction<F> => ({
  kind: 'registers',
  ...record,
});

/** What is acted upon, as the record of it says. */
export const where = ({ moment }: Scene): string => moment.command ?? moment.region ?? moment.call;

/** For actions on the bytes of a TPM message: the field whose contents are meant. */
const OF_A_MESSAGE = {
  field: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Of a TPM message: only the contents of this field, by its name, such as `parameters.cipherText`, `sessions[0].nonceCaller`, ' +
        '`handles.keyHandle`, `responseCode`.',
    ),
  sizes: z
    .enum(['fixed', 'kept'])
    .optional()
    .describe('With `field`: lengths that count it are made right again (default), or stay as they were.'),
};

/** Whether an action can mean a field of a TPM message. */
export const takesField = ({ kind, at }: AnyAction): boolean => kind === 'bytes' && at.some(point => point.startsWith('tpm-'));

/** The schema of a rule with this action. */
export function ruleSchema(action: AnyAction) {
  return z
    .strictObject({
      do: z.literal(action.name).describe(action.about),
      at: z.enum(action.at).describe('The point at which it happens.'),
      ...SELECTORS,
      ...(takesField(action) ? OF_A_MESSAGE : {}),
      ...(action.fields as z.ZodRawShape),
    })
    .describe(action.about);
}
