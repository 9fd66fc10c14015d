import { chooseGeneration, type GenerationChoice } from '../../machine/index.ts';
import { nearest, SimulatorError } from '../../sim/index.ts';
import { parseBackendSpec, type Swapping } from '../../tpmrm/index.ts';
import { profileNames } from '../../ultravisor/index.ts';
import type { HostEntry } from './host-entry.ts';
import type { Scenario } from './scenario-schema.ts';

/** What whoever runs a scenario may set in its place. */
export interface Overrides {
  readonly seed?: string;
  readonly tpm?: string;
  readonly profile?: string;
  readonly swapping?: Swapping;
  readonly generation?: GenerationChoice;
  /** Where an Ultravisor that runs elsewhere listens: `unix:PATH`. */
  readonly ultravisor?: string;
}

/** The scenario with its seed, and the TPM, profile, swapping, generation and Ultravisor of each of its hosts, replaced. */
export function withOverrides(scenario: Scenario, { seed, tpm, profile, swapping, generation, ultravisor }: Overrides): Scenario {
  if (profile !== undefined && !profileNames.includes(profile)) {
    const meant = nearest(profile, profileNames);
    throw new SimulatorError('scenario.unknown-profile', {
      where: '--profile',
      what: `there is no profile "${profile}"`,
      hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Profiles: ${profileNames.join(', ')}.`,
    });
  }
  if (ultravisor !== undefined && !ultravisor.startsWith('unix:')) {
    throw new SimulatorError('scenario.ultravisor', {
      where: '--ultravisor',
      what: `"${ultravisor}" is no place where an Ultravisor can listen`,
      hint: 'Write unix:PATH; docs/own-firmware.md says more.',
    });
  }
  if (generation !== undefined) chooseGeneration(generation, '--generation');
  if (tpm !== undefined) parseBackendSpec(tpm, '--tpm');
  const over = <H extends HostEntry>(host: H): H => ({
    ...host,
    ...(tpm === undefined ? {} : { tpm }),
    ...(profile === undefined ? {} : { profile }),
    ...(swapping === undefined ? {} : { swapping }),
    ...(generation === undefined ? {} : { generation }),
    ...(ultravisor === undefined ? {} : { ultravisor: { ...host.ultravisor, external: ultravisor } }),
  });
  const { host, hosts } = scenario.document;
  const document = {
    ...scenario.document,
    ...(seed === undefined ? {} : { seed }),
    ...(hosts ? { hosts: hosts.map(over) } : { host: over(host ?? {}) }),
  };
  return { ...scenario, document };
}
