import * as spec from '../../src/spec/index.ts';
import { H, type HName } from '../../src/spec/index.ts';
import { type Fdt, readFdt, writeFdt } from '../../src/svm/format/index.ts';
import type { TestBench } from '../helpers/machine.ts';

export const H_SVM_PAGE_IN = BigInt(spec.H_SVM_PAGE_IN.number);
export const H_SVM_INIT_START = BigInt(spec.H_SVM_INIT_START.number);
export const H_SVM_INIT_DONE = BigInt(spec.H_SVM_INIT_DONE.number);
export const H_TPM_COMM = BigInt(spec.H_TPM_COMM.number);

const code = (name: HName): number => H[name.slice(2) as keyof typeof H];

/** The hypervisor answers this hypercall itself, where `when` holds. */
export function refuse(
  bench: TestBench,
  number: bigint,
  name: HName,
  when: (args: Readonly<Record<string, bigint>>) => boolean = () => true,
): void {
  bench.adversary.onHypercall = async call => (call.number === number && when(call.args) ? { r3: code(name) } : null);
}

/** Changes the device tree in the guest's memory before it asks to become secure. */
export function editTree(bench: TestBench, edit: (tree: Fdt) => Fdt): void {
  const { partition, layout } = bench.guest;
  const bytes = partition.read(layout.fdt, bench.guest.deviceTree().length, 'guest');
  partition.write(layout.fdt, writeFdt(edit(readFdt(bytes)), 8192), 'guest');
}

/** Flips one bit of the guest's memory. */
export function flip(bench: TestBench, gpa: bigint, mask = 1): void {
  const { partition } = bench.guest;
  const [byte = 0] = partition.read(gpa, 1, 'hypervisor');
  partition.write(gpa, Uint8Array.of(byte ^ mask), 'hypervisor');
}

const COMMAND_CODE = 6;

/** The hypervisor sits on H_TPM_COMM: for this TPM command it answers with a code, or with other bytes, or another length. */
export function onTpm(
  bench: TestBench,
  command: number,
  answer: (response: Uint8Array) => { readonly r3: number } | { readonly bytes?: Uint8Array; readonly size?: number },
): void {
  bench.adversary.onHypercall = async ({ number, args, memory }, honest) => {
    if (number !== H_TPM_COMM || args.op !== 1n) return null;
    const buffer = args.in_buffer ?? 0n;
    const sent = memory.read(buffer + BigInt(COMMAND_CODE), 4);
    if (new DataView(sent.buffer).getUint32(0) !== command) return null;
    const result = await honest();
    if (!('r3' in result) || result.r3 !== 0) return result;
    const size = Number(result.out?.size ?? 0n);
    const given = answer(memory.read(buffer, size));
    if ('r3' in given) return { r3: given.r3 };
    if (given.bytes) memory.write(buffer, given.bytes);
    return { r3: 0, out: { size: BigInt(given.size ?? given.bytes?.length ?? size) } };
  };
}

/** A TPM response with one bit of it changed. */
export const flipped = (at: number) => (response: Uint8Array) => {
  const bytes = response.slice();
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return { bytes };
};

export const TPM_CC = {
  ReadPublic: 0x173,
  StartAuthSession: 0x176,
  PolicyOR: 0x171,
  RSA_Decrypt: 0x159,
  FlushContext: 0x165,
  ContextLoad: 0x161,
  ContextSave: 0x162,
};
