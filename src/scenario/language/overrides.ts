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
}

/** The scenario with its seed, and the TPM, profile and swapping of each of its hosts, replaced. */
export function withOverrides(scenario: Scenario, { seed, tpm, profile, swapping }: Overrides): Scenario {
  if (profile !== undefined && !profileNames.includes(profile)) {
    const meant = nearest(profile, profileNames);
    throw new SimulatorError('scenario.unknown-profile', {
      where: '--profile',
      what: `there is no profile "${profile}"`,
      hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Profiles: ${profileNames.join(', ')}.`,
    });
  }
  if (tpm !== undefined) parseBackendSpec(tpm, '--tpm');
  const over = <H extends HostEntry>(host: H): H => ({
    ...host,
    ...(tpm === undefined ? {} : { tpm }),
    ...(profile === undefined ? {} : { profile }),
    ...(swapping === undefined ? {} : { swapping }),
  });
  const { host, hosts } = scenario.document;
  const document = {
    ...scenario.document,
    ...(seed === undefined ? {} : { seed }),
    ...(hosts ? { hosts: hosts.map(over) } : { host: over(host ?? {}) }),
  };
  return { ...scenario, document };
}
