import { hex, utf8 } from '../../../bytes/index.ts';
import { UV_ESMB_GET_FILE } from '../../../spec/index.ts';
import { Differences } from '../../played-case.ts';
import type { Recorded } from './recording-set.ts';
import type { FileCase } from './ultravisor-recording.ts';

const NAME_BYTES = 64;

/** Eight registers of a name; one with bytes behind its NUL stands in the recording in hexadecimal. */
function nameWords(name: string, isHex: boolean): readonly bigint[] {
  const bytes = new Uint8Array(NAME_BYTES);
  bytes.set((isHex ? new Uint8Array(Buffer.from(name, 'hex')) : utf8(name)).subarray(0, NAME_BYTES));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: NAME_BYTES / 8 }, (_, i) => view.getBigUint64(8 * i));
}

/** Calls of UV_ESMB_GET_FILE in their order on one SVM; null: a blob that is built of data that the recording does not have. */
export async function playFiles(recorded: Recorded, one: FileCase): Promise<Differences | null> {
  if (one.fileBytes !== undefined) return null;
  const differences = new Differences();
  const machine = await recorded.secured(one.base, one.filesTree ? { filesTree: one.filesTree } : {});
  const { vcpu } = machine;
  for (const [i, call] of one.calls.entries()) {
    const field = `calls[${i}]`;
    for (let n = 0; n < 32; n++) vcpu.set(n, 0);
    const words = nameWords(call.name, one.id.includes('behind-nul'));
    vcpu.set(3, UV_ESMB_GET_FILE.number);
    vcpu.set(4, BigInt(call.offset));
    words.forEach((word, n) => {
      vcpu.set(5 + n, word);
    });
    Object.assign(vcpu.regs, { msr: BigInt(call.msr), pidr: BigInt(call.pid), lpidr: BigInt(call.lpid) });
    const outcome = await machine.sc2();
    if (call.stops !== undefined) {
      differences.compare(`${field}.how`, 'Ultravisor stops', outcome.how);
      break;
    }
    if (call.r3 !== undefined) differences.compare(`${field}.r3`, call.r3, outcome.r3 ?? outcome.how);
    for (const [n, value] of (call.r4to12 ?? []).entries()) differences.compare(`${field}.r${4 + n}`, value, hex(vcpu.get(4 + n)));
  }
  return differences;
}
