import { concat, utf8 } from '../../bytes/index.ts';
import type { BoardDefinition } from '../boards.ts';
import { buffer, device, MEMORY32_BYTES, nameOf, type Statement, scope, string } from './aml.ts';
import { type TpmDescription, tpmDevice } from './tpm-device.ts';

// What QEMU gives firmware in etc/acpi/tables, etc/acpi/rsdp and etc/table-loader (hw/acpi/aml-build.c, hw/acpi/bios-linker-loader.c).

export const TABLES_FILE = 'etc/acpi/tables';
export const RSDP_FILE = 'etc/acpi/rsdp';
export const LOG_FILE = 'etc/tpm/log';
export const LOG_BYTES = 0x10000;
const TABLES_BYTES = 0x20000;
const HEADER_BYTES = 36;
const CHECKSUM_AT = 9;
const RSDP_BYTES = { RSDT: 20, XSDT: 36 } as const;
const POINTER = { RSDT: 4, XSDT: 8 } as const;
const NO_OP = 0xa3;
const ENTRY_BYTES = 128;
const FILE_BYTES = 56;

/** A command of the table loader, in the words of QEMU's bios-linker-loader. */
export type LoaderCommand =
  | { readonly command: 'ALLOCATE'; readonly file: string; readonly align: number; readonly zone: 'high' | 'fseg' }
  | {
      readonly command: 'ADD_POINTER';
      readonly destFile: string;
      readonly srcFile: string;
      readonly offset: number;
      readonly size: number;
    }
  | {
      readonly command: 'ADD_CHECKSUM';
      readonly file: string;
      readonly offset: number;
      readonly start: number;
      readonly length: number;
    };

export interface AcpiTable {
  readonly signature: string;
  readonly offset: number;
  readonly length: number;
}

export interface AcpiImage {
  /** As given out: checksums and pointers are for the loader to fill in. */
  readonly tables: Uint8Array;
  readonly rsdp: Uint8Array;
  readonly loader: readonly LoaderCommand[];
  readonly directory: readonly AcpiTable[];
  /** The TPM's device; null: there is none. */
  readonly device: { readonly path: string; readonly offsetInTable: number; readonly aml: Statement } | null;
}

function header(signature: string, length: number, revision: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8(signature));
  view.setUint32(4, length, true);
  bytes[8] = revision;
  bytes.set(utf8('BOCHS '), 10);
  bytes.set(utf8('BXPC    '), 16);
  view.setUint32(24, 1, true);
  bytes.set(utf8('BXPC'), 28);
  view.setUint32(32, 1, true);
  return bytes;
}

/** Another table than the TPM's: its length is right, what it says is left out. */
function placeholder(signature: string, length: number): Uint8Array {
  return concat(header(signature, length, 1), new Uint8Array(length - HEADER_BYTES));
}

const START_METHOD = { fifo: 6, crb: 7 } as const;
const CRB_CONTROL_AREA = 0x40;

/** TCG ACPI Specification 1.2, §8: TPM2. The log's address is for the loader to fill in. */
function tpm2Table({ model, base }: TpmDescription): { readonly bytes: Uint8Array; readonly logAddressAt: number } {
  const bytes = concat(header('TPM2', 76, 4), new Uint8Array(40));
  const view = new DataView(bytes.buffer);
  if (model === 'tpm-crb') view.setUint32(40, base + CRB_CONTROL_AREA, true);
  view.setUint32(48, model === 'tpm-crb' ? START_METHOD.crb : START_METHOD.fifo, true);
  view.setUint32(64, LOG_BYTES, true);
  return { bytes, logAddressAt: 68 };
}

/** TCG ACPI Specification 1.2, §7: TCPA of a client. */
function tcpaTable(): { readonly bytes: Uint8Array; readonly logAddressAt: number } {
  const bytes = concat(header('TCPA', 50, 2), new Uint8Array(14));
  new DataView(bytes.buffer).setUint32(38, LOG_BYTES, true);
  return { bytes, logAddressAt: 42 };
}

/** aarch64 has a table for a TPM 2.0 alone. */
function tpmTable(board: BoardDefinition, tpm: TpmDescription | null) {
  if (!tpm) return null;
  if (tpm.version === '2.0') return tpm2Table(tpm);
  return board.arch === 'x86_64' ? tcpaTable() : null;
}

/** Bytes of the log that the board has for its TPM. */
export const logBytes = (board: BoardDefinition, tpm: TpmDescription | null): number => (tpmTable(board, tpm) ? LOG_BYTES : 0);

/**
 * Tables of a board with this TPM. The TPM's table and device are QEMU's, byte for byte and in their place; what stands around
 * them has QEMU's length and is empty.
 */
export function acpiImage(board: BoardDefinition, tpm: TpmDescription | null, old: boolean): AcpiImage | null {
  const { acpi } = board;
  if (!acpi) return null;
  const dsdt = dsdtOf(board, tpm, old);
  const own = tpmTable(board, tpm);
  const list = [
    { signature: 'DSDT', bytes: dsdt.bytes },
    ...Object.entries(acpi.before).map(([signature, length]) => ({ signature, bytes: placeholder(signature, length) })),
    ...(own ? [{ signature: new TextDecoder().decode(own.bytes.subarray(0, 4)), bytes: own.bytes }] : []),
    ...Object.entries(acpi.after).map(([signature, length]) => ({ signature, bytes: placeholder(signature, length) })),
  ];
  const tables = new Uint8Array(TABLES_BYTES);
  if (acpi.facs > 0) tables.set(concat(utf8('FACS'), Uint8Array.of(acpi.facs, 0, 0, 0)));
  const directory: AcpiTable[] = [];
  const loader: LoaderCommand[] = [
    { command: 'ALLOCATE', file: RSDP_FILE, align: 16, zone: 'fseg' },
    { command: 'ALLOCATE', file: TABLES_FILE, align: 64, zone: 'high' },
  ];
  let offset: number = acpi.facs;
  for (const { signature, bytes } of list) {
    tables.set(bytes, offset);
    directory.push({ signature, offset, length: bytes.length });
    if (own && bytes === own.bytes) {
      loader.push({ command: 'ALLOCATE', file: LOG_FILE, align: 1, zone: 'high' });
      loader.push({ command: 'ADD_POINTER', destFile: TABLES_FILE, srcFile: LOG_FILE, offset: offset + own.logAddressAt, size: 8 });
    }
    if (signature === 'FACP') loader.push(pointsToDsdt(tables, offset, acpi.facs, acpi.root));
    loader.push(checksumOf(offset, bytes.length));
    offset += bytes.length;
  }
  const width = POINTER[acpi.root];
  const listed = directory.slice(1); // the DSDT is found through the FADT
  const rootBytes = concat(header(acpi.root, HEADER_BYTES + width * listed.length, 1), new Uint8Array(width * listed.length));
  const rootView = new DataView(rootBytes.buffer);
  listed.forEach((table, i) => {
    rootView.setUint32(HEADER_BYTES + width * i, table.offset, true);
    loader.push({
      command: 'ADD_POINTER',
      destFile: TABLES_FILE,
      srcFile: TABLES_FILE,
      offset: offset + HEADER_BYTES + width * i,
      size: width,
    });
  });
  tables.set(rootBytes, offset);
  directory.push({ signature: acpi.root, offset, length: rootBytes.length });
  loader.push(checksumOf(offset, rootBytes.length));
  const rsdp = rsdpOf(acpi.root, offset);
  loader.push({ command: 'ADD_POINTER', destFile: RSDP_FILE, srcFile: TABLES_FILE, offset: acpi.root === 'RSDT' ? 16 : 24, size: width });
  loader.push({ command: 'ADD_CHECKSUM', file: RSDP_FILE, offset: 8, start: 0, length: 20 });
  return { tables, rsdp, loader, directory, device: dsdt.device };
}

const checksumOf = (start: number, length: number): LoaderCommand => ({
  command: 'ADD_CHECKSUM',
  file: TABLES_FILE,
  offset: start + CHECKSUM_AT,
  start,
  length,
});

/** The FADT's pointer, 32 bits of a PC's, 64 of others; the DSDT is the first of the tables. */
function pointsToDsdt(tables: Uint8Array, fadt: number, dsdt: number, root: 'RSDT' | 'XSDT'): LoaderCommand {
  const at = fadt + (root === 'RSDT' ? 40 : 140);
  new DataView(tables.buffer).setUint32(at, dsdt, true);
  return { command: 'ADD_POINTER', destFile: TABLES_FILE, srcFile: TABLES_FILE, offset: at, size: POINTER[root] };
}

function rsdpOf(root: 'RSDT' | 'XSDT', offset: number): Uint8Array {
  const bytes = new Uint8Array(RSDP_BYTES[root]);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8('RSD PTR '));
  bytes.set(utf8('BOCHS '), 9);
  if (root === 'RSDT') view.setUint32(16, offset, true);
  else {
    bytes[15] = 2;
    view.setUint32(20, bytes.length, true);
    view.setUint32(24, offset, true);
  }
  return bytes;
}

/** A DSDT with the TPM's device in QEMU's place: what else a board's DSDT holds is a buffer without meaning. */
function dsdtOf(board: BoardDefinition, tpm: TpmDescription | null, old: boolean) {
  const acpi = board.acpi as NonNullable<BoardDefinition['acpi']>;
  const shape = (old && acpi.oldDsdt) || acpi.dsdt;
  const inBridge = tpm?.model === 'tpm-tis';
  const aml = tpm && tpmDevice(tpm);
  // A TIS is also among what the PCI host bridge keeps for itself.
  const length = shape.bytes + (aml ? aml.bytes.length : 0) + (inBridge ? MEMORY32_BYTES : 0);
  const at = inBridge ? shape.inBridge : shape.inSystem;
  const body = aml ? around(aml, inBridge ? acpi.bridge : [], at - HEADER_BYTES, length - HEADER_BYTES) : filler(length - HEADER_BYTES);
  const path = tpm && ['\\_SB', ...(inBridge ? acpi.bridge : []), tpm.model === 'tpm-tis-device' ? 'TPM0' : 'TPM'].join('.');
  return {
    bytes: concat(header('DSDT', length, 1), body),
    device: aml && path ? { path, offsetInTable: at, aml } : null,
  };
}

/** The device at this place of a body of this length. */
function around(aml: Statement, parents: readonly string[], at: number, length: number): Uint8Array {
  // The length of a block takes one to three bytes: the filler before it gives way until the device stands where it must.
  const nested = (): Uint8Array => {
    const inner = parents.reduceRight<Statement>((inside, name) => device(name, nameOf('_HID', string('SVMS0001')), inside), aml);
    return scope('_SB', inner).bytes;
  };
  const block = nested();
  const before = at - indexOf(block, aml.bytes);
  return concat(filler(before), block, filler(length - before - block.length, 'FLLB'));
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(part);
}

/** AML of this length that means nothing: a buffer where it fits, else no-ops. */
function filler(length: number, name = 'FLLA'): Uint8Array {
  for (let inside = length; inside > 0; inside--) {
    const named = scope('_SB', nameOf(name, buffer(new Uint8Array(inside)))).bytes;
    if (named.length <= length) return concat(named, new Uint8Array(length - named.length).fill(NO_OP));
  }
  return new Uint8Array(Math.max(0, length)).fill(NO_OP);
}

/** etc/table-loader: entries of 128 bytes. */
export function loaderFile(commands: readonly LoaderCommand[], bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  commands.forEach((command, i) => out.set(entryOf(command), ENTRY_BYTES * i));
  return out;
}

function entryOf(command: LoaderCommand): Uint8Array {
  const out = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(out.buffer);
  switch (command.command) {
    case 'ALLOCATE':
      view.setUint32(0, 1, true);
      out.set(utf8(command.file), 4);
      view.setUint32(4 + FILE_BYTES, command.align, true);
      out[8 + FILE_BYTES] = command.zone === 'high' ? 1 : 2;
      return out;
    case 'ADD_POINTER':
      view.setUint32(0, 2, true);
      out.set(utf8(command.destFile), 4);
      out.set(utf8(command.srcFile), 4 + FILE_BYTES);
      view.setUint32(4 + 2 * FILE_BYTES, command.offset, true);
      out[8 + 2 * FILE_BYTES] = command.size;
      return out;
    case 'ADD_CHECKSUM':
      view.setUint32(0, 3, true);
      out.set(utf8(command.file), 4);
      view.setUint32(4 + FILE_BYTES, command.offset, true);
      view.setUint32(8 + FILE_BYTES, command.start, true);
      view.setUint32(12 + FILE_BYTES, command.length, true);
      return out;
  }
}
