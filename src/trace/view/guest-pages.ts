import type { AnyEvent } from '../../sim/index.ts';

/** What a page of a guest is to its neighbours: the published states, in the four kinds that matter to who can read it. */
export type PageKind = 'secure' | 'shared' | 'paged out' | 'pseudo-shared' | 'changing hands';

export function pageKind(state: string): PageKind {
  if (state === 'SECURE' || state === 'HV_UNSHARED') return 'secure';
  if (state === 'PAGEDOUT') return 'paged out';
  if (state.startsWith('PSEUDO')) return 'pseudo-shared';
  if (state.startsWith('SHARED')) return 'shared';
  return 'changing hands';
}

/** A change of one page; a memory map at some moment is every page's last change before it. */
interface PageChange {
  readonly seq: number;
  /** `host/lpid`. */
  readonly guest: string;
  readonly gfn: number;
  readonly state: string;
}

/** Every change of a page, in order; an SVM that ends gives its pages up (state `-`, gfn -1: all). */
export function pageChanges(events: readonly AnyEvent[]): readonly PageChange[] {
  return events.flatMap(event => {
    const guest = `${event.host ?? 'host'}/${event.lpid ?? 0}`;
    if (event.kind === 'page') return [{ seq: event.seq, guest, gfn: Number(event.data.gpa >> 16n), state: event.data.to }];
    if (event.kind === 'state' && event.data.of === 'svm' && event.data.to === 'none')
      return [{ seq: event.seq, guest, gfn: -1, state: '-' }];
    return [];
  });
}
