import { SimulatorError } from '../../sim/index.ts';
import { readNamed } from '../../svm/owner/index.ts';

export interface BootargsFlags {
  readonly bootargs?: string | undefined;
  readonly bootargsFile?: string | undefined;
}

/** The kernel command line; of a file every byte counts. @throws {SimulatorError} `esm.bootargs`, `file.unreadable` */
export async function bootargsOf({ bootargs, bootargsFile }: BootargsFlags): Promise<string> {
  if (bootargs !== undefined && bootargsFile === undefined) return bootargs;
  if (bootargsFile === undefined || bootargs !== undefined) {
    throw new SimulatorError('esm.bootargs', { what: 'give the command line once: as --bootargs TEXT or --bootargs-file FILE' });
  }
  const bytes = await readNamed(bootargsFile);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new SimulatorError('esm.bootargs', { where: bootargsFile, what: 'the command line is not UTF-8' });
  }
}
