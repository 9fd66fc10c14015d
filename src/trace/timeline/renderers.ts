import { hex } from '../../bytes/index.ts';
import type { AnyEvent, SimEvent } from '../../sim/index.ts';
import { renderCall, renderReturn } from './calls.ts';
import { count, type Renderers, type Rendering } from './rendering.ts';

const PAGE_BYTES = 0x1_0000n;

/** How each kind of event reads as a line. A kind without an entry does not compile. */
const renderers: Renderers = {
  'step.start': ({ data }) => ({ text: data.text, tone: 'heading' }),
  'step.end': ({ data }) => ({ text: `${data.ok ? '✓' : '✗'} ${data.text}`, tone: data.ok ? 'good' : 'bad' }),
  'hcall.call': renderCall,
  'hcall.return': renderReturn,
  'ultracall.call': renderCall,
  'ultracall.return': renderReturn,
  'proxy.file': ({ data }) => ({
    text: `${data.call} ${data.path} → ${data.result}`,
    routine: /^\d+$|^ok$/i.test(data.result) || data.call === 'close',
  }),
  'tpm.command': ({ data, sights }) => ({
    text: `${data.name}  ${count(sights[0]?.bytes.length ?? 0, 'byte')}, ${data.via}`,
    opens: true,
    routine: isInner(data.via),
  }),
  'tpm.response': ({ data, sights }) => {
    const ok = data.rc === 0;
    const result = `${data.rcName}${ok ? '' : ` (${hex(data.rc, 3)})`}  ${count(sights[0]?.bytes.length ?? 0, 'byte')}`;
    return {
      text: `${data.name} → ${result}`,
      closes: { result, bare: `${data.name} → ${result}` },
      routine: isInner(data.via),
      ...(ok ? {} : { tone: 'bad' }),
    };
  },
  'tpmrm.space': ({ data }) => ({
    text: `space ${data.space}: ${data.what}${data.detail ? `, ${data.detail}` : ''}`,
    routine: data.what !== 'ruined',
    ...(data.what === 'ruined' ? { tone: 'bad' } : {}),
  }),
  page: ({ data }) => ({
    text: pages([data]),
    tone: 'quiet',
    run: { key: `${data.from} ${data.to} ${data.why}`, text: events => pages(events.map(event => (event as SimEvent<'page'>).data)) },
  }),
  state: ({ data }) => ({ text: `${data.of}: ${data.from} → ${data.to}${data.why ? ` (${data.why})` : ''}`, tone: toneOfState(data.to) }),
  key: ({ data }) => ({ text: `${data.name}: ${data.what}`, tone: 'key' }),
  secret: ({ data }) => ({
    text: `a secret is born: ${data.name} (${count(data.bytes, 'byte')}), known by ${data.knownBy.join(', ')}`,
    tone: 'key',
  }),
  check: ({ data }) => ({ text: `${data.ok ? '✓' : '✗'} ${data.name}: ${data.detail}`, tone: data.ok ? 'good' : 'bad' }),
  adversary: ({ data }) => ({ text: `! ${data.action} ${data.target}: ${data.detail}`, tone: 'bad' }),
  note: ({ data }) => ({ text: data.text, tone: 'quiet' }),
};

/** The line of an event. */
export function render(event: AnyEvent): Rendering {
  // Each entry takes the event of its own kind: that is what the table's type says.
  return (renderers[event.kind] as (event: AnyEvent) => Rendering)(event);
}

/** What the resource manager sends on its own account or in its own numbers: the same command, once more. */
const isInner = (via: string): boolean => via === 'resource manager';

const BAD_STATES = /abort|fail|dead|stuck|stopped|ruined/i;
const toneOfState = (to: string): 'bad' | 'good' | 'plain' => (BAD_STATES.test(to) ? 'bad' : /secure/i.test(to) ? 'good' : 'plain');

interface Moved {
  readonly gpa: bigint;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** `pages 0x0 to 0x3ffff (4): SECURE → SHARED, why`. */
function pages(moved: readonly Moved[]): string {
  const [first] = moved;
  if (!first) return '';
  const told = `${first.from === first.to ? first.to : `${first.from} → ${first.to}`}${first.why ? `, ${first.why}` : ''}`;
  if (moved.length === 1) return `page ${hex(first.gpa)}: ${told}`;
  const gpas = moved.map(({ gpa }) => gpa).sort((a, b) => (a < b ? -1 : 1));
  const [low = 0n, high = 0n] = [gpas[0], gpas.at(-1)];
  const whole = high - low === PAGE_BYTES * BigInt(gpas.length - 1);
  return `${gpas.length} pages ${whole ? '' : 'between '}${hex(low)}..${hex(high + PAGE_BYTES - 1n)}: ${told}`;
}
