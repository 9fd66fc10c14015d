import { H, type Vcpu } from '../../hcall/index.ts';
import type { Svm } from '../core/svm.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { H_RTAS } from '../hypervisor/rtas-block.ts';
import { readSvm, writeSvm } from '../memory/svm-memory.ts';

const HEADER_BYTES = 12;
const LARGEST_COUNT = 16;

/**
 * H_RTAS of an SVM: the block goes to the bounce page, the hypervisor sees only that, and the results come back (pef.md b.5.4).
 * r3 is not written: the status is among the results.
 */
export async function reflectRtas(uv: Ultravisor, svm: Svm, vcpu: Vcpu): Promise<void> {
  const gpa = vcpu.get(4);
  const bounce = svm.reserved?.rtas;
  if (bounce === undefined) {
    vcpu.set(3, H.HARDWARE);
    return;
  }
  const header = await readSvm(uv, svm, vcpu, gpa, HEADER_BYTES, 'ultravisor');
  const view = new DataView(header.buffer, header.byteOffset);
  const [nargs, nret] = [view.getUint32(4), view.getUint32(8)];
  if (nargs + nret > LARGEST_COUNT) {
    uv.note(`H_RTAS with ${nargs} arguments and ${nret} results: at most ${LARGEST_COUNT} are taken`, svm.lpid);
    return;
  }
  const block = await readSvm(uv, svm, vcpu, gpa, HEADER_BYTES + 4 * (nargs + nret), 'ultravisor');
  await writeSvm(uv, svm, vcpu, bounce, block, 'ultravisor');
  await uv.hypercall(vcpu, H_RTAS, bounce);
  const results = await readSvm(uv, svm, vcpu, bounce + BigInt(HEADER_BYTES + 4 * nargs), 4 * nret, 'ultravisor');
  await writeSvm(uv, svm, vcpu, gpa + BigInt(HEADER_BYTES + 4 * nargs), results, 'ultravisor');
  await writeSvm(uv, svm, vcpu, bounce, new Uint8Array(block.length), 'ultravisor');
}
