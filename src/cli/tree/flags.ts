import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const showFlags = (made: Command) => made.argument('<file>', 'a flattened device tree, packed with gzip or not');

export const checkFlags = (made: Command) =>
  showFlags(made).option('--profile <name>', 'only this firmware: documented, published, hardened (default: each)');

export type CheckFlags = FlagsOf<typeof checkFlags>;
