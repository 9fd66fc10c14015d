import { DecodeError } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { readFdt } from '../../svm/format/index.ts';
import { unpackTree } from '../../svm/guest/index.ts';
import { readNamed } from '../../svm/owner/index.ts';

/** The tree of a file, as bytes that can be read as one. @throws {SimulatorError} `cli.no-tree`. */
export async function readTree(file: string): Promise<Uint8Array> {
  const bytes = await readNamed(file);
  try {
    const tree = unpackTree(bytes);
    readFdt(tree);
    return tree;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new SimulatorError('cli.no-tree', {
      where: file,
      what: `this is no device tree that a firmware could read: ${error.message}`,
      hint: 'Give /sys/firmware/fdt of a guest, or what `dtc` made.',
    });
  }
}
