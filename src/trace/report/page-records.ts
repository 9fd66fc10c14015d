import { createHash } from 'node:crypto';
import type { AnyEvent, Sight } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import { LANES } from '../event/lanes.ts';
import { Placer } from '../event/placer.ts';
import type { Inspected } from '../inspect/tpm-message.ts';
import { toJson } from '../plain-json.ts';
import { inspectedOf } from '../show/event-in-full.ts';
import type { TracedRun } from '../stream/trace-reader.ts';
import { pageChanges, pageKind } from '../view/guest-pages.ts';
import { ParameterOpener } from '../view/parameter-encryption.ts';
import { Seer } from '../view/seen-as.ts';
import { TpmFollower } from '../view/tpm-state.ts';
import { eyesOf, type Viewpoint } from '../view/viewpoint.ts';
import { whoKnowsWhat } from '../view/who-knows-what.ts';
import { explanationOf } from './check-explanation.ts';
import type { PageBytes, PageEvent, PageSecret } from './page-data.ts';

/** Longer bytes, such as pages, are shown by their digest. */
const MOST_BYTES = 4096;

/** All byte strings of a report, each once. */
export class ByteTable {
  readonly entries: PageBytes[] = [];
  readonly #numbers = new Map<string, number>();

  number(bytes: Uint8Array, inspected?: Inspected): number {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const key = `${digest}${inspected ? `${inspected.kind} ${inspected.code}` : ''}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const n = bytes.length;
    const shown: PageBytes = n > MOST_BYTES ? { n, d: digest } : { n, b: Buffer.from(bytes).toString('base64') };
    this.entries.push(inspected && n <= MOST_BYTES ? { ...shown, i: fieldsOf(inspected) } : shown);
    this.#numbers.set(key, this.entries.length - 1);
    return this.entries.length - 1;
  }
}

function fieldsOf({ name, kind, rc, fields, fault }: Inspected): NonNullable<PageBytes['i']> {
  const rows = fields.map(({ path, type, offset, length, text }) => {
    // `32 bytes 00ff…`: the page has the bytes.
    const said = text === undefined || /^\d+ bytes?( [0-9a-f]+)?$/.test(text) ? undefined : text;
    return said === undefined ? ([path, type, offset, length] as const) : ([path, type, offset, length, said] as const);
  });
  const title = `${name ?? 'unknown'} ${kind}${rc ? `, ${rc.text}` : ''}`;
  return { t: title, f: rows, ...(fault === undefined ? {} : { e: fault }) };
}

/** A run's events as a viewpoint sees them. */
export function recordsOf({ events }: TracedRun, viewpoint: Viewpoint, table: ByteTable): PageEvent[] {
  const seer = new Seer(viewpoint, events);
  const placer = new Placer();
  const tpm = new TpmFollower();
  const seen = events.flatMap(event => seer.see(event) ?? []);
  const known = seen.flatMap(event =>
    event.kind === 'secret' && event.sights[0] ? [{ name: event.data.name, bytes: event.sights[0].bytes }] : [],
  );
  const opener = new ParameterOpener(known);
  return seen.map(event => {
    const { from, to } = placer.place(event);
    const { text, tone, routine } = render(event);
    const [page] = pageChanges([event]);
    const explained = explanationOf(event);
    const changes = tpm.follow(event).map(({ host, kind, id, text }) => [host, kind, id, text] as const);
    const opened = opener.open(event);
    const data = Object.entries(event.data).map(([name, value]) => [name, shown(value)] as const);
    return {
      q: event.seq,
      t: Number(event.virtualTimeNs / 1000n),
      k: event.kind,
      a: event.actor,
      f: LANES.indexOf(from),
      o: LANES.indexOf(to),
      x: text,
      ...(tone && { n: tone }),
      ...(routine && { r: 1 as const }),
      ...(event.cause !== null && { c: event.cause }),
      ...(event.host && { h: event.host }),
      ...(event.lpid !== undefined && { l: event.lpid }),
      ...(data.length > 0 && { d: data }),
      ...(event.sights.length > 0 && { s: event.sights.map((sight, i) => sightOf(event, sight, i, table)) }),
      ...(opened && { p: [opened.name, table.number(opened.plaintext), opened.steps] as const }),
      ...(page && { m: [page.guest, page.gfn, page.state, pageKind(page.state)] as const }),
      ...(explained && { w: explained }),
      ...(changes.length > 0 && { u: changes }),
    };
  });
}

function sightOf(
  event: AnyEvent,
  { what, bytes, seenBy, suppliedBy }: Sight,
  i: number,
  table: ByteTable,
): NonNullable<PageEvent['s']>[number] {
  const number = table.number(bytes, i === 0 ? inspectedOf(event, bytes) : undefined);
  return suppliedBy ? [what, number, seenBy, suppliedBy] : [what, number, seenBy];
}

/** The secrets of a run that a viewpoint knows of: those it was told, and those that leaked to it. */
export function secretsOf({ events }: TracedRun, viewpoint: Viewpoint): PageSecret[] {
  const eyes = eyesOf(viewpoint);
  return whoKnowsWhat(events)
    .filter(({ since }) => viewpoint === 'omniscient' || [...since.keys()].some(actor => eyes.has(actor)))
    .map(({ name, bytes, born, since, leakedTo }) => ({
      name,
      bytes: bytes.length,
      born,
      since: Object.fromEntries(since),
      leaked: leakedTo,
    }));
}

function shown(value: unknown): string {
  const json = toJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}
