import { SimulatorError } from '../../sim/index.ts';
import { parseBackendSpec } from '../../tpmrm/index.ts';
import { COMMAND_NAMES, ruleProblems } from '../adversary/index.ts';
import type { AnyStep } from '../run/any-step.ts';
import { Stage } from '../steps/stage.ts';
import { kindOf } from '../steps/step-kinds.ts';
import { diskProblems } from './disk-problems.ts';
import { recipientHosts } from './guest-entry.ts';
import { hostsOf } from './machines.ts';
import { didYouMean, type KeyPath, type Problem } from './problem.ts';
import type { ScenarioDocument } from './scenario-schema.ts';
import type { Source } from './yaml-source.ts';

/** What the schema cannot say: names that must exist or be unlike each other, and steps that come too early. */
export function referenceProblems(source: Source, doc: ScenarioDocument): Problem[] {
  const problems: Problem[] = [];
  const say = (path: KeyPath, what: string, hint?: string, key?: string): number => problems.push(source.problem(path, what, hint, key));
  if (doc.host && doc.hosts) say([], 'there are both "host" and "hosts"', 'Keep one of them.', 'hosts');
  const hosts = hostsOf(doc);
  const guests = doc.guests ?? [];
  hosts.forEach((host, i) => {
    const fault = host.tpm === undefined ? undefined : tpmFault(host.tpm);
    if (fault) say(doc.hosts ? ['hosts', i, 'tpm'] : ['host', 'tpm'], fault.what, fault.hint);
  });
  hosts.forEach((host, i) => twice(hosts, i, host.name) && say(['hosts', i, 'name'], `there is another host "${host.name}"`));
  guests.forEach((guest, i) => {
    if (twice(guests, i, guest.name)) say(['guests', i, 'name'], `there is another guest "${guest.name}"`);
    refer(['guests', i], 'host', guest.host, names(hosts), 'host');
    const sameLpid = guests.slice(0, i).find(other => other.lpid === guest.lpid && other.host === guest.host);
    if (sameLpid) say(['guests', i, 'lpid'], `guest "${sameLpid.name}" of the same host has lpid ${guest.lpid} too`);
    diskProblems(guest, ['guests', i], say);
    recipientHosts(guest).forEach(({ host, at }) =>
      refer(['guests', i, 'esm', 'recipe', 'recipients', at], 'host', host, names(hosts), 'host'),
    );
  });
  const stepNames = doc.steps.map(step => ({ name: step.name ?? '' }));
  doc.steps.forEach((step, i) => {
    if (step.name !== undefined && twice(stepNames, i, step.name)) say(['steps', i, 'name'], `there is another step "${step.name}"`);
    stepProblems(step, ['steps', i]);
  });
  (doc.adversary ?? []).forEach((rule, i) => {
    if (rule.guest !== undefined) refer(['adversary', i], 'guest', rule.guest, names(guests), 'guest');
    if (rule.host !== undefined) refer(['adversary', i], 'host', rule.host, names(hosts), 'host');
    for (const { path, what, word, among } of ruleProblems(rule))
      say(['adversary', i, ...path], what, word === undefined || among === undefined ? undefined : didYouMean(word, among));
  });
  (doc.faults ?? []).forEach(({ host, command, guest, fault }, i) => {
    if (guest !== undefined || fault === 'machine-reset') refer(['faults', i], 'guest', guest, names(guests), 'guest');
    if (host !== undefined) refer(['faults', i], 'host', host, names(hosts), 'host');
    if (command !== undefined && !COMMAND_NAMES.includes(command))
      say(['faults', i, 'command'], `there is no TPM command "${command}"`, didYouMean(command, COMMAND_NAMES));
  });
  if (problems.length === 0) order(doc, (i, what, hint) => say(['steps', i], what, hint));
  return problems;

  function stepProblems(step: AnyStep, at: KeyPath): void {
    const kind = kindOf(step);
    if (kind.isOfBoth(step)) say(at, 'both a host and a guest', 'Give one of them.');
    const is = kind.isOf(step);
    if (is === 'guest') refer(at, 'guest', step.guest, names(guests), 'guest');
    if (is === 'host') refer(at, 'host', step.host, names(hosts), 'host');
    for (const { path, what, hint } of kind.problems(step, doc)) say([...at, ...path], what, hint);
    kind.strands(step).forEach((strand, i) => strand.forEach((inner, j) => stepProblems(inner, [...at, 'strands', i, j])));
  }

  function refer(path: KeyPath, field: string, name: string | undefined, known: readonly string[], kind: string): void {
    if (name !== undefined && !known.includes(name)) {
      say([...path, field], `there is no ${kind} "${name}"`, known.length ? didYouMean(name, known) : `The scenario has no ${kind}s.`);
    }
    if (name !== undefined || known.length === 1) return;
    say(
      path,
      known.length ? `which ${kind}?` : `the scenario has no ${kind}`,
      known.length ? `Say "${field}: ..." (${known.join(', ')}).` : undefined,
    );
  }
}

/** What is wrong with the name of a TPM. */
function tpmFault(tpm: string): SimulatorError | undefined {
  try {
    parseBackendSpec(tpm);
    return undefined;
  } catch (error) {
    if (error instanceof SimulatorError) return error;
    throw error;
  }
}

const names = (all: readonly { readonly name: string }[]): string[] => all.map(({ name }) => name);
const twice = (all: readonly { readonly name: string }[], i: number, name: string): boolean =>
  all.slice(0, i).some(other => other.name === name);

/** Steps that cannot be done yet: told before anything runs. */
function order(doc: ScenarioDocument, say: (step: number, what: string, hint?: string) => void): void {
  const stage = new Stage(doc);
  doc.steps.forEach((step, i) => {
    const kind = kindOf(step);
    const whom = kind.whom(step, doc);
    const against = whom && stage.take(whom, kind.moves);
    if (against) say(i, against.what, against.hint);
  });
}
