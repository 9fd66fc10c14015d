import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { Halt, invalidateShared, isSecure } from '../../../src/hcall/index.ts';
import { published } from '../../../src/ultravisor/core/profile.ts';
import { TestBench } from '../../helpers/machine.ts';
import { H_SVM_INIT_DONE, H_SVM_PAGE_IN, refuse } from '../tampering.ts';
import { type Answer, Dead, Model, RAW } from './page-state-model.ts';
import { GPF, OPERATIONS, type Operation, U_NUMBER } from './page-state-tables.ts';

const PAGE = 0x1_0000n;
const BASE = 0x60_0000n;
const PLAIN_FRAMES = 4;
/** The plain frames, a bounce page, the RTAS area. */
const START = [0, 0, 0, 0, 4, 12];
const JUNK_RA = 0x7000_0000n;
const FIRST_CIPHER_RA = 0x7100_0000n;
const CANARY_BYTES = 32;
const UV = { UV_PAGE_IN: 0xf128, UV_PAGE_OUT: 0xf12c, UV_PAGE_INVAL: 0xf138, share: 0xf130, unshare: 0xf134 } as const;
const KVM = { S: 'secure', O: 'paged-out', H: 'shared' } as const;
const PROFILE = { ...published, name: 'published, results written', shareResult: 'written' } as const;

/** 32 bytes that stand nowhere else in the world. */
const canaryOf = (number: number): Uint8Array => createHash('sha256').update(`canary ${number}`).digest();
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const codeName = (r3: number): string => Object.entries(U_NUMBER).find(([, number]) => number === r3)?.[0] ?? String(r3);

/** The machine, and what a test must remember of it. */
class Real {
  readonly bench: TestBench;
  readonly left: number;
  gpas: readonly bigint[] = [];
  /** What the SVM wrote into secure pages. */
  readonly secrets = new Set<string>();
  /** Where the last raw UV_PAGE_OUT of a frame put its ciphertext. */
  readonly cipherRa = new Map<number, bigint>();
  writes = 0;
  cipherPages = 0n;
  /** Every raw call and the state after it: those in the middle of an SVM's call too. */
  readonly log: string[] = [];
  dead = false;

  constructor(bench: TestBench, left: number) {
    this.bench = bench;
    this.left = left;
    this.layOut();
  }

  layOut(): void {
    const plain = Array.from({ length: PLAIN_FRAMES }, (_, n) => BASE + BigInt(n) * PAGE);
    this.gpas = [...plain, this.bench.uv.svm(1)?.reserved?.tpmBounce ?? 0n, this.bench.guest.layout.rtas];
    this.cipherRa.clear();
  }

  gpa(n: number): bigint {
    return this.gpas[n] ?? 0n;
  }

  async raw(op: Operation, n: number, right: boolean): Promise<string> {
    const code = await this.#raw(op, n, right);
    this.log.push(`${op} ${n}: ${code}, ${this.bench.gpf(this.gpa(n))}`);
    return code;
  }

  async #raw(op: Operation, n: number, right: boolean): Promise<string> {
    if (op === 'UV_PAGE_INVAL') return codeName(await this.bench.hv(UV[op], 1, this.gpa(n), 16));
    if (op === 'UV_PAGE_IN') {
      const ra = (right ? this.cipherRa.get(n) : undefined) ?? JUNK_RA + BigInt(n) * PAGE;
      return codeName(await this.bench.hv(UV[op], 1, ra, this.gpa(n), 0, 16));
    }
    const ra = FIRST_CIPHER_RA + this.cipherPages++ * PAGE;
    const code = await this.bench.hv(UV.UV_PAGE_OUT, 1, ra, this.gpa(n), 0, 16);
    if (code === 0) this.cipherRa.set(n, ra);
    return codeName(code);
  }

  /** The hypervisor's answers to the next H_SVM_PAGE_IN. */
  answer(answers: readonly Answer[]): void {
    const left = [...answers];
    this.bench.adversary.onHypercall = async ({ number, args }) => {
      const next = number === H_SVM_PAGE_IN ? left.shift() : undefined;
      if (!next) return null;
      const n = this.gpas.indexOf(args.gpa ?? 0n);
      for (const { op, offset, right } of next.first) await this.raw(op, (n + offset) % this.gpas.length, right);
      return next.result === 'honest' ? null : { r3: next.result === 'refuse' ? -4 : 0 };
    };
  }
}

function modelOutcome<T>(body: () => T): T | 'dead' {
  try {
    return body();
  } catch (dead) {
    if (dead instanceof Dead) return 'dead';
    throw dead;
  }
}

async function realOutcome<T>(body: () => Promise<T>): Promise<T | 'dead'> {
  try {
    return await body();
  } catch (halt) {
    if (halt instanceof Halt && halt.scope === 'guest') return 'dead';
    throw halt;
  }
}

/** Does a thing in the model and in the machine, compares results and states, then looks at what must always hold. */
class Command implements fc.AsyncCommand<Model, Real> {
  readonly #text: string;
  readonly #inModel: (model: Model, real: Real) => unknown;
  readonly #inReal: (real: Real) => Promise<unknown>;

  constructor(text: string, inModel: (model: Model, real: Real) => unknown, inReal: (real: Real) => Promise<unknown>) {
    this.#text = text;
    this.#inModel = inModel;
    this.#inReal = inReal;
  }

  check(): boolean {
    return true;
  }

  toString(): string {
    return this.#text;
  }

  async run(model: Model, real: Real): Promise<void> {
    if (real.dead) return;
    const expected = modelOutcome(() => this.#inModel(model, real));
    const found = await realOutcome(() => this.#inReal(real));
    real.bench.adversary.onHypercall = null;
    real.dead = found === 'dead';
    if (expected !== 'anything' || real.dead) expect(found, this.#text).to.deep.equal(expected);
    if (!real.dead) statesAgree(model, real);
    invariantsHold(real);
  }
}

function statesAgree(model: Model, { bench, gpas, log }: Real): void {
  expect(log.splice(0)).to.deep.equal(model.log.splice(0));
  expect(gpas.map(gpa => bench.gpf(gpa))).to.deep.equal(model.frames.map(({ gpf }) => GPF[gpf]?.state));
  expect(gpas.map(gpa => bench.gfn(gpa))).to.deep.equal(model.frames.map(({ kvm }) => KVM[kvm]));
}

function invariantsHold({ bench, secrets }: Real): void {
  const secure = new Set<bigint>();
  for (const frame of bench.uv.svm(1)?.frames.values() ?? []) {
    expect(frame.state === 'PAGEDOUT', 'ciphertext only with a tag kept').to.equal(frame.sealed !== null);
    if (frame.hvRa !== null) expect(isSecure(frame.hvRa), 'a page in two states').to.equal(false);
    if (frame.secureRa === null) continue;
    expect(secure.has(frame.secureRa), 'a page of two frames').to.equal(false);
    secure.add(frame.secureRa);
  }
  for (const [, page] of bench.host.memory.normalPages()) {
    expect(secrets.has(hexOf(page.subarray(0, CANARY_BYTES))), 'a secure page that the hypervisor can read').to.equal(false);
  }
}

const plain = fc.nat(PLAIN_FRAMES - 1);
const frame = fc.nat(START.length - 1);
const rawOp = fc.constantFrom(...RAW);
const answer: fc.Arbitrary<Answer> = fc.record({
  first: fc.array(fc.record({ op: rawOp, offset: fc.constantFrom(0, 0, 0, 1, START.length - 1), right: fc.boolean() }), { maxLength: 4 }),
  result: fc.oneof(
    { weight: 20, arbitrary: fc.constant('honest' as const) },
    { weight: 1, arbitrary: fc.constantFrom('refuse' as const, 'lie' as const) },
  ),
});

const rawCall = fc.tuple(rawOp, frame, fc.boolean()).map(
  ([op, n, right]) =>
    new Command(
      `${op} ${n}${right ? ', the right page' : ''}`,
      model => model.raw(op, n, right),
      real => real.raw(op, n, right),
    ),
);

const svmCall = (op: 'share' | 'unshare', shared = false) =>
  fc.tuple(plain, fc.integer({ min: 1, max: 3 }), fc.array(answer, { maxLength: 4 })).map(([first, wanted, answers]) => {
    const count = Math.min(wanted, PLAIN_FRAMES - first);
    return new Command(
      `${shared ? 'share, then ' : ''}${op} ${first}..${first + count - 1} ${JSON.stringify(answers)}`,
      model => {
        if (shared) model.share(first, count);
        return model.during(answers, () => model[op](first, count));
      },
      async real => {
        if (shared) await real.bench.sc2(UV.share, real.gpa(first) >> 16n, count);
        real.answer(answers);
        return codeName(await real.bench.sc2(UV[op], real.gpa(first) >> 16n, count));
      },
    );
  });

const write = plain.map(
  n =>
    new Command(
      `write ${n}`,
      (model, real) => {
        const number = real.writes + 1;
        model.touch(n, number);
        if ((model.frames[n]?.gpf ?? 0) < 2) real.secrets.add(hexOf(canaryOf(number)));
      },
      real => real.bench.guest.write(real.gpa(n), canaryOf(++real.writes)),
    ),
);

/** Of the bounce page seldom: it ends the SVM. */
const readable = fc.oneof(
  { weight: 9, arbitrary: plain },
  { weight: 3, arbitrary: fc.constant(5) },
  { weight: 1, arbitrary: fc.constant(4) },
);

const read = readable.map(
  n =>
    new Command(
      `read ${n}`,
      model => {
        const contents = model.touch(n);
        if (contents < 0) return 'anything';
        return hexOf(contents === 0 ? new Uint8Array(CANARY_BYTES) : canaryOf(contents));
      },
      async real => hexOf(await real.bench.guest.read(real.gpa(n), CANARY_BYTES)),
    ),
);

const hostTouches = plain.map(
  n =>
    new Command(
      `the host touches ${n}`,
      model => model.kvmPageOut(n),
      async ({ bench, gpas }) => void (await bench.host.hypervisor.hostRead(bench.guest.partition, gpas[n] ?? 0n, 1)),
    ),
);

const invalidate = frame.map(
  n =>
    new Command(
      `KVM invalidates ${n}`,
      model => model.kvmInvalidate(n),
      ({ bench, gpas }) => invalidateShared(bench.host.hypervisor, bench.guest.partition, (gpas[n] ?? 0n) >> 16n),
    ),
);

/** Ended from outside, perhaps a transition that fails, and secure again: everything as on the first day. */
const again = fc.boolean().map(
  failsFirst =>
    new Command(
      `reboot${failsFirst ? ', a transition that fails' : ''}, secure again`,
      model => model.reset(START),
      async real => {
        const { bench } = real;
        await bench.guest.reboot();
        expect(bench.host.memory.securePagesLeft, 'memory given back at terminate').to.equal(real.left);
        if (failsFirst) {
          refuse(bench, H_SVM_INIT_DONE, 'H_STATE');
          expect(await bench.guest.enterSecureMode()).to.include({ secure: false });
          bench.adversary.onHypercall = null;
          expect(bench.gfn(bench.guest.layout.kernel)).to.equal('normal');
          expect(bench.host.memory.securePagesLeft, 'memory given back at abort').to.equal(real.left);
          await bench.guest.reboot();
        }
        await bench.guest.enterSecureMode();
        real.layOut();
      },
    ),
);

describe('random calls of both sides against the tables (docs/reference/pef.md#page-states, #the-hypervisors-view)', () => {
  const reached = new Set<string>();

  it('results, states and invariants hold at every step', async function () {
    this.timeout(60_000);
    const commands = fc.commands(
      [
        rawCall,
        rawCall,
        svmCall('share'),
        svmCall('share'),
        svmCall('unshare'),
        svmCall('unshare', true),
        svmCall('unshare', true),
        write,
        read,
        hostTouches,
        invalidate,
        invalidate,
        again,
      ],
      { maxCommands: 40 },
    );
    await fc.assert(
      fc.asyncProperty(commands, async run => {
        const bench = await TestBench.create({ profile: PROFILE });
        const left = bench.host.memory.securePagesLeft;
        expect(await bench.guest.enterSecureMode()).to.include({ secure: true });
        const real = new Real(bench, left);
        const model = new Model(START);
        await fc.asyncModelRun(() => ({ model, real }), run);
        for (const key of model.reached) reached.add(key);
        await bench.guest.terminate();
        expect(bench.host.memory.securePagesLeft, 'memory given back at the end').to.equal(left);
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  it('came by nearly every row and column of the table, but for those that need a second vCPU', () => {
    const secondVcpu = (state: number, op: string) => (op === 'share' || op === 'unshare') && state > 3;
    const missing = GPF.flatMap(({ number }) =>
      OPERATIONS.filter(op => !secondVcpu(number, op) && !reached.has(`${number} ${op}`)).map(op => `${number} ${op}`),
    );
    expect(missing.length, missing.join(', ')).to.be.below(4); // page-states.test.ts has each of them
  });
});
