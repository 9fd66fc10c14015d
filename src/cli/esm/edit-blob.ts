import { basename } from 'node:path';
import { writeEsmBlob } from '../../svm/format/index.ts';
import {
  attach,
  authorize,
  createBlob,
  detach,
  flatKernel,
  hashNamed,
  measure,
  readNamed,
  revoke,
  rotate,
  setDigests,
} from '../../svm/owner/index.ts';
import type { Io } from '../io.ts';
import { type CertFlags, recipientOf } from './recipient.ts';
import { type CommonFlags, EsmSession, systemChance } from './session.ts';

interface BlobFlags extends CommonFlags {
  readonly blob: string;
  readonly comment?: string;
}

/** `esm create`: like svm-tool, it replaces a blob that is there. */
export async function create({ blob, pubkey, comment = '', ...common }: BlobFlags & { readonly pubkey: string }, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  const contents = writeEsmBlob(createBlob(await session.publicKey(pubkey), systemChance, comment));
  return session.write({ path: blob, contents, replace: true });
}

interface AuthorizeFlags extends BlobFlags, CertFlags {
  readonly seckey: string;
}

export function authorizeKey({ blob, seckey, comment = '', ...common }: AuthorizeFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const recipient = await recipientOf(common, session);
    return authorize(before, recipient, await session.privateKey(seckey), systemChance, comment);
  });
}

export function revokeKey({ blob, pubkey, ...common }: BlobFlags & { readonly pubkey: string }, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => revoke(before, await session.publicKey(pubkey)));
}

interface AttachFlags extends BlobFlags {
  readonly file: string;
  readonly name?: string;
  readonly seckey: string;
}

export function attachFile({ blob, file, name, seckey, comment = '', ...common }: AttachFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const attachment = { name: name || basename(file), bytes: await readNamed(file), comment };
    return attach(before, attachment, await session.privateKey(seckey), systemChance);
  });
}

export function detachFile({ blob, file, ...common }: BlobFlags & { readonly file: string }, io: Io): Promise<number> {
  return new EsmSession(common, io).change(blob, before => detach(before, file));
}

interface DigestFlags extends BlobFlags {
  readonly seckey: string;
  readonly args: string;
  readonly initramfs: string;
  readonly kernel: string;
}

export function digest({ blob, seckey, args, initramfs, kernel, comment = '', ...common }: DigestFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const image = flatKernel(await readNamed(kernel), kernel);
    const digests = measure({ kernel: image, initrd: hashNamed(initramfs), bootargs: args });
    return setDigests(before, digests, await session.privateKey(seckey), systemChance, comment);
  });
}

interface RotateFlags extends BlobFlags {
  readonly seckey: string;
  readonly pubkey?: readonly string[];
}

export function rotateKey({ blob, seckey, pubkey = [], ...common }: RotateFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const keys = await Promise.all(pubkey.map(file => session.publicKey(file)));
    return rotate(before, await session.privateKey(seckey), keys, systemChance);
  });
}
