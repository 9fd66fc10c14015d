import { TPM_BACKENDS, TPM_MODELS } from './devices.ts';
import { childrenOf, parseXml, type TextPlace, type XmlElement } from './xml.ts';

export interface SchemaProblem extends TextPlace {
  readonly what: string;
}

/**
 * What `virt-xml-validate` objects to in the TPM devices (libvirt src/conf/schemas/domaincommon.rng). libvirt itself is more
 * lenient: it takes an empty path for the default device (fixtures/observed/libvirt.json#proxy-with-empty-path).
 * @throws {SimulatorError} `domain.xml` when the text is no XML.
 */
export function schemaProblems(text: string, file: string): readonly SchemaProblem[] {
  const devices = childrenOf(parseXml(text, file), 'devices');
  return devices.flatMap(({ children }) => children.filter(({ name }) => name === 'tpm')).flatMap(ofTpm);
}

function ofTpm(tpm: XmlElement): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const object = ({ line, column }: TextPlace, what: string) => void problems.push({ line, column, what });
  const among = (element: XmlElement, attribute: string, values: readonly string[]) => {
    const value = element.attributes.get(attribute);
    if (value !== undefined && !values.includes(value)) object(element, `no ${attribute} "${value}"`);
  };
  among(tpm, 'model', TPM_MODELS);
  const backends = childrenOf(tpm, 'backend');
  if (backends.length !== 1) object(backends[1] ?? tpm, 'one <backend>, no more and no less');
  for (const backend of backends) {
    among(backend, 'type', TPM_BACKENDS);
    among(backend, 'version', ['1.2', '2.0']);
    for (const device of childrenOf(backend, 'device')) {
      if (device.attributes.get('path') === '') object(device, 'a path that is not empty');
    }
  }
  for (const other of tpm.children) {
    if (!['backend', 'alias', 'address', 'acpi'].includes(other.name)) object(other, `no <${other.name}> in a <tpm>`);
  }
  return problems;
}
