/** Who may write a register. */
export type Writer = 'nobody' | 'active locality' | 'any locality but 4' | 'anybody';

/** One register of a frontend. Dispatch, trace, docs/frontends.md and tests read this. */
export interface Register<Device, Access> {
  readonly name: string;
  /** In bytes from the beginning of the frontend (of the locality, where there are localities). */
  readonly offset: number;
  readonly bytes: number;
  /** What it holds after reset, over a TPM 2.0. */
  readonly reset: number;
  readonly writer: Writer;
  /** What a write does, or reading beyond giving the value. */
  readonly effect: string;
  /** Fields by name: lowest bit, number of bits. */
  readonly bits?: Readonly<Record<string, readonly [bit: number, width: number]>>;
  /** The whole register; the access says which bytes of it are wanted. */
  read(device: Device, access: Access): number | Promise<number>;
  write?(device: Device, access: Access, value: number): void | Promise<void>;
}

/** A register's value field by field, for people: `active, burstCount 4096`. Fields that are 0 are left out. */
export function decodeBits({ bits = {} }: Pick<Register<never, never>, 'bits'>, value: number): string {
  const fields = Object.entries(bits).map(([name, [bit, width]]) => [name, Math.floor(value / 2 ** bit) % 2 ** width, width] as const);
  return fields.flatMap(([name, field, width]) => (field === 0 ? [] : [width === 1 ? name : `${name} ${field}`])).join(', ');
}

/** The registers by offset, start-up refuses two at one place. */
export function registerTable<Device, Access>(
  registers: readonly Register<Device, Access>[],
): ReadonlyMap<number, Register<Device, Access>> {
  const table = new Map<number, Register<Device, Access>>();
  for (const register of registers) {
    if (table.has(register.offset)) throw new Error(`two registers at offset 0x${register.offset.toString(16)}`);
    table.set(register.offset, register);
  }
  return table;
}
