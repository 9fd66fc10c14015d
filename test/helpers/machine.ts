import { readFileSync } from 'node:fs';
import type { EsmManifest } from '../../src/conform/kinds/esm/esm-manifest.ts';
import type { HcallResult, InterceptedHypercall, Interceptor, Vcpu } from '../../src/hcall/index.ts';
import { type Guest, type GuestSpec, type Host, Machine, type MachineState } from '../../src/machine/index.ts';
import { type AnyEvent, createWorld, type EventKind, type SimEvent, type World } from '../../src/sim/index.ts';
import { type RegisterUses, r, s64 } from '../../src/spec/index.ts';
import { hypercall } from '../../src/ultravisor/hypervisor/hypercall.ts';
import { type Profile, profiles } from '../../src/ultravisor/index.ts';

const ESM = new URL('../../fixtures/observed/esm/', import.meta.url);

/** A file of a recorded blob's folder. */
export const esmFile = (folder: string, file: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${folder}/${file}`, ESM)));
export const esmManifest = (folder: string): EsmManifest =>
  JSON.parse(Buffer.from(esmFile(folder, 'manifest.json')).toString('utf8')) as EsmManifest;

export const THREE_RECIPIENTS = '02-three-recipients';
const LPID = 1;

/** What the guest of a recorded blob is made of. */
export function recordedGuest(folder = THREE_RECIPIENTS, over: Partial<GuestSpec> = {}): GuestSpec {
  const { inputs, blob } = esmManifest(folder);
  return {
    name: 'vm',
    lpid: LPID,
    ramBytes: 512n << 20n,
    kernel: esmFile(folder, inputs.kernelFlat),
    initrd: esmFile(folder, inputs.initrd),
    bootargs: new TextDecoder().decode(esmFile(folder, inputs.bootargs)),
    rtas: esmFile(folder, inputs.rtas),
    esmBlob: esmFile(folder, blob),
    ...over,
  };
}

export interface TestOptions {
  readonly folder?: string;
  /** File of the private key that the host's TPM holds. */
  readonly key?: string;
  readonly profile?: string | Profile;
  readonly guest?: Partial<GuestSpec>;
  readonly securePages?: number;
  readonly seed?: string;
}

/** What firmware does differs in these; all else of a profile plays no part before the first guest. */
const bootKey = (profile: Profile): string =>
  JSON.stringify([profile.session, profile.sessionSalted, profile.policyPcr, profile.closePolicyB]);
const booted = new Map<string, MachineState>();

export const profileNamed = (profile: string | Profile): Profile =>
  typeof profile === 'string' ? (profiles[profile] as Profile) : profile;

/** A machine with one booted host. The first of its kind is booted in earnest, the others are restored from its snapshot. */
export async function bootedMachine({
  folder = THREE_RECIPIENTS,
  key = 'tpm1.pem',
  profile = 'documented',
  securePages,
  seed = 'test',
}: TestOptions = {}): Promise<{
  readonly world: World;
  readonly machine: Machine;
  readonly host: Host;
}> {
  const wanted = profileNamed(profile);
  const world = createWorld(seed);
  const spec = { name: 'host', tpm: 'embedded', profile: wanted, wrappingKey: { pem: Buffer.from(esmFile(folder, key)).toString() } };
  const machine = await Machine.create(world, [{ ...spec, ...(securePages === undefined ? {} : { securePages }) }]);
  const host = machine.host('host');
  const kind = [folder, key, seed, bootKey(wanted)].join(' ');
  const known = booted.get(kind);
  if (known) machine.restore(known);
  else {
    await host.boot();
    booted.set(kind, machine.snapshot());
  }
  return { world, machine, host };
}

/** A hypervisor that is honest but for what a test gives it. */
export class Adversary implements Interceptor {
  onHypercall:
    | ((call: InterceptedHypercall, honest: () => Promise<HcallResult<RegisterUses>>) => Promise<HcallResult<RegisterUses> | null>)
    | null = null;
  onUltracall:
    | ((number: number, args: readonly bigint[], honest: () => Promise<readonly bigint[]>) => Promise<readonly bigint[] | null>)
    | null = null;
  onReturn: ((vcpu: Vcpu) => void) | null = null;

  async hypercall(
    call: InterceptedHypercall,
    honest: (args: InterceptedHypercall['args']) => Promise<HcallResult<RegisterUses>>,
  ): Promise<HcallResult<RegisterUses>> {
    return (await this.onHypercall?.(call, () => honest(call.args))) ?? honest(call.args);
  }

  async ultracall(
    number: number,
    args: readonly bigint[],
    honest: (args: readonly bigint[]) => Promise<readonly bigint[]>,
  ): Promise<readonly bigint[]> {
    return (await this.onUltracall?.(number, args, () => honest(args))) ?? honest(args);
  }

  async beforeReturn(vcpu: Vcpu): Promise<void> {
    this.onReturn?.(vcpu);
  }
}

/** One host, one guest with its software loaded, and a record of everything. */
export class TestBench {
  readonly world: World;
  readonly machine: Machine;
  readonly host: Host;
  readonly guest: Guest;
  readonly events: AnyEvent[] = [];
  readonly adversary = new Adversary();

  private constructor(world: World, machine: Machine, host: Host, guest: Guest) {
    this.world = world;
    this.machine = machine;
    this.host = host;
    this.guest = guest;
    world.bus.listen(event => this.events.push(event));
    host.hypervisor.interceptor = this.adversary;
  }

  static async create(options: TestOptions = {}): Promise<TestBench> {
    const { world, machine, host } = await bootedMachine(options);
    const guest = host.createGuest(recordedGuest(options.folder, options.guest));
    await guest.start();
    return new TestBench(world, machine, host, guest);
  }

  /** With its guest in secure mode. */
  static async secure(options: TestOptions = {}): Promise<TestBench> {
    const bench = await TestBench.create(options);
    const outcome = await bench.guest.enterSecureMode();
    if ('never' in outcome || !outcome.secure) throw new Error(`no secure VM: ${JSON.stringify(bench.failedChecks())}`);
    return bench;
  }

  get vcpu(): Vcpu {
    return this.guest.bootVcpu;
  }

  get uv(): Host['ultravisor'] {
    return this.host.ultravisor;
  }

  of<K extends EventKind>(kind: K): SimEvent<K>['data'][] {
    return this.events.filter(event => event.kind === kind).map(event => event.data as SimEvent<K>['data']);
  }

  /** Names of the checks that failed. */
  failedChecks(): string[] {
    return this.of('check').flatMap(({ name, ok }) => (ok ? [] : [name]));
  }

  /** An ultracall of the hypervisor, past the adversary: signed r3. */
  async hv(number: number, ...args: readonly (bigint | number)[]): Promise<number> {
    return (await this.hvAll(number, ...args))[0] ?? 0;
  }

  /** The same, r3 to r12. */
  async hvAll(number: number, ...args: readonly (bigint | number)[]): Promise<number[]> {
    return (await this.host.hypervisor.anyUltracall(number, ...args)).map(value => Number(s64(value)));
  }

  /** `sc 2` on the guest's boot vCPU: signed r3. The other registers are as before. */
  async sc2(number: number, ...args: readonly (bigint | number)[]): Promise<number> {
    return call(this.vcpu, number, args, () => this.host.ultracalls.ultracall(this.vcpu));
  }

  /** A hypercall of the Ultravisor's own, in the name of the SVM on the boot vCPU; arguments from r4 on, fit or not. */
  fromUv(number: number, ...args: readonly (bigint | number)[]): ReturnType<typeof hypercall> {
    const uses = Object.fromEntries(args.map((_, i) => [`r${4 + i}`, r(4 + i, 'any')]));
    const values = Object.fromEntries(args.map((arg, i) => [`r${4 + i}`, arg]));
    return hypercall(this.uv, this.vcpu, { number, in: uses, out: {} }, values);
  }

  /** `sc 1` on the guest's boot vCPU: signed r3. */
  async sc1(number: number, ...args: readonly (bigint | number)[]): Promise<number> {
    return call(this.vcpu, number, args, () => this.guest.hypercall(this.vcpu));
  }

  /** State of a frame in the Ultravisor. */
  gpf(gpa: bigint): string {
    return this.uv.svm(this.guest.spec.lpid)?.frames.get(gpa >> 16n)?.state ?? 'SECURE';
  }

  gfn(gpa: bigint): string {
    return this.guest.partition.gfnState(gpa >> 16n);
  }
}

async function call(vcpu: Vcpu, number: number, args: readonly (bigint | number)[], body: () => Promise<void>): Promise<number> {
  [number, ...args].forEach((value, i) => {
    vcpu.set(3 + i, value);
  });
  await body();
  return Number(s64(vcpu.get(3)));
}

/** A page full of one recognisable value. */
export const canary = (n: number): Uint8Array => new Uint8Array(1 << 16).map((_, i) => (n * 37 + i * 11 + (i >> 8)) & 0xff);
