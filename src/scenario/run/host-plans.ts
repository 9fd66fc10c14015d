import type { HostSpec } from '../../machine/index.ts';
import { FirmwareLink } from '../../own-firmware/index.ts';
import { type Equipment, fileOf, hostsOf } from '../language/machines.ts';

/** The hosts that a scenario asks for. */
export function hostPlans(given: Equipment): readonly (HostSpec & { readonly profile: string })[] {
  return hostsOf(given.document).map(
    ({ name, tpm = 'embedded', profile = 'documented', securePages, proxy, swapping, firmware, ultravisor }) => {
      const key = firmware?.wrappingKey;
      return {
        name,
        tpm,
        profile,
        ...(securePages === undefined ? {} : { securePages }),
        ...(proxy === undefined ? {} : { proxyMode: proxy }),
        ...(swapping === undefined ? {} : { swapping }),
        ...(ultravisor ? { externalUltravisor: () => FirmwareLink.connect(pathOf(ultravisor.external), ultravisor.patienceMs) } : {}),
        ...(typeof key === 'object' ? { wrappingKey: { pem: new TextDecoder().decode(fileOf(given, key.file)) } } : {}),
      };
    },
  );
}

/** The path in `unix:PATH`. */
const pathOf = (place: string): string => place.replace(/^unix:/, '');
