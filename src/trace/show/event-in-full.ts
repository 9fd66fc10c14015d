import { hexDump } from '../../bytes/index.ts';
import type { AnyEvent, Sight } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import { showTime } from '../event/wording.ts';
import { depthOf, lastStep } from '../inspect/field-path.ts';
import { type Inspected, type InspectedField, inspectCommand, inspectResponse } from '../inspect/tpm-message.ts';
import { toJson } from '../plain-json.ts';
import type { Paint } from './paint.ts';

/** Everything about one event: what led to it, its values, who sees which bytes, and the bytes with their fields. */
export function showSingle(event: AnyEvent, events: readonly AnyEvent[], paint: Paint): string {
  const { text, tone } = render(event);
  const where = [
    event.host && `host ${event.host}`,
    event.lpid !== undefined && `lpid ${event.lpid}`,
    event.vcpu !== undefined && `vCPU ${event.vcpu}`,
  ];
  const lines = [
    `${paint(`#${event.seq}`, 'heading')}  ${paint(text, tone)}`,
    paint([event.kind, `by ${event.actor}`, `at ${showTime(event)}`, ...where.filter(Boolean)].join(', '), 'quiet'),
    '',
    ...chain(event, events).map((cause, i) => `${'  '.repeat(i)}in the course of #${cause.seq}  ${render(cause).text}`),
    ...Object.entries(event.data).map(([name, value]) => `  ${name.padEnd(12)} ${plain(value)}`),
  ];
  for (const [i, sight] of event.sights.entries()) lines.push('', ...showSight(event, sight, i === 0, paint));
  return `${lines.join('\n')}\n`;
}

/** What an event happened in the course of, outermost first. */
export function chain(event: AnyEvent, events: readonly AnyEvent[]): readonly AnyEvent[] {
  const bySeq = new Map(events.map(one => [one.seq, one]));
  const causes: AnyEvent[] = [];
  for (let cause = event.cause; cause !== null; ) {
    const found = bySeq.get(cause);
    if (!found) break;
    causes.unshift(found);
    cause = found.cause;
  }
  return causes;
}

function showSight(event: AnyEvent, { what, bytes, seenBy, suppliedBy }: Sight, first: boolean, paint: Paint): string[] {
  const head = `${what}: ${bytes.length} bytes, seen by ${seenBy.join(', ')}${suppliedBy ? `, supplied by ${suppliedBy}` : ''}`;
  if (event.kind === 'secret') return [paint(head, 'key'), paint('  (the value of a secret is not shown on a terminal)', 'quiet')];
  const inspected = first ? inspectedOf(event, bytes) : undefined;
  return [
    paint(head, 'heading'),
    ...(inspected ? fieldLines(inspected) : []),
    ...hexDump(bytes)
      .split('\n')
      .map(line => `  ${line}`),
  ];
}

/** The message in an event's bytes, if it is one of the TPM's. */
export function inspectedOf(event: AnyEvent, bytes: Uint8Array): Inspected | undefined {
  if (event.kind === 'tpm.command') return inspectCommand(bytes);
  if (event.kind === 'tpm.response') return inspectResponse(bytes, event.data.code);
  return undefined;
}

/** The fields of the message in an event's first bytes; none, if it is no message of the TPM. */
export function fieldsOf(event: AnyEvent): readonly InspectedField[] {
  const [sight] = event.sights;
  return (sight && inspectedOf(event, sight.bytes)?.fields) ?? [];
}

/** Byte offset, length, name and value of each field, inner ones indented. */
export function fieldLines({ fields, fault, remarks = [] }: Inspected): string[] {
  let [width, types] = [0, 0];
  const shown = fields.map(({ path, type }) => {
    const name = INDENTS[depthOf(path)] + lastStep(path);
    width = Math.max(width, name.length);
    types = Math.max(types, type.length);
    return name;
  });
  width = Math.min(40, width);
  types = Math.min(26, types);
  const lines = fields.map(({ type, offset, length, text = '' }, i) =>
    `  ${String(offset).padStart(5)} +${String(length).padEnd(4)} ${(shown[i] as string).padEnd(width)}  ${type.padEnd(types)}  ${shorten(text)}`.trimEnd(),
  );
  return [...lines, ...(fault ? [`  ! ${fault}`] : []), ...remarks.map(remark => `  (${remark})`)];
}

const INDENTS = Array.from({ length: 64 }, (_, depth) => '  '.repeat(depth));
const shorten = (text: string): string => (text.length > 90 ? `${text.slice(0, 87)}...` : text);
const plain = (value: unknown): string => {
  const json = toJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
};
