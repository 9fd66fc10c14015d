import { SimulatorError } from '../sim/index.ts';

/** A day (its beginning) or a moment in UTC, as a person gives it. @throws {SimulatorError} `cli.date` */
export function dateOf(text: string, option: string): Date {
  const given = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(given) ? new Date(given) : undefined;
  // 2026-02-31 would be taken for a day in March.
  if (time && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(given.slice(0, 10))) return time;
  throw new SimulatorError('cli.date', { where: option, what: `"${text}" is no date`, hint: 'Write 2026-01-31 or 2026-01-31T12:00:00Z.' });
}
