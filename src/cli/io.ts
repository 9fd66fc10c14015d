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
  /** Aborted when the person interrupts. */
  readonly signal: AbortSignal;
}

/** Exit statuses (also in `svm-sim --help`). */
export const EXIT = { held: 0, failed: 1, usage: 2, environment: 3, interrupted: 130 } as const;

/** What each status of a command means, when it is not the usual; the same for every command: 2, 3 and 130. */
interface ExitMeanings {
  readonly held: string;
  readonly failed?: string;
  readonly usage?: string;
  readonly environment?: string;
}

/** The end of a command's --help: what its exit status says. */
export function exitHelp({
  held,
  failed,
  usage = 'wrong usage, or input that is not valid',
  environment = 'the environment failed',
}: ExitMeanings): string {
  const lines = [
    [EXIT.held, held],
    ...(failed === undefined ? [] : [[EXIT.failed, failed] as const]),
    [EXIT.usage, usage],
    [EXIT.environment, environment],
    [EXIT.interrupted, 'interrupted'],
  ] as const;
  return `\nExit status:\n${lines.map(([status, meaning]) => `  ${String(status).padEnd(5)}${meaning}\n`).join('')}`;
}

export const DISCLAIMER = 'svm-sim is a simulation: it runs no real VM and protects nothing.';
