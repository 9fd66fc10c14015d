import type { Differences, PlayedCase } from '../../played-case.ts';
import type { RecordingFile } from '../../recording-file.ts';
import type { RecordingKind, Wanted } from '../../recording-kind.ts';
import { playCrypto } from './play-crypto.ts';
import { playEsm } from './play-esm.ts';
import { playFiles } from './play-files.ts';
import { playPageCall, playPageTable } from './play-pages.ts';
import { playReflection } from './play-reflection.ts';
import { Recorded } from './recording-set.ts';
import { UnknownEdit } from './tree-edits.ts';
import {
  type AnyCase,
  type CryptoCase,
  type EsmCase,
  type FileCase,
  isUltravisorRecording,
  type PageCallCase,
  type PageTableCase,
  type Recording,
  type ReflectionCase,
} from './ultravisor-recording.ts';

const isEsm = (one: AnyCase): one is EsmCase => one.kind.startsWith('esm-');
const isPageTable = (one: AnyCase): one is PageTableCase => one.kind === 'page-table';
const isPageCall = (one: AnyCase): one is PageCallCase => one.kind === 'page-call';
const isReflection = (one: AnyCase): one is ReflectionCase => one.kind === 'reflection';
const isCrypto = (one: AnyCase): one is CryptoCase => one.kind === 'crypto';
const isFiles = (one: AnyCase): one is FileCase => one.kind === 'get-file';

/** Null: this player does not know the kind, or how the case was set up. */
async function play(recorded: Recorded, one: AnyCase): Promise<Differences | null> {
  if (isEsm(one)) return playEsm(recorded, one);
  if (isPageTable(one)) return playPageTable(recorded, one);
  if (isPageCall(one)) return playPageCall(recorded, one);
  if (isReflection(one)) return playReflection(recorded, one);
  if (isCrypto(one)) return playCrypto(one);
  if (isFiles(one)) return playFiles(recorded, one);
  return null;
}

async function played(recorded: Recorded, one: AnyCase): Promise<Pick<PlayedCase, 'differences' | 'skipped'>> {
  try {
    const differences = await play(recorded, one);
    return differences ? { differences: differences.all } : { differences: [], skipped: `not played yet: ${one.kind}` };
  } catch (error) {
    if (error instanceof UnknownEdit) return { differences: [], skipped: error.message };
    throw error;
  }
}

async function* playAll(recording: Recording, { file }: RecordingFile, wanted: Wanted): AsyncGenerator<PlayedCase> {
  const recorded = new Recorded(file, recording);
  for (const one of recording.cases) {
    if (!wanted(one.id)) continue;
    const { id: name, about } = one;
    yield { name, ...(about === undefined ? {} : { about }), ...(await played(recorded, one)) };
  }
}

/** Observations of the published Ultravisor and host boot, played on `published` (fixtures/observed/ultravisor.README.md). */
export const ultravisorCases: RecordingKind<Recording> = {
  name: 'ultravisor',
  about: 'The published Ultravisor and host boot: an object with `format: "ultravisor observations, ..."`, `bases` and `cases`',
  recognises: isUltravisorRecording,
  play: playAll,
};
