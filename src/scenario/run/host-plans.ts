import type { HostSpec } from '../../machine/index.ts';
import { type Equipment, fileOf, hostsOf } from '../language/machines.ts';

/** The hosts that a scenario asks for. */
export function hostPlans(given: Equipment): readonly (HostSpec & { readonly profile: string })[] {
  return hostsOf(given.document).map(({ name, tpm = 'embedded', profile = 'documented', securePages, proxy, swapping, firmware }) => {
    const key = firmware?.wrappingKey;
    return {
      name,
      tpm,
      profile,
      ...(securePages === undefined ? {} : { securePages }),
      ...(proxy === undefined ? {} : { proxyMode: proxy }),
      ...(swapping === undefined ? {} : { swapping }),
      ...(typeof key === 'object' ? { wrappingKey: { pem: new TextDecoder().decode(fileOf(given, key.file)) } } : {}),
    };
  });
}
