import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Clock, Random } from '../../../sim/index.ts';
import { rcOf } from '../../../spec/index.ts';
import type { TpmTransport } from '../../../tpm/client/index.ts';
import { DEFAULT_TPM_VERSION, Tpm, type TpmVersion } from '../../../tpm/index.ts';
import { TPM_RC } from '../../../tpm/wire/index.ts';
import type { PlayedCase } from '../../played-case.ts';
import type { RecordingFile } from '../../recording-file.ts';
import type { RecordingKind, Wanted } from '../../recording-kind.ts';
import { LivePlayer, type LocalTransport } from './live-player.ts';
import { replayStatic } from './static-replay.ts';
import { bytesOf, exchanges, isTranscriptLine, type TranscriptLine, transcriptLines } from './transcript-lines.ts';

export const tpmTranscripts: RecordingKind<TranscriptLine> = {
  name: 'tpm-transcript',
  about: 'Commands and responses of a real TPM: JSON lines with `dir`, `name` and `hex`',
  recognises: isTranscriptLine,
  async *play(_first, { file, text }, wanted, { libtpms }) {
    for (const played of await playTranscript(basename(file), text, besides(file), libtpms)) if (wanted(played.name)) yield played;
  },
};

/** Reads another file of the same directory; null when there is none. */
type Sibling = (name: string) => Promise<string | null>;

const besides =
  (file: string): Sibling =>
  name =>
    readFile(join(dirname(file), name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });

/** Files that were recorded on one TPM, one after the other: to play one, those before it must be played first. */
const ON_ONE_TPM = [
  '01-host-first-boot.jsonl',
  '03a-svm-unwrap-first-boot.jsonl',
  '02-host-second-boot.jsonl',
  '03b-svm-unwrap-second-boot.jsonl',
  '03c-svm-unwrap-nonce16.jsonl',
  '03d-policy-encrypt-without-policyauthvalue.jsonl',
  '04-salted-hmac-session-rsa.jsonl',
  '04b-salted-hmac-session-ecc.jsonl',
  '05-bound-session.jsonl',
  '05b-auth-change-nv-hmac.jsonl',
];
const STARTUP_CLEAR = Uint8Array.of(0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0);

/**
 * Plays one transcript both ways: read and recomputed (`read: ...`), and against a TPM of ours (`live: ...`).
 * @param file its name without a directory.
 */
export async function playTranscript(
  file: string,
  text: string,
  sibling: Sibling,
  version: TpmVersion = DEFAULT_TPM_VERSION,
): Promise<PlayedCase[]> {
  const lines = transcriptLines(text);
  const read = replayStatic(lines).map(played => ({ ...played, name: `read: ${played.name}` }));
  return [...read, ...(await playLive(file, lines, sibling, async started => embedded(file, started, version)))];
}

/** Plays one transcript against a TPM of any kind, of which it takes a fresh one. Files that come before it on the same TPM are played first. */
export async function* playTranscriptOn(
  { file, text }: RecordingFile,
  wanted: Wanted,
  fresh: (started: boolean) => Promise<TpmTransport>,
): AsyncGenerator<PlayedCase> {
  for (const played of await playLive(basename(file), transcriptLines(text), besides(file), fresh)) if (wanted(played.name)) yield played;
}

async function playLive(
  file: string,
  lines: readonly TranscriptLine[],
  sibling: Sibling,
  fresh: (started: boolean) => Promise<TpmTransport>,
): Promise<PlayedCase[]> {
  const player = new LivePlayer(await fresh(!beginsBeforeStartup(lines)));
  for (const before of ON_ONE_TPM.slice(0, Math.max(0, ON_ONE_TPM.indexOf(file)))) {
    const earlier = await sibling(before);
    if (earlier === null) return [{ name: 'live', differences: [], skipped: `${before} comes before it on the same TPM and is not there` }];
    await player.play(transcriptLines(earlier));
  }
  return (await player.play(lines)).map(played => ({ ...played, name: `live: ${played.name}` }));
}

function embedded(file: string, started: boolean, version: TpmVersion): LocalTransport {
  const tpm = new Tpm({ random: new Random(`transcript ${file}`), clock: new Clock(), version });
  if (started) tpm.execute(STARTUP_CLEAR);
  return { transmit: async (command, locality) => tpm.execute(command, locality) };
}

/** The first command of such a recording is answered with TPM_RC_INITIALIZE and is no Startup. */
function beginsBeforeStartup(lines: readonly TranscriptLine[]): boolean {
  const first = exchanges(lines)[0];
  return first !== undefined && first.command.name !== 'Startup' && rcOf(bytesOf(first.response.hex)) === TPM_RC.INITIALIZE;
}
