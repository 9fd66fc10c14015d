import { nearest } from '../../sim/index.ts';
import { PCR_BANKS, TPM_BACKENDS, TPM_MODELS, type TpmBackend, type TpmBackendType, type TpmModel } from './devices.ts';
import type { Refuse } from './libvirt-refusal.ts';
import { childrenOf, firstAt, type XmlElement } from './xml.ts';

/** VIR_DOMAIN_TPM_DEFAULT_DEVICE, taken for an empty path too (fixtures/observed/libvirt.json#proxy-with-empty-path). */
const DEFAULT_DEVICE = '/dev/tpm0';

/** A `<tpm>` as it stands there: model and version may have been left open. */
export interface ReadTpm {
  readonly element: XmlElement;
  readonly model: TpmModel | null;
  readonly backend: Exclude<TpmBackend, { type: 'emulator' }> | EmulatorAsRead;
  readonly alias: string | null;
  readonly reg: number | null;
}
type Emulator = Extract<TpmBackend, { type: 'emulator' }>;
type EmulatorAsRead = Omit<Emulator, 'version'> & { readonly version: '1.2' | '2.0' | null };

/** The checks of libvirt src/conf/domain_conf.c virDomainTPMDefParseXML, in its order. */
export function readTpm(element: XmlElement, refuse: Refuse): ReadTpm {
  const model = oneOf(element, 'model', TPM_MODELS, refuse);
  const backends = childrenOf(element, 'backend');
  const [backend] = backends;
  if (backends.length > 1) throw refuse('domain.xml-error', backends[1] as XmlElement, 'only one TPM backend is supported');
  if (!backend) throw refuse('domain.xml-error', element, 'missing TPM device backend', `Add <backend type='passthrough'/>.`);
  const type = backend.attributes.get('type');
  if (type === undefined) throw refuse('domain.xml-error', backend, 'missing TPM device backend type');
  if (!includes(TPM_BACKENDS, type)) {
    throw refuse('domain.unsupported', backend, `Unknown TPM backend type '${type}'`, meant(type, TPM_BACKENDS));
  }
  return { element, model, backend: readBackend(type, backend, refuse), alias: aliasOf(element), reg: regOf(element, refuse) };
}

function readBackend(type: TpmBackendType, backend: XmlElement, refuse: Refuse): ReadTpm['backend'] {
  switch (type) {
    case 'passthrough':
      return { type, path: firstAt(backend, 'device')?.attributes.get('path') || DEFAULT_DEVICE };
    case 'emulator':
      return readEmulator(backend, refuse);
    case 'external': {
      const source = firstAt(backend, 'source');
      const socket = source?.attributes.get('path');
      if (source?.attributes.get('type') === 'unix' && socket) return { type, socket };
      const example = `<source type='unix' mode='connect' path='/run/swtpm.sock'/>`;
      throw refuse('domain.xml-error', source ?? backend, 'missing path of the Unix socket of an external TPM', `Write ${example}.`);
    }
  }
}

function readEmulator(backend: XmlElement, refuse: Refuse): EmulatorAsRead {
  const version = oneOf(backend, 'version', ['1.2', '2.0'] as const, refuse);
  const secret = firstAt(backend, 'encryption');
  const uuid = secret?.attributes.get('secret');
  if (secret && uuid && !/^[0-9a-f]{32}$/i.test(uuid.replaceAll('-', '').trim())) {
    throw refuse('domain.internal', secret, `Unable to parse secret uuid '${uuid}'`);
  }
  const persistent = oneOf(backend, 'persistent_state', ['yes', 'no'] as const, refuse);
  const banks = firstAt(backend, 'active_pcr_banks')?.children ?? [];
  for (const bank of banks) {
    if (!includes(PCR_BANKS, bank.name)) {
      throw refuse('domain.unsupported', bank, `Unsupported PCR banks '${bank.name}'`, meant(bank.name, PCR_BANKS));
    }
  }
  return {
    type: 'emulator',
    version,
    activePcrBanks: banks.map(({ name }) => name),
    persistentState: persistent === 'yes',
    ...(uuid ? { encryption: uuid } : {}),
  };
}

/** The value of an attribute that is one of a few; `default` is the same as leaving it out. */
function oneOf<T extends string>(element: XmlElement, attribute: string, values: readonly T[], refuse: Refuse): T | null {
  const value = element.attributes.get(attribute);
  if (value === undefined || value === 'default') return null;
  if (includes(values, value)) return value;
  const message = `Invalid value for attribute '${attribute}' in element '${element.name}': '${value}'.`;
  throw refuse('domain.xml-error', element, message, meant(value, values));
}

/** Only names that begin with "ua-" are the user's; others are libvirt's to give (virDomainDeviceAliasIsUserAlias). */
function aliasOf(element: XmlElement): string | null {
  const name = firstAt(element, 'alias')?.attributes.get('name') ?? '';
  return name.startsWith('ua-') ? name : null;
}

/** The unit address that the definition asks for. */
export function regOf(element: XmlElement, refuse: Refuse): number | null {
  const address = firstAt(element, 'address');
  const reg = address?.attributes.get('reg');
  if (address?.attributes.get('type') !== 'spapr-vio' || reg === undefined) return null;
  if (/^(0x)?[0-9a-f]{1,8}$/i.test(reg)) return Number.parseInt(reg, 16); // hexadecimal with or without 0x
  const message = `Invalid value for attribute 'reg' in element 'address': '${reg}'.`;
  throw refuse('domain.xml-error', address, message, 'Write it as 0x00004000.');
}

const includes = <T extends string>(values: readonly T[], value: string): value is T => (values as readonly string[]).includes(value);

function meant(value: string, values: readonly string[]): string {
  const close = nearest(value, values);
  return `${close ? `Did you mean "${close}"? ` : ''}Possible: ${values.join(', ')}.`;
}
