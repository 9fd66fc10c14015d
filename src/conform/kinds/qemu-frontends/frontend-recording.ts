import { z } from 'zod';
import { checkRecording } from '../../check-recording.ts';

/** What a real QEMU's TPM devices did: fixtures/observed/qemu-frontends.json, described in fixtures/observed/qemu-frontends.README.md. */
const hex = z.string().regex(/^([0-9a-fA-F]{2})*$/, 'no hex digits, or an odd number of them');
const number = z.string().regex(/^0x[0-9a-fA-F]+$/, 'no number in hexadecimal (0x...)');

const exchange = z.object({
  control: z.string().optional(),
  request: hex.optional(),
  requestMask: hex.optional(),
  responseMask: hex.optional(),
  scripted: z.boolean().optional(),
  requestHeader: hex.optional(),
  incompleteRequest: hex.optional(),
  response: hex.optional(),
  responseHeader: hex.optional(),
  blob: z.object({ type: z.string(), bytes: z.number() }).optional(),
  dataChannel: z.string().optional(),
  controlChannel: z.string().optional(),
});

const irq = z.array(z.string()).optional();
const beside = {
  backend: z.array(exchange).optional(),
  messages: z.array(z.string()).optional(),
  exitStatus: z.number().optional(),
};
const file = z.object({ name: z.string(), key: number, size: z.number() });

const step = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('read'),
    addr: number,
    size: z.number(),
    value: number,
    valueMask: number.optional(),
    irq,
    ...beside,
  }),
  z.object({ op: z.literal('write'), addr: number, size: z.number(), value: number, irq, ...beside }),
  z.object({ op: z.literal('readmem'), addr: number, len: z.number(), hex, hexMask: hex.optional(), ...beside }),
  z.object({ op: z.literal('writemem'), addr: number, hex, ...beside }),
  z.object({ op: z.literal('fill'), addr: number, len: z.number(), byte: number, ...beside }),
  z.object({ op: z.literal('in'), port: number, size: z.number(), value: number, ...beside }),
  z.object({ op: z.literal('out'), port: number, size: z.number(), value: number, ...beside }),
  z.object({
    op: z.literal('answer'),
    visible: z.boolean().optional(),
    irq,
    memory: z.unknown().optional(),
    ...beside,
  }),
  z.object({
    op: z.literal('system_reset'),
    waitsForAnswer: z.boolean().optional(),
    irq,
    memory: z.unknown().optional(),
    ...beside,
  }),
  z.object({
    op: z.literal('migrate'),
    status: z.string(),
    source: z.array(exchange).optional(),
    waitsForAnswer: z.boolean().optional(),
    incoming: z.string().optional(),
    beforeIncoming: z.array(exchange).optional(),
    target: z.object({ device: z.string().optional(), machine: z.string().optional(), tpm: z.enum(['1.2', '2.0']).optional() }).optional(),
    sourceMessages: z.array(z.string()).optional(),
    ...beside,
  }),
  z.object({ op: z.literal('hmp'), command: z.string(), output: z.array(z.string()), ...beside }),
  z.object({ op: z.literal('fwcfg_directory'), files: z.array(file), ...beside }),
  z.object({
    op: z.literal('fwcfg_file'),
    file: z.string(),
    key: number.optional(),
    size: z.number().optional(),
    hex: hex.optional(),
    fill: hex.optional(),
    present: z.boolean().optional(),
    ...beside,
  }),
  z.object({
    op: z.literal('acpi'),
    tables: z.array(z.object({ signature: z.string(), offset: z.number(), length: z.number() })),
    rsdp: hex,
    table: z.object({ signature: z.string(), offset: z.number(), hex }).optional(),
    loader: z.array(z.record(z.string(), z.unknown())),
    devices: z.array(z.object({ path: z.string(), table: z.string(), offsetInTable: z.number(), aml: hex, asl: z.array(z.string()) })),
    ...beside,
  }),
  z.object({
    op: z.literal('dsm'),
    uuid: z.string(),
    revision: z.number(),
    function: z.number(),
    arguments: z.array(z.number()),
    result: z.unknown().optional(),
    memory: z.array(z.object({ addr: number, value: number })).optional(),
    ...beside,
  }),
  z.object({ op: z.literal('set'), ...beside }),
  z.object({ op: z.literal('pause'), irq, ...beside }),
  z.object({ op: z.literal('i2cread'), register: number, count: z.number(), hex, hexMask: hex.optional(), ...beside }),
  z.object({ op: z.literal('i2cwrite'), register: number, hex, ...beside }),
  z.object({
    op: z.literal('hcall'),
    hcall: number,
    args: z.array(number),
    guestMemory: z.array(z.object({ addr: number, hex })).optional(),
    r3: z.string(),
    memory: z.array(z.object({ addr: number, hex, hexMask: hex.optional() })).optional(),
    registersChanged: z.unknown().optional(),
    ...beside,
  }),
  z.object({ op: z.literal('request'), memory: z.unknown().optional(), ...beside }),
  z.object({ op: z.literal('no-request'), memory: z.unknown().optional(), ...beside }),
  z.object({ op: z.literal('answer-while-stopped'), memory: z.unknown().optional(), ...beside }),
]);

const vector = z.object({
  name: z.string(),
  kind: z.string(),
  about: z.string(),
  machine: z.string().optional(),
  tpm: z.enum(['1.2', '2.0']).optional(),
  deviceOptions: z.string().optional(),
  arguments: z.array(z.string()).optional(),
  backend: z.string().optional(),
  tpmScript: z.array(z.string().nullable()).optional(),
  observedOn: z.string().optional(),
  boot: z.object({ ...beside }).optional(),
  steps: z.array(step).optional(),
});
const monitorStep = z.object({
  hmp: z.string().optional(),
  output: z.array(z.string()).optional(),
  linesMatching: z.string().optional(),
  qmp: z.string().optional(),
  arguments: z.record(z.string(), z.unknown()).optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.enum(['GenericError', 'DeviceNotFound', 'CommandNotFound']), desc: z.string() }).optional(),
});
const commandLine = z.object({
  name: z.string(),
  kind: z.literal('cli'),
  about: z.string(),
  commandLine: z.string(),
  accepted: z.boolean(),
  exitStatus: z.number().optional(),
  stdout: z.array(z.string()).optional(),
  stderr: z.array(z.string()),
  monitor: z.array(monitorStep).optional(),
});
const recording = z.object({ format: z.string(), vectors: z.array(z.union([commandLine, vector])) });

export type RecordedExchange = z.infer<typeof exchange>;
export type FrontendStep = z.infer<typeof step>;
export type FrontendVector = z.infer<typeof vector>;
type FrontendsRecording = z.infer<typeof recording>;

export const readFrontends = (file: string, json: unknown): FrontendsRecording =>
  checkRecording(recording, file, json, 'fixtures/observed/qemu-frontends.README.md');
