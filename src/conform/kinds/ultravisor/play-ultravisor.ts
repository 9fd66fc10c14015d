import type { PlayedCase } from '../../played-case.ts';
import type { RecordingFile } from '../../recording-file.ts';
import type { RecordingKind, Wanted } from '../../recording-kind.ts';
import { playEsm } from './play-esm.ts';
import { Recorded } from './recording-set.ts';
import { UnknownEdit } from './tree-edits.ts';
import { type EsmCase, isUltravisorRecording, type OtherCase, type Recording } from './ultravisor-recording.ts';

const isEsm = (one: EsmCase | OtherCase): one is EsmCase => one.kind.startsWith('esm-');

async function played(recorded: Recorded, one: EsmCase | OtherCase): Promise<Pick<PlayedCase, 'differences' | 'skipped'>> {
  if (!isEsm(one)) return { differences: [], skipped: `no player for the kind ${one.kind}` };
  try {
    return { differences: (await playEsm(recorded, one)).all };
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
