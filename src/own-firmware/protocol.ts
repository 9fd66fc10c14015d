import {
  type AnyCodec,
  type Codec,
  type Fields,
  oneOf,
  type StructValue,
  sized,
  struct,
  UINT8,
  UINT16,
  UINT32,
  UINT64,
} from '../bytes/index.ts';
import type { Registers } from '../hcall/index.ts';

/** Version of the protocol: the first byte that changes its meaning makes a new one. */
export const PROTOCOL_VERSION = 1;
/** `SVMS` */
export const PROTOCOL_MAGIC = 0x5356_4d53;
/** The longest message, its header included (bytes). */
export const MESSAGE_LIMIT = 1 << 20;
/** length (of what follows it), type, id */
export const HEADER_BYTES = 4 + 1 + 4;
/** Memory that one READ or WRITE moves at most: a page. */
export const TRANSFER_LIMIT = 1 << 16;

const SPECIAL = ['cr', 'lr', 'ctr', 'xer', 'msr', 'pc', 'srr0', 'srr1', 'hsrr0', 'hsrr1', 'lpidr', 'pidr'] as const;
const SPRS = ['ASDR', 'HDAR', 'HDSISR'] as const;
const GPRS = Array.from({ length: 32 }, (_, n) => `r${n}`);

/** All that crosses between worlds, in this order: r0 to r31, {@link SPECIAL}, {@link SPRS}; 8 bytes each. */
const REGISTERS = struct(
  'REGISTERS',
  'docs/own-firmware.md',
  Object.fromEntries([...GPRS, ...SPECIAL, ...SPRS].map(name => [name, UINT64])) as Readonly<Record<string, Codec<bigint>>>,
);

/** Registers as a message has them. */
export function toWire(regs: Registers): StructValue<Readonly<Record<string, Codec<bigint>>>> {
  const gprs = GPRS.map((name, n) => [name, regs.gpr[n] ?? 0n] as const);
  const special = SPECIAL.map(name => [name, regs[name]] as const);
  return Object.fromEntries([...gprs, ...special, ...SPRS.map(name => [name, regs.spr[name] ?? 0n] as const)]);
}

/** Registers that came in a message; those that do not travel stay as they were. */
export function fromWire(wire: Readonly<Record<string, bigint>>, before: Registers): Registers {
  const special = Object.fromEntries(SPECIAL.map(name => [name, wire[name] ?? 0n])) as Pick<Registers, (typeof SPECIAL)[number]>;
  const spr = Object.fromEntries(SPRS.map(name => [name, wire[name] ?? 0n]).filter(([, value]) => value !== 0n));
  return { ...before, ...special, gpr: GPRS.map(name => wire[name] ?? 0n), spr: { ...before.spr, ...spr } };
}

export const CAUSE = { ULTRACALL: 1, HYPERCALL: 2 } as const;
export const ACCESS = { READ: 0, WRITE: 1, LOOK: 2 } as const;
export const MAPPING = { PAGE: 0, NOTHING: 1, FAULT: 2 } as const;
export const PHASE = { NONE: 0, ACTIVE: 1, SECURE: 2, ABORT: 3, UNKNOWN: 255 } as const;
export const TELL = { NOTE: 0, CHECK_HELD: 1, CHECK_FAILED: 2 } as const;
export const REFUSAL = { PROTOCOL: 1, ADDRESS: 2, SIZE: 3, UNSUPPORTED: 4 } as const;

const TEXT = (name: string) => sized(name, { width: 2, max: 4096 });
const BYTES = (name: string) => sized(name, { width: 4, max: MESSAGE_LIMIT });

interface Declaration<F extends Fields> {
  readonly type: number;
  readonly from: 'simulator' | 'firmware' | 'either';
  /** What answers it; none: nothing does. */
  readonly answer: string | null;
  readonly about: string;
  readonly body: Codec<StructValue<F>>;
}

const message = <const F extends Fields>(
  type: number,
  from: Declaration<F>['from'],
  answer: string | null,
  about: string,
  fields: F,
): Declaration<F> => ({ type, from, answer, about, body: struct('message', 'docs/own-firmware.md', fields) as Codec<StructValue<F>> });

/** Every message of the protocol. Header native/svm-sim.h and docs/own-firmware.md say the same: tests compare them. */
export const MESSAGES = {
  HELLO: message(0x01, 'either', 'HELLO', 'The first message of both, the simulator first: version, and where secure memory lies.', {
    magic: UINT32,
    version: UINT16,
    secureBase: UINT64,
    securePages: UINT32,
    name: TEXT('name'),
  }),
  START: message(0x02, 'simulator', 'DONE', 'Host boot is over: the tree that firmware hands over. What was before is forgotten.', {
    uvFdt: BYTES('uvFdt'),
  }),
  ENTER: message(0x03, 'simulator', 'LEAVE', 'A processor enters the Ultravisor: `sc 2`, or `sc 1` of a Secure VM.', {
    cause: oneOf('cause', UINT8, CAUSE),
    vcpu: UINT32,
    registers: REGISTERS,
  }),
  TRANSLATE: message(0x04, 'simulator', 'MAPPED', "A Secure VM touches memory: your page table's word. LOOK must change nothing.", {
    lpid: UINT32,
    gpa: UINT64,
    access: oneOf('access', UINT8, ACCESS),
    vcpu: UINT32,
  }),
  ASK: message(0x05, 'simulator', 'SVM', 'In which phase is the SVM of this lpid? For what the simulator watches.', { lpid: UINT32 }),
  DONE: message(0x10, 'either', null, 'It is done.', {}),
  LEAVE: message(0x11, 'firmware', null, 'The processor leaves the Ultravisor (urfid) with these registers.', { registers: REGISTERS }),
  MAPPED: message(0x12, 'firmware', null, 'The page behind the address: PAGE with its real address, NOTHING (reads as zeros), FAULT.', {
    result: oneOf('result', UINT8, MAPPING),
    ra: UINT64,
  }),
  SVM: message(0x13, 'firmware', null, 'The phase of an SVM.', { phase: oneOf('phase', UINT8, PHASE) }),
  DATA: message(0x14, 'simulator', null, 'The bytes that were asked for.', { bytes: BYTES('bytes') }),
  BACK: message(0x15, 'simulator', null, 'The hypervisor gave the processor back: its registers.', { registers: REGISTERS }),
  GONE: message(
    0x16,
    'either',
    'GONE',
    'The processor does not go on (the VM ended, power is lost): whatever waits is void. Say GONE too; what you sent before does not count.',
    {},
  ),
  READ: message(0x20, 'firmware', 'DATA', 'Real memory, normal or secure; within one page of 64 KiB.', { ra: UINT64, length: UINT32 }),
  WRITE: message(0x21, 'firmware', 'DONE', 'Writes real memory, normal or secure; within one page of 64 KiB.', {
    ra: UINT64,
    bytes: BYTES('bytes'),
  }),
  HYPERVISOR: message(0x22, 'firmware', 'BACK', 'Enters the hypervisor at an interrupt vector with these registers (0xc00: a hypercall).', {
    vector: UINT32,
    vcpu: UINT32,
    registers: REGISTERS,
  }),
  RANDOM: message(0x23, 'firmware', 'DATA', 'Random bytes of the run: the same seed gives the same.', { count: UINT32 }),
  TELL: message(0x24, 'firmware', null, 'Something for the timeline: a note, or a check that held or failed.', {
    kind: oneOf('kind', UINT8, TELL),
    name: TEXT('name'),
    text: TEXT('text'),
  }),
  SECRET: message(
    0x25,
    'firmware',
    null,
    'These bytes are secret from now on: the simulator watches that the hypervisor never sees them.',
    {
      name: TEXT('name'),
      bytes: BYTES('bytes'),
    },
  ),
  REFUSED: message(0x7f, 'either', null, 'In place of an answer: it cannot be done, and why. Of a message that is none: the last word.', {
    code: oneOf('code', UINT16, REFUSAL),
    text: TEXT('text'),
  }),
} as const;

export type MessageName = keyof typeof MESSAGES;
export type Body<N extends MessageName> = (typeof MESSAGES)[N] extends { readonly body: Codec<infer T> } ? T : never;

/** A message as it came. */
export type Message = { readonly [N in MessageName]: { readonly name: N; readonly id: number; readonly body: Body<N> } }[MessageName];

const byType = new Map<number, MessageName>(Object.entries(MESSAGES).map(([name, { type }]) => [type, name as MessageName]));

/** The message of a type byte. */
export const messageName = (type: number): MessageName | undefined => byType.get(type);

export const bodyOf = (name: MessageName): AnyCodec => MESSAGES[name].body;
