import type { Actor, Random, RandomState, Sight, Stateful, World } from '../sim/index.ts';
import {
  argumentsOf,
  type CallInput,
  type CallResults,
  callResults,
  H,
  hName,
  type Named,
  type Provider,
  type RegisterUses,
  readRegisters,
  s64,
  type UltracallSignature,
  UV_RETURN,
  u64,
} from '../spec/index.ts';
import type { HostFiles } from '../tpmrm/index.ts';
import type { AnyHcall, HcallResult } from './calls/hcall.ts';
import type { Interceptor } from './calls/interceptor.ts';
import { SpaprTpmProxy, type TpmProxyOptions, type TpmProxyState } from './devices/spapr-tpm-proxy.ts';
import { TpmSpapr } from './devices/tpm-spapr.ts';
import { VioBus } from './devices/vio-bus.ts';
import type { VtpmBackend } from './devices/vtpm-backend.ts';
import { Halt } from './hardware/halt.ts';
import { type HypervisorPort, SYSTEM_CALL, type UltravisorPort } from './hardware/interrupt-ports.ts';
import type { RealMemory } from './hardware/memory.ts';
import { MSR, Vcpu } from './hardware/vcpu.ts';
import { NormalMemory } from './kvm/normal-memory.ts';
import { Partition, type PartitionOptions, type PartitionState } from './kvm/partition.ts';
import { bringToHost, secureGuestFault } from './kvm/secure-frames.ts';

const DATA_STORAGE = 0xe00;
/** Virtual time of a hypercall, beside what happens in its course. */
const CALL_NS = 1_000;

export interface HypervisorOptions {
  readonly host?: string;
  readonly files: HostFiles;
  /** The hypercalls that there are, by number. */
  readonly calls: ReadonlyMap<number, AnyHcall>;
  /** KVM with the Protected Execution Facility. Without it the hypercalls 0xEF00-0xEF0C and 0xEF14 answer H_FUNCTION. */
  readonly pef?: boolean;
}

export interface GuestOptions extends PartitionOptions {
  /** host-path of the machine's spapr-tpm-proxy; none: no such device. */
  readonly tpmProxy?: { readonly hostPath: string } & TpmProxyOptions;
}

/** A proxy that was unplugged with its descriptor open, by its number among those that ever were. */
interface UnpluggedState {
  readonly lpid: number;
  readonly number: number;
  readonly proxy: TpmProxyState;
}

export interface HypervisorState {
  readonly partitions: ReadonlyMap<number, PartitionState>;
  readonly proxies: ReadonlyMap<number, TpmProxyState>;
  /** Devices on the VIO bus, by guest and unit address. */
  readonly vio: ReadonlyMap<number, ReadonlyMap<number, unknown>>;
  readonly unplugged: readonly UnpluggedState[];
  readonly random: RandomState;
}

/** KVM and QEMU of one host: partitions, their devices, and the hypercalls. */
export class Hypervisor implements HypervisorPort, Stateful<HypervisorState> {
  readonly world: World;
  readonly memory: RealMemory;
  readonly host: string;
  readonly files: HostFiles;
  readonly random: Random;
  readonly providers: ReadonlySet<Provider>;
  readonly #calls: ReadonlyMap<number, AnyHcall>;
  readonly partitions = new Map<number, Partition>();
  readonly proxies = new Map<number, SpaprTpmProxy>();
  /** VIO buses of the guests that have a device there. */
  readonly vio = new Map<number, VioBus>();
  #unplugged: { readonly lpid: number; readonly number: number; readonly proxy: SpaprTpmProxy }[] = [];
  /** All that were ever unplugged with their descriptor open: a snapshot names them by their place here. */
  readonly #everUnplugged: SpaprTpmProxy[] = [];
  /** A hostile hypervisor's own deeds; null: this one is honest. */
  interceptor: Interceptor | null = null;
  /** Whoever answers `sc 2`; null without the facility. */
  ultravisor: UltravisorPort | null = null;

  constructor(world: World, memory: RealMemory, { host = 'host', files, calls, pef = true }: HypervisorOptions) {
    this.world = world;
    this.memory = memory;
    this.host = host;
    this.files = files;
    this.#calls = calls;
    this.random = world.random.fork(`hypervisor of ${host}`);
    this.providers = new Set(pef ? ['qemu', 'kvm-pef'] : ['qemu']);
  }

  /** Starts a virtual machine. */
  createGuest(options: GuestOptions): Partition {
    const partition = new Partition(this.memory, options);
    this.partitions.set(options.lpid, partition);
    if (options.tpmProxy) this.plugTpmProxy(partition, options.tpmProxy.hostPath, options.tpmProxy);
    return partition;
  }

  /** device_add spapr-tpm-proxy. At most one a machine: a second one is refused (false), as QEMU does. */
  plugTpmProxy(partition: Partition, hostPath: string, options: TpmProxyOptions = {}): boolean {
    const { lpid } = partition;
    if (this.proxies.has(lpid)) return false;
    this.proxies.set(lpid, new SpaprTpmProxy(this.world, this.files, hostPath, { host: this.host, lpid }, options));
    return true;
  }

  /** -device tpm-spapr: the vTPM, beside the proxy and with a TPM of its own. One a machine; a second one is refused (null). */
  plugVtpm(partition: Partition, backend: VtpmBackend, unit?: number): TpmSpapr | null {
    const { lpid } = partition;
    const bus = this.vio.get(lpid) ?? new VioBus();
    this.vio.set(lpid, bus);
    if (bus.devices.some(device => device instanceof TpmSpapr)) return null;
    const vtpm = new TpmSpapr(this.world, partition, backend, unit ?? bus.freeUnit(), { host: this.host, lpid });
    return bus.plug(vtpm) ? vtpm : null;
  }

  /** The guest waits for an interrupt: devices that work behind its back come to an end with what they do. */
  async guestWaits({ lpid }: Partition): Promise<void> {
    await this.vio.get(lpid)?.settle();
  }

  /** device_del: QEMU makes no close call (observed: fixtures/observed/h_tpm_comm.json#unplug). */
  unplugTpmProxy({ lpid }: Partition): void {
    const proxy = this.proxies.get(lpid);
    this.proxies.delete(lpid);
    // The descriptor stays QEMU's until the process ends.
    if (proxy?.isOpen) this.#unplugged.push({ lpid, number: this.#everUnplugged.push(proxy) - 1, proxy });
  }

  /**
   * The guest's QEMU ends (monitor's quit, a signal). It closes nothing itself (observed:
   * fixtures/observed/h_tpm_comm.json#quit-open-session); the kernel closes what is open.
   */
  async endGuest(partition: Partition): Promise<void> {
    partition.state.life = 'dead';
    await this.proxies.get(partition.lpid)?.closedByKernel();
    await this.vio.get(partition.lpid)?.end();
    for (const { lpid, proxy } of this.#unplugged) if (lpid === partition.lpid) await proxy.closedByKernel();
    this.#unplugged = this.#unplugged.filter(({ lpid }) => lpid !== partition.lpid);
  }

  /** Machine reset: closes the proxy's session. The guest's memory keeps what it holds. */
  async resetGuest(partition: Partition): Promise<void> {
    await this.proxies.get(partition.lpid)?.reset();
    await this.vio.get(partition.lpid)?.reset();
    for (const vcpu of partition.vcpus) vcpu.load(new Vcpu(vcpu.id, partition.lpid).regs);
  }

  partition(lpid: number | bigint): Partition {
    const partition = this.partitions.get(Number(lpid));
    if (!partition) throw new RangeError(`no partition has lpid ${lpid}`);
    return partition;
  }

  /** `sc 1` of a guest without MSR[S]. The result is in the vCPU's registers. */
  async hypercall(vcpu: Vcpu): Promise<void> {
    const issuer = 'guest';
    if (vcpu.has(MSR.PR)) {
      // Before anything else, whatever the number (observed: fixtures/observed/h_tpm_comm.json#problem-state).
      vcpu.set(3, H.PRIVILEGE);
      return;
    }
    const { call, result } = await this.#dispatch(vcpu, issuer, false);
    if ('resumeGuest' in result) vcpu.set(3, result.resumeGuest);
    else this.#deliver(vcpu, call, result, 3);
  }

  /** An interrupt that the Ultravisor passes on. For a hypercall the answer goes back by UV_RETURN. */
  async interrupt(vcpu: Vcpu, vector: number): Promise<void> {
    if (vector === SYSTEM_CALL && (vcpu.regs.srr1 & MSR.PR) !== 0n) {
      vcpu.set(0, H.PRIVILEGE); // from the user space of an SVM: as without one, before anything else
    } else if (vector === SYSTEM_CALL) {
      const { call, result } = await this.#dispatch(vcpu, 'ultravisor', (vcpu.regs.srr1 & MSR.S) !== 0n);
      if ('resumeGuest' in result) {
        vcpu.regs.msr = vcpu.regs.srr1;
        vcpu.regs.pc = vcpu.regs.srr0;
        vcpu.set(3, result.resumeGuest);
        return;
      }
      this.#deliver(vcpu, call, result, 0); // Linux: UV_RETURN takes the hypercall's result in r0
    }
    if (vector === DATA_STORAGE) await secureGuestFault(this, this.partition(vcpu.regs.lpidr), vcpu.regs.spr.ASDR ?? 0n);
    vcpu.set(2, 0); // no synthesized interrupt
    vcpu.set(3, UV_RETURN.number);
    vcpu.regs.msr = MSR.SF | MSR.HV | MSR.ME | (vcpu.regs.msr & MSR.LE);
    await this.interceptor?.beforeReturn(vcpu);
    await this.#port().ultracall(vcpu);
  }

  /**
   * Guest memory as QEMU or host root reads it: touching a secure frame makes KVM page it out, and what is found is ciphertext.
   * Devices that a guest hands normal or shared memory to read it by {@link Partition.read}.
   */
  async hostRead(partition: Partition, gpa: bigint, length: number): Promise<Uint8Array> {
    await bringToHost(this, partition, gpa, length);
    return partition.read(gpa, length, 'hypervisor');
  }

  async hostWrite(partition: Partition, gpa: bigint, bytes: Uint8Array): Promise<void> {
    await bringToHost(this, partition, gpa, bytes.length);
    partition.write(gpa, bytes, 'hypervisor');
  }

  /** An ultracall of the hypervisor's own, on a thread of the host. */
  async ultracall<I extends RegisterUses, O extends RegisterUses>(
    call: UltracallSignature<I, O>,
    input: CallInput<I>,
  ): Promise<CallResults<O>> {
    const after = await this.anyUltracall(call.number, ...argumentsOf(call, input));
    return callResults({ get: n => after[n - 3] ?? 0n }, call);
  }

  /** The same of a number and registers that need be none of a call: r4.. in, r3.. out. */
  async anyUltracall(number: number, ...args: readonly (bigint | number)[]): Promise<readonly bigint[]> {
    const registers = args.map(u64);
    if (!this.interceptor) return this.#ultracall(number, registers);
    return this.interceptor.ultracall(number, registers, given => this.#ultracall(number, given));
  }

  async #ultracall(number: number, args: readonly bigint[]): Promise<readonly bigint[]> {
    const thread = new Vcpu(0, 0);
    thread.regs.msr = MSR.SF | MSR.HV | MSR.ME | MSR.LE;
    thread.set(3, number);
    args.forEach((arg, i) => {
      thread.set(4 + i, arg);
    });
    await this.#port().ultracall(thread);
    return thread.regs.gpr.slice(3, 13);
  }

  #port(): UltravisorPort {
    if (!this.ultravisor) throw new RangeError('this host has no Ultravisor');
    return this.ultravisor;
  }

  async #dispatch(
    vcpu: Vcpu,
    issuer: 'guest' | 'ultravisor',
    fromSecure: boolean,
  ): Promise<{ call: AnyHcall | null; result: HcallResult<RegisterUses> }> {
    const number = vcpu.get(3);
    const partition = this.partition(vcpu.regs.lpidr);
    const numbered = this.#calls.get(Number(BigInt.asUintN(53, number)));
    const call = numbered && BigInt(numbered.number) === number ? numbered : null;
    const { bus, clock } = this.world;
    clock.advanceNs(CALL_NS);
    const actor: Actor = issuer;
    const place = { host: this.host, lpid: partition.lpid, vcpu: vcpu.id };
    const args: Named<RegisterUses> = call ? readRegisters(vcpu, call.in) : {};
    const name = call?.name ?? 'unknown hypercall';
    const provided = call && this.providers.has(call.provider) ? call : null;
    const seq = bus.emit(
      'hcall.call',
      actor,
      { number: Number(number), name, issuer, args },
      { sights: bus.active ? sightsOf(vcpu) : [], place },
    );
    const honest = async (given: Named<RegisterUses>): Promise<HcallResult<RegisterUses>> => {
      if (!provided) return { r3: H.FUNCTION };
      if (provided.caller === 'secure' && !fromSecure) return { r3: H.UNSUPPORTED };
      const result = await provided.handle({ world: this.world, hypervisor: this, partition, vcpu, fromSecure }, given);
      if ('r3' in result) assertDeclared(provided, result.r3);
      return result;
    };
    const { interceptor } = this;
    const result = await bus.within(seq, () =>
      interceptor
        ? interceptor.hypercall({ lpid: partition.lpid, memory: new NormalMemory(partition), vcpu, number, call: provided, args }, honest)
        : honest(args),
    );
    if (bus.active) {
      const r3 = 'r3' in result ? result.r3 : 'resumeGuest' in result ? result.resumeGuest : undefined;
      const outcome =
        'never' in result ? `never returns: ${result.never}` : 'dies' in result ? `hypervisor dies: ${result.dies}` : 'returns';
      const r3Name = r3 === undefined ? undefined : hName(r3);
      const out = 'r3' in result ? (result.out ?? {}) : {};
      const data = {
        number: Number(number),
        name,
        outcome,
        ...(r3 === undefined ? {} : { r3: BigInt(r3) }),
        ...(r3Name ? { r3Name } : {}),
        out,
      };
      bus.emit('hcall.return', 'hypervisor', data, { place, cause: seq });
    }
    if ('never' in result) {
      partition.state.life = 'stuck';
      throw new Halt('guest', result.never);
    }
    if ('dies' in result) {
      await this.endGuest(partition);
      throw new Halt('guest', result.dies, result.signal);
    }
    return { call, result };
  }

  /** Result and outputs into the registers; nothing else changes (observed: fixtures/observed/h_tpm_comm.json#registers-execute). */
  #deliver(vcpu: Vcpu, call: AnyHcall | null, result: HcallResult<RegisterUses>, resultRegister: number): void {
    if (!('r3' in result)) return;
    vcpu.set(resultRegister, result.r3);
    const uses: RegisterUses = call?.out ?? {};
    for (const [name, value] of Object.entries(result.out ?? {})) vcpu.set(uses[name]?.register ?? 4, value);
  }

  snapshot(): HypervisorState {
    return {
      partitions: new Map([...this.partitions].map(([lpid, partition]) => [lpid, partition.snapshot()])),
      proxies: new Map([...this.proxies].map(([lpid, proxy]) => [lpid, proxy.snapshot()])),
      vio: new Map([...this.vio].map(([lpid, bus]) => [lpid, bus.snapshot()])),
      unplugged: this.#unplugged.map(({ lpid, number, proxy }) => ({ lpid, number, proxy: proxy.snapshot() })),
      random: this.random.snapshot(),
    };
  }

  /** The same guests and devices must exist; an open session comes back if its host file still exists. */
  restore(state: HypervisorState): void {
    for (const [lpid, partition] of this.partitions) {
      const saved = state.partitions.get(lpid);
      if (saved) partition.restore(saved);
    }
    for (const [lpid, proxy] of this.proxies) {
      const saved = state.proxies.get(lpid);
      if (saved) proxy.restore(saved);
      else this.proxies.delete(lpid); // it was unplugged
    }
    this.#unplugged = state.unplugged.flatMap(({ lpid, number, proxy: saved }) => {
      const proxy = this.#everUnplugged[number];
      proxy?.restore(saved);
      return proxy ? [{ lpid, number, proxy }] : []; // of another run of the simulator: there is no file to go with it
    });
    for (const [lpid, bus] of this.vio) bus.restore(state.vio.get(lpid) ?? new Map());
    this.random.restore(state.random);
  }
}

function assertDeclared(call: AnyHcall, r3: number): void {
  const name = hName(r3);
  if (r3 !== H.SUCCESS && !(name && call.returns[name])) throw new Error(`${call.name} returned ${name ?? r3}, which it does not declare`);
}

/** All that the hypervisor sees of the caller's registers. */
function sightsOf({ regs }: Vcpu): Sight[] {
  const wire = (values: readonly bigint[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(values.length * 8));
    for (const [i, value] of values.entries()) view.setBigUint64(i * 8, u64(value));
    return new Uint8Array(view.buffer);
  };
  const state = [regs.cr, regs.lr, regs.ctr, regs.xer, regs.msr, regs.srr0, regs.srr1, regs.hsrr0, regs.hsrr1, regs.lpidr, regs.pidr];
  return [
    { what: 'r0..r31', bytes: wire(regs.gpr), seenBy: ['hypervisor'] },
    { what: 'cr, lr, ctr, xer, msr, srr0, srr1, hsrr0, hsrr1, lpidr, pidr', bytes: wire(state), seenBy: ['hypervisor'] },
  ];
}

/** r3 as the signed number it stands for. */
export const resultOf = (vcpu: Vcpu): number => Number(s64(vcpu.get(3)));
