import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const checkFlags = (made: Command) => made.argument('<file...>', 'domain definitions (XML)');

export const qemuArgsFlags = (made: Command) =>
  made.argument('<file>', 'domain definition (XML)').option('--tpm-socket <path>', "control socket of the vTPM's emulator");

export type QemuArgsFlags = FlagsOf<typeof qemuArgsFlags>;
