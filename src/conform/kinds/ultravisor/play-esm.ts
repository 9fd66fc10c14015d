import { fromHex, hex, toHex } from '../../../bytes/index.ts';
import { UV_ESM } from '../../../spec/index.ts';
import { readFdt, readFdtHeader } from '../../../svm/format/index.ts';
import { GPF_STATES, profiles, readSvm } from '../../../ultravisor/index.ts';
import { Differences } from '../../played-case.ts';
import { compareFrame, compareSaved } from './compare-registers.ts';
import { guestInput } from './guest-input.ts';
import type { SeenHypercall } from './played-hypervisor.ts';
import { LPID, PlayedMachine } from './played-machine.ts';
import type { Recorded } from './recording-set.ts';
import type { EsmCase, Mask, Outcome, RecordedHypercall } from './ultravisor-recording.ts';

const PAGE = 0x1_0000n;

/** What chance decides in the commands of an unwrap, by the recording's names of them. */
const CHANCE: Readonly<Record<string, readonly (readonly [offset: number, length: number])[]>> = {
  StartAuthSession: [[20, 32]],
  PolicyCommandCode: [[10, 4]],
  PolicyAuthValue: [[10, 4]],
  PolicyOR: [[10, 4]],
  FlushContext: [[10, 4]],
  RSA_Decrypt: [
    [18, 4],
    [24, 32],
    [59, 32],
  ],
};

/** Where TPM2_RSA_Decrypt has its ciphertext, after a session with a nonce and an HMAC of 32 bytes. */
const LOCKBOX_IN_COMMAND = [93, 256] as const;

/** Bytes with what chance decided covered. */
export function masked(bytes: Uint8Array, masks: readonly (readonly [offset: number, length: number] | Mask)[]): string {
  const covered = bytes.slice();
  for (const [offset, length] of masks) covered.fill(0xff, offset, offset + length);
  return toHex(covered);
}

/** A run of page-ins as single calls. */
export function expanded(calls: readonly RecordedHypercall[]): readonly RecordedHypercall[] {
  return calls.flatMap(call => {
    if (call.count === undefined) return [call];
    const first = BigInt(call.in[0] ?? '0');
    return Array.from({ length: call.count }, (_, i) => {
      const gpa = hex(first + BigInt(i) * PAGE);
      return {
        ...call,
        in: [gpa, ...call.in.slice(1)],
        ultracalls: (call.ultracalls ?? []).map(([name, , r3]) => [name, gpa, r3] as const),
      };
    });
  });
}

const ultracallText = (calls: readonly (readonly [name: string, args: string, r3: number])[]): string =>
  calls.map(([name, args, r3]) => `${name} ${args} = ${r3}`).join(', ');

export function compareHypercalls(
  differences: Differences,
  at: string,
  recorded: readonly RecordedHypercall[],
  seen: readonly SeenHypercall[],
  alsoMasked: readonly (readonly [offset: number, length: number])[] = [],
): void {
  const calls = expanded(recorded);
  for (let i = 0; i < Math.max(calls.length, seen.length); i++) {
    const field = `${at}[${i}]`;
    const [expected, actual] = [calls[i], seen[i]];
    const inputs = expected?.in.length ?? 0;
    const text = (call: { readonly call: string; readonly in: readonly string[] } | undefined): string =>
      call ? `${call.call}(${call.in.slice(0, inputs).join(' ')})` : 'none';
    differences.compare(field, text(expected), text(actual));
    // What follows the first other call would only say the same again.
    if (!expected || !actual || text(expected) !== text(actual)) return;
    differences.compare(`${field}.ultracalls`, ultracallText(expected.ultracalls ?? []), ultracallText(actual.ultracalls));
    if (expected.r3 !== undefined && actual.r3 !== null) differences.compare(`${field}.r3`, expected.r3, actual.r3);
    differences.compare(`${field}.out`, (expected.out ?? []).join(' '), actual.out.join(' '));
    if (expected.command !== undefined && actual.command) {
      const byChance = expected.masks?.command ?? CHANCE[expected.tpm ?? ''] ?? [];
      const masks = expected.tpm === 'RSA_Decrypt' ? [...byChance, ...alsoMasked] : byChance;
      differences.compare(`${field}.command`, masked(fromHex(expected.command), masks), masked(actual.command, masks));
    }
  }
}

export function compareOutcome(differences: Differences, at: string, expected: Outcome, actual: Outcome): void {
  for (const field of ['how', 'vector', 'r3', 'r4', 'r5', 'pc', 'msr', 'secure'] as const) {
    const value = expected[field];
    if (value !== undefined) differences.compare(`${at}.${field}`, value, actual[field] ?? 'none');
  }
}

/** One UV_ESM with all that its hypervisor saw of it. */
export async function playEsm(recorded: Recorded, one: EsmCase): Promise<Differences> {
  const differences = new Differences();
  const { input } = one;
  const base = recorded.base(one.base);
  const key = await recorded.key(base, input.key ?? base.tpmKey);
  const needsEarlier = input.faults?.some(({ replay }) => replay !== undefined) ?? false;
  const earlier = needsEarlier ? await recorded.earlierUnwrap(one.base) : [];
  const given = await guestInput(base, input, recorded.files, key);
  const profile = profiles[input.img === 'warn' ? 'published-as-built' : 'published'] ?? profiles.published;
  if (!profile) throw new RangeError('there is no profile published');
  const machine = new PlayedMachine({
    profile,
    ramBytes: BigInt(base.ram),
    tpm: key.fresh(),
    earlier,
    ...(input.secure === undefined ? {} : { secureBytes: input.secure }),
    ...(input.slots ? { slots: input.slots } : {}),
    ...(input.faults ? { faults: input.faults } : {}),
  });
  machine.load(given);
  const call = async (msr?: bigint): Promise<Outcome> => {
    machine.arrange(UV_ESM.number, [given.kbase, given.fdt], msr);
    return machine.sc2();
  };
  const msr = input.entry?.msr;
  const outcome = await call(msr === undefined ? undefined : BigInt(msr));
  // A lockbox that the recording wrapped anew holds what chance gave its padding.
  const wrapped = input.blob?.some(([name]) => name === 'wrap') ?? false;
  compareHypercalls(differences, 'hypercalls', one.hypercalls, machine.host.seen, wrapped ? [LOCKBOX_IN_COMMAND] : []);
  compareOutcome(differences, 'outcome', one.outcome, outcome);
  const svm = machine.uv.svm(LPID);
  if (one.svmState !== null) differences.compare('svmState', one.svmState, svm?.phase ?? 'none');
  const [first] = machine.host.seen;
  if (one.firstFrame && first) compareFrame(differences, 'firstFrame', one.firstFrame, first.frame);
  if (one.finalFrame) compareSaved(differences, 'finalFrame', one.finalFrame, machine.vcpu.regs);
  if (svm && one.frames) {
    const states = [...svm.frames].map(([gfn, { state }]) => [Number(gfn), GPF_STATES.indexOf(state)] as const);
    const text = (list: readonly (readonly [number, number])[]): string =>
      list
        .filter(([, state]) => state !== 0)
        .sort(([a], [b]) => a - b)
        .map(([gfn, state]) => `${gfn}:${GPF_STATES[state]}`)
        .join(' ');
    differences.compare('frames', text(one.frames), text(states));
  }
  if (svm && one.places) {
    const { keys = 0n, files = 0n, rtas = 0n, tpmBounce, tpmTransfer } = svm.reserved ?? {};
    const places: Readonly<Record<string, bigint>> = {
      svm_esmb: keys,
      files,
      rtas_args: rtas,
      rtas_bufs: rtas + PAGE,
      stop_self: rtas + 5n * PAGE,
      bounce: tpmBounce ?? 0n,
      xfer: tpmTransfer ?? 0n,
      vcpus: BigInt(svm.maxVcpus),
    };
    for (const [name, value] of Object.entries(places)) {
      const expected = one.places[name];
      if (expected !== undefined) differences.compare(`places.${name}`, expected, hex(value));
    }
  }
  if (svm && one.treeAfter) {
    const ctx = { uv: machine.uv, svm, vcpu: machine.vcpu };
    const { totalsize } = readFdtHeader(await readSvm(ctx, given.fdt, 40, 'ultravisor'));
    const { reservations } = readFdt(await readSvm(ctx, given.fdt, totalsize, 'ultravisor'));
    differences.compare('treeAfter.totalsize', one.treeAfter.totalsize, totalsize);
    const text = (list: readonly (readonly [string, string])[]): string => list.map(pair => pair.join('+')).join(' ');
    const found = reservations.map(({ address, size }) => [hex(address), hex(size)] as const);
    differences.compare('treeAfter.reservations', text(one.treeAfter.reservations), text(found));
  }
  if (one.second) {
    const before = machine.host.seen.length;
    const second = await call(machine.vcpu.regs.msr);
    compareOutcome(differences, 'second.outcome', one.second.outcome, second);
    compareHypercalls(differences, 'second.hypercalls', one.second.hypercalls, machine.host.seen.slice(before));
  }
  return differences;
}
