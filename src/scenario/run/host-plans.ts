import { chooseGeneration, type HostSpec } from '../../machine/index.ts';
import { FirmwareLink } from '../../own-firmware/index.ts';
import { type Equipment, fileOf, hostsOf } from '../language/machines.ts';

type HostPlan = HostSpec & { readonly profile: string };

/** The hosts that a scenario asks for. */
export function hostPlans(given: Equipment): readonly HostPlan[] {
  return hostsOf(given.document).map(
    ({ name, tpm = 'embedded', profile = 'documented', securePages, proxy, swapping, generation, firmware, ultravisor }) => {
      const key = firmware?.wrappingKey;
      return {
        name,
        tpm,
        profile,
        ...(securePages === undefined ? {} : { securePages }),
        ...(proxy === undefined ? {} : { proxyMode: proxy }),
        ...(swapping === undefined ? {} : { swapping }),
        ...(generation === undefined ? {} : { generation }),
        ...(ultravisor ? { externalUltravisor: () => FirmwareLink.connect(pathOf(ultravisor.external), ultravisor.patienceMs) } : {}),
        ...(typeof key === 'object' ? { wrappingKey: { pem: new TextDecoder().decode(fileOf(given, key.file)) } } : {}),
      };
    },
  );
}

/** The path in `unix:PATH`. */
const pathOf = (place: string): string => place.replace(/^unix:/, '');

/** What a run tells of its hosts. The generation is told where one was chosen. */
export interface HostFacts {
  readonly name: string;
  readonly tpm: string;
  readonly profile: string;
  readonly generation?: string;
}
export const hostFacts = (given: Equipment): readonly HostFacts[] =>
  hostPlans(given).map(({ name, tpm, profile, generation }) => ({
    name,
    tpm,
    profile,
    ...(generation === undefined ? {} : { generation: chooseGeneration(generation).name }),
  }));

export const showHost = ({ name, tpm, profile, generation }: HostFacts): string =>
  `${name}: TPM ${tpm}, profile ${profile}${generation === undefined ? '' : `, generation ${generation}`}`;
