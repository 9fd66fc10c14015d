import { H } from '../../spec/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { hypercall } from '../hypervisor/hypercall.ts';
import { H_RTAS } from '../hypervisor/rtas-block.ts';
import { readSvm, writeSvm } from '../memory/svm-memory.ts';

const HEADER_BYTES = 12;
const LARGEST_COUNT = 16;

/**
 * H_RTAS of an SVM: the block goes to the bounce page, the hypervisor sees only that, and the results come back
 * (docs/reference/pef.md#rtas-calls). r3 is not written: the status is among the results.
 */
export async function reflectRtas(ctx: SvmContext): Promise<void> {
  const { uv, svm, vcpu } = ctx;
  const gpa = vcpu.get(4);
  const bounce = svm.reserved?.rtas;
  if (bounce === undefined) {
    vcpu.set(3, H.HARDWARE);
    return;
  }
  const header = await readSvm(ctx, gpa, HEADER_BYTES, 'ultravisor');
  const view = new DataView(header.buffer, header.byteOffset);
  const [nargs, nret] = [view.getUint32(4), view.getUint32(8)];
  if (nargs + nret > LARGEST_COUNT) {
    uv.note(`H_RTAS with ${nargs} arguments and ${nret} results: at most ${LARGEST_COUNT} are taken`, svm.lpid);
    return;
  }
  const block = await readSvm(ctx, gpa, HEADER_BYTES + 4 * (nargs + nret), 'ultravisor');
  await writeSvm(ctx, bounce, block, 'ultravisor');
  await hypercall(uv, vcpu, H_RTAS, bounce);
  const results = await readSvm(ctx, bounce + BigInt(HEADER_BYTES + 4 * nargs), 4 * nret, 'ultravisor');
  await writeSvm(ctx, gpa + BigInt(HEADER_BYTES + 4 * nargs), results, 'ultravisor');
  await writeSvm(ctx, bounce, new Uint8Array(block.length), 'ultravisor');
}
