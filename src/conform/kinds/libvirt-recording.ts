/** What the real libvirt made of a domain definition. */
export interface RecordedDomain {
  readonly name: string;
  readonly xml: string;
  readonly schemaValid: boolean;
  readonly accepted: boolean;
  /** The TPM-related options of QEMU, in pairs and in order. */
  readonly qemuArgs?: readonly (readonly [string, string])[];
  /** libvirt's message; the recorder took `error: ` out of it wherever it stood. */
  readonly error?: string;
}

/** Recognised by its content: a list whose entries have `xml` and `accepted`. */
export function isLibvirtRecording(json: unknown): json is readonly RecordedDomain[] {
  return Array.isArray(json) && json.length > 0 && json.every(isCase);
}

function isCase(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'xml' in value && typeof value.xml === 'string' && 'accepted' in value && 'name' in value;
}
