import {
  gpaOf,
  Halt,
  type Hypervisor,
  MSR,
  PAGE_BYTES,
  type Partition,
  TpmSpapr,
  terminateSecureGuest,
  type Vcpu,
} from '../hcall/index.ts';
import type { Actor, Stateful, World } from '../sim/index.ts';
import { fdtErrName, H, hName, showU, uName } from '../spec/index.ts';
import {
  buildGuestTree,
  describeTree,
  driverPages,
  enterSecureMode,
  type FileOutcome,
  getFile,
  type Layout,
  layOut,
  loadIntoTree,
  NO_DRIVER,
  type OpenedDisk,
  openDisk,
  type PassphraseClientName,
  type Platform,
  passphraseClients,
  TpmDriverError,
  type TpmDriverState,
  TpmDrivers,
} from '../svm/guest/index.ts';
import type { ByteSource, UnlockProgress } from '../svm/luks/index.ts';
import type { Ultravisor } from '../ultravisor/index.ts';
import type { VtpmSpec } from './vtpm.ts';

export interface GuestSpec {
  readonly name: string;
  readonly lpid: number;
  readonly ramBytes: bigint;
  readonly vcpus?: number;
  readonly kernel: Uint8Array;
  readonly kernelGpa?: bigint;
  readonly initrd: Uint8Array;
  readonly bootargs: string;
  /** The RTAS code that SLOF installs. */
  readonly rtas: Uint8Array;
  /** Placed by the boot wrapper; without it the Ultravisor looks in the initrd. */
  readonly esmBlob?: Uint8Array;
  /** host-path of spapr-tpm-proxy; null: no such device. */
  readonly tpmProxy?: { readonly hostPath: string; readonly mode?: 'observed' | 'strict' } | null;
  /** tpm-spapr beside the proxy; none: the machine has no such device. */
  readonly vtpm?: VtpmSpec;
  readonly secureAllowed?: boolean;
  /** The flattened tree of another machine's kernel: kernel, initrd and RTAS go where it says. */
  readonly deviceTree?: Uint8Array;
}

export const GUEST_STATES = ['created', 'running', 'secure', 'failed', 'stuck', 'dead', 'terminated'] as const;
export type GuestState = (typeof GUEST_STATES)[number];

/** The host as its guests need it. */
export interface GuestHost {
  readonly name: string;
  readonly world: World;
  readonly hypervisor: Hypervisor;
  readonly ultravisor: Ultravisor;
}

/** What a guest has beside its partition. */
export interface GuestData {
  readonly spec: GuestSpec;
  readonly state: GuestState;
  readonly nextPid: bigint;
  readonly tpmDrivers: TpmDriverState;
}

/** A call that did not come back: this guest's QEMU is gone or stuck, or the whole host stopped. */
export interface Never {
  readonly never: string;
  readonly scope: 'guest' | 'host';
}

type FileRefused = FileOutcome & { readonly ok: false };

export type EsmOutcome =
  | { readonly secure: true; readonly pc: bigint; readonly r3: bigint; readonly r4: bigint; readonly r5: bigint }
  | { readonly secure: false; readonly r3: bigint; readonly r3Name: string }
  | Never;

/** A virtual machine with its software: what SLOF and the boot wrapper load, and what the kernel and its programs do. */
export class Guest implements Stateful<GuestData> {
  readonly spec: GuestSpec;
  readonly partition: Partition;
  readonly layout: Layout;
  readonly #world: World;
  readonly #host: string;
  readonly #hypervisor: Hypervisor;
  readonly #ultravisor: Ultravisor;
  readonly #platform: Platform;
  #state: GuestState = 'created';
  /** The kernel's drivers of its TPM devices. */
  readonly tpmDrivers: TpmDrivers;
  /** What the host does when the guest's QEMU starts. */
  readonly #onStart: () => Promise<void>;
  /** The next process id: each reader of a file is a process of its own. */
  #nextPid = 100n;

  constructor(
    { world, name: host, hypervisor, ultravisor }: GuestHost,
    platform: Platform,
    spec: GuestSpec,
    onStart: () => Promise<void> = async () => {},
  ) {
    this.spec = spec;
    this.#world = world;
    this.#host = host;
    this.#hypervisor = hypervisor;
    this.#ultravisor = ultravisor;
    this.#platform = platform;
    this.#onStart = onStart;
    const { lpid, ramBytes, vcpus, secureAllowed, tpmProxy = { hostPath: '/dev/tpmrm0' } } = spec;
    this.partition = hypervisor.createGuest({
      lpid,
      ramBytes,
      ...(vcpus === undefined ? {} : { vcpus }),
      ...(secureAllowed === undefined ? {} : { secureAllowed }),
      ...(tpmProxy ? { tpmProxy } : {}),
    });
    const { kernelGpa, deviceTree } = spec;
    const loaded = { ramBytes, kernel: spec.kernel.length, initrd: spec.initrd.length, esmBlob: spec.esmBlob?.length ?? null, kernelGpa };
    this.layout = layOut(loaded, deviceTree && describeTree(deviceTree).places);
    this.tpmDrivers = new TpmDrivers(platform, () => this.bootVcpu, driverPages(this.layout));
  }

  get name(): string {
    return this.spec.name;
  }

  get state(): GuestState {
    return this.#state;
  }

  get bootVcpu(): Vcpu {
    return this.vcpu(0);
  }

  vcpu(id: number): Vcpu {
    const vcpu = this.partition.vcpus[id];
    if (!vcpu) throw new RangeError(`guest ${this.name} has no vCPU ${id}`);
    return vcpu;
  }

  #move(to: GuestState, why: string, actor: Actor = 'hypervisor'): void {
    const from = this.#state;
    this.#state = to;
    if (from === to) return;
    this.#world.bus.emit(
      'state',
      actor,
      { of: `guest ${this.name}`, from, to, why },
      { place: { host: this.#host, lpid: this.spec.lpid } },
    );
  }

  /** Loads kernel, initrd, RTAS and device tree into normal memory and starts the kernel. */
  async start(): Promise<void> {
    await this.#onStart();
    const { kernel, initrd, rtas, esmBlob } = this.spec;
    const { layout, partition } = this;
    partition.write(layout.kernel, kernel, 'hypervisor');
    partition.write(layout.initrd, initrd, 'hypervisor');
    partition.write(layout.rtas, rtas, 'hypervisor');
    if (esmBlob && layout.esmBlob !== null) partition.write(layout.esmBlob, esmBlob, 'guest');
    partition.write(layout.fdt, this.deviceTree(), 'guest');
    this.#move('running', 'kernel, initrd, RTAS and device tree are loaded');
  }

  /** The tree that its kernel hands over, as it should be. */
  deviceTree(): Uint8Array {
    if (this.spec.deviceTree) return loadIntoTree(this.spec.deviceTree, this.spec, this.layout);
    return buildGuestTree({ ...this.spec, vio: this.vtpm ? [this.vtpm.node] : [] }, this.layout);
  }

  /** The vTPM of this guest's machine. */
  get vtpm(): TpmSpapr | undefined {
    const devices = this.#hypervisor.vio.get(this.spec.lpid)?.devices ?? [];
    return devices.find(device => device instanceof TpmSpapr);
  }

  /** Its kernel sends a TPM command by the vTPM, or by spapr-tpm-proxy. @throws {TpmDriverError} when no response comes. */
  async tpmCommand(by: 'vtpm' | 'proxy', command: Uint8Array): Promise<Uint8Array> {
    if (by === 'proxy') return this.tpmDrivers.byProxy(command);
    if (!this.vtpm) throw new TpmDriverError(`guest ${this.name} has no vTPM`);
    return this.tpmDrivers.byVtpm(this.vtpm.unit, command);
  }

  /** UV_ESM, as prom_init makes it. */
  async enterSecureMode(): Promise<EsmOutcome> {
    const outcome = await this.#alive(() => enterSecureMode(this.#platform, this.bootVcpu, this.layout.kernel, this.layout.fdt));
    if ('never' in outcome) return outcome;
    if (outcome.secure) {
      // The kernel starts its other processors (RTAS start-cpu): they run in secure mode too.
      for (const vcpu of this.partition.vcpus) vcpu.regs.msr = this.bootVcpu.regs.msr;
      this.#move('secure', `the kernel starts again at 0x${outcome.pc.toString(16)}`, 'ultravisor');
      return outcome;
    }
    const r3Name = nameOf(outcome.r3);
    if (!this.bootVcpu.has(MSR.S)) this.#move('failed', `UV_ESM gave ${r3Name}`, 'guest');
    return { ...outcome, r3Name };
  }

  /** A file of the ESM blob, read by a process of its own. */
  async getFile(name: string, pid = this.#nextPid++): Promise<(FileOutcome & { readonly r3Name?: string }) | Never> {
    const outcome = await this.#alive(() => getFile(this.#platform, this.bootVcpu, name, pid));
    if ('never' in outcome || outcome.ok) return outcome;
    return { ...outcome, r3Name: fdtErrName(outcome.r3) ?? nameOf(outcome.r3) };
  }

  /**
   * Opens a LUKS volume with the passphrase of its ESM blob, as the initramfs does: a client reads the attachment, cryptsetup tries it.
   * @param image the disk: asked for when the passphrase is there.
   * @param options.file the attachment, if it is not the client's own.
   */
  async unlock(
    image: () => Promise<ByteSource>,
    options: { readonly client: PassphraseClientName; readonly file?: string; readonly onProgress?: (progress: UnlockProgress) => void },
  ): Promise<{ readonly ok: true; readonly disk: OpenedDisk } | (FileRefused & { readonly r3Name?: string }) | Never> {
    const client = passphraseClients[options.client];
    const read = await this.getFile(options.file ?? client.file);
    if ('never' in read || !read.ok) return read;
    const { bus, secrets } = this.#world;
    secrets.register(`passphrase of the disk of ${this.name}`, read.bytes, ['owner', 'ultravisor', 'svm']);
    const { disk, detail, notices, volumeKey } = await openDisk(await image(), client, read.bytes, options.onProgress);
    for (const { offset, text } of notices) bus.emit('note', 'svm', { text: `byte ${offset}: ${text}` });
    if (volumeKey) secrets.register(`volume key of the disk of ${this.name}`, volumeKey, ['owner', 'svm']);
    bus.emit('check', 'svm', { name: 'luks', ok: disk.opened, detail, source: 'LUKS2 On-Disk Format Specification' });
    return { ok: true, disk };
  }

  /** A system call of the guest's software with these registers: `sc 1` or `sc 2`. The registers afterwards. */
  async call(door: 'sc 1' | 'sc 2', registers: ReadonlyMap<number, bigint>, user = false): Promise<readonly bigint[] | Never> {
    const vcpu = this.bootVcpu;
    const saved = vcpu.saved();
    if (user) vcpu.regs.msr |= MSR.PR;
    for (const [register, value] of registers) vcpu.set(register, value);
    const outcome = await this.#alive(() => (door === 'sc 1' ? this.#platform.hypercall(vcpu) : this.#platform.ultracall(vcpu)));
    if (outcome) return outcome;
    const after = [...vcpu.regs.gpr];
    vcpu.load(saved);
    return after;
  }

  /** Machine reset: a secure VM is terminated, memory stays the hypervisor's, the software is loaded anew. */
  async reboot(): Promise<void> {
    await terminateSecureGuest(this.#hypervisor, this.partition);
    await this.#hypervisor.resetGuest(this.partition);
    this.partition.state.life = 'running';
    this.tpmDrivers.state = NO_DRIVER;
    this.#move('created', 'machine reset');
    await this.start();
  }

  /** The hypervisor ends the VM. */
  async terminate(): Promise<void> {
    await terminateSecureGuest(this.#hypervisor, this.partition);
    await this.#hypervisor.resetGuest(this.partition);
    for (const gfn of [...this.partition.state.frames.keys()]) this.partition.dropFrame(gfn);
    this.#move('terminated', 'the hypervisor ended the VM');
  }

  /** `sc 1` on a vCPU of this guest, arguments and results in its registers. */
  hypercall(vcpu: Vcpu): Promise<void> {
    return this.#platform.hypercall(vcpu);
  }

  /** Memory as a vCPU of the guest sees it. */
  read(gpa: bigint, length: number, vcpu = this.bootVcpu): Promise<Uint8Array> {
    return this.#platform.read(vcpu, gpa, length);
  }

  write(gpa: bigint, bytes: Uint8Array, vcpu = this.bootVcpu): Promise<void> {
    return this.#platform.write(vcpu, gpa, bytes);
  }

  /** Runs something of the guest; a call that never returns ends the guest, not the simulator. */
  async #alive<T>(body: () => Promise<T>): Promise<T | Never> {
    try {
      return await body();
    } catch (halt) {
      if (!(halt instanceof Halt)) throw halt;
      this.#move(this.partition.state.life === 'stuck' ? 'stuck' : 'dead', halt.how);
      return { never: halt.how, scope: halt.scope };
    }
  }

  snapshot(): GuestData {
    return { spec: this.spec, state: this.#state, nextPid: this.#nextPid, tpmDrivers: this.tpmDrivers.state };
  }

  restore({ state, nextPid, tpmDrivers }: GuestData): void {
    this.#state = state;
    this.tpmDrivers.state = tpmDrivers;
    this.#nextPid = nextPid;
  }

  get vcpus(): readonly Vcpu[] {
    return this.partition.vcpus;
  }

  /** It is a Secure VM, or on its way to become one. */
  get isSecure(): boolean {
    return this.bootVcpu.has(MSR.S) || this.#ultravisor.svm(this.spec.lpid) !== undefined;
  }

  /** Frames of normal memory that hold something. */
  *writtenFrames(): Generator<{ readonly gpa: bigint; readonly bytes: Uint8Array }> {
    for (const gfn of this.partition.state.frames.keys()) {
      const gpa = gpaOf(gfn);
      yield { gpa, bytes: this.partition.read(gpa, PAGE_BYTES, 'hypervisor') };
    }
  }

  /** Frames of this guest that lie in secure memory. */
  get securePages(): number {
    const svm = this.#ultravisor.svm(this.spec.lpid);
    return svm ? [...svm.frames.values()].filter(({ secureRa }) => secureRa !== null).length : 0;
  }
}

/** A result as the guest would print it: an ultracall's name, or a hypercall's where that is what came through. */
function nameOf(r3: bigint): string {
  if (r3 === BigInt(H.SUCCESS)) return 'U_SUCCESS';
  return uName(r3) ? showU(Number(r3)).replace(/ .*/, '') : (hName(r3) ?? String(r3));
}
