import { deflateRawSync } from 'node:zlib';
import type { TracedRun } from '../stream/trace-reader.ts';
import type { Viewpoint } from '../view/viewpoint.ts';
import type { PageBlock, PageBytes, PageEvent, PageSecret } from './page-data.ts';
import { ByteTable, recordsOf, secretsOf } from './page-records.ts';

/** What some viewpoints see, and no other does. */
export interface Block {
  /** Bit n: the nth viewpoint sees it. */
  readonly mask: number;
  /** DEFLATE of JSON, as base64. */
  readonly data: string;
}

/** A block that is being filled. */
interface Contents extends PageBlock {
  readonly runs: { readonly events: PageEvent[]; readonly secrets: PageSecret[] }[];
  readonly bytes: [number, PageBytes][];
}

/**
 * The runs, cut into blocks by who may see what: a page that shows a viewpoint unpacks the blocks of that viewpoint and nothing else,
 * so that what an actor cannot see is not there. Nothing is kept twice.
 */
export function blocksOf(runs: readonly TracedRun[], viewpoints: readonly Viewpoint[]): Block[] {
  const contents = new Map<number, Contents>();
  const at = (mask: number): Contents => {
    const known = contents.get(mask);
    const made = known ?? { runs: runs.map(() => ({ events: [], secrets: [] })), bytes: [] };
    if (!known) contents.set(mask, made);
    return made;
  };
  const table = new ByteTable();
  const masks: number[] = [];
  for (const [run, traced] of runs.entries()) {
    const events = viewpoints.map(viewpoint => recordsOf(traced, viewpoint, table));
    events.forEach((records, bit) => {
      for (const { s, p } of records)
        for (const number of [...(s ?? []).map(sight => sight[1]), ...(p ? [p[1]] : [])]) masks[number] = (masks[number] ?? 0) | (1 << bit);
    });
    share(
      events,
      ({ q }) => q,
      (mask, event) => at(mask).runs[run]?.events.push(event),
    );
    const secrets = viewpoints.map(viewpoint => secretsOf(traced, viewpoint));
    share(
      secrets,
      ({ born }) => born,
      (mask, secret) => at(mask).runs[run]?.secrets.push(secret),
    );
  }
  table.entries.forEach((bytes, number) => at(masks[number] ?? 0).bytes.push([number, bytes]));
  contents.delete(0);
  return [...contents]
    .sort(([a], [b]) => a - b)
    .map(([mask, held]) => ({ mask, data: deflateRawSync(JSON.stringify(held), { level: 9 }).toString('base64') }));
}

/** Puts what several viewpoints see in the same way together. */
function share<T>(views: readonly (readonly T[])[], keyOf: (one: T) => number, put: (mask: number, one: T) => void): void {
  const variants = new Map<string, { one: T; mask: number; key: number }>();
  views.forEach((view, bit) => {
    for (const one of view) {
      const text = JSON.stringify(one);
      const known = variants.get(text);
      if (known) known.mask |= 1 << bit;
      else variants.set(text, { one, mask: 1 << bit, key: keyOf(one) });
    }
  });
  for (const { one, mask } of [...variants.values()].sort((a, b) => a.key - b.key)) put(mask, one);
}
