import { basename } from 'node:path';
import { findEsmBlob, readEsmBlob } from '../../svm/format/index.ts';
import { explained, readNamed, svmAdd } from '../../svm/owner/index.ts';
import { EsmSession } from '../esm/session.ts';
import type { Io } from '../io.ts';
import type { AddFlags } from './flags.ts';

/** `svm add`: like svm-tool, it replaces an output that is there. What is no ESM blob is refused: no host would start it. */
export async function add({ initramfs, blob, file, verbose }: AddFlags, io: Io): Promise<number> {
  const [bytes, initrd] = await Promise.all([readNamed(blob), readNamed(initramfs)]);
  explained(blob, () => readEsmBlob(bytes));
  if (findEsmBlob(initrd, 0n).blobOffset !== null) {
    io.err(`${initramfs} has a blob in front already: the new one counts, and the measured initrd is the one with the old blob\n`);
  }
  return new EsmSession({ verbose }, io).write({ path: file, contents: svmAdd(bytes, initrd, basename(blob)), replace: true });
}
