import { H, H_RTAS, RTAS_HEADER_BYTES, RTAS_MOST_CELLS, rtasHeaderOf, rtasResultsAt } from '../../spec/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { hypercall } from '../hypervisor/hypercall.ts';
import { readSvm, writeSvm } from '../memory/svm-memory.ts';

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
  const { nargs, nret } = rtasHeaderOf(await readSvm(ctx, gpa, RTAS_HEADER_BYTES, 'ultravisor'));
  const resultsAt = BigInt(rtasResultsAt(nargs));
  if (nargs + nret > RTAS_MOST_CELLS) {
    uv.note(`H_RTAS with ${nargs} arguments and ${nret} results: at most ${RTAS_MOST_CELLS} are taken`, svm.lpid);
    return;
  }
  const block = await readSvm(ctx, gpa, rtasResultsAt(nargs) + 4 * nret, 'ultravisor');
  await writeSvm(ctx, bounce, block, 'ultravisor');
  await hypercall(uv, vcpu, H_RTAS, { block: bounce });
  const results = await readSvm(ctx, bounce + resultsAt, 4 * nret, 'ultravisor');
  await writeSvm(ctx, gpa + resultsAt, results, 'ultravisor');
  await writeSvm(ctx, bounce, new Uint8Array(block.length), 'ultravisor');
}
