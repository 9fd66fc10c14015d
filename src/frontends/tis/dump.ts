import type { Tis } from './tis.ts';

const SHOWN = [0x000, 0x008, 0x00c, 0x010, 0x014, 0x018, 0xf00, 0xf04];
const PER_LINE = 16;
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** What QEMU prints when somebody reads offset 0xf90 (hw/tpm/tpm_tis_common.c, tpm_tis_dump_state). */
export async function dumpTis(tis: Tis, locality: number, read: (offset: number) => Promise<number>): Promise<void> {
  const print = (line: string) => tis.around.print(`tpm_tis: ${line}`);
  print(`active locality      : ${tis.active}`);
  print(`state of locality ${locality} : ${tis.at(locality).state}`);
  print('register dump:');
  for (const offset of SHOWN) print(`0x${hex(offset, 4)} : 0x${hex(await read(offset), 8)}`);
  print(`r/w offset    : ${tis.place}`);
  const bytes = [...tis.buffer.subarray(0, tis.responseBytes)].map((byte, i) => `${i === tis.place ? '>' : ' '}${hex(byte, 2)}`);
  print(`result buffer : ${bytes.slice(0, PER_LINE).join('')}`);
  for (let at = PER_LINE; at < bytes.length; at += PER_LINE) print(`                ${bytes.slice(at, at + PER_LINE).join('')}`);
}
