import { hex } from '../../bytes/index.ts';
import type { AnyEvent, SimEvent } from '../../sim/index.ts';
import { renderCall, renderReturn } from './call-lines.ts';
import { pageLine, pageLines } from './page-lines.ts';
import { count, type Renderers, type Rendering } from './rendering.ts';

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
    text: pageLine(data),
    tone: 'quiet',
    run: events => pageLines(events.map(event => (event as SimEvent<'page'>).data)),
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
