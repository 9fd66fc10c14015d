import { MSR, type UltravisorPort, type Vcpu } from '../../hcall/index.ts';
import type { Place } from '../../sim/index.ts';
import { type Named, type RegisterUses, readRegisters, s64, U, UV_RETURN, uName } from '../../spec/index.ts';
import type { Profile } from '../core/profile.ts';
import type { UltracallResult } from '../core/ultracall-result.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { inTransaction } from '../hypervisor/world-switch.ts';
import { type AnyUltracall, declares } from './ultracall.ts';

/** Virtual time of an ultracall, beside what happens in its course. */
const CALL_NS = 1_000;
const NO_REGISTERS: Named<RegisterUses> = {};

/** `sc 2`: finds the record of a call in its table, tests the caller, runs the handler and writes the registers. */
export class UltracallDispatcher implements UltravisorPort {
  readonly #uv: Ultravisor;
  readonly #calls: ReadonlyMap<number, AnyUltracall>;

  constructor(uv: Ultravisor, calls: ReadonlyMap<number, AnyUltracall>) {
    this.#uv = uv;
    this.#calls = calls;
  }

  /** Number in r3, arguments from r4. */
  async ultracall(vcpu: Vcpu): Promise<void> {
    const { bus, clock } = this.#uv.world;
    clock.advanceNs(CALL_NS);
    const number = vcpu.get(3);
    const call = this.#calls.get(Number(BigInt.asUintN(53, number)));
    const name = call?.name ?? 'unknown ultracall';
    const args: Named<RegisterUses> = call ? readRegisters(vcpu, call.in) : NO_REGISTERS;
    let place: Place = {};
    let cause = 0;
    if (bus.active) {
      place = this.#uv.place(vcpu);
      const issuer = vcpu.has(MSR.HV) ? 'hypervisor' : vcpu.has(MSR.S) ? 'svm' : 'guest';
      cause = bus.emit('ultracall.call', issuer, { number: Number(number), name, issuer, args }, { place });
    }
    const running = bus.active ? bus.within(cause, async () => this.#run(call, args, vcpu)) : this.#run(call, args, vcpu);
    const result = running instanceof Promise ? await running : running; // most calls need no turn of the event loop
    const out: Record<string, bigint> = {};
    let r3: bigint | undefined;
    if (typeof result === 'object') {
      r3 = BigInt(result.r3);
      vcpu.set(3, r3);
      for (const [key, value] of Object.entries(result.out ?? {})) {
        const register = call?.out[key]?.register;
        if (register === undefined || value === undefined) continue;
        vcpu.set(register, value);
        out[key] = value;
      }
      if (call && result.r3 !== U.SUCCESS && !result.count && !result.byDispatch) assertDeclared(call, Number(s64(r3)), this.#uv.profile);
    }
    if (!bus.active) return;
    const r3Name = r3 === undefined || (typeof result === 'object' && result.count) ? undefined : uName(r3);
    const outcome = typeof result === 'string' ? result : 'returns';
    const data = { number: Number(number), name, outcome, ...(r3 === undefined ? {} : { r3 }), ...(r3Name ? { r3Name } : {}), out };
    bus.emit('ultracall.return', 'ultravisor', data, { place, cause });
  }

  #run(
    call: AnyUltracall | undefined,
    args: Named<RegisterUses>,
    vcpu: Vcpu,
  ): UltracallResult<RegisterUses> | Promise<UltracallResult<RegisterUses>> {
    if (!call || BigInt(call.number) !== vcpu.get(3)) return { r3: U.FUNCTION };
    const [hv, pr, s] = [vcpu.has(MSR.HV), vcpu.has(MSR.PR), vcpu.has(MSR.S)];
    const wrongCaller = { r3: U.PERMISSION, byDispatch: true } as const;
    // Before the caller is looked at (core/uvcall.c check_regs_on_hv_exit).
    if (hv && inTransaction(vcpu) && call.number !== UV_RETURN.number) return { r3: U.BAD_MODE, byDispatch: true };
    if (call.caller === 'hypervisor' && (!hv || pr)) return wrongCaller;
    if (call.caller === 'svm kernel' && !s) return this.#uv.profile.notSecure === 'U_INVALID' ? { r3: U.INVALID } : wrongCaller;
    if ((call.caller === 'svm kernel' || call.caller === 'guest kernel') && (hv || pr)) return wrongCaller;
    return call.handle(this.#uv, args, vcpu);
  }
}

function assertDeclared(call: AnyUltracall, r3: number, profile: Profile): void {
  const name = uName(r3);
  if (!name || !declares(call, name, profile)) throw new Error(`${call.name} returned ${name ?? r3}, which it does not declare`);
}
