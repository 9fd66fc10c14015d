import { hex } from '../../bytes/index.ts';
import type { Guest, Host } from '../../machine/index.ts';
import type { Session } from './session.ts';

/** Where a run stands, for a person who has stopped it: hosts, guests, frames, registers. A line each, indented by what it is part of. */
export function stateLines({ machine, world, done, scenario }: Session): readonly string[] {
  const ms = Number(world.clock.nowNs / 1000n) / 1000;
  const step = `${done} of ${scenario.document.steps.length} steps are over`;
  return [`${ms} ms of virtual time; ${step}`, ...machine.hosts.flatMap(host => hostLines(host))];
}

function hostLines(host: Host): string[] {
  const { memory, chip, ultravisor, guests } = host;
  const used = memory.securePages - memory.securePagesLeft;
  const spaces = chip.spaces.length === 0 ? 'no TPM space is open' : `${chip.spaces.length} TPM spaces are open`;
  return [
    `host ${host.name}: profile ${ultravisor.profile.name}; ${used} pages of secure memory are in use; ${spaces}`,
    ...guests.flatMap(guest => guestLines(host, guest).map(line => `  ${line}`)),
  ];
}

function guestLines(host: Host, { name, spec, state, partition }: Guest): string[] {
  const svm = host.ultravisor.svm(spec.lpid);
  const frames = counted([...(svm?.frames.values() ?? [])].map(frame => frame.state));
  const gfns = counted([...partition.state.gfnStates.values()]);
  return [
    `guest ${name}, lpid ${spec.lpid}: ${state}; to the Ultravisor ${host.hasExternalUltravisor ? 'it runs elsewhere' : svm ? svm.phase : 'no SVM'}`,
    ...(frames ? [`  frames, to the Ultravisor: ${frames}`] : []),
    ...(gfns ? [`  frames, to the hypervisor:  ${gfns}`] : []),
    ...partition.vcpus.map(({ id, regs }) => {
      const gprs = regs.gpr.slice(3, 11).map((value, i) => `r${i + 3}=${hex(value)}`);
      return `  vCPU ${id}: pc=${hex(regs.pc)} msr=${hex(regs.msr)} ${gprs.join(' ')}`;
    }),
  ];
}

/** `7 SECURE, 2 SHARED`. */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}
