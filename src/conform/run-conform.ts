import type { ChosenGeneration } from '../machine/index.ts';
import { SimulatorError } from '../sim/index.ts';
import type { Against } from './against.ts';
import type { RecordedCase } from './kinds/tpmrm/case-recording.ts';
import { type KnownDifference, KnownDifferences, readKnown } from './known-differences.ts';
import type { CaseResult } from './played-case.ts';
import { recordedGeneration } from './recorded-generation.ts';
import { type RecordingFile, recordingFiles } from './recording-file.ts';
import type { RecordingKind } from './recording-kind.ts';
import { RECORDING_KINDS } from './recording-kinds.ts';

export interface ConformOptions {
  /** YAML or JSON list of differences that are known, with their reasons. */
  readonly knownFile?: string;
  /** Only cases whose name, or file and name, contain this text or match this expression. */
  readonly filter?: string | RegExp;
  /** What is played against; default: what each recording says it was observed on. */
  readonly generation?: ChosenGeneration;
  /** A real TPM, on which the live cases are played in place of the simulator. */
  readonly against?: Against;
  /** Told what was observed of a recording's cases on that TPM, as the text of a recording file. */
  readonly onRecorded?: (file: string, text: string) => void;
  /** Told each result as soon as it is there. */
  readonly onResult?: (result: CaseResult) => void;
}

export interface ConformReport {
  readonly results: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  readonly known: number;
  readonly skipped: number;
  /** Entries of the list of known differences whose case does not differ any more. */
  readonly unusedKnown: readonly KnownDifference[];
}

/**
 * Plays recorded observations against the simulator.
 * @param paths files, or directories in which recordings are looked for.
 * @throws {SimulatorError} when a path cannot be read, a named file is no recording, or nothing at all was played.
 */
export async function runConform(paths: readonly string[], options: ConformOptions = {}): Promise<ConformReport> {
  const { knownFile, filter, onResult, against, onRecorded, generation } = options;
  const known = new KnownDifferences(knownFile === undefined ? [] : await readKnown(knownFile));
  const results: CaseResult[] = [];
  let recordings = 0;
  const add = (result: CaseResult): void => {
    results.push(result);
    onResult?.(result);
  };
  for await (const source of recordingFiles(paths)) {
    const kind = kindOf(source);
    if (!kind) {
      const skipped = 'no recording that this version knows';
      if (!filter) add({ file: source.file, name: 'file', ok: true, differences: [], skipped });
      continue;
    }
    recordings++;
    const wanted = (name: string): boolean => selected(filter, source.file, name);
    const observed: RecordedCase[] = [];
    const playing = against
      ? against.play(source, wanted, observed)
      : kind.play(source.json, source, wanted, generation ?? recordedGeneration(source));
    if (!playing) {
      const skipped = 'nothing of it can be played on a TPM';
      if (!filter) add({ file: source.file, name: 'file', ok: true, differences: [], skipped });
      continue;
    }
    for await (const played of playing) add(known.judge(source.file, played));
    const recording = observed.length > 0 ? against?.recording(source, observed) : null;
    if (recording) onRecorded?.(source.file, recording);
  }
  if (results.every(({ skipped }) => skipped !== undefined)) throw nothingPlayed(paths, recordings, filter);
  const count = (test: (result: CaseResult) => boolean): number => results.filter(test).length;
  return {
    results,
    passed: count(({ ok, known, skipped }) => ok && known === undefined && skipped === undefined),
    failed: count(({ ok }) => !ok),
    known: count(({ ok, known }) => ok && known !== undefined),
    skipped: count(({ skipped }) => skipped !== undefined),
    unusedKnown: known.unused,
  };
}

function selected(filter: string | RegExp | undefined, file: string, name: string): boolean {
  if (filter === undefined) return true;
  const whole = `${file} ${name}`;
  return typeof filter === 'string' ? whole.includes(filter) : new RegExp(filter.source, filter.flags.replace(/[gy]/g, '')).test(whole);
}

/** The kind that recognises the content; a file that was named must have one. */
function kindOf(source: RecordingFile): RecordingKind | undefined {
  const kind = RECORDING_KINDS.find(({ recognises }) => recognises(source.json));
  if (kind || source.found) return kind;
  throw new SimulatorError('conform.unknown-format', {
    where: source.file,
    what: source.json === undefined ? 'is neither JSON nor JSON lines, so no recording' : 'is no recording that this version knows',
    hint: knownKinds(),
  });
}

const knownKinds = (): string =>
  ['A recording is recognised by its content:', ...RECORDING_KINDS.map(({ name, about }) => `  ${name}: ${about}`)].join('\n');

function nothingPlayed(paths: readonly string[], recordings: number, filter: string | RegExp | undefined): SimulatorError {
  const where = paths.join(', ');
  if (recordings === 0) return new SimulatorError('conform.nothing', { where, what: 'there is no recording', hint: knownKinds() });
  return new SimulatorError('conform.nothing', {
    where,
    what: filter === undefined ? 'no case was played' : `no case matches "${filter}"`,
    hint: 'The filter is looked for in the path and the name of each case, as they are printed without a filter.',
  });
}
