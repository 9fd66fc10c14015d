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
import type { AttachFlags, AuthorizeFlags, CreateFlags, DetachFlags, DigestFlags, RevokeFlags, RotateFlags } from './flags.ts';
import { recipientOf } from './recipient.ts';
import { EsmSession, systemChance } from './session.ts';

/** `esm create`: like svm-tool, it replaces a blob that is there. */
export async function create({ blob, pubkey, comment = '', ...common }: CreateFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  const contents = writeEsmBlob(createBlob(await session.publicKey(pubkey), systemChance, comment));
  return session.write({ path: blob, contents, replace: true });
}

export function authorizeKey({ blob, seckey, comment = '', ...common }: AuthorizeFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const recipient = await recipientOf(common, session);
    return authorize(before, recipient, await session.privateKey(seckey), systemChance, comment);
  });
}

export function revokeKey({ blob, pubkey, ...common }: RevokeFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => revoke(before, await session.publicKey(pubkey)));
}

export function attachFile({ blob, file, name, seckey, comment = '', ...common }: AttachFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const attachment = { name: name || basename(file), bytes: await readNamed(file), comment };
    return attach(before, attachment, await session.privateKey(seckey), systemChance);
  });
}

export function detachFile({ blob, file, ...common }: DetachFlags, io: Io): Promise<number> {
  return new EsmSession(common, io).change(blob, before => detach(before, file));
}

export function digest({ blob, seckey, args, initramfs, kernel, comment = '', ...common }: DigestFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const image = flatKernel(await readNamed(kernel), kernel);
    const digests = measure({ kernel: image, initrd: hashNamed(initramfs), bootargs: args });
    return setDigests(before, digests, await session.privateKey(seckey), systemChance, comment);
  });
}

export function rotateKey({ blob, seckey, pubkey, ...common }: RotateFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  return session.change(blob, async before => {
    const keys = await Promise.all(pubkey.map(file => session.publicKey(file)));
    return rotate(before, await session.privateKey(seckey), keys, systemChance);
  });
}
