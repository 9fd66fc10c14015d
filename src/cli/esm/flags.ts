import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';
import { several } from '../options.ts';

const BLOB = '-b, --blob <blob>';
const COMMENT = '-c, --comment <comment>';
const PUBKEY = '-p, --pubkey <pubkey>';
const SECKEY = '-s, --seckey <seckey>';
const PASSPHRASE = '--passphrase-file <file>';
const THE_BLOB = 'the ESM blob';
const A_COMMENT = 'anyone can read and change it';

const count = (_text: string, before: number): number => before + 1;
const telling = (made: Command) => made.option('-v, --verbose', 'tell what is done; twice: more', count, 0);
const changing = (made: Command) => telling(made).option('-n, --dry-run', 'do everything, write nothing');
const opening = (made: Command) =>
  changing(made)
    .requiredOption(SECKEY, 'private key of the origin, or of any recipient')
    .option(PASSPHRASE, "the private key's passphrase is the first line of this file");

export const generateFlags = (made: Command) =>
  changing(made)
    .requiredOption(PUBKEY, 'where the public key goes')
    .requiredOption(SECKEY, 'where the private key goes')
    .option(PASSPHRASE, 'the passphrase is the first line of this file')
    .option('--force', 'replace keys that are there');

export type GenerateFlags = FlagsOf<typeof generateFlags>;

export const makeFlags = (made: Command) =>
  changing(made)
    .requiredOption(BLOB, 'where the blob goes')
    .requiredOption('-y, --config <config>', 'svm_blob.yml')
    .option(PASSPHRASE, "the passphrase of the origin's private key is the first line of this file");

export type MakeFlags = FlagsOf<typeof makeFlags>;

export const createFlags = (made: Command) =>
  changing(made).requiredOption(BLOB, 'where the blob goes').requiredOption(PUBKEY, "the origin's public key").option(COMMENT, A_COMMENT);

export type CreateFlags = FlagsOf<typeof createFlags>;

export const authorizeFlags = (made: Command) =>
  opening(made)
    .requiredOption(BLOB, THE_BLOB)
    .option(PUBKEY, "public key of the host's TPM")
    .option('--cert <chain>', 'certificates of the key, of `host export`: refused when they do not prove that a TPM made and keeps it')
    .option('--ca <file>', 'certificate of a host CA that you trust (may be given several times)', several, [])
    .option('--at <date>', 'check the certificates for this moment (default: now)')
    .option(COMMENT, A_COMMENT);

export type AuthorizeFlags = FlagsOf<typeof authorizeFlags>;

export const revokeFlags = (made: Command) =>
  changing(made).requiredOption(BLOB, THE_BLOB).requiredOption(PUBKEY, "the recipient's public key");

export type RevokeFlags = FlagsOf<typeof revokeFlags>;

export const rotateFlags = (made: Command) =>
  opening(made)
    .requiredOption(BLOB, THE_BLOB)
    .option(PUBKEY, 'public key of each other lockbox, the origin included (may be given several times)', several, []);

export type RotateFlags = FlagsOf<typeof rotateFlags>;

export const attachFlags = (made: Command) =>
  opening(made)
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption('-f, --file <file>', 'the file')
    .option('-r, --name <name>', "the name by which the guest asks for it (default: the file's)")
    .option(COMMENT, A_COMMENT);

export type AttachFlags = FlagsOf<typeof attachFlags>;

export const detachFlags = (made: Command) =>
  changing(made).requiredOption(BLOB, THE_BLOB).requiredOption('-f, --file <name>', 'its name in the blob');

export type DetachFlags = FlagsOf<typeof detachFlags>;

export const extractFlags = (made: Command) =>
  opening(made)
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption('-f, --file <name>', 'its name in the blob')
    .option('-o, --output <file>', 'write it into this file')
    .option('--force', 'replace the output file if it is there');

export type ExtractFlags = FlagsOf<typeof extractFlags>;

export const digestFlags = (made: Command) =>
  opening(made)
    .requiredOption(BLOB, THE_BLOB)
    .requiredOption('-a, --args <bootargs>', 'the kernel command line')
    .requiredOption('-i, --initramfs <initramfs>', 'the initrd, without a blob')
    .requiredOption('-k, --kernel <kernel>', 'vmlinux, or the flat image')
    .option(COMMENT, A_COMMENT);

export type DigestFlags = FlagsOf<typeof digestFlags>;

export const displayFlags = (made: Command) => telling(made).requiredOption(BLOB, THE_BLOB);

export type DisplayFlags = FlagsOf<typeof displayFlags>;

export const inspectFlags = (made: Command) =>
  telling(made)
    .argument('<blob>', THE_BLOB)
    .option('--pub <file>', 'a public key: the lockbox that is its own is named after it (may be given several times)', several, [])
    .option('--key <file>', 'a private key that opens a lockbox: shows the digests, and that the attachments are authentic')
    .option(PASSPHRASE, "the private key's passphrase is the first line of this file")
    .option('--json', 'as one JSON object');

export type InspectFlags = FlagsOf<typeof inspectFlags>;

export const verifyFlags = (made: Command) =>
  telling(made)
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
    .option('--json', 'as one JSON object');

export type VerifyFlags = FlagsOf<typeof verifyFlags>;
