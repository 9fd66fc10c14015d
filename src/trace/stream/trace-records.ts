import type { AnyEvent } from '../../sim/index.ts';

/** What a trace file calls itself. */
export const FORMAT = 'svm-sim trace';
/** Raised when an older reader would misread what a newer writer writes. */
export const FORMAT_VERSION = 1;

/** First record of a trace. Nothing in it depends on the day or the machine: the same seed gives the same bytes. */
export interface TraceHeader {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** Version of the simulator that wrote it. */
  readonly simulator: string;
}

/** A run of a scenario begins: the events that follow are its own. */
export interface TraceRun {
  readonly title: string;
  readonly seed: string;
  readonly hosts: readonly { readonly name: string; readonly tpm: string; readonly profile: string; readonly generation?: string }[];
}

/**
 * The file is a sequence of MessagePack values: the header, then records, then one `end`. Any MessagePack reader can read it;
 * 64-bit numbers are int64 or uint64, byte strings are bin.
 */
export type TraceRecord =
  | { readonly type: 'run'; readonly run: TraceRun }
  | { readonly type: 'event'; readonly event: AnyEvent }
  | { readonly type: 'verdict'; readonly ok: boolean }
  /** Nothing is missing when this is the last record and `records` is how many came before it. */
  | { readonly type: 'end'; readonly records: number };
