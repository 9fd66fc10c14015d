import { PAGE_BYTES, pageOffset } from '../../hcall/index.ts';
import * as spec from '../../spec/index.ts';
import { U } from '../../spec/index.ts';
import { allowedMemory, READABLE_SPRS, readScom, writeScom } from '../core/hardware.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { ultracall } from './ultracall.ts';

/** Sizes are taken as 32 bits. */
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);

export const UV_WRITE_PATE = ultracall(spec.UV_WRITE_PATE, (uv, { lpid, dw0, dw1 }) => {
  // dw0 of an SVM points to the Ultravisor's own page table: it is ignored without a word.
  const keptDw0 = uv.svm(lpid) ? uv.hardware.partitionTable.get(Number(lpid))?.dw0 : undefined;
  uv.hardware.partitionTable.set(Number(lpid), { dw0: uv.svm(lpid) ? (keptDw0 ?? 0n) : dw0, dw1 });
  return { r3: U.SUCCESS };
});

export const UV_RESTRICTED_SPR_WRITE = ultracall(spec.UV_RESTRICTED_SPR_WRITE, ({ hardware }, { spr, value }) => {
  if (!Object.values(spec.RESTRICTED_SPRS).some(number => BigInt(number) === spr)) return { r3: U.PARAMETER };
  hardware.sprs.set(Number(spr), value);
  return { r3: U.SUCCESS };
});

export const UV_RESTRICTED_SPR_READ = ultracall(spec.UV_RESTRICTED_SPR_READ, ({ hardware }, { spr }) => {
  if (!READABLE_SPRS.has(Number(spr))) return { r3: U.PARAMETER };
  return { r3: U.SUCCESS, out: { value: hardware.sprs.get(Number(spr)) ?? 0n } };
});

export const UV_READ_SCOM = ultracall(spec.UV_READ_SCOM, ({ hardware }, { chip, address }) => {
  const { code, value } = readScom(hardware, chip, address);
  return code === U.SUCCESS ? { r3: code, out: { value } } : { r3: code };
});

export const UV_WRITE_SCOM = ultracall(spec.UV_WRITE_SCOM, ({ hardware }, { chip, address, value }) => ({
  r3: writeScom(hardware, chip, address, value),
}));

export const UV_READ_MEM = ultracall(spec.UV_READ_MEM, (uv, { buffer, handle, offset, size }) => {
  if (buffer === 0n || u32(size) === 0n) return { r3: U.PARAMETER };
  const memory = allowedMemory(uv.hardware, handle & 0xfn, handle >> 32n, offset, u32(size), false);
  if (!memory) return { r3: U.PERMISSION };
  copyOut(uv, buffer, memory.bytes.subarray(Number(offset), Number(offset + u32(size))));
  return { r3: U.SUCCESS };
});

export const UV_WRITE_MEM = ultracall(spec.UV_WRITE_MEM, (uv, { buffer, handle, offset, size }) => {
  if (buffer === 0n || u32(size) === 0n) return { r3: U.PARAMETER };
  const memory = allowedMemory(uv.hardware, handle >> 32n, u32(handle), offset, u32(size), true);
  if (!memory) return { r3: U.PERMISSION };
  memory.bytes.set(copyIn(uv, buffer, Number(u32(size))), Number(offset));
  return { r3: U.SUCCESS };
});

// A to-do in the published code: the buffer is not tested, it may lie in secure memory.
function copyOut(uv: Ultravisor, buffer: bigint, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    const piece = bytes.subarray(done, done + PAGE_BYTES - pageOffset(buffer + BigInt(done)));
    uv.memory.write(buffer + BigInt(done), piece, 'ultravisor');
    done += piece.length;
  }
}

function copyIn(uv: Ultravisor, buffer: bigint, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const piece = Math.min(length - done, PAGE_BYTES - pageOffset(buffer + BigInt(done)));
    out.set(uv.memory.read(buffer + BigInt(done), piece, 'ultravisor'), done);
    done += piece;
  }
  return out;
}

export const UV_SEND_SBE_COMMAND = ultracall(spec.UV_SEND_SBE_COMMAND, (uv, { chip, opcode, input }) => {
  const { chips, doorbells } = uv.hardware;
  const known = Object.values(spec.SBE_OPCODE).some(number => BigInt(number) === opcode);
  if (!known || !chips.includes(Number(chip))) return { r3: U.PARAMETER };
  if (opcode !== BigInt(spec.SBE_OPCODE.TIMER) && input !== 0n) return { r3: U.PARAMETER };
  if (opcode === BigInt(spec.SBE_OPCODE.START_MPIPL)) uv.stop('the hypervisor started a memory preserving restart (MPIPL)');
  if (opcode === BigInt(spec.SBE_OPCODE.TIMER)) return { r3: U.SUCCESS };
  const output = doorbells.get(Number(chip)) ?? 0n;
  doorbells.delete(Number(chip));
  return { r3: U.SUCCESS, out: { output } };
});
