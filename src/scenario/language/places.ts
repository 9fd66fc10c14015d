import { relative } from 'node:path';
import type { Source } from './yaml-source.ts';

/** Where something stands that a scenario asks for. */
export interface LinePlace {
  /** As the scenario's file was named, or the path of the file that is included. */
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
}

export interface StepPlace extends LinePlace {
  /** Lines of what stands under `expect`, by field. */
  readonly expect: Readonly<Record<string, LinePlace>>;
}

/** Where steps, rules and faults stand, in their order. */
export interface Places {
  readonly steps: readonly StepPlace[];
  readonly adversary: readonly LinePlace[];
  readonly faults: readonly LinePlace[];
}

interface Document {
  readonly steps: readonly { readonly expect?: object | undefined }[];
  readonly adversary?: readonly unknown[] | undefined;
  readonly faults?: readonly unknown[] | undefined;
}

/** `sources`: the file that has each field of the scenario. */
export function placesOf(document: Document, source: Source, sources: ReadonlyMap<string, Source>): Places {
  const at = (path: readonly [string, ...(string | number)[]]): LinePlace => {
    const from = sources.get(path[0]) ?? source;
    return { file: from === source ? source.file : relative('', from.file), line: from.lineOf(path) };
  };
  return {
    steps: document.steps.map((step, i) => ({
      ...at(['steps', i]),
      expect: Object.fromEntries(Object.keys(step.expect ?? {}).map(field => [field, at(['steps', i, 'expect', field])])),
    })),
    adversary: (document.adversary ?? []).map((_, i) => at(['adversary', i])),
    faults: (document.faults ?? []).map((_, i) => at(['faults', i])),
  };
}

/** `line 38`, and of which file, when it is not the scenario's own. */
export const showPlace = ({ file, line }: LinePlace, scenario: string): string =>
  file === scenario ? `line ${line}` : `${file} line ${line}`;

/** Where it is said what a step gave otherwise: the first expectation that failed, or the step itself. */
export const placeOfFailure = (place: StepPlace | undefined, mismatches: readonly { readonly field: string }[]): LinePlace | undefined =>
  mismatches.flatMap(({ field }) => place?.expect[field] ?? [])[0] ?? place;
