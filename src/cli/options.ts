import { InvalidArgumentError, Option } from '@commander-js/extra-typings';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** A span of time on the command line, in milliseconds: `500ms`, `30s`, `10min`, `1h`. */
export function milliseconds(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) *(ms|s|min|h)$/.exec(text) ?? [];
  const value = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (value > 0) return value;
  throw new InvalidArgumentError('Write a number and its unit: 500ms, 30s, 10min, 1h.');
}

/** A whole number of at least `least`. */
export const atLeast =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least) return value;
    throw new InvalidArgumentError(`Write a whole number of at least ${least}.`);
  };

/** Of an option that may be given several times. */
export const several = (text: string, before: readonly string[]): readonly string[] => [...before, text];

export const GENERATION_ABOUT = 'which versions run: debian12, debian13, sid, or single ones as in "sid,qemu=7.2" (svm-sim generations)';

export const swappingOption = () =>
  new Option(
    '--swapping <when>',
    'when a space of the resource manager leaves the TPM: after each command as Linux does, or when another needs it',
  ).choices(['eager', 'lazy'] as const);
