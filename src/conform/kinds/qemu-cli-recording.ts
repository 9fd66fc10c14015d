import type { QmpAnswer } from '../../machine/index.ts';

export interface RecordedMonitorStep {
  readonly hmp?: string;
  readonly output?: readonly string[];
  /** Only the lines that match were kept. */
  readonly linesMatching?: string;
  readonly qmp?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly return?: unknown;
  readonly error?: Extract<QmpAnswer, { error: unknown }>['error'];
}

/** What the real QEMU did with a command line. */
export interface RecordedCommandLine {
  readonly name: string;
  readonly commandLine: string;
  readonly accepted: boolean;
  /** Absent when the machine came up. */
  readonly exitStatus?: number;
  readonly stdout?: readonly string[];
  readonly stderr: readonly string[];
  readonly monitor?: readonly RecordedMonitorStep[];
}

export interface QemuCliRecording {
  readonly format: string;
  readonly cases: readonly RecordedCommandLine[];
}

/** Recognised by its content: an object with `format: "qemu-cli, ..."` and `cases`. */
export function isQemuCliRecording(json: unknown): json is QemuCliRecording {
  if (typeof json !== 'object' || json === null || !('format' in json) || !('cases' in json)) return false;
  return typeof json.format === 'string' && json.format.startsWith('qemu-cli') && Array.isArray(json.cases);
}
