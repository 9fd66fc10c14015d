import type { HcallResult, InterceptedHypercall } from '../../../hcall/index.ts';
import { codeOf, H_TPM_COMM, hasTpmHeader, type RegisterUses, TPM_COMM_BYTES, TPM_COMM_OP } from '../../../spec/index.ts';
import { commandName } from '../../../tpm/wire/index.ts';

/** The command that an H_TPM_COMM passes on, as it lies in the guest's normal memory; null: no other call does. */
export function requestOf({ call, args, memory }: InterceptedHypercall): Uint8Array | null {
  if (call?.number !== H_TPM_COMM.number || args.op !== BigInt(TPM_COMM_OP.EXECUTE)) return null;
  return memory.read(args.in_buffer ?? 0n, Math.min(Number(args.in_size), TPM_COMM_BYTES));
}

/** The response that it gave; null: it gave none. */
export function responseOf({ args, memory }: InterceptedHypercall, result: HcallResult<RegisterUses>): Uint8Array | null {
  if (!('r3' in result) || result.r3 !== 0 || !result.out) return null;
  return memory.read(args.out_buffer ?? 0n, Math.min(Number(result.out.size), TPM_COMM_BYTES));
}

/** Puts a message into its buffer, as much of it as goes in. */
export const putMessage = ({ memory }: InterceptedHypercall, gpa: bigint, bytes: Uint8Array): void =>
  memory.write(gpa, bytes.subarray(0, TPM_COMM_BYTES));

/** The TPM command that a packet begins with. */
export const commandIn = (packet: Uint8Array): string => (hasTpmHeader(packet) ? commandName(codeOf(packet)) : 'no command');
