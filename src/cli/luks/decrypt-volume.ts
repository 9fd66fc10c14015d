import { SimulatorError } from '../../sim/index.ts';
import {
  type ByteSource,
  chunks,
  fileSource,
  type LuksVolume,
  openPayload,
  readLuks,
  recogniseFileSystem,
  type UnlockProgress,
  unlock,
} from '../../svm/luks/index.ts';
import { readNamed } from '../../svm/owner/index.ts';
import { painter } from '../../trace/index.ts';
import { refuseExisting, writeWhole } from '../files/output-file.ts';
import { EXIT, type Io } from '../io.ts';
import { askPassphrases } from '../terminal/passphrase.ts';
import type { DecryptFlags } from './flags.ts';

/** `luks decrypt`: the payload into a file, whole or not at all. */
export async function decrypt(file: string, flags: DecryptFlags, io: Io): Promise<number> {
  const { output, force = false, quiet = false } = flags;
  const tell = quiet ? () => {} : (text: string) => io.err(text);
  const keyslot = slotOf(flags.keySlot);
  await refuseExisting({ path: output, replace: force });
  const image = fileSource(file);
  try {
    const volume = readLuks(image);
    for (const { offset, text } of volume.notices) io.err(`${file}: byte ${offset}: ${text}\n`);
    checkSlot(file, volume, keyslot);
    const passphrase = await passphraseOf(file, flags.passphraseFile, io);
    const unlocked = await unlock(volume, passphrase, { onProgress: progress(tell), ...(keyslot === undefined ? {} : { keyslot }) });
    if (!unlocked.opened) {
      io.err(`${painter(io.errColors)(`${file}: ${unlocked.text}`, 'bad')}\n${newlineHint(passphrase)}`);
      return EXIT.failed;
    }
    const payload = openPayload(volume, unlocked);
    await writeWhole({ path: output, contents: decrypted(payload, tell, io.signal), mode: 0o600, replace: force });
    io.out(`${output}: ${payload.size} bytes, ${describe(payload)}, opened with key slot ${unlocked.keyslot}\n`);
    return EXIT.held;
  } catch (error) {
    if (error instanceof Stopped) return EXIT.interrupted;
    throw error;
  } finally {
    image.close();
  }
}

function slotOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new SimulatorError('luks.key-slot', { where: '--key-slot', what: `"${text}" is no key slot`, hint: 'Give a number from 0 on.' });
}

function checkSlot(file: string, { keyslots }: LuksVolume, wanted: number | undefined): void {
  const numbers = keyslots.map(({ number }) => number);
  if (wanted === undefined || numbers.includes(wanted)) return;
  throw new SimulatorError('luks.key-slot', {
    where: file,
    what: `the volume has no key slot ${wanted}`,
    hint: `Key slots: ${[...numbers].sort((a, b) => a - b).join(', ') || 'none'}.`,
  });
}

async function passphraseOf(image: string, file: string | undefined, io: Io): Promise<Uint8Array> {
  if (file !== undefined) return readNamed(file);
  const [typed = ''] = await askPassphrases([`Enter passphrase for ${image}:`], { input: process.stdin, tell: text => io.err(text) });
  return Buffer.from(typed);
}

/** Each key slot that is tried, and how long it took: the terminal may show real time. */
function progress(tell: (text: string) => void): (step: UnlockProgress) => void {
  let began = 0;
  return ({ keyslot, stage, text }) => {
    if (stage === 'merging') return;
    if (stage === 'deriving') {
      began = performance.now();
      tell(`key slot ${keyslot}: ${text} ...`);
    } else tell(` ${stage} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`);
  };
}

class Stopped extends Error {}

const SHOWN_EVERY_BYTES = 64 << 20;

function* decrypted(payload: ByteSource, tell: (text: string) => void, signal: AbortSignal): Generator<Uint8Array> {
  let done = 0;
  for (const piece of chunks(payload)) {
    if (signal.aborted) throw new Stopped();
    yield piece;
    const before = done;
    done += piece.length;
    if (Math.floor(before / SHOWN_EVERY_BYTES) !== Math.floor(done / SHOWN_EVERY_BYTES)) {
      tell(`${done >> 20} of ${Math.ceil(payload.size / (1 << 20))} MiB decrypted\n`);
    }
  }
}

function describe(payload: ByteSource): string {
  const system = recogniseFileSystem(payload);
  if (!system) return 'no file system that is known here';
  const { type, label, uuid } = system;
  return [type, ...(label ? [`label ${label}`] : []), ...(uuid ? [`UUID ${uuid}`] : [])].join(', ');
}

const newlineHint = (passphrase: Uint8Array): string =>
  passphrase.at(-1) === 0x0a ? '  The passphrase file ends with a newline, which counts: try it without (printf instead of echo).\n' : '';
