import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const addFlags = (made: Command) =>
  made
    .requiredOption('-i, --initramfs <initramfs>', 'the initrd that was measured')
    .requiredOption('-b, --blob <blob>', 'the ESM blob')
    .requiredOption('-f, --file <file>', 'where the initrd with the blob goes')
    .option('-v, --verbose', 'tell what is done');

export type AddFlags = FlagsOf<typeof addFlags>;
