import { basename } from 'node:path';
import { type ChosenGeneration, observedGeneration, type Program } from '../machine/index.ts';
import type { RecordingFile } from './recording-file.ts';

/** How programs say their version, in `observedOn`, in the meta line of a transcript, and in names of files. */
const SAYINGS: readonly (readonly [Program, RegExp])[] = [
  ['qemu', /\bQEMU emulator version (\d+\.\d+)|\bqemu-(\d+\.\d+)/i],
  ['linux', /\bLinux version (\d+\.\d+)|\blinux-(\d+\.\d+)/i],
  ['swtpm', /\b(?:TPM emulator version|swtpm) (\d+\.\d+\.\d+)/i],
  ['libtpms', /\blibtpms[ -](\d+\.\d+\.\d+)/i],
  ['libvirt', /\blibvirt(?:-\w+)?-(\d+\.\d+)/i],
];
const PROFILE = /\bprofile (?:name=)?"?([\w-]+)|libtpms-\d+\.\d+\.\d+-([a-z][\w-]*)/;

/** What a recording was observed on, by what it says of itself; what it does not say is of the base. */
export function recordedGeneration({ file, json }: RecordingFile): ChosenGeneration {
  const said = [...textsOf(json), basename(file).replace(/\.jsonl?$/, '')];
  const programs: Partial<Record<Program, string>> = {};
  for (const [program, pattern] of SAYINGS) {
    const [, first, second] = firstMatch(said, pattern) ?? [];
    const version = first ?? second;
    if (version !== undefined) programs[program] = version;
  }
  const [, named, inFile] = firstMatch(said, PROFILE) ?? [];
  return observedGeneration(programs, named ?? inFile);
}

const firstMatch = (texts: readonly string[], pattern: RegExp): RegExpExecArray | null =>
  texts.map(text => pattern.exec(text)).find(match => match !== null) ?? null;

/** `observedOn` is a text, or a text for each program; of a transcript the meta line is the first. */
function textsOf(json: unknown): readonly string[] {
  if (typeof json !== 'object' || json === null) return [];
  const { observedOn, machine, flow } = json as { observedOn?: unknown; machine?: unknown; flow?: unknown };
  const perProgram = typeof observedOn === 'object' && observedOn !== null ? Object.entries(observedOn) : [];
  const texts = perProgram.map(([program, text]) => (typeof text === 'string' ? `${program} ${text}` : ''));
  return [observedOn, ...texts, flow, machine].filter(text => typeof text === 'string');
}
