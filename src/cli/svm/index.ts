import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** `svm-sim svm add`, with svm-tool's flags. */
export function registerSvm(program: Command, io: Io, end: (status: number) => void): void {
  const svm = program.command('svm').description("The owner's side: bring an ESM blob to the Secure VM, as svm-tool does.");
  svm
    .command('add')
    .description('Put an ESM blob in front of an initrd, in an archive of its own.')
    .requiredOption('-i, --initramfs <initramfs>', 'the initrd that was measured')
    .requiredOption('-b, --blob <blob>', 'the ESM blob')
    .requiredOption('-f, --file <file>', 'where the initrd with the blob goes')
    .option('-v, --verbose', 'tell what is done')
    .action(async flags => end(await (await import('./add-blob.ts')).add(flags, io)));
}
