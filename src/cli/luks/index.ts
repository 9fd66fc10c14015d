import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** `svm-sim luks info|decrypt`. */
export function registerLuks(program: Command, io: Io, end: (status: number) => void): void {
  const luks = program.command('luks').description('The locked disk: LUKS1 and LUKS2 volumes as cryptsetup makes them.');
  luks
    .command('info')
    .description('Show the header of a volume. No passphrase is needed.')
    .argument('<image>', 'image file')
    .option('--json', 'as one JSON object')
    .action(async (image: string, flags) => end(await (await import('./volume-info.ts')).info(image, flags, io)));
  luks
    .command('decrypt')
    .description('Decrypt the payload of a volume into a file.')
    .argument('<image>', 'image file')
    .requiredOption('-o, --output <file>', 'where the payload goes')
    .option('--passphrase-file <file>', 'the passphrase; every byte counts, a newline at the end too (default: asked for)')
    .option('--key-slot <number>', 'try this key slot only')
    .option('--force', 'replace the output file if it is there')
    .option('-q, --quiet', 'no progress')
    .action(async (image: string, flags) => {
      const { interruptible } = await import('../terminal/interrupted.ts');
      end(await interruptible(async () => (await import('./decrypt-volume.ts')).decrypt(image, flags, io)));
    });
}
