import { gfnOf, Halt } from '../../hcall/index.ts';
import { H_RTAS, RTAS_TOKEN, rtasBlock } from '../../spec/index.ts';
import { frameOf, RTAS_PAGES } from '../core/svm.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { askForSharedPage } from './ask-for-page.ts';
import { hypercall } from './hypercall.ts';

const TRIES = 10;

/**
 * Ends the SVM: ibm,os-term through H_RTAS, on the bounce pages of RTAS, which the hypervisor must back first
 * (open-power/ultravisor svm/svm-rtas.c svm_initiate_kill, core/svm_host.c svm_pin_pages). A hypervisor that gives no pages, or comes
 * back from the call, stops the machine: the SVM may have to end for its owner's sake.
 */
export async function killSvm(ctx: SvmContext, why: string): Promise<never> {
  const { uv, svm, vcpu } = ctx;
  const place = { host: uv.host, lpid: svm.lpid };
  uv.world.bus.emit('state', 'ultravisor', { of: 'svm', from: svm.phase, to: 'ABORT', why }, { place });
  const bounce = svm.reserved?.rtas;
  if (bounce === undefined) {
    svm.phase = 'ABORT';
    throw new Halt('guest', why); // while it is made, before it has a bounce page
  }
  if (!(await pinRtasPages(ctx, bounce))) {
    uv.assertionFailed(`the hypervisor gives no page to end the SVM with (${why})`);
    throw new Halt('guest', why);
  }
  svm.phase = 'ABORT';
  const { hvRa } = frameOf(svm, gfnOf(bounce));
  if (hvRa !== null) uv.memory.write(hvRa, rtasBlock(RTAS_TOKEN.IBM_OS_TERM, [0], 1), 'ultravisor');
  await hypercall(uv, vcpu, H_RTAS, { block: bounce });
  uv.assertionFailed(`the hypervisor came back from ibm,os-term (${why})`);
  throw new Halt('guest', why);
}

/** Asks for each page that is not noted as present, round by round; false: some are still missing after ten. */
async function pinRtasPages(ctx: SvmContext, bounce: bigint): Promise<boolean> {
  const { present } = ctx.svm.rtasPages;
  for (let round = 0; round < TRIES; round++) {
    let all = true;
    for (let place = 0; place < RTAS_PAGES; place++) {
      if (present.has(place)) continue;
      all = false;
      await askForSharedPage(ctx, gfnOf(bounce) + BigInt(place));
    }
    if (all) return true;
  }
  return false;
}
