/** Observations of H_TPM_COMM on a real QEMU: fixtures/observed/h_tpm_comm.json, described in h_tpm_comm.README.md beside it. */
export interface Recording {
  readonly format: string;
  /** A sentence; `-m 512` in it is the size of RAM in MiB. */
  readonly machine?: string;
  readonly defaults?: Readonly<Record<string, readonly string[]>>;
  readonly vectors: readonly Vector[];
}

export interface Vector {
  readonly name: string;
  readonly about: string;
  readonly device: 'present' | 'absent' | 'absent at start';
  readonly hostPath?: string;
  readonly backend?: string;
  /** Present: the path names a file of this kind, and `<host-path>` stands for its name. */
  readonly hostFile?: unknown;
  /** Present: QEMU without the C library's check of read() sizes. */
  readonly variant?: string;
  readonly steps: readonly Step[];
}

export type Step = ActionStep | CallStep;

export interface ActionStep {
  readonly action: string;
  readonly outcome?: string;
  readonly deviceEvents: readonly DeviceEvent[];
}

export interface CallStep {
  readonly hcall: string;
  readonly args: readonly string[];
  readonly msrPr?: number;
  readonly guestMemory?: readonly ({ readonly addr: string } & (
    | { readonly hex: string }
    | { readonly fill: string; readonly len: number }
  ))[];
  readonly expected: Expected;
  readonly deviceEvents: readonly DeviceEvent[];
  readonly messages: readonly string[];
}

export interface Expected {
  readonly outcome: 'returns' | 'never returns' | 'hypervisor dies';
  readonly how?: string;
  readonly monitorAnswers?: boolean;
  readonly signal?: string;
  readonly r3?: string;
  readonly r4?: string;
  readonly registersChanged?: Readonly<Record<string, string>>;
  readonly memory?: readonly { readonly addr: string; readonly hex: string; readonly mask?: string }[];
  readonly unchanged?: readonly { readonly addr: string; readonly len: number }[];
}

/** A call on the host file. `result`: a number, an errno name, `blocks`, or why the C library refused it. */
export interface DeviceEvent {
  readonly call: string;
  readonly path?: string;
  readonly flags?: string;
  readonly count?: number;
  readonly data?: string;
  readonly result: number | string;
  readonly repeat?: number | 'endless';
}

/** Whether parsed JSON is such a recording. */
export function isHTpmCommRecording(json: unknown): json is Recording {
  if (typeof json !== 'object' || json === null || !('vectors' in json) || !Array.isArray(json.vectors)) return false;
  const [first] = json.vectors as readonly Partial<Vector>[];
  return Array.isArray(first?.steps) && first.steps.some(step => 'hcall' in step);
}

/** Bytes of RAM of the recorded machine: `-m 512` in its description. */
export function ramBytes({ machine = '' }: Recording): bigint {
  const [, mebibytes = '512'] = /-m (\d+)/.exec(machine) ?? [];
  return BigInt(mebibytes) << 20n;
}

/** r4 to r12: what a step does not say is in the recording's defaults, by register. */
export function argumentsOf({ args }: CallStep, { defaults = {} }: Recording): readonly bigint[] {
  const byRegister = new Map<number, string>();
  for (const [what, values] of Object.entries(defaults)) {
    const [, from] = /^registers r(\d+)/.exec(what) ?? [];
    if (from !== undefined) values.forEach((value, i) => byRegister.set(Number(from) + i, value));
  }
  return Array.from({ length: 9 }, (_, i) => BigInt(args[i] ?? byRegister.get(4 + i) ?? 0));
}
