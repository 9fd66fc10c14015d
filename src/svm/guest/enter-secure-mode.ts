import { MSR, type Vcpu } from '../../hcall/index.ts';
import { makeCall, UV_ESM } from '../../spec/index.ts';
import type { Platform } from './platform.ts';

/** How UV_ESM ended: the kernel was started again from its base in secure mode, or the call came back. */
export type EsmResult =
  | { readonly secure: true; readonly pc: bigint; readonly r3: bigint; readonly r4: bigint; readonly r5: bigint }
  | { readonly secure: false; readonly r3: bigint };

/** What prom_init does with svm= on the command line (Linux arch/powerpc/kernel/prom_init.c). */
export async function enterSecureMode(platform: Platform, vcpu: Vcpu, kbase: bigint, fdt: bigint): Promise<EsmResult> {
  const wasSecure = vcpu.has(MSR.S);
  const { r3 } = await makeCall(vcpu, UV_ESM, { kbase, fdt }, () => platform.ultracall(vcpu));
  if (!wasSecure && vcpu.has(MSR.S)) return { secure: true, pc: vcpu.regs.pc, r3: vcpu.get(3), r4: vcpu.get(4), r5: vcpu.get(5) };
  return { secure: false, r3 };
}
