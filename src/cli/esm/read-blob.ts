import { SimulatorError } from '../../sim/index.ts';
import { display, explained, extract } from '../../svm/owner/index.ts';
import { refuseExisting } from '../files/output-file.ts';
import { EXIT, type Io } from '../io.ts';
import type { DisplayFlags, ExtractFlags } from './flags.ts';
import { EsmSession } from './session.ts';

/** `esm display`, in svm-tool's words. */
export async function displayBlob({ blob, ...common }: DisplayFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  io.out(display(await session.blob(blob)));
  return EXIT.held;
}

/** `esm extract`: to standard output, as svm-tool means to, or into a file. Every byte as it was attached. */
export async function extractFile({ blob, file, seckey, output, force = false, ...common }: ExtractFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  if (output !== undefined) await refuseExisting({ path: output, replace: force });
  const before = await session.blob(blob);
  const key = await session.privateKey(seckey);
  const contents = explained(blob, () => extract(before, file, key));
  if (output !== undefined) return session.write({ path: output, contents, mode: 0o600, replace: force });
  if (common.dryRun) return EXIT.held;
  const text = asText(contents);
  if (text !== undefined) io.out(text);
  else if (io.columns === undefined) process.stdout.write(contents);
  else {
    throw new SimulatorError('esm.binary', {
      where: `${blob}: ${file}`,
      what: `its ${contents.length} bytes are no text, and would confuse the terminal`,
      hint: 'Give --output FILE, or send standard output into a file.',
    });
  }
  return EXIT.held;
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined; // not UTF-8
    throw error;
  }
}
