import { buildOwn } from '../adversary/index.ts';
import type { Step } from '../steps/step-kind.ts';
import { keyProblem } from '../steps/tpm-device-steps.ts';
import type { ScenarioDocument } from './scenario-schema.ts';
import type { KeyPath } from './yaml-source.ts';
import { didYouMean } from './zod-issues.ts';

type Say = (path: KeyPath, what: string, hint?: string) => void;
type OwnCommand = Parameters<typeof buildOwn>[0];

/** Steps that use TPM devices which the guest does not have, commands that do not exist, and moves to nowhere. */
export function tpmDeviceProblems(doc: ScenarioDocument, hosts: readonly string[], say: Say): void {
  doc.steps.forEach((step, i) => {
    if (step.do === 'tpm') tpmStep(doc, step, ['steps', i], say);
    if (step.do !== 'migrate') return;
    const { to, key } = step as { to?: string; key?: string };
    if (to !== undefined && !hosts.includes(to)) say(['steps', i, 'to'], `there is no host "${to}"`, didYouMean(to, hosts));
    const problem = key === undefined ? undefined : keyProblem(key);
    if (problem !== undefined) say(['steps', i, 'key'], problem);
  });
}

function tpmStep(doc: ScenarioDocument, step: Step, at: KeyPath, say: Say): void {
  const guests = doc.guests ?? [];
  const guest = step.guest === undefined ? guests[0] : guests.find(({ name }) => name === step.guest);
  const { by = 'vtpm', commands } = step as { by?: string; commands?: readonly OwnCommand[] };
  if (by === 'vtpm' && guest && guest.domain === undefined && guest.vtpm === undefined)
    say(at, `guest "${guest.name}" has no vTPM`, 'Give it one ("vtpm: { backend: emulator }"), or say "by: proxy".');
  (commands ?? []).forEach((command, i) => {
    try {
      buildOwn(command);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      say([...at, 'commands', i], error.message);
    }
  });
}
