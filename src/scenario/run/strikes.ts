import { nearestFew } from '../../sim/index.ts';
import type { Moment, Rule } from '../adversary/index.ts';
import { fits } from '../adversary/selectors.ts';
import type { Fault } from '../language/fault-entry.ts';
import type { LinePlace, Places } from '../language/places.ts';
import { showPlace } from '../language/places.ts';
import type { Interruption } from './interruptions.ts';

/** What a scenario's rule or fault did. */
export interface Strike {
  /** `rule 1`, `fault 2`: its place in its list. */
  readonly who: string;
  readonly place?: LinePlace | undefined;
  /** A code that was given in the place of the true one. */
  readonly code?: string | undefined;
  /** What was done, as the end of a sentence. */
  readonly deed: string;
  readonly event: number;
  /** Of an interruption. */
  readonly interrupts?: boolean;
}

/** Something that a scenario asks for and that came to nothing. */
export interface Warning {
  readonly place?: LinePlace;
  readonly text: string;
}

interface Given {
  readonly file: string;
  readonly document: { readonly adversary?: readonly Rule[] | undefined; readonly faults?: readonly Fault[] | undefined };
  readonly places?: Places | undefined;
}

/** Keeps what the rules and faults of a scenario did in a run, and says which did nothing. */
export class Strikes {
  readonly #given: Given;
  #all: Strike[] = [];
  readonly #busy = new Set<Rule | Fault>();
  /** TPM commands after host boot, by host: how many. */
  readonly #commands = new Map<string, Map<string, number>>();

  constructor(given: Given) {
    this.#given = given;
  }

  get all(): readonly Strike[] {
    return this.#all;
  }

  /** The scenario's own rules only: a search adds others. */
  rule(rule: Rule, { target, detail }: { readonly target: string; readonly detail: string }, event: number): void {
    const index = this.#given.document.adversary?.indexOf(rule) ?? -1;
    if (index < 0) return;
    this.#busy.add(rule);
    const code = rule.do === 'answer' || rule.do === 'report' || rule.do === 'respond' ? String(rule.code) : undefined;
    const deed = code === undefined ? `${rule.do} (${target}: ${detail})` : `answer ${code}`;
    this.#all.push({
      who: `rule ${index + 1}`,
      place: this.#given.places?.adversary[index],
      deed: `the hypervisor was told to ${deed}`,
      code,
      event,
    });
  }

  strike(fault: Fault, deed: string, event: number): void {
    this.#fault(this.#given.document.faults?.indexOf(fault) ?? -1, `the TPM was made to ${deed}`, event, {
      code: fault.fault === 'code' ? fault.code : undefined,
    });
  }

  command(host: string, name: string): void {
    const counts = this.#commands.get(host) ?? new Map<string, number>();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    this.#commands.set(host, counts);
  }

  interruption({ fault, index = -1 }: Interruption, event: number): void {
    const deed = `the call never comes back: ${fault === 'power-loss' ? 'power is lost' : 'machine reset'}`;
    this.#fault(index, deed, event, { interrupts: true });
  }

  #fault(index: number, deed: string, event: number, more: Pick<Strike, 'code' | 'interrupts'>): void {
    const fault = this.#given.document.faults?.[index];
    if (!fault) return;
    this.#busy.add(fault);
    this.#all.push({ who: `fault ${index + 1}`, place: this.#given.places?.faults[index], deed, event, ...more });
  }

  clear(): void {
    this.#all = [];
  }

  /** Rules and faults that did nothing, with the nearest moments that there were. */
  missed(moments: (host?: string) => readonly Moment[], interrupter: { readonly missed: readonly Missed[] }): readonly Warning[] {
    const { document, places } = this.#given;
    const rules = (document.adversary ?? []).flatMap((rule, i) =>
      this.#busy.has(rule)
        ? []
        : [warning(`rule ${i + 1} (${rule.do} at ${rule.at})`, missedRule(rule, moments(rule.host)), places?.adversary[i])],
    );
    const faults = (document.faults ?? []).flatMap((fault, i) => {
      if (this.#busy.has(fault)) return [];
      const interruption = interrupter.missed.find(one => one.interruption.index === i);
      const why = interruption ? missedInterruption(interruption) : missedFault(fault, this.#commandsOf(fault.host));
      return [warning(`fault ${i + 1} (${fault.fault})`, why, places?.faults[i])];
    });
    return [...rules, ...faults];
  }

  #commandsOf(host: string | undefined): ReadonlyMap<string, number> {
    const sum = new Map<string, number>();
    for (const [name, counts] of this.#commands) {
      if (host === undefined || host === name) for (const [command, n] of counts) sum.set(command, (sum.get(command) ?? 0) + n);
    }
    return sum;
  }
}

interface Missed {
  readonly interruption: Interruption;
  readonly last: number | undefined;
}

const warning = (who: string, why: string, place: LinePlace | undefined): Warning => ({
  text: `${who} never struck: ${why}`,
  ...(place ? { place } : {}),
});

const FEW = 3;
const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

function missedRule(rule: Rule, moments: readonly Moment[]): string {
  const fitting = moments.filter(moment => fits(rule.at, rule, moment)).length;
  const wanted = typeof rule.occurrence === 'number' ? rule.occurrence : 1;
  if (fitting >= wanted) return 'its moment came, and there was nothing for it to do';
  if (fitting > 0) return `it waits for number ${wanted} of such moments, and there were ${fitting}`;
  const counts = new Map<string, number>();
  const key = nameOf(rule);
  for (const moment of moments) {
    if (moment.point !== rule.at) continue;
    const name = nameOf(moment) ?? moment.call;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return `no such moment came; ${nearestOf(key, counts, `at ${rule.at}`)}`;
}

/** What a rule or a moment is about. */
const nameOf = ({
  command,
  region,
  call,
}: Pick<Moment, 'command' | 'region'> & { readonly call?: string | undefined }): string | undefined => command ?? region ?? call;

function nearestOf(wanted: string | undefined, counts: ReadonlyMap<string, number>, among: string): string {
  if (counts.size === 0) return `nothing passed ${among}`;
  const near = wanted === undefined ? [] : nearestFew(wanted, counts.keys(), FEW);
  const shown =
    near.length > 0
      ? near
      : [...counts]
          .sort((a, b) => b[1] - a[1])
          .slice(0, FEW)
          .map(([name]) => name);
  return `nearest ${among}: ${shown.map(name => `${name} ${times(counts.get(name) ?? 0)}`).join(', ')}`;
}

function missedFault({ command, occurrence = 1 }: Fault, commands: ReadonlyMap<string, number>): string {
  const seen = command === undefined ? [...commands.values()].reduce((sum, n) => sum + n, 0) : (commands.get(command) ?? 0);
  const what = command ?? 'commands';
  if (seen > 0) return `it waits for number ${occurrence} of ${what} after host boot, and there were ${seen}`;
  return `no ${what} came to the TPM after host boot; ${nearestOf(command, commands, 'that came')}`;
}

function missedInterruption({ interruption: { event }, last }: Missed): string {
  return last === undefined
    ? 'the run had no event at which it can strike'
    : `it waits for event #${event}, and the last at which it can strike was #${last}`;
}

/** `scenario line 38, rule 1`. */
export const showStrike = ({ who, place }: Strike, file: string): string => (place ? `scenario ${showPlace(place, file)}, ${who}` : who);
