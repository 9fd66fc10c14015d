import { fromHex, hex, toHex } from '../../../bytes/index.ts';
import { Halt, Hypervisor, hcalls, MSR, type Partition, QEMU_STDERR, RealMemory, type Registers, type Vcpu } from '../../../hcall/index.ts';
import { createWorld, type World } from '../../../sim/index.ts';
import { hName, s64 } from '../../../spec/index.ts';
import { Differences, type PlayedCase } from '../../played-case.ts';
import type { RecordingKind, Wanted } from '../../recording-kind.ts';
import {
  type ActionStep,
  argumentsOf,
  type CallStep,
  type Expected,
  isHTpmCommRecording,
  type Recording,
  ramBytes,
  readRecording,
  type Vector,
} from './call-recording.ts';
import { PlaybackDevice } from './playback-device.ts';

export const hTpmCommCalls: RecordingKind<object> = {
  name: 'h_tpm_comm',
  about: 'H_TPM_COMM on a real QEMU: an object with `vectors`, each with `steps` of `hcall`',
  recognises: isHTpmCommRecording,
  play: (json, { file }, wanted) => playRecording(file, json, wanted),
};

const LPID = 1;
type Outcome = { readonly outcome: 'returns' } | { readonly outcome: 'never returns' | 'hypervisor dies'; readonly halt: Halt };

/** The recorded machine, with a device that plays the recorded results back. */
class Player {
  readonly differences = new Differences();
  readonly #recording: Recording;
  readonly #vector: Vector;
  readonly #world: World = createWorld('conform');
  readonly #device: PlaybackDevice;
  readonly #hypervisor: Hypervisor;
  readonly #guest: Partition;
  #messages: string[] = [];

  constructor(recording: Recording, vector: Vector) {
    this.#recording = recording;
    this.#vector = vector;
    this.#device = new PlaybackDevice(this.differences, () => this.#guest.state.life !== 'dead');
    // The vectors' machine is TCG: no Protected Execution Facility.
    this.#hypervisor = new Hypervisor(this.#world, new RealMemory(), { calls: hcalls, files: this.#device, pef: false });
    this.#guest = this.#hypervisor.createGuest({ lpid: LPID, ramBytes: ramBytes(recording) });
    if (vector.device === 'present') this.#plug();
    this.#world.bus.listen(({ kind, data }) => {
      if (kind === 'note' && data.text.startsWith(QEMU_STDERR)) this.#messages.push(data.text.slice(QEMU_STDERR.length));
    });
  }

  #plug(): void {
    const { hostFile, hostPath, variant } = this.#vector;
    const path = hostFile === undefined ? hostPath : '<host-path>';
    this.#hypervisor.plugTpmProxy(this.#guest, path, { fortify: variant === undefined });
  }

  async play(): Promise<void> {
    for (const [index, step] of this.#vector.steps.entries()) {
      const field = `steps[${index}]`;
      this.#device.expect(field, step.deviceEvents);
      if ('action' in step) await this.#act(field, step);
      else await this.#call(field, step);
      this.#device.finish();
    }
  }

  async #act(field: string, { action }: ActionStep): Promise<void> {
    switch (action) {
      case 'system_reset':
        return this.#hypervisor.resetGuest(this.#guest);
      case 'quit':
        return this.#hypervisor.endGuest(this.#guest);
      case 'device_add':
        return this.#plug();
      case 'device_del':
        return this.#hypervisor.unplugTpmProxy(this.#guest);
      case 'stop_cont':
        return; // vCPUs stand still and go on: nothing that a hypercall could notice
      default:
        this.differences.compare(`${field}.action`, action, 'not known here');
    }
  }

  async #call(field: string, step: CallStep): Promise<void> {
    const guest = this.#guest;
    for (const piece of step.guestMemory) {
      const bytes = 'hex' in piece ? fromHex(piece.hex) : new Uint8Array(piece.len).fill(fromHex(piece.fill)[0] ?? 0);
      guest.write(BigInt(piece.addr), bytes, 'guest');
    }
    const before = step.expected.unchanged.map(({ addr, len }) => toHex(guest.read(BigInt(addr), len, 'guest')));
    const vcpu = guest.vcpus[0] as Vcpu;
    load(vcpu, BigInt(step.hcall), argumentsOf(step, this.#recording), step.msrPr === 1);
    const registers = vcpu.saved();
    this.#messages = [];
    const outcome = await this.#issue(vcpu);
    this.#compareOutcome(field, step.expected, outcome);
    if (outcome.outcome === 'returns' && step.expected.outcome === 'returns') {
      this.#compareRegisters(field, step.expected, registers, vcpu);
      this.#compareMemory(field, step.expected, before);
    }
    this.differences.compare(`${field}.messages`, step.messages.join('\n'), this.#messages.join('\n'));
  }

  async #issue(vcpu: Vcpu): Promise<Outcome> {
    try {
      await this.#hypervisor.hypercall(vcpu);
      return { outcome: 'returns' };
    } catch (halt) {
      if (!(halt instanceof Halt)) throw halt;
      return { outcome: halt.signal === undefined ? 'never returns' : 'hypervisor dies', halt };
    }
  }

  #compareOutcome(field: string, expected: Expected, actual: Outcome): void {
    this.differences.compare(`${field}.outcome`, expected.outcome, actual.outcome);
    if (actual.outcome === 'returns' || expected.outcome !== actual.outcome) return;
    if (expected.how !== undefined) this.differences.compare(`${field}.how`, expected.how, actual.halt.how);
    if (expected.signal !== undefined) this.differences.compare(`${field}.signal`, expected.signal, actual.halt.signal ?? 'none');
    if (expected.monitorAnswers !== undefined) {
      // The hypercall holds QEMU's global lock: a stuck one takes the monitor with it.
      this.differences.compare(`${field}.monitorAnswers`, expected.monitorAnswers, this.#guest.state.life === 'running');
    }
  }

  #compareRegisters(field: string, expected: Expected, before: Registers, vcpu: Vcpu): void {
    if (expected.r3 !== undefined) this.differences.compare(`${field}.r3`, showCode(BigInt(expected.r3)), showCode(s64(vcpu.get(3))));
    if (expected.r4 !== undefined) this.differences.compare(`${field}.r4`, hex(BigInt(expected.r4)), hex(vcpu.get(4)));
    const old = others(before);
    const changed = Object.entries(others(vcpu.regs)).filter(([name, value]) => value !== old[name]);
    const text = (entries: readonly (readonly [string, string | bigint])[]) =>
      entries.map(([name, value]) => `${name}=${hex(BigInt(value))}`).join(' ') || 'none';
    this.differences.compare(`${field}.registersChanged`, text(Object.entries(expected.registersChanged)), text(changed));
  }

  #compareMemory(field: string, { memory, unchanged }: Expected, before: readonly string[]): void {
    // No mask: the device gives the recorded bytes, so the random ones are the recorded ones too.
    for (const [i, { addr, hex: expected }] of memory.entries()) {
      const actual = this.#guest.read(BigInt(addr), expected.length / 2, 'guest');
      this.differences.compare(`${field}.memory[${i}] at ${addr}`, expected.toLowerCase(), toHex(actual));
    }
    for (const [i, { addr, len }] of unchanged.entries()) {
      const actual = toHex(this.#guest.read(BigInt(addr), len, 'guest'));
      this.differences.compare(`${field}.unchanged[${i}] at ${addr}`, before[i] ?? '', actual);
    }
  }
}

/** The guest's registers before `sc 1`. All that may not change holds a value of its own. */
function load(vcpu: Vcpu, number: bigint, args: readonly bigint[], problemState: boolean): void {
  for (let n = 0; n < 32; n++) vcpu.set(n, 0x0101_0101n * BigInt(n + 1));
  Object.assign(vcpu.regs, { cr: 0x2400_0042n, lr: 0x10_0204n, ctr: 0x77n, xer: 0x2000_0000n });
  vcpu.regs.msr = problemState ? vcpu.regs.msr | MSR.PR : vcpu.regs.msr & ~MSR.PR;
  vcpu.set(3, number);
  args.forEach((value, i) => {
    vcpu.set(4 + i, value);
  });
}

/** The registers in `registersChanged`'s scope, and more: everything but r3 and r4. */
function others({ gpr, cr, ctr, xer, lr, msr }: Registers): Readonly<Record<string, bigint>> {
  const general = gpr.map((value, n) => [`r${n}`, value] as const).filter(([name]) => name !== 'r3' && name !== 'r4');
  return { ...Object.fromEntries(general), cr, ctr, xer, lr, msr };
}

function showCode(code: bigint): string {
  const name = hName(Number(code));
  return name ? `${name} (${code})` : String(code);
}

/** Plays the wanted vectors of a recording against the simulator. */
async function* playRecording(file: string, json: unknown, wanted: Wanted): AsyncGenerator<PlayedCase> {
  const recording = readRecording(file, json);
  for (const vector of recording.vectors) {
    if (!wanted(vector.name)) continue;
    const player = new Player(recording, vector);
    await player.play();
    const { name, about } = vector;
    yield { name, ...(about === undefined ? {} : { about }), differences: player.differences.all };
  }
}
