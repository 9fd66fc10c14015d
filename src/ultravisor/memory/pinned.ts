import { gfnOf, Halt } from '../../hcall/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { askForSharedPage } from '../hypervisor/ask-for-page.ts';
import { killSvm } from '../hypervisor/kill-svm.ts';

const TRIES = 10;

/**
 * The hypervisor's page behind a bounce page, asked for while it is not there; the SVM ends when it does not come
 * (open-power/ultravisor core/svm_host.c svm_pin_pages). A frame that was never shared is asked for in vain.
 */
export async function pinned(ctx: SvmContext, gpa: bigint): Promise<bigint> {
  const { uv, svm } = ctx;
  for (let tries = 0; ; tries++) {
    if (uv.svm(svm.lpid) !== svm) throw new Halt('guest', 'the hypervisor ended the SVM');
    const frame = svm.frames.get(gfnOf(gpa));
    const there = frame?.state === 'SHARED_IMPLICIT' ? frame.hvRa : null;
    if (tries === TRIES) return killSvm(ctx, `the hypervisor does not give the page at 0x${gpa.toString(16)}`);
    if (there !== null) return there;
    await askForSharedPage(ctx, gfnOf(gpa));
  }
}
