import type { Command } from 'commander';
import type { Io } from '../io.ts';

const BLOB = '-b, --blob <blob>';
const COMMENT = '-c, --comment <comment>';
const PUBKEY = '-p, --pubkey <pubkey>';
const SECKEY = '-s, --seckey <seckey>';
const PASSPHRASE = '--passphrase-file <file>';
const THE_BLOB = 'the ESM blob';
const A_COMMENT = 'anyone can read and change it';
const OPENS = 'private key of the origin, or of any recipient';

const count = (_text: string, before: number): number => before + 1;
const several = (file: string, before: readonly string[]): readonly string[] => [...before, file];

/** `svm-sim esm ...`: the sub-commands of svm-tool with its flags, and some more. */
export function registerEsm(program: Command, io: Io, end: (status: number) => void): void {
  const esm = program.command('esm').description("The owner's side: make and change ESM blobs, as svm-tool does.");
  const command = (name: string, description: string): Command =>
    esm.command(name).description(description).option('-v, --verbose', 'tell what is done; twice: more', count, 0);
  const changing = (name: string, description: string): Command =>
    command(name, description).option('-n, --dry-run', 'do everything, write nothing');
  const withKey = (made: Command, about = OPENS): Command =>
    made.requiredOption(SECKEY, about).option(PASSPHRASE, "the private key's passphrase is the first line of this file");
  const run = async (body: () => Promise<number>): Promise<void> =>
    end(await (await import('../terminal/interrupted.ts')).interruptible(body));
  const edit = () => import('./edit-blob.ts');
  const show = () => import('./read-blob.ts');

  changing('generate', "Make the owner's key pair, RSA-2048.")
    .requiredOption(PUBKEY, 'where the public key goes')
    .requiredOption(SECKEY, 'where the private key goes')
    .option(PASSPHRASE, 'the passphrase is the first line of this file')
    .option('--force', 'replace keys that are there')
    .action(flags => run(async () => (await import('./generate-keys.ts')).generate(flags, io)));

  changing('make', 'Make a blob from a configuration: create, authorize, digest, attach.')
    .requiredOption(BLOB, 'where the blob goes')
    .requiredOption('-y, --config <config>', 'svm_blob.yml')
    .option(PASSPHRASE, "the passphrase of the origin's private key is the first line of this file")
    .action(flags => run(async () => (await import('./make-blob.ts')).make(flags, io)));

  changing('create', "Make an empty blob with the origin's lockbox.")
    .requiredOption(BLOB, 'where the blob goes')
    .requiredOption(PUBKEY, "the origin's public key")
    .option(COMMENT, A_COMMENT)
    .action(flags => run(async () => (await edit()).create(flags, io)));

  withKey(changing('authorize', 'Add a recipient: a host that may open the blob.'))
    .requiredOption(BLOB, THE_BLOB)
    .option(PUBKEY, "public key of the host's TPM")
    .option('--cert <chain>', 'certificates of the key, of `host export`: refused when they do not prove that a TPM made and keeps it')
    .option('--ca <file>', 'certificate of a host CA that you trust (may be given several times)', several, [])
    .option('--at <date>', 'check the certificates for this moment (default: now)')
    .option(COMMENT, A_COMMENT)
    .action(flags => run(async () => (await edit()).authorizeKey(flags, io)));

  changing('revoke', 'Remove a recipient. Who kept an old copy of the blob can still open this one: see rotate.')
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption(PUBKEY, "the recipient's public key")
    .action(flags => run(async () => (await edit()).revokeKey(flags, io)));

  withKey(changing('rotate', 'Give the blob a new symmetric key, for the recipients that are in it now.'))
    .requiredOption(BLOB, THE_BLOB)
    .option(PUBKEY, 'public key of each other lockbox, the origin included (may be given several times)', several, [])
    .action(flags => run(async () => (await edit()).rotateKey(flags, io)));

  withKey(changing('attach', 'Add a file that the Secure VM can read, such as the passphrase of its disk.'))
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption('-f, --file <file>', 'the file')
    .option('-r, --name <name>', "the name by which the guest asks for it (default: the file's)")
    .option(COMMENT, A_COMMENT)
    .action(flags => run(async () => (await edit()).attachFile(flags, io)));

  changing('detach', 'Remove an attached file.')
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption('-f, --file <name>', 'its name in the blob')
    .action(flags => run(async () => (await edit()).detachFile(flags, io)));

  withKey(changing('extract', 'Decrypt an attached file, to standard output.'))
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption('-f, --file <name>', 'its name in the blob')
    .option('-o, --output <file>', 'write it into this file')
    .option('--force', 'replace the output file if it is there')
    .action(flags => run(async () => (await show()).extractFile(flags, io)));

  withKey(changing('digest', 'Set the digests that the Ultravisor will check.'))
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption('-a, --args <bootargs>', 'the kernel command line')
    .requiredOption('-i, --initramfs <initramfs>', 'the initrd, without a blob')
    .requiredOption('-k, --kernel <kernel>', 'vmlinux, or the flat image')
    .option(COMMENT, A_COMMENT)
    .action(flags => run(async () => (await edit()).digest(flags, io)));

  command('display', 'Print the lockboxes, as svm-tool does.')
    .requiredOption(BLOB, THE_BLOB)
    .action(flags => run(async () => (await show()).displayBlob(flags, io)));

  command('inspect', 'Show a blob: lockboxes and whose they are, attachments, digests, and what is not protected.')
    .argument('<blob>', THE_BLOB)
    .option('--pub <file>', 'a public key: the lockbox that is its own is named after it (may be given several times)', several, [])
    .option('--key <file>', 'a private key that opens a lockbox: shows the digests, and that the attachments are authentic')
    .option(PASSPHRASE, "the private key's passphrase is the first line of this file")
    .option('--json', 'as one JSON object')
    .action((blob: string, flags) => run(async () => (await import('./inspect-blob.ts')).inspect(blob, flags, io)));

  command('verify', 'Tell what would fail on a host, in the order of its Ultravisor.')
    .argument('<blob>', THE_BLOB)
    .requiredOption('--kernel <file>', 'vmlinux, or the flat image')
    .requiredOption('--initrd <file>', 'the initrd, with or without the blob in front')
    .option('--bootargs <text>', 'the kernel command line')
    .option('--bootargs-file <file>', 'a file with the kernel command line; every byte counts')
    .option('--rtas <file>', 'the RTAS code (default: the one that svm-tool has built in)')
    .option('--pub <file>', "public key of the host's TPM")
    .option('--key <file>', 'a private key that opens a lockbox; without it the digests cannot be compared')
    .option(PASSPHRASE, "the private key's passphrase is the first line of this file")
    .option('--profile <name>', 'firmware of the host: documented, published, hardened (default: documented, and the others in short)')
    .option('--json', 'as one JSON object')
    .action((blob: string, flags) => run(async () => (await import('./verify-blob.ts')).verify(blob, flags, io)));
}
