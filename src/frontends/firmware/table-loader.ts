import type { AcpiImage } from '../acpi/tables.ts';
import { RSDP_FILE, TABLES_FILE } from '../acpi/tables.ts';

// What firmware does with etc/table-loader (QEMU hw/acpi/bios-linker-loader.c): places the files, and fills in pointers and checksums.

/** Where the files end up: the end of 64 MiB, as a firmware would choose. */
const PLACES: Readonly<Record<string, number>> = { [TABLES_FILE]: 0x03fe_0000, 'etc/tpm/log': 0x03fd_0000, [RSDP_FILE]: 0x000f_5a00 };

/** The tables by signature, with RSDP among them. */
export function loadTables({ tables, rsdp, loader, directory }: AcpiImage): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([
    [TABLES_FILE, tables.slice()],
    [RSDP_FILE, rsdp.slice()],
  ]);
  for (const command of loader) {
    if (command.command === 'ADD_POINTER') addPointer(files.get(command.destFile), command);
    if (command.command === 'ADD_CHECKSUM') addChecksum(files.get(command.file), command);
  }
  const placed = files.get(TABLES_FILE) ?? tables;
  const list = directory.map(({ signature, offset, length }) => [signature, placed.slice(offset, offset + length)] as const);
  return new Map([...list.toReversed(), ['RSDP', files.get(RSDP_FILE) ?? rsdp]]);
}

function addPointer(file: Uint8Array | undefined, { offset, size, srcFile }: { offset: number; size: number; srcFile: string }): void {
  if (!file) return;
  const view = new DataView(file.buffer, file.byteOffset);
  const value = view.getUint32(offset, true) + (PLACES[srcFile] ?? 0);
  if (size === 8) view.setBigUint64(offset, BigInt(value), true);
  else view.setUint32(offset, value, true);
}

function addChecksum(file: Uint8Array | undefined, { offset, start, length }: { offset: number; start: number; length: number }): void {
  if (!file) return;
  file[offset] = 0;
  file[offset] = -file.subarray(start, start + length).reduce((sum, byte) => sum + byte, 0) & 0xff;
}
