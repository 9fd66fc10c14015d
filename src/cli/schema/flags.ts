import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made.option('--check <file>', 'do not print: tell whether this file holds the schema as it is now', oneLine);

export type SchemaFlags = FlagsOf<typeof flags>;

function oneLine(text: string): string {
  if (text === '') throw new InvalidArgumentError('The name of a file is missing.');
  return text;
}
