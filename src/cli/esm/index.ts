import { command, group } from '../command.ts';
import * as flags from './flags.ts';

const CHANGED = { held: 'the blob is changed (with -n: it could be)', environment: 'a file cannot be written' };

const generate = command({
  name: 'generate',
  about: "Make the owner's key pair, RSA-2048.",
  flags: flags.generateFlags,
  exits: { held: 'the keys are written (with -n: could be)', environment: 'a file cannot be written' },
  run: async (options, io) => (await import('./generate-keys.ts')).generate(options, io),
});

const make = command({
  name: 'make',
  about: 'Make a blob from a configuration: create, authorize, digest, attach.',
  flags: flags.makeFlags,
  exits: { held: 'the blob is written (with -n: could be)', environment: 'the blob cannot be written' },
  run: async (options, io) => (await import('./make-blob.ts')).make(options, io),
});

const create = command({
  name: 'create',
  about: "Make an empty blob with the origin's lockbox.",
  flags: flags.createFlags,
  exits: { held: 'the blob is written (with -n: could be)', environment: 'the blob cannot be written' },
  run: async (options, io) => (await import('./edit-blob.ts')).create(options, io),
});

const authorize = command({
  name: 'authorize',
  about: 'Add a recipient: a host that may open the blob.',
  flags: flags.authorizeFlags,
  exits: { ...CHANGED, usage: 'wrong usage, or blob, key or certificates are refused: the blob stays as it is' },
  run: async (options, io) => (await import('./edit-blob.ts')).authorizeKey(options, io),
});

const revoke = command({
  name: 'revoke',
  about: 'Remove a recipient. Who kept an old copy of the blob can still open this one: see rotate.',
  flags: flags.revokeFlags,
  exits: CHANGED,
  run: async (options, io) => (await import('./edit-blob.ts')).revokeKey(options, io),
});

const rotate = command({
  name: 'rotate',
  about: 'Give the blob a new symmetric key, for the recipients that are in it now.',
  flags: flags.rotateFlags,
  exits: CHANGED,
  run: async (options, io) => (await import('./edit-blob.ts')).rotateKey(options, io),
});

const attach = command({
  name: 'attach',
  about: 'Add a file that the Secure VM can read, such as the passphrase of its disk.',
  flags: flags.attachFlags,
  exits: CHANGED,
  run: async (options, io) => (await import('./edit-blob.ts')).attachFile(options, io),
});

const detach = command({
  name: 'detach',
  about: 'Remove an attached file.',
  flags: flags.detachFlags,
  exits: CHANGED,
  run: async (options, io) => (await import('./edit-blob.ts')).detachFile(options, io),
});

const extract = command({
  name: 'extract',
  about: 'Decrypt an attached file, to standard output.',
  flags: flags.extractFlags,
  exits: { held: 'the file is written', environment: 'the output cannot be written' },
  run: async (options, io) => (await import('./read-blob.ts')).extractFile(options, io),
});

const digest = command({
  name: 'digest',
  about: 'Set the digests that the Ultravisor will check.',
  flags: flags.digestFlags,
  exits: CHANGED,
  run: async (options, io) => (await import('./edit-blob.ts')).digest(options, io),
});

const display = command({
  name: 'display',
  about: 'Print the lockboxes, as svm-tool does.',
  flags: flags.displayFlags,
  exits: { held: 'it is shown' },
  run: async (options, io) => (await import('./read-blob.ts')).displayBlob(options, io),
});

const inspect = command({
  name: 'inspect',
  about: 'Show a blob: lockboxes and whose they are, attachments, digests, and what is not protected.',
  flags: flags.inspectFlags,
  exits: { held: 'it is shown' },
  run: async (blob, options, io) => (await import('./inspect-blob.ts')).inspect(blob, options, io),
});

const verify = command({
  name: 'verify',
  about: 'Tell what would fail on a host, in the order of its Ultravisor.',
  flags: flags.verifyFlags,
  exits: {
    held: 'the blob starts on that host, or a key is missing to tell',
    failed: 'something would fail at UV_ESM, or when the guest reads a file',
  },
  run: async (blob, options, io) => (await import('./verify-blob.ts')).verify(blob, options, io),
});

export const esm = group('esm', "The owner's side: make and change ESM blobs, as svm-tool does.", [
  generate,
  make,
  create,
  authorize,
  revoke,
  rotate,
  attach,
  detach,
  extract,
  digest,
  display,
  inspect,
  verify,
]);
