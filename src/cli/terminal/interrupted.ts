import { EXIT } from '../io.ts';

/** The person pressed Ctrl-C while a passphrase was asked for. */
export class Interrupted extends Error {}

/** An interrupted prompt ends the command; nothing was written. */
export async function interruptible(body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.interrupted;
    throw error;
  }
}
