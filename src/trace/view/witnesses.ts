import { ACTORS, type Actor, type AnyEvent, type EventKind, type SimEvent } from '../../sim/index.ts';

type CallOf = (seq: number | null) => AnyEvent | undefined;
type Witnesses = { readonly [K in EventKind]: (event: SimEvent<K>, callOf: CallOf) => readonly Actor[] };

/** Who takes notice of an event, apart from those to whom it shows bytes. A kind without an entry does not compile. */
const witnesses: Witnesses = {
  // The steps are the story's, not an actor's.
  'step.start': () => ACTORS,
  'step.end': () => ACTORS,
  'hcall.call': ({ data }) => ['hypervisor', data.issuer],
  'hcall.return': parties,
  'ultracall.call': ({ data }) => ['ultravisor', data.issuer],
  'ultracall.return': parties,
  'proxy.file': () => ['hypervisor', 'spapr-tpm-proxy', 'tpmrm'],
  'tpm.command': ({ actor, data }) => [actor, 'tpm', ...(data.via === 'direct' ? [] : (['hypervisor', 'tpmrm'] as const))],
  'tpm.response': ({ data }) => (data.via === 'direct' ? ['firmware', 'tpm'] : ['hypervisor', 'tpmrm', 'tpm']),
  'tpmrm.space': () => ['hypervisor', 'tpmrm'],
  // The hypervisor keeps the books of the guest's frames: it backs, takes and gives back pages. What a page holds is another matter.
  page: () => ['ultravisor', 'hypervisor'],
  state: ({ actor, data }) => [actor, 'ultravisor', 'hypervisor', ...(data.of === 'host' ? [] : (['guest', 'svm'] as const))],
  key: ({ actor }) => [actor, 'ultravisor', 'tpm', 'owner'],
  secret: ({ data }) => data.knownBy,
  check: ({ actor }) => [actor],
  adversary: ({ actor }) => [actor],
  note: ({ actor }) => [actor],
};

/** Both ends of the call that an event is the return of. */
function parties({ actor, cause }: SimEvent<'hcall.return'> | SimEvent<'ultracall.return'>, callOf: CallOf): readonly Actor[] {
  const call = callOf(cause);
  if (call?.kind === 'hcall.call') return ['hypervisor', call.data.issuer];
  if (call?.kind === 'ultracall.call') return ['ultravisor', call.data.issuer];
  return [actor];
}

/** Everybody who takes notice that an event happened. */
export function witnessesOf(event: AnyEvent, callOf: CallOf): ReadonlySet<Actor> {
  // Each entry takes the event of its own kind: that is what the table's type says.
  const named = (witnesses[event.kind] as (event: AnyEvent, callOf: CallOf) => readonly Actor[])(event, callOf);
  return new Set([...named, ...event.sights.flatMap(({ seenBy }) => seenBy)]);
}
