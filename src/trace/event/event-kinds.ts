import { hex } from '../../bytes/index.ts';
import { ACTORS, type Actor, type AnyEvent, type EventKind, type SimEvent } from '../../sim/index.ts';
import { renderCall, renderReturn } from './call-lines.ts';
import type { CallOf, KindRecord, KindRecords, Rendering } from './kind-record.ts';
import { laneOf, type Place, turned } from './lanes.ts';
import { pageLine, pageLines } from './page-lines.ts';
import { count } from './wording.ts';

/** Each kind of event, for every view of a trace. A kind without an entry does not compile. */
export const eventKinds: KindRecords = {
  // The steps are the story's, not an actor's.
  'step.start': { line: ({ data }) => ({ text: data.text, tone: 'heading' }), witnesses: () => ACTORS },
  'step.end': {
    line: ({ data }) => ({ text: `${data.ok ? '✓' : '✗'} ${data.text}`, tone: data.ok ? 'good' : 'bad' }),
    witnesses: () => ACTORS,
  },
  'hcall.call': {
    line: renderCall,
    witnesses: ({ data }) => ['hypervisor', data.issuer],
    way: ({ data }) => ({ from: laneOf(data.issuer), to: 'hypervisor' }),
    group: 'Calls',
  },
  'hcall.return': { line: renderReturn, witnesses: parties, way: 'back', group: 'Calls' },
  'ultracall.call': {
    line: renderCall,
    witnesses: ({ data }) => ['ultravisor', data.issuer],
    way: ({ data }) => ({ from: laneOf(data.issuer), to: 'ultravisor' }),
    group: 'Calls',
  },
  'ultracall.return': { line: renderReturn, witnesses: parties, way: 'back', group: 'Calls' },
  'proxy.file': {
    line: ({ data }) => ({
      text: `${data.call} ${data.path} → ${data.result}`,
      routine: /^\d+$|^ok$/i.test(data.result) || data.call === 'close',
    }),
    witnesses: () => ['hypervisor', 'spapr-tpm-proxy', 'tpmrm'],
    way: ({ data }) => (data.call === 'read' ? turned(PROXY_TO_FILE) : PROXY_TO_FILE),
    group: 'TPM',
  },
  'tpm.command': {
    line: ({ data, sights }) => ({
      text: `${data.name}  ${count(sights[0]?.bytes.length ?? 0, 'byte')}, ${data.via}`,
      opens: true,
      routine: isInner(data.via),
    }),
    witnesses: ({ actor, data }) => [actor, 'tpm', ...(data.via === 'direct' ? [] : (['hypervisor', 'tpmrm'] as const))],
    way: wayOfCommand,
    group: 'TPM',
  },
  'tpm.response': {
    line: ({ data, sights }) => {
      const ok = data.rc === 0;
      const result = `${data.rcName}${ok ? '' : ` (${hex(data.rc, 3)})`}  ${count(sights[0]?.bytes.length ?? 0, 'byte')}`;
      return {
        text: `${data.name} → ${result}`,
        closes: { result, bare: `${data.name} → ${result}` },
        routine: isInner(data.via),
        ...(ok ? {} : { tone: 'bad' }),
      };
    },
    witnesses: ({ data }) => (data.via === 'direct' ? ['firmware', 'tpm'] : ['hypervisor', 'tpmrm', 'tpm']),
    way: event => turned(wayOfCommand(event)),
    group: 'TPM',
  },
  'tpmrm.space': {
    line: ({ data }) => ({
      text: `space ${data.space}: ${data.what}${data.detail ? `, ${data.detail}` : ''}`,
      routine: data.what !== 'ruined',
      ...(data.what === 'ruined' ? { tone: 'bad' } : {}),
    }),
    witnesses: () => ['hypervisor', 'tpmrm'],
    group: 'TPM',
  },
  page: {
    line: ({ data }) => ({
      text: pageLine(data),
      tone: 'quiet',
      run: events => pageLines(events.map(event => (event as SimEvent<'page'>).data)),
    }),
    // The hypervisor keeps the books of the guest's frames: it backs, takes and gives back pages. What a page holds is another matter.
    witnesses: () => ['ultravisor', 'hypervisor'],
    group: 'Pages',
    glyph: '▤',
  },
  state: {
    line: ({ data }) => ({ text: `${data.of}: ${data.from} → ${data.to}${data.why ? ` (${data.why})` : ''}`, tone: toneOfState(data.to) }),
    witnesses: ({ actor, data }) => [actor, 'ultravisor', 'hypervisor', ...(data.of === 'host' ? [] : (['guest', 'svm'] as const))],
    group: 'States',
    glyph: '◉',
  },
  key: {
    line: ({ data }) => ({ text: `${data.name}: ${data.what}`, tone: 'key' }),
    witnesses: ({ actor }) => [actor, 'ultravisor', 'tpm', 'owner'],
    group: 'States',
    glyph: '◆',
  },
  secret: {
    line: ({ data }) => ({
      text: `a secret is born: ${data.name} (${count(data.bytes, 'byte')}), known by ${data.knownBy.join(', ')}`,
      tone: 'key',
    }),
    witnesses: ({ data }) => data.knownBy,
    group: 'States',
    glyph: '◆',
  },
  check: {
    line: ({ data }) => ({ text: `${data.ok ? '✓' : '✗'} ${data.name}: ${data.detail}`, tone: data.ok ? 'good' : 'bad' }),
    witnesses: ({ actor }) => [actor],
    group: 'Checks',
  },
  adversary: {
    line: ({ data }) => ({ text: `! ${data.action} ${data.target}: ${data.detail}`, tone: 'bad' }),
    witnesses: ({ actor }) => [actor],
    group: 'Checks',
    glyph: '',
  },
  note: { line: ({ data }) => ({ text: data.text, tone: 'quiet' }), witnesses: ({ actor }) => [actor], group: 'States', glyph: '✎' },
};

/** The record of an event's kind. Its functions take the event of its own kind: that is what the table's type says. */
export const recordOf = (event: AnyEvent): AnyRecord => eventKinds[event.kind] as AnyRecord;

type AnyRecord = Omit<KindRecord<EventKind>, 'line' | 'witnesses' | 'way'> & {
  readonly line: (event: AnyEvent) => Rendering;
  readonly witnesses: (event: AnyEvent, callOf: CallOf) => readonly Actor[];
  readonly way?: ((event: AnyEvent) => Place) | 'back';
};

/** The line of an event. */
export const render = (event: AnyEvent): Rendering => recordOf(event).line(event);

/** Both ends of the call that an event is the return of. */
function parties({ actor, cause }: SimEvent<'hcall.return'> | SimEvent<'ultracall.return'>, callOf: CallOf): readonly Actor[] {
  const call = callOf(cause);
  if (call?.kind === 'hcall.call') return ['hypervisor', call.data.issuer];
  if (call?.kind === 'ultracall.call') return ['ultravisor', call.data.issuer];
  return [actor];
}

const PROXY_TO_FILE: Place = { from: 'spapr-tpm-proxy', to: 'tpmrm' };

/** What the caller of H_TPM_COMM sees goes no further than the hypervisor. */
function wayOfCommand({ actor, data }: SimEvent<'tpm.command'> | SimEvent<'tpm.response'>): Place {
  if (data.via === 'H_TPM_COMM') return { from: laneOf(actor), to: 'hypervisor' };
  return { from: data.via === 'direct' ? 'firmware' : 'tpmrm', to: 'tpm' };
}

/** What the resource manager sends on its own account or in its own numbers: the same command, once more. */
const isInner = (via: string): boolean => via === 'resource manager';

const BAD_STATES = /abort|fail|dead|stuck|stopped|ruined/i;
const toneOfState = (to: string): 'bad' | 'good' | 'plain' => (BAD_STATES.test(to) ? 'bad' : /secure/i.test(to) ? 'good' : 'plain');
