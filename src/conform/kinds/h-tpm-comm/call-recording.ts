import { z } from 'zod';
import { checkRecording } from '../../check-recording.ts';

/** Observations of H_TPM_COMM on a real QEMU: fixtures/observed/h_tpm_comm.json, described in fixtures/observed/h_tpm_comm.README.md. */
const hex = z.string().regex(/^([0-9a-fA-F]{2})*$/, 'no hex digits, or an odd number of them');
const register = z.string().regex(/^(0x[0-9a-fA-F]{1,16}|-?\d{1,20})$/, 'no register value (0x… or decimal)');

/** A call on the host file. `result`: a number, an errno name, `blocks`, or why the C library refused it. */
const deviceEvent = z.object({
  call: z.string(),
  path: z.string().optional(),
  flags: z.string().optional(),
  count: z.number().nonnegative().optional(),
  data: hex.optional(),
  result: z.union([z.number(), z.string()]),
  repeat: z.union([z.number().positive(), z.literal('endless')]).optional(),
});

const range = { addr: register, len: z.number().nonnegative() };

const expected = z.object({
  outcome: z.enum(['returns', 'never returns', 'hypervisor dies']),
  how: z.string().optional(),
  monitorAnswers: z.boolean().optional(),
  signal: z.string().optional(),
  r3: register.optional(),
  r4: register.optional(),
  registersChanged: z.record(z.string(), register).default({}),
  memory: z.array(z.object({ addr: register, hex })).default([]),
  unchanged: z.array(z.object(range)).default([]),
});

const callStep = z.object({
  hcall: register,
  args: z.array(register).max(9),
  msrPr: z.number().optional(),
  guestMemory: z.array(z.union([z.object({ addr: register, hex }), z.object({ ...range, fill: hex.length(2) })])).default([]),
  expected,
  deviceEvents: z.array(deviceEvent),
  messages: z.array(z.string()),
});

const actionStep = z.object({ action: z.string(), deviceEvents: z.array(deviceEvent) });

const vector = z.object({
  name: z.string(),
  about: z.string().optional(),
  device: z.enum(['present', 'absent', 'absent at start']),
  hostPath: z.string().default('/dev/tpmrm0'),
  /** Present: the path names a file of this kind, and `<host-path>` stands for its name. */
  hostFile: z.unknown().optional(),
  /** Present: QEMU without the C library's check of read() sizes. */
  variant: z.string().optional(),
  steps: z.array(z.union([actionStep, callStep])),
});

const recording = z.object({
  /** A sentence; `-m 512` in it is the size of RAM in MiB. */
  machine: z.string().default(''),
  defaults: z.record(z.string(), z.array(register)).default({}),
  vectors: z.array(vector),
});

export type Recording = z.infer<typeof recording>;
export type Vector = z.infer<typeof vector>;
export type CallStep = z.infer<typeof callStep>;
export type ActionStep = z.infer<typeof actionStep>;
export type Expected = z.infer<typeof expected>;
export type DeviceEvent = z.infer<typeof deviceEvent>;

/** Whether parsed JSON means to be such a recording. */
export function isHTpmCommRecording(json: unknown): json is object {
  if (typeof json !== 'object' || json === null || !('vectors' in json) || !Array.isArray(json.vectors)) return false;
  const [first] = json.vectors;
  return Array.isArray(first?.steps) && first.steps.some((step: object) => 'hcall' in step);
}

/** @throws {SimulatorError} with the first field that is not as the format wants it. */
export const readRecording = (file: string, json: unknown): Recording =>
  checkRecording(recording, file, json, 'fixtures/observed/h_tpm_comm.README.md');

/** Bytes of RAM of the recorded machine: `-m 512` in its description. */
export function ramBytes({ machine }: Recording): bigint {
  const [, mebibytes = '512'] = /-m (\d+)/.exec(machine) ?? [];
  return BigInt(mebibytes) << 20n;
}

/** r4 to r12: what a step does not say is in the recording's defaults, by register. */
export function argumentsOf({ args }: CallStep, { defaults }: Recording): readonly bigint[] {
  const byRegister = new Map<number, string>();
  for (const [what, values] of Object.entries(defaults)) {
    const [, from] = /^registers r(\d+)/.exec(what) ?? [];
    if (from !== undefined) for (const [i, value] of values.entries()) byRegister.set(Number(from) + i, value);
  }
  return Array.from({ length: 9 }, (_, i) => BigInt(args[i] ?? byRegister.get(4 + i) ?? 0));
}
