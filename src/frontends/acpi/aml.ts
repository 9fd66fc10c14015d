import { concat, utf8 } from '../../bytes/index.ts';

// ACPI Machine Language, as much of it as QEMU's TPM device is made of (ACPI 6.4 §20). A term is bytes and what they do, from one
// declaration: what is written into the DSDT is what `_DSM` runs.

/** What an AML expression gives; null: nothing. */
export type AmlValue = number | string | Uint8Array | readonly AmlValue[] | null;

/** Guest-physical memory, byte for byte. */
export interface AmlMemory {
  read(address: number): number;
  write(address: number, value: number): void;
}

interface FieldUnit {
  readonly region: string;
  /** From the beginning of the region. */
  readonly byte: number;
  readonly bytes: number;
}

/** Where a method runs: the device's names, its own arguments and locals. */
class Scope {
  readonly memory: AmlMemory;
  readonly names: Map<string, AmlValue>;
  readonly regions: Map<string, number>;
  readonly fields: Map<string, FieldUnit>;
  readonly methods: Map<string, readonly Statement[]>;
  readonly args: readonly AmlValue[];
  readonly locals: AmlValue[] = [];

  constructor(memory: AmlMemory, args: readonly AmlValue[] = [], device?: Scope) {
    this.memory = memory;
    this.args = args;
    this.names = device?.names ?? new Map();
    this.regions = device?.regions ?? new Map();
    this.fields = device?.fields ?? new Map();
    this.methods = device?.methods ?? new Map();
  }

  field(name: string): { readonly at: number; readonly bytes: number } | undefined {
    const unit = this.fields.get(name);
    return unit && { at: (this.regions.get(unit.region) ?? 0) + unit.byte, bytes: unit.bytes };
  }

  call(name: string, args: readonly AmlValue[]): AmlValue {
    return run(this.methods.get(name) ?? [], new Scope(this.memory, args, this))?.value ?? null;
  }
}

type Returned = { readonly value: AmlValue };

/** Something that has a value. */
export interface Expression {
  readonly bytes: Uint8Array;
  value(scope: Scope): AmlValue;
}

/** Something that is done. Given back: the method ends with this value. */
export interface Statement {
  readonly bytes: Uint8Array;
  run(scope: Scope): Returned | undefined;
}

/** Where a value can be put. */
export interface Place extends Expression {
  put(scope: Scope, value: AmlValue): void;
}

function run(statements: readonly Statement[], scope: Scope): Returned | undefined {
  for (const statement of statements) {
    const returned = statement.run(scope);
    if (returned) return returned;
  }
  return undefined;
}

const numberOf = (value: AmlValue): number => (typeof value === 'number' ? value : 0);
const op = (...codes: number[]): Uint8Array => Uint8Array.from(codes);
const NULL_TARGET = op(0);
const nameBytes = (name: string): Uint8Array => utf8(name.padEnd(4, '_'));

/** ACPI 6.4 §20.2.4: the length counts its own bytes. */
export function withLength(body: Uint8Array): Uint8Array {
  for (let own = 1; own <= 4; own++) {
    const length = body.length + own;
    if (own === 1 && length < 64) return concat(op(length), body);
    if (own > 1 && length < 2 ** (4 + 8 * (own - 1))) {
      const rest = Array.from({ length: own - 1 }, (_, i) => (length >>> (4 + 8 * i)) & 0xff);
      return concat(op(((own - 1) << 6) | (length & 0xf), ...rest), body);
    }
  }
  throw new Error(`AML of ${body.length} bytes`);
}

/** An object whose value is fixed. */
const constant = (bytes: Uint8Array, value: AmlValue): Expression => ({ bytes, value: () => value });

export function int(value: number): Expression {
  if (value <= 1) return constant(op(value), value);
  const width = value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
  const prefix = { 1: 0x0a, 2: 0x0b, 4: 0x0c }[width];
  return constant(op(prefix, ...Array.from({ length: width }, (_, i) => (value >>> (8 * i)) & 0xff)), value);
}

export const string = (text: string): Expression => constant(concat(op(0x0d), utf8(text), NULL_TARGET), text);
export const buffer = (bytes: Uint8Array): Expression =>
  constant(concat(op(0x11), withLength(concat(int(bytes.length).bytes, bytes))), bytes);

/** A device's identity packed into a number: three letters and four hex digits. */
export function eisaId(text: string): Expression {
  const letters = Array.from(text.slice(0, 3)).reduce((all, letter) => (all << 5) | (letter.charCodeAt(0) - 0x40), 0);
  const digits = Number.parseInt(text.slice(3), 16);
  return constant(op(0x0c, letters >> 8, letters & 0xff, digits >> 8, digits & 0xff), text);
}

/** A UUID's first three groups are little-endian. */
export function uuid(text: string): Expression {
  const [a = '', b = '', c = '', d = '', e = ''] = text.split('-');
  const reversed = (group: string) => (group.match(/../g) ?? []).reverse().join('');
  return buffer(Uint8Array.from(Buffer.from(reversed(a) + reversed(b) + reversed(c) + d + e, 'hex')));
}

export const arg = (index: number): Expression => ({ bytes: op(0x68 + index), value: ({ args }) => args[index] ?? null });

export const local = (index: number): Place => ({
  bytes: op(0x60 + index),
  value: ({ locals }) => locals[index] ?? null,
  put({ locals }, value) {
    locals[index] = value;
  },
});

/** A name of the device: a unit of a field, or an object. */
export const named = (name: string): Place => ({
  bytes: nameBytes(name),
  value(scope) {
    const unit = scope.field(name);
    if (!unit) return scope.names.get(name) ?? null;
    return Array.from({ length: unit.bytes }, (_, i) => scope.memory.read(unit.at + i) * 2 ** (8 * i)).reduce((a, b) => a + b, 0);
  },
  put(scope, value) {
    const unit = scope.field(name);
    if (!unit) scope.names.set(name, value);
    else for (let i = 0; i < unit.bytes; i++) scope.memory.write(unit.at + i, Math.floor(numberOf(value) / 2 ** (8 * i)) % 256);
  },
});

export const call = (name: string, ...args: readonly Expression[]): Expression => ({
  bytes: concat(nameBytes(name), ...args.map(({ bytes }) => bytes)),
  value: scope =>
    scope.call(
      name,
      args.map(each => each.value(scope)),
    ),
});

const binary =
  (before: Uint8Array, target: Uint8Array, compute: (a: AmlValue, b: AmlValue) => AmlValue) =>
  (a: Expression, b: Expression): Expression => ({
    bytes: concat(before, a.bytes, b.bytes, target),
    value: scope => compute(a.value(scope), b.value(scope)),
  });
const NONE = new Uint8Array(0);
const same = (a: AmlValue, b: AmlValue): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : a === b;

export const equal = binary(op(0x93), NONE, (a, b) => (same(a, b) ? 1 : 0));
export const atLeast = binary(op(0x92, 0x95), NONE, (a, b) => (numberOf(a) >= numberOf(b) ? 1 : 0));
export const and = binary(op(0x7b), NULL_TARGET, (a, b) => (numberOf(a) & numberOf(b)) >>> 0);
export const add = binary(op(0x72), NULL_TARGET, (a, b) => numberOf(a) + numberOf(b));

/** An element of a package. */
export const element = (of: Expression, index: Expression): Place => ({
  bytes: concat(op(0x88), of.bytes, index.bytes, NULL_TARGET),
  value(scope) {
    const list = of.value(scope);
    return Array.isArray(list) ? (list[numberOf(index.value(scope))] ?? null) : null;
  },
  put(scope, value) {
    const list = of.value(scope);
    if (Array.isArray(list)) list[numberOf(index.value(scope))] = value;
  },
});
export const dereference = (place: Place): Expression => ({ bytes: concat(op(0x83), place.bytes), value: scope => place.value(scope) });

export const store = (from: Expression, to: Place): Statement => ({
  bytes: concat(op(0x70), from.bytes, to.bytes),
  run(scope) {
    to.put(scope, from.value(scope));
    return undefined;
  },
});

export const give = (what: Expression): Statement => ({
  bytes: concat(op(0xa4), what.bytes),
  run(scope) {
    const value = what.value(scope);
    return { value: Array.isArray(value) ? [...value] : value };
  },
});

export const when = (test: Expression, ...then: readonly Statement[]): Statement => ({
  bytes: concat(op(0xa0), withLength(concat(test.bytes, ...then.map(({ bytes }) => bytes)))),
  run: scope => (numberOf(test.value(scope)) !== 0 ? run(then, scope) : undefined),
});

/** What stands in a device or a method: something that is declared. */
const declaration = (bytes: Uint8Array, declare: (scope: Scope) => void): Statement => ({
  bytes,
  run(scope) {
    declare(scope);
    return undefined;
  },
});

export const nameOf = (name: string, what: Expression): Statement =>
  declaration(concat(op(0x08), nameBytes(name), what.bytes), scope => scope.names.set(name, what.value(scope)));

/** A package of numbers. Each device has one of its own. */
export const numbers = (...values: readonly number[]): Expression => ({
  bytes: concat(op(0x12), withLength(concat(op(values.length), ...values.map(value => int(value).bytes)))),
  value: () => [...values],
});

const SYSTEM_MEMORY = 0;
export const region = (name: string, base: Expression, bytes: number): Statement =>
  declaration(concat(op(0x5b, 0x80), nameBytes(name), op(SYSTEM_MEMORY), base.bytes, int(bytes).bytes), scope => {
    scope.regions.set(name, numberOf(base.value(scope)));
  });

export type FieldAccess = 'any' | 'byte';
export function field(regionName: string, access: FieldAccess, units: Readonly<Record<string, number>>): Statement {
  const list = Object.entries(units).map(([name, bytes]) => concat(nameBytes(name), op(8 * bytes)));
  const bytes = concat(op(0x5b, 0x81), withLength(concat(nameBytes(regionName), op(access === 'any' ? 0 : 1), ...list)));
  return declaration(bytes, ({ fields }) => {
    let byte = 0;
    for (const [name, count] of Object.entries(units)) {
      fields.set(name, { region: regionName, byte, bytes: count });
      byte += count;
    }
  });
}

const SERIALIZED = 8;
export const method = (name: string, args: number, ...body: readonly Statement[]): Statement =>
  declaration(
    concat(op(0x14), withLength(concat(nameBytes(name), op(args | SERIALIZED), ...body.map(({ bytes }) => bytes)))),
    ({ methods }) => methods.set(name, body),
  );

/** Memory that a device decodes, at a fixed place, for reading and writing. */
export const MEMORY32_BYTES = 12;
function memory32Fixed(base: number, bytes: number): Uint8Array {
  const out = new Uint8Array(MEMORY32_BYTES);
  out.set([0x86, 9, 0, 1]);
  const view = new DataView(out.buffer);
  view.setUint32(4, base, true);
  view.setUint32(8, bytes, true);
  return out;
}
const END_TAG = op(0x79, 0);
export const resources = (base: number, bytes: number): Expression => buffer(concat(memory32Fixed(base, bytes), END_TAG));

const block = (code: Uint8Array, name: Uint8Array, body: readonly Statement[]): Statement => ({
  bytes: concat(code, withLength(concat(name, ...body.map(({ bytes }) => bytes)))),
  run: scope => run(body, scope),
});
export const device = (name: string, ...body: readonly Statement[]): Statement => block(op(0x5b, 0x82), nameBytes(name), body);
/** A scope at the root: `\_SB`. */
export const scope = (name: string, ...body: readonly Statement[]): Statement => block(op(0x10), concat(utf8('\\'), nameBytes(name)), body);

/** A device that was loaded: its methods can be called. */
export class AmlDevice {
  readonly #scope: Scope;

  constructor(what: Statement, memory: AmlMemory) {
    this.#scope = new Scope(memory);
    what.run(this.#scope);
  }

  call(name: string, ...args: readonly AmlValue[]): AmlValue {
    return this.#scope.call(name, args);
  }
}
