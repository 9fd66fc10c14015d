import { gfnOf, Halt } from '../../hcall/index.ts';
import { H_RTAS, RTAS_TOKEN, rtasBlock } from '../../spec/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { askForSharedPage } from './ask-for-page.ts';
import { hypercall } from './hypercall.ts';

const TRIES = 10;

/**
 * Ends the SVM: ibm,os-term through H_RTAS, on the bounce page (open-power/ultravisor svm/svm-rtas.c svm_initiate_kill). A
 * hypervisor that comes back from it stops the machine: the SVM may have to end for its owner's sake.
 */
export async function killSvm(ctx: SvmContext, why: string): Promise<never> {
  const { uv, svm, vcpu } = ctx;
  const place = { host: uv.host, lpid: svm.lpid };
  uv.world.bus.emit('state', 'ultravisor', { of: 'svm', from: svm.phase, to: 'ABORT', why }, { place });
  svm.phase = 'ABORT';
  const bounce = svm.reserved?.rtas;
  if (bounce === undefined) throw new Halt('guest', why); // while it is made, before it has a bounce page
  const frame = svm.frames.get(gfnOf(bounce));
  for (let tries = 0; tries < TRIES && frame && frame.hvRa === null; tries++) await askForSharedPage(ctx, gfnOf(bounce));
  if (!frame || frame.hvRa === null) {
    uv.assertionFailed(`the hypervisor gives no page to end the SVM with (${why})`);
    throw new Halt('guest', why);
  }
  uv.memory.write(frame.hvRa, rtasBlock(RTAS_TOKEN.IBM_OS_TERM, [0], 1), 'ultravisor');
  await hypercall(uv, vcpu, H_RTAS, { block: bounce });
  uv.assertionFailed(`the hypervisor came back from ibm,os-term (${why})`);
  throw new Halt('guest', why);
}
