import { nearestFew, SimulatorError } from '../../sim/index.ts';
import { painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import { type CallEntry, callEntries } from './call-entries.ts';
import { callNumber, showCall, showCalls } from './call-page.ts';
import type { CallsFlags } from './flags.ts';

/** @throws {SimulatorError} `cli.unknown-call`, with the nearest names. */
export function calls(wanted: string | undefined, { json }: CallsFlags, io: Io): number {
  const paint = painter(io.colors);
  if (wanted === undefined) {
    io.out(json ? `${JSON.stringify(callEntries, null, 2)}\n` : `${showCalls(callEntries, paint)}\n`);
    return EXIT.held;
  }
  const found = findCall(wanted);
  io.out(json ? `${JSON.stringify(found, null, 2)}\n` : `${showCall(found, paint)}\n`);
  return EXIT.held;
}

/** A name comes first: nothing that is called like a number exists. Digits without a prefix are hexadecimal where that finds a call, else decimal. */
function findCall(wanted: string): CallEntry {
  const byName = callEntries.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (byName) return byName;
  const readings = [
    /^(0x)?[0-9a-f]+$/i.test(wanted) ? Number.parseInt(wanted, 16) : Number.NaN,
    /^\d+$/.test(wanted) ? Number(wanted) : Number.NaN,
  ];
  for (const number of readings) {
    const byNumber = callEntries.find(entry => entry.number === number);
    if (byNumber) return byNumber;
  }
  const isNumber = readings.some(number => !Number.isNaN(number));
  const near = isNumber
    ? nearestNumbers(readings)
    : nearestFew(
        wanted,
        callEntries.map(({ name }) => name),
      );
  throw new SimulatorError('cli.unknown-call', {
    what: `there is no hypercall or ultracall ${isNumber ? `of number ${wanted}` : `"${wanted}"`}`,
    hint: `${near.length > 0 ? `Did you mean ${near.join(', ')}? ` : ''}svm-sim calls lists them all.`,
  });
}

const NEAREST = 3;

function nearestNumbers(readings: readonly number[]): string[] {
  const distance = (number: number): number =>
    Math.min(...readings.filter(value => !Number.isNaN(value)).map(value => Math.abs(value - number)));
  return [...callEntries]
    .sort((a, b) => distance(a.number) - distance(b.number))
    .slice(0, NEAREST)
    .map(({ name, number }) => `${name} (${callNumber(number)})`);
}
