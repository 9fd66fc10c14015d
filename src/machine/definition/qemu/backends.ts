import { textOf, type Values } from './options.ts';

/** What of the host a command line touches when QEMU starts. Each gives what is wrong in words, or null. */
export interface QemuHost {
  /** Connects to a Unix socket: "No such file or directory". */
  connect(path: string): string | null;
  /** Opens a TPM device: the same; or that what lies there is no TPM. */
  openTpm(path: string): string | { readonly noTpm: true } | null;
  /** Whoever listens at a Unix socket is an emulator that fails; absent: all of them work. */
  emulatorFault?(path: string): EmulatorFault | null;
}

/** How an emulator may fail when QEMU starts. */
export type EmulatorFault = keyof typeof EMULATOR_FAULTS;

const SHUTDOWN = 'tpm-emulator: Could not cleanly shutdown the TPM';
const noDescriptor = (why: string): string => `tpm-emulator: Failed to send CMD_SET_DATAFD: ${why}`;

/** What QEMU says of it: where the backend opens, where the machine starts, where it would leave. `$`: the chardev. */
const EMULATOR_FAULTS = {
  close: { open: [noDescriptor('Success'), `${SHUTDOWN}: Input/output error`] },
  refuse: { open: [noDescriptor('Success')] },
  garbage: { open: ["'$' is not emulating TPM device. Error: Success"] },
  caps: { open: ['tpm-emulator: TPM does not implement minimum set of required capabilities for TPM 2 (0x348f)'] },
  init: { start: ['tpm-emulator: TPM result for CMD_INIT: 0x9 operation failed'] },
  buffersize: {
    start: [
      'tpm-emulator: TPM result for set buffer size : 0x9 operation failed',
      'tpm-emulator: TPM result for set buffer size : 0x9 operation failed',
    ],
  },
  nomigration: { migration: 'Migration disabled: TPM emulator does not support migration' },
} as const satisfies Readonly<
  Record<string, { readonly open?: readonly string[]; readonly start?: readonly string[]; readonly migration?: string }>
>;

/** A `-tpmdev`. */
export interface TpmDev {
  readonly id: string;
  readonly type: 'passthrough' | 'emulator';
  /** Of the emulator. */
  readonly chardev?: string;
  /** Of the passthrough. */
  readonly path?: string;
  /** What QEMU prints when a machine starts with it, and ends. */
  readonly start?: readonly string[];
  /** Why a machine with it cannot be moved. */
  readonly migration?: string;
}

/** A `-chardev`. */
export interface CharDev {
  readonly id: string;
  readonly backend: string;
  readonly path?: string;
  /** A Unix socket that waits for others, a TCP connection. */
  readonly kind?: 'server' | 'tcp';
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
  if (backend !== 'socket') return { id, backend };
  const listens = (textOf(values, 'server') ?? 'off') !== 'off';
  if (path === undefined) return { id, backend, kind: listens ? 'server' : 'tcp' };
  const fault = listens ? null : host.connect(path);
  if (fault) return { fault: `Failed to connect to '${path}': ${fault}` };
  return { id, backend, path, ...(listens ? { kind: 'server' as const } : {}) };
}

/** Why a backend did not open, line by line; `below`: what stands behind them as it is. */
type TpmDevRefused = { readonly faults: readonly string[]; readonly below?: readonly string[] };

/** tpm_init_tpmdev of QEMU softmmu/tpm.c, then the backend's own checks. */
export function openTpmDev(values: Values, chardevs: ReadonlyMap<string, CharDev>, host: QemuHost): TpmDev | TpmDevRefused {
  const id = textOf(values, 'id');
  const type = textOf(values, 'type');
  if (id === undefined) return { faults: ["Parameter 'id' is missing"] };
  if (type === undefined) return { faults: ["Parameter 'type' is missing"], below: TPM_TYPES };
  if (type === 'emulator') return emulator(id, values, chardevs, host);
  if (type === 'passthrough') return passthrough(id, values, host);
  return { faults: ["Parameter 'type' expects a TPM backend type"], below: TPM_TYPES };
}

function emulator(id: string, values: Values, chardevs: ReadonlyMap<string, CharDev>, host: QemuHost): TpmDev | TpmDevRefused {
  const unknown = unknownKey(values, ['chardev']);
  if (unknown) return { faults: [unknown] };
  const name = textOf(values, 'chardev');
  if (name === undefined) return { faults: ["tpm-emulator: parameter 'chardev' is missing"] };
  const chardev = chardevs.get(name);
  if (!chardev) return { faults: [`tpm-emulator: tpm chardev '${name}' not found`] };
  const faults = cannotTalk(chardev);
  if (faults) return { faults };
  const fault = chardev.path === undefined ? null : host.emulatorFault?.(chardev.path);
  const said: (typeof EMULATOR_FAULTS)[EmulatorFault] | null = fault ? EMULATOR_FAULTS[fault] : null;
  if (said && 'open' in said) return { faults: said.open.map(line => line.replace('$', name)) };
  return {
    id,
    type: 'emulator',
    chardev: name,
    ...(said && 'start' in said ? { start: said.start } : {}),
    ...(said && 'migration' in said ? { migration: said.migration } : {}),
  };
}

/** A descriptor goes over a Unix socket alone, and somebody must be at its other end. */
function cannotTalk({ backend, kind }: CharDev): readonly string[] | null {
  if (kind === 'tcp') return [noDescriptor('Success')];
  const why = kind === 'server' ? 'Input/output error' : 'Success';
  return kind === 'server' || backend !== 'socket' ? [noDescriptor(why), `${SHUTDOWN}: ${why}`] : null;
}

function passthrough(id: string, values: Values, host: QemuHost): TpmDev | TpmDevRefused {
  const unknown = unknownKey(values, ['path', 'cancel-path']);
  if (unknown) return { faults: [unknown] };
  const path = textOf(values, 'path') ?? '/dev/tpm0';
  const fault = host.openTpm(path);
  if (fault === null) return { id, type: 'passthrough', path };
  return { faults: [typeof fault === 'string' ? `Cannot access TPM device using '${path}': ${fault}` : `'${path}' is not a TPM device.`] };
}

function unknownKey(values: Values, known: readonly string[]): string | undefined {
  const key = [...values.keys()].find(one => !['id', 'type', ...known].includes(one));
  return key && `Invalid parameter '${key}'`;
}
