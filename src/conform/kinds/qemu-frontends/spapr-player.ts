import { fromHex, toHex } from '../../../bytes/index.ts';
import { EmulatorBackend, vtpmBackend } from '../../../frontends/index.ts';
import { Hypervisor, hcalls, type Partition, QEMU_STDERR, RealMemory, TceTable, type Vcpu, VioBus } from '../../../hcall/index.ts';
import { createWorld } from '../../../sim/index.ts';
import { s64 } from '../../../spec/index.ts';
import { Differences, type PlayedCase } from '../../played-case.ts';
import type { FrontendStep, FrontendVector } from './frontend-recording.ts';
import { masked, PlaybackTpm } from './playback-tpm.ts';

const PROGRAM = 'qemu-system-ppc64: ';
const LPID = 1;
const RAM_BYTES = 512n << 20n;
const CONSOLE_UNIT = 0x7100_0000;
/** Where `-device tpm-spapr` finds its place behind the recorded machine's other devices. */
const TPM_UNIT = 0x7100_0003;
/** The recorded guest fills the pages of its buffers with a pattern before it begins. */
const PATTERN = { from: 0x61_0000n, bytes: 0x4000, byte: 0xa5 } as const;

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** A guest's hypercalls on a machine with a tpm-spapr. */
class SpaprPlayer {
  readonly differences = new Differences();
  readonly #world = createWorld('conform');
  readonly #hypervisor = new Hypervisor(this.#world, new RealMemory(), { calls: hcalls, files: noFiles, pef: false });
  readonly #guest: Partition = this.#hypervisor.createGuest({ lpid: LPID, ramBytes: RAM_BYTES });
  #messages: string[] = [];
  #tpm: PlaybackTpm | null = null;

  async play({ tpm, steps = [] }: FrontendVector): Promise<void> {
    this.#world.bus.listen(({ kind, data }) => {
      if (kind === 'note' && data.text.startsWith(QEMU_STDERR)) this.#messages.push(PROGRAM + data.text.slice(QEMU_STDERR.length));
    });
    const bus = new VioBus();
    this.#hypervisor.vio.set(LPID, bus);
    bus.plug(consoleDevice());
    if (tpm) {
      this.#tpm = new PlaybackTpm(this.differences, tpm);
      this.#tpm.expect('boot', null);
      const backend = await EmulatorBackend.open(this.#tpm, line => this.#messages.push(PROGRAM + line));
      if ('refused' in backend) return this.differences.compare('boot', 'runs', backend.refused.join('\n'));
      this.#hypervisor.plugVtpm(this.#guest, vtpmBackend(backend, 'recorded'), TPM_UNIT);
    }
    this.#guest.write(PATTERN.from, new Uint8Array(PATTERN.bytes).fill(PATTERN.byte), 'guest');
    for (const [index, step] of steps.entries()) {
      const field = `steps[${index}] ${step.op}`;
      this.#messages = [];
      this.#tpm?.expect(field, step.backend ?? []);
      await this.#step(field, step);
      await settled();
      this.#tpm?.finish();
      this.differences.compare(`${field}.messages`, (step.messages ?? []).join('\n'), this.#messages.join('\n'));
      if ('memory' in step) this.#memory(field, step.memory as RecordedMemory);
    }
  }

  async #step(field: string, step: FrontendStep): Promise<void> {
    switch (step.op) {
      case 'hcall': {
        for (const { addr, hex } of step.guestMemory ?? []) this.#guest.write(BigInt(addr), fromHex(hex), 'guest');
        const vcpu = this.#guest.vcpus[0] as Vcpu;
        vcpu.set(3, BigInt(step.hcall));
        step.args.forEach((value, i) => {
          vcpu.set(4 + i, BigInt(value));
        });
        await this.#hypervisor.hypercall(vcpu);
        return this.differences.compare(`${field} ${step.hcall}`, BigInt(step.r3).toString(), s64(vcpu.get(3)).toString());
      }
      case 'writemem':
        return this.#guest.write(BigInt(step.addr), fromHex(step.hex), 'guest');
      case 'fill':
        return this.#guest.write(BigInt(step.addr), new Uint8Array(step.len).fill(Number(step.byte)), 'guest');
      case 'readmem': {
        const bytes = toHex(this.#guest.read(BigInt(step.addr), step.len, 'guest'));
        return this.differences.compare(`${field} ${step.addr}`, masked(step.hex, step.hexMask), masked(bytes, step.hexMask));
      }
      case 'system_reset':
        return this.#hypervisor.resetGuest(this.#guest);
      case 'request':
      case 'no-request':
        // The TPM works behind the guest's back.
        void this.#hypervisor.guestWaits(this.#guest);
        return;
      case 'answer':
      case 'answer-while-stopped': // at once, whether the machine runs or not
      case 'pause':
      case 'set':
        return;
      default:
        this.differences.compare(`${field}.op`, step.op, 'not known here');
    }
  }

  #memory(field: string, memory: RecordedMemory): void {
    for (const { addr, hex, hexMask } of memory) {
      const bytes = toHex(this.#guest.read(BigInt(addr), hex.length / 2, 'guest'));
      this.differences.compare(`${field}.memory ${addr}`, masked(hex, hexMask), masked(bytes, hexMask));
    }
  }
}

type RecordedMemory = readonly { readonly addr: string; readonly hex: string; readonly hexMask?: string }[];

const noFiles = {
  async open() {
    return { errno: 'ENOENT' } as const;
  },
};

/** The console: on the bus, without a queue. */
const consoleDevice = () => ({
  unit: CONSOLE_UNIT,
  tces: new TceTable(CONSOLE_UNIT, 0),
  crq: null,
  signalMask: 1,
  signals: 0,
  receive: () => 0,
  async settle() {},
  async reset() {},
  async end() {},
  snapshot: () => null,
  restore() {},
});

/** Plays a case of kind `spapr`. */
export async function playSpapr(vector: FrontendVector): Promise<PlayedCase> {
  const player = new SpaprPlayer();
  await player.play(vector);
  return { name: vector.name, about: vector.about, differences: player.differences.all };
}
