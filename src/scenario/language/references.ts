import { SimulatorError } from '../../sim/index.ts';
import { parseBackendSpec } from '../../tpmrm/index.ts';
import { COMMAND_NAMES, ruleProblems } from '../adversary/index.ts';
import type { Step } from '../steps/step-kind.ts';
import { diskProblems } from './disk-references.ts';
import type { GuestEntry, HostEntry, ScenarioDocument } from './scenario-schema.ts';
import { tpmDeviceProblems } from './tpm-device-references.ts';
import type { KeyPath, Problem, Source } from './yaml-source.ts';
import { didYouMean } from './zod-issues.ts';

export const hostsOf = (doc: ScenarioDocument): readonly (HostEntry & { readonly name: string })[] =>
  doc.hosts ?? [{ ...doc.host, name: doc.host?.name ?? 'host' }];

/** Steps about a host's TPM: they name a host, not a guest. */
const OF_THE_TPM: ReadonlySet<string> = new Set(['reset-tpm', 'age-tpm']);

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
    recipientHosts(guest).forEach(({ host, at }) =>
      refer(['guests', i, 'esm', 'recipe', 'recipients', at], 'host', host, names(hosts), 'host'),
    );
  });
  const stepNames = doc.steps.map(step => ({ name: step.name ?? '' }));
  doc.steps.forEach((step, i) => {
    if (step.name !== undefined && twice(stepNames, i, step.name)) say(['steps', i, 'name'], `there is another step "${step.name}"`);
    if (step.do === 'reboot' && step.guest !== undefined && step.host !== undefined)
      say(['steps', i], 'both a host and a guest', 'Give one of them.');
    if (step.do === 'parallel') return;
    const ofGuest = step.do !== 'boot' && !OF_THE_TPM.has(step.do) && (step.do !== 'reboot' || step.guest !== undefined);
    if (ofGuest) refer(['steps', i], 'guest', step.guest, names(guests), 'guest');
    else refer(['steps', i], 'host', step.host, names(hosts), 'host');
  });
  diskProblems(doc, say);
  tpmDeviceProblems(doc, names(hosts), say);
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

function recipientHosts(guest: GuestEntry): readonly { host: string; at: number }[] {
  if (!guest.esm || !('recipe' in guest.esm)) return [];
  return guest.esm.recipe.recipients.flatMap((recipient, at) => ('host' in recipient ? [{ host: recipient.host, at }] : []));
}

/** Steps that cannot be done yet: told before anything runs. */
function order(doc: ScenarioDocument, say: (step: number, what: string, hint: string) => void): void {
  const hosts = hostsOf(doc);
  const guests = doc.guests ?? [];
  const booted = new Set<string>();
  const started = new Set<string>();
  const hostOf = (step: Step): string => step.host ?? hosts[0]?.name ?? '';
  doc.steps.forEach((step, i) => {
    const guest = guests.find(({ name }) => name === (step.guest ?? guests[0]?.name));
    const guestHost = guest?.host ?? hosts[0]?.name ?? '';
    if (step.do === 'boot') {
      if (booted.has(hostOf(step))) say(i, `host "${hostOf(step)}" has booted already`, 'Use "do: reboot".');
      booted.add(hostOf(step));
    } else if (step.do === 'reboot' && step.guest === undefined) {
      if (!booted.has(hostOf(step))) say(i, `host "${hostOf(step)}" has not booted yet`, 'Put "do: boot" before this step.');
      for (const { name, host = hosts[0]?.name } of guests) if (host === hostOf(step)) started.delete(name);
    } else if (step.do === 'start' && guest) {
      const missing = [guestHost, ...recipientHosts(guest).map(({ host }) => host)].find(host => !booted.has(host));
      if (missing !== undefined) say(i, `host "${missing}" has not booted yet`, 'Put "do: boot" before this step.');
      started.add(guest.name);
    } else if (OF_THE_TPM.has(step.do)) {
      if (!booted.has(hostOf(step))) say(i, `host "${hostOf(step)}" has not booted yet`, 'Put "do: boot" before this step.');
    } else if (guest && step.do !== 'parallel' && !started.has(guest.name))
      say(i, `guest "${guest.name}" does not run at this point`, 'Put "do: start" before this step.');
  });
}
