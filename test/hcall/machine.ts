import { type AnyHcall, Halt, Hypervisor, hcalls, RealMemory, resultOf, type TpmProxyOptions, type Vcpu } from '../../src/hcall/index.ts';
import { type AnyEvent, createWorld, type World } from '../../src/sim/index.ts';
import * as spec from '../../src/spec/index.ts';
import type { HostFile, HostFiles, IoResult } from '../../src/tpmrm/index.ts';

export const H_TPM_COMM = spec.H_TPM_COMM.number;
export const EXECUTE = 1;
export const CLOSE_SESSION = 2;
export const GET_RANDOM = '80010000000c0000017b0008';
export const ANSWER = Uint8Array.from([0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0]);

/** A host file whose every call can be answered otherwise; it notes the calls. */
export class TestDevice implements HostFiles, HostFile {
  readonly calls: string[] = [];
  onOpen: () => IoResult<HostFile> = () => ({ value: this });
  onWrite: (data: Uint8Array) => IoResult<number> = data => ({ value: data.length });
  onRead: (count: number) => IoResult<Uint8Array> = () => ({ value: ANSWER });

  async open(path: string): Promise<IoResult<HostFile>> {
    this.calls.push(`open ${path}`);
    return this.onOpen();
  }
  async write(data: Uint8Array): Promise<IoResult<number>> {
    this.calls.push(`write ${data.length}`);
    return this.onWrite(data);
  }
  async read(count: number): Promise<IoResult<Uint8Array>> {
    this.calls.push(`read ${count}`);
    return this.onRead(count);
  }
  async close(): Promise<void> {
    this.calls.push('close');
  }
}

export interface TestMachineOptions extends TpmProxyOptions {
  readonly proxy?: boolean;
  readonly ramBytes?: bigint;
  readonly pef?: boolean;
  /** In place of the hypercalls that there are. */
  readonly calls?: ReadonlyMap<number, AnyHcall>;
  /** The host's files, in place of a device that answers everything. */
  readonly files?: (world: World) => HostFiles;
}

/** A host with one guest of 512 MiB, and its proxy unless told otherwise. */
export function machine({ proxy = true, ramBytes = 512n << 20n, pef = false, calls = hcalls, files, ...options }: TestMachineOptions = {}) {
  const world = createWorld('test');
  const memory = new RealMemory();
  const device = new TestDevice();
  const hypervisor = new Hypervisor(world, memory, { calls, files: files?.(world) ?? device, pef });
  const guest = hypervisor.createGuest({ lpid: 1, ramBytes, ...(proxy ? { tpmProxy: { hostPath: '/dev/tpmrm0', ...options } } : {}) });
  const vcpu = guest.vcpus[0] as Vcpu;

  /** `sc 1` with these r3, r4, ...: the signed result. */
  async function hypercall(number: number | bigint, ...args: readonly (number | bigint)[]): Promise<number> {
    [number, ...args].forEach((value, i) => {
      vcpu.set(3 + i, value);
    });
    await hypervisor.hypercall(vcpu);
    return resultOf(vcpu);
  }

  /** H_TPM_COMM, EXECUTE, with a good argument for each that is not given. */
  function execute({ in_buffer = 0x40_0000n, in_size = 12n, out_buffer = 0x50_0000n, out_size = 4096n } = {}): Promise<number> {
    return hypercall(H_TPM_COMM, EXECUTE, in_buffer, in_size, out_buffer, out_size);
  }

  return { world, memory, device, hypervisor, guest, vcpu, hypercall, execute };
}

/** How a call halts its guest. */
export async function haltOf(call: Promise<unknown>): Promise<Halt> {
  try {
    await call;
  } catch (halt) {
    if (halt instanceof Halt) return halt;
    throw halt;
  }
  throw new Error('the call returned');
}

export function recordOf({ world }: { world: ReturnType<typeof createWorld> }): AnyEvent[] {
  const events: AnyEvent[] = [];
  world.bus.listen(event => events.push(event));
  return events;
}
