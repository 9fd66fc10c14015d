/** What a command may touch of the process around it: a test gives one of its own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Whether standard output shows colours. */
  readonly colors: boolean;
  /** Whether standard error shows colours. */
  readonly errColors: boolean;
  /** Width of the terminal, if standard output is one. */
  readonly columns: number | undefined;
  /** What a person types, or what is piped in; a terminal also gives single keys. */
  readonly input?: (NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown }) | undefined;
  /** Asks the person, and waits for a line; null: there will be none. Absent where nobody can be asked. */
  readonly ask?: (question: string) => string | null;
  /** Aborted when the person interrupts. */
  readonly signal: AbortSignal;
}

/** Exit statuses; what they mean to a command stands in its folder. */
export const EXIT = { held: 0, failed: 1, usage: 2, environment: 3, interrupted: 130 } as const;

export const DISCLAIMER = 'svm-sim is a simulation: it runs no real VM and protects nothing.';

/** Whether a stream shows colours: on a terminal, unless NO_COLOR or FORCE_COLOR say otherwise (no-color.org; FORCE_COLOR=0 is no). */
export function showsColors(env: Readonly<Record<string, string | undefined>>, isTTY: boolean): boolean {
  if (env.NO_COLOR) return false;
  return env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : isTTY && env.TERM !== 'dumb';
}
