import { MSR, type Vcpu } from '../../hcall/index.ts';
import { s64 } from '../../spec/index.ts';
import type { Platform } from './platform.ts';

const UV_ESM = 0xf110;

/** How UV_ESM ended: the kernel was started again from its base in secure mode, or the call came back. */
export type EsmResult =
  | { readonly secure: true; readonly pc: bigint; readonly r3: bigint; readonly r4: bigint; readonly r5: bigint }
  | { readonly secure: false; readonly r3: bigint };

/** What prom_init does with svm= on the command line (Linux arch/powerpc/kernel/prom_init.c). */
export async function enterSecureMode(platform: Platform, vcpu: Vcpu, kbase: bigint, fdt: bigint): Promise<EsmResult> {
  const wasSecure = vcpu.has(MSR.S);
  vcpu.set(3, UV_ESM);
  vcpu.set(4, kbase);
  vcpu.set(5, fdt);
  await platform.ultracall(vcpu);
  if (!wasSecure && vcpu.has(MSR.S)) return { secure: true, pc: vcpu.regs.pc, r3: vcpu.get(3), r4: vcpu.get(4), r5: vcpu.get(5) };
  return { secure: false, r3: s64(vcpu.get(3)) };
}
