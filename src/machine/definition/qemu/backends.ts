import { textOf, type Values } from './options.ts';

/** What of the host a command line touches when QEMU starts. Each gives what is wrong in words, or null. */
export interface QemuHost {
  /** Connects to a Unix socket: "No such file or directory". */
  connect(path: string): string | null;
  /** Opens a TPM device: the same; or that what lies there is no TPM. */
  openTpm(path: string): string | { readonly noTpm: true } | null;
}

/** A `-tpmdev`. */
export interface TpmDev {
  readonly id: string;
  readonly type: 'passthrough' | 'emulator';
  /** Of the emulator. */
  readonly chardev?: string;
  /** Of the passthrough. */
  readonly path?: string;
}

/** A `-chardev`. */
export interface CharDev {
  readonly id: string;
  readonly backend: string;
  readonly path?: string;
}

/** What `-tpmdev help` prints, and a wrong type as well. */
export const TPM_TYPES = [
  'Supported TPM types (choose only one):',
  ' passthrough   Passthrough TPM backend driver',
  '    emulator   TPM emulator backend driver',
];
const CHARDEVS = 'null socket file pipe pty stdio vc ringbuf serial tty parallel parport udp mux hub'.split(' ');

export function openCharDev(values: Values, host: QemuHost): CharDev | { readonly fault: string } {
  const id = textOf(values, 'id');
  const backend = textOf(values, 'backend') ?? '';
  if (id === undefined) return { fault: 'chardev: no id specified' };
  if (!CHARDEVS.includes(backend)) return { fault: `'${backend}' is not a valid char driver name` };
  const path = textOf(values, 'path');
  if (backend !== 'socket' || path === undefined) return { id, backend };
  const listens = (textOf(values, 'server') ?? 'off') !== 'off';
  const fault = listens ? null : host.connect(path);
  return fault ? { fault: `Failed to connect to '${path}': ${fault}` } : { id, backend, path };
}

/** tpm_init_tpmdev of QEMU softmmu/tpm.c, then the backend's own checks. `fault` may have lines below it. */
export function openTpmDev(
  values: Values,
  chardevs: ReadonlyMap<string, CharDev>,
  host: QemuHost,
): TpmDev | { readonly fault: string; readonly below?: readonly string[] } {
  const id = textOf(values, 'id');
  const type = textOf(values, 'type');
  if (id === undefined) return { fault: "Parameter 'id' is missing" };
  if (type === undefined) return { fault: "Parameter 'type' is missing", below: TPM_TYPES };
  if (type === 'emulator') return emulator(id, values, chardevs);
  if (type === 'passthrough') return passthrough(id, values, host);
  return { fault: "Parameter 'type' expects a TPM backend type", below: TPM_TYPES };
}

function emulator(id: string, values: Values, chardevs: ReadonlyMap<string, CharDev>): TpmDev | { readonly fault: string } {
  const unknown = unknownKey(values, ['chardev']);
  if (unknown) return { fault: unknown };
  const chardev = textOf(values, 'chardev');
  if (chardev === undefined) return { fault: "tpm-emulator: parameter 'chardev' is missing" };
  if (!chardevs.has(chardev)) return { fault: `tpm-emulator: tpm chardev '${chardev}' not found` };
  return { id, type: 'emulator', chardev };
}

function passthrough(id: string, values: Values, host: QemuHost): TpmDev | { readonly fault: string } {
  const unknown = unknownKey(values, ['path', 'cancel-path']);
  if (unknown) return { fault: unknown };
  const path = textOf(values, 'path') ?? '/dev/tpm0';
  const fault = host.openTpm(path);
  if (fault === null) return { id, type: 'passthrough', path };
  return { fault: typeof fault === 'string' ? `Cannot access TPM device using '${path}': ${fault}` : `'${path}' is not a TPM device.` };
}

function unknownKey(values: Values, known: readonly string[]): string | undefined {
  const key = [...values.keys()].find(one => !['id', 'type', ...known].includes(one));
  return key && `Invalid parameter '${key}'`;
}
