import { gfnOf, Halt, type Vcpu } from '../../hcall/index.ts';
import type { Svm } from '../core/svm.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { askForPage } from '../memory/ask-for-page.ts';
import { H_RTAS, IBM_OS_TERM, rtasBlock } from './rtas-block.ts';

const SHARED = 1;
const TRIES = 10;

/**
 * Ends the SVM: ibm,os-term through H_RTAS, on the bounce page (open-power/ultravisor svm/svm-rtas.c svm_initiate_kill). A
 * hypervisor that comes back from it stops the machine: the SVM may have to end for its owner's sake.
 */
export async function killSvm(uv: Ultravisor, svm: Svm, vcpu: Vcpu, why: string): Promise<never> {
  const place = { host: uv.host, lpid: svm.lpid };
  uv.world.bus.emit('state', 'ultravisor', { of: 'svm', from: svm.phase, to: 'ABORT', why }, { place });
  svm.phase = 'ABORT';
  const bounce = svm.reserved?.rtas;
  if (bounce === undefined) throw new Halt('guest', why); // while it is made, before it has a bounce page
  const frame = svm.frames.get(gfnOf(bounce));
  for (let tries = 0; tries < TRIES && frame && frame.hvRa === null; tries++) await askForPage(uv, svm, vcpu, gfnOf(bounce), SHARED);
  if (!frame || frame.hvRa === null) {
    uv.assertionFailed(`the hypervisor gives no page to end the SVM with (${why})`);
    throw new Halt('guest', why);
  }
  uv.memory.write(frame.hvRa, rtasBlock(IBM_OS_TERM, [0], 1), 'ultravisor');
  await uv.hypercall(vcpu, H_RTAS, bounce);
  uv.assertionFailed(`the hypervisor came back from ibm,os-term (${why})`);
  throw new Halt('guest', why);
}
