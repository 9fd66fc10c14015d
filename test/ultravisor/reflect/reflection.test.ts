import { expect } from 'chai';
import { MSR } from '../../../src/hcall/index.ts';
import { FATAL_HCALLS, H, H_TPM_COMM, HCALL_COUNTS } from '../../../src/spec/index.ts';
import { cells } from '../../../src/svm/format/index.ts';
import { profileNames } from '../../../src/ultravisor/index.ts';
import { reflectInterrupt } from '../../../src/ultravisor/reflect/exceptions.ts';
import { haltOf } from '../../hcall/machine.ts';
import { profileNamed, TestBench } from '../../helpers/machine.ts';

/** Every general register with a value of its own. */
const mark = (n: number): bigint => 0x5eed_0000_0000_0000n + BigInt(n);

/** Makes a hypercall with all registers marked; what the hypervisor saw, and what the SVM has afterwards. */
async function reflected(bench: TestBench, number: number, answer: (gpr: bigint[]) => void = () => {}) {
  let seen = bench.vcpu.saved();
  bench.adversary.onHypercall = async ({ vcpu }) => {
    seen = vcpu.saved();
    return { r3: 0 };
  };
  bench.adversary.onReturn = vcpu => {
    for (let n = 4; n < 31; n++) vcpu.set(n, 0xbad_0000n + BigInt(n));
    answer(vcpu.regs.gpr);
  };
  for (let n = 0; n < 32; n++) bench.vcpu.set(n, mark(n));
  Object.assign(bench.vcpu.regs, { cr: 1n, lr: 2n, ctr: 3n, xer: 4n, pc: 0x1234n, pidr: 77n, spr: { DEC: 55n, DSCR: 9n, HSPRG0: 6n } });
  bench.vcpu.set(3, number);
  const before = bench.vcpu.saved();
  await bench.guest.hypercall(bench.vcpu);
  return { before, seen, after: bench.vcpu.saved() };
}

describe('a hypercall of an SVM shows the hypervisor the counted registers and nothing else (docs/reference/pef.md#reflected-hypercalls)', () => {
  let bench: TestBench;
  before(async () => {
    bench = await TestBench.secure();
  });

  it('there are 157 entries, 57 of them fatal', () => {
    expect([HCALL_COUNTS.size, FATAL_HCALLS.size]).to.deep.equal([157 - 57, 57]);
  });

  for (const [number, { name, in: registersIn, out }] of HCALL_COUNTS) {
    if (name === 'H_RANDOM' || name === 'H_RTAS') continue; // below
    it(`${name}: ${registersIn} in, ${out} out`, async () => {
      const { before, seen, after } = await reflected(bench, number);
      for (let n = 1; n < 31; n++) {
        const passes = n >= 3 && n < 3 + registersIn;
        expect(seen.gpr[n], `r${n} to the hypervisor`).to.equal(passes ? before.gpr[n] : 0n);
      }
      for (let n = 0; n < 32; n++) {
        const comes = n >= 4 && n < 3 + out;
        expect(after.gpr[n], `r${n} back`).to.equal(n === 3 ? 0n : comes ? 0xbad_0000n + BigInt(n) : before.gpr[n]);
      }
    });
  }

  it('machine state: cookie in r31, SRR0 and HSRR0; S in SRR1; everything else neutral', async () => {
    const { before, seen, after } = await reflected(bench, 0x64);
    const cookie = seen.gpr[31] ?? 0n;
    expect(cookie >= 0x2000n && cookie < 1n << 52n && cookie % 4n === 0n).to.equal(true);
    expect([seen.srr0, seen.hsrr0]).to.deep.equal([cookie, cookie]);
    const [level, hypercall] = [3n << 20n, 1n << 20n]; // IBM bits 42 and 43
    const srr1 = ((before.msr | MSR.S) & ~level) | hypercall;
    expect([seen.srr1, seen.hsrr1]).to.deep.equal([srr1, srr1]);
    expect(seen.msr).to.equal(MSR.SF | MSR.HV | MSR.ME | MSR.LE);
    expect([seen.cr, seen.lr, seen.ctr, seen.xer]).to.deep.equal([0n, 0n, 0n, 0n]);
    expect([seen.lpidr, seen.pidr]).to.deep.equal([before.lpidr, before.pidr]);
    expect(seen.spr).to.deep.equal({ PPR: 0x0010_0000_0000_0000n, DEC: 0x7fff_ffffn, HSPRG0: 6n });
    expect({ ...after, gpr: [] }).to.deep.equal({ ...before, gpr: [] });
  });

  it('cookies never repeat', async () => {
    const cookies = new Set<bigint>();
    for (let i = 0; i < 50; i++) cookies.add((await reflected(bench, 0x64)).seen.gpr[31] ?? 0n);
    expect(cookies.size).to.equal(50);
  });

  it('the trace holds what the hypervisor saw', async () => {
    const sight = bench.events.findLast(({ kind, actor }) => kind === 'hcall.call' && actor === 'ultravisor')?.sights;
    expect(sight?.map(({ what }) => what)).to.deep.equal(['r0..r31', 'cr, lr, ctr, xer, msr, srr0, srr1, hsrr0, hsrr1, lpidr, pidr']);
    expect(Buffer.from(sight?.[0]?.bytes ?? []).includes(Buffer.from('5eed00000000001f', 'hex')), 'r31 of the SVM').to.equal(false);
  });
});

describe('hypercalls that are special', () => {
  it('H_CEDE sets EE of the SVM and shows the decrementer', async () => {
    const bench = await TestBench.secure();
    bench.vcpu.regs.msr &= ~MSR.EE;
    const { seen, after } = await reflected(bench, 0xe0);
    expect(after.msr & MSR.EE).to.equal(MSR.EE);
    expect(seen.spr.DEC).to.equal(55n);
  });

  for (const name of profileNames) {
    it(`H_RANDOM never reaches the hypervisor (${name}: ${profileNamed(name).random})`, async () => {
      const bench = await TestBench.secure({ profile: name });
      bench.events.length = 0;
      const r3 = await bench.sc1(0x300);
      expect(r3).to.equal(profileNamed(name).random === 'answered' ? 0 : H.FUNCTION);
      expect(bench.events.some(({ kind, actor }) => kind === 'hcall.call' && actor !== 'svm')).to.equal(false);
    });
  }

  it('H_RTAS goes through the bounce page; r3 keeps the number, the status is in the block', async () => {
    const bench = await TestBench.secure();
    const block = 0x30_0000n;
    await bench.guest.write(block, cells(0x2001, 0, 8, ...new Array<number>(8).fill(0xffff_ffff)));
    let shown = 0n;
    bench.adversary.onHypercall = async ({ vcpu }) => {
      shown = vcpu.get(4);
      return null;
    };
    expect(await bench.sc1(0xf000, block)).to.equal(0xf000);
    expect(shown, 'the hypervisor got another address').not.to.equal(block);
    const results = new DataView((await bench.guest.read(block + 12n, 32)).buffer);
    expect([results.getUint32(0), results.getUint32(4)]).to.deep.equal([0, 1970]);
  });

  it('H_RTAS with more than 16 cells is not passed on', async () => {
    const bench = await TestBench.secure();
    await bench.guest.write(0x30_0000n, cells(0x2001, 10, 10));
    bench.events.length = 0;
    expect(await bench.sc1(0xf000, 0x30_0000n)).to.equal(0xf000);
    expect(bench.of('hcall.call')).to.have.length(1);
  });

  for (const number of [H_TPM_COMM.number, 0xef14, 0x30, 0x1bc, 0x123_0000]) {
    it(`0x${number.toString(16)} stops the machine`, async () => {
      const bench = await TestBench.secure();
      bench.vcpu.set(3, number);
      expect(await haltOf(bench.guest.hypercall(bench.vcpu))).to.include({ scope: 'host' });
    });
  }

  it('problem state of an SVM: the hypervisor sees PR and answers H_PRIVILEGE', async () => {
    const bench = await TestBench.secure();
    bench.vcpu.regs.msr |= MSR.PR;
    expect(await bench.sc1(0x64, 1)).to.equal(H.PRIVILEGE);
  });

  it('H_SVM_* of the SVM itself arrive with S, as those of the Ultravisor do', async () => {
    const bench = await TestBench.secure();
    expect(await bench.sc1(0xef04, bench.guest.layout.kernel, 0, 16), 'H_SVM_PAGE_OUT of its own kernel').to.equal(0);
    expect(bench.gpf(bench.guest.layout.kernel)).to.equal('PAGEDOUT');
    expect((await bench.guest.read(bench.guest.layout.kernel, 16)).length, 'and it comes back when it is touched').to.equal(16);
    expect(bench.gpf(bench.guest.layout.kernel)).to.equal('SECURE');
  });
});

describe('what the hypervisor may do at UV_RETURN', () => {
  const back = async (change: (regs: TestBench['vcpu']['regs']) => void) => {
    const bench = await TestBench.secure();
    bench.vcpu.regs.pc = 0x4321n;
    const before = bench.vcpu.saved();
    bench.adversary.onReturn = vcpu => change(vcpu.regs);
    return { bench, before };
  };

  it("a synthesized interrupt: SRR0 and SRR1 are the SVM's, status bits from r2, MSR made by the Ultravisor", async () => {
    const { bench, before } = await back(regs => {
      regs.hsrr0 = 0x500n;
      regs.gpr[2] = 0xffff_ffff_ffff_ffffn;
      regs.hsrr1 = MSR.HV | MSR.PR | MSR.LE | MSR.S;
    });
    await bench.sc1(0x64, 1);
    const { pc, msr, srr0, srr1 } = bench.vcpu.regs;
    expect({ pc, srr0 }).to.deep.equal({ pc: 0x500n, srr0: 0x4321n });
    expect(msr).to.equal(MSR.SF | MSR.S | MSR.ME | MSR.LE);
    expect(srr1).to.equal(before.msr | 0x783f_0000n);
  });

  for (const [what, hsrr0] of [
    ['above 0x1fff', 0x2000n],
    ['not 32-byte aligned', 0x510n],
  ] as const) {
    it(`HSRR0 ${what} is ignored`, async () => {
      const { bench } = await back(regs => {
        regs.hsrr0 = hsrr0;
      });
      await bench.sc1(0x64, 1);
      expect(bench.vcpu.regs.pc).to.equal(0x4321n);
    });
  }

  it('a changed PIDR ends the SVM by ibm,os-term', async () => {
    const { bench } = await back(regs => {
      regs.pidr ^= 1n;
    });
    expect(await haltOf(bench.sc1(0x64, 1))).to.include({ scope: 'guest', how: 'ibm,os-term' });
    expect(bench.of('hcall.call').at(-1)).to.include({ name: 'H_RTAS' });
  });

  it('a changed LPIDR: the cookie is looked for in the record of another SVM, or of none, and the machine stops', async () => {
    const { bench } = await back(regs => {
      regs.lpidr ^= 1n;
    });
    expect(await haltOf(bench.sc1(0x64, 1))).to.include({ scope: 'host' });
  });

  it('in a transaction: the SVM gets a program interrupt, and no results (docs/reference/pef.md#ultracall-convention)', async () => {
    const { bench } = await back(regs => {
      regs.msr |= MSR.TS_S;
      regs.gpr[0] = 0x1234n;
    });
    await bench.sc1(0x64, 1);
    expect([bench.vcpu.regs.pc, bench.vcpu.regs.srr0, bench.vcpu.get(3)]).to.deep.equal([0x700n, 0x4321n, 0x64n]);
    expect(bench.vcpu.regs.srr1 & 0x0020_0000n, 'a TM bad thing').to.equal(0x0020_0000n);
  });

  it('FP, VEC and VSX of the SVM pass to the hypervisor, RI for an interrupt of its own (docs/reference/pef.md#registers-that-the-hypervisor-sees)', async () => {
    const { bench } = await back(() => {});
    bench.vcpu.regs.msr |= MSR.FP | MSR.VSX;
    const seen: bigint[] = [];
    bench.adversary.onHypercall = async ({ vcpu }) => {
      seen.push(vcpu.regs.msr);
      return { r3: 0 };
    };
    await bench.sc1(0x64, 1);
    expect(seen).to.deep.equal([MSR.SF | MSR.HV | MSR.ME | MSR.LE | MSR.FP | MSR.VSX]);
  });

  it('a bad cookie stops the machine', async () => {
    const { bench } = await back(regs => {
      regs.gpr[31] = 0x2000n;
    });
    expect(await haltOf(bench.sc1(0x64, 1))).to.include({ scope: 'host' });
  });

  it('coming back from ibm,os-term stops the machine', async () => {
    const bench = await TestBench.secure();
    bench.adversary.onHypercall = async ({ number }) => (number === 0xf000n ? { r3: 0 } : null);
    const bounce = bench.uv.svm(1)?.reserved?.rtas ?? 0n;
    expect(await haltOf(bench.guest.read(bounce, 4))).to.include({ scope: 'host' });
  });
});

describe('interrupts while an SVM runs', () => {
  const interrupted = async (vector: number, sprs: Record<string, bigint> = {}) => {
    const bench = await TestBench.secure();
    bench.vcpu.regs.pc = 0x4321n;
    const seen: bigint[] = [];
    bench.adversary.onReturn = vcpu => seen.push(vcpu.regs.hsrr1, ...vcpu.regs.gpr.slice(1, 31));
    const before = bench.vcpu.saved();
    await reflectInterrupt(bench.uv, bench.vcpu, vector, sprs);
    return { bench, seen, before };
  };

  for (const vector of [0x100, 0x200, 0x980, 0xe60, 0xe80, 0xea0, 0xf80]) {
    it(`0x${vector.toString(16)} goes to the hypervisor, which sees no register of the SVM`, async () => {
      const { bench, seen, before } = await interrupted(vector);
      expect(seen.slice(1).filter(value => value !== 0n && value !== 0xf11cn)).to.deep.equal([]);
      expect(bench.vcpu.saved()).to.deep.equal(before);
    });
  }

  it('0x500 is turned straight back', async () => {
    const { bench, seen } = await interrupted(0x500);
    expect(seen).to.deep.equal([]);
    expect([bench.vcpu.regs.pc, bench.vcpu.regs.srr0]).to.deep.equal([0x500n, 0x4321n]);
  });

  it('0xf80 for transactional memory is a program interrupt', async () => {
    const { bench, seen } = await interrupted(0xf80, { HFSCR: 5n << 56n });
    expect(seen).to.deep.equal([]);
    expect(bench.vcpu.regs.pc).to.equal(0x700n);
  });

  it('0x1500, as every other: back to the SVM', async () => {
    const { bench, seen, before } = await interrupted(0x1500);
    expect(seen).to.deep.equal([]);
    expect(bench.vcpu.saved()).to.deep.equal(before);
  });

  const GPA = 0x60_0000n;
  const storage = async (vector: number, gpa: bigint, prepare: (bench: TestBench) => Promise<unknown> = async () => {}) => {
    const bench = await TestBench.secure();
    await prepare(bench);
    bench.events.length = 0;
    const shown: bigint[] = [];
    bench.adversary.onReturn = vcpu => shown.push(vcpu.regs.spr.ASDR ?? 0n);
    await reflectInterrupt(bench.uv, bench.vcpu, vector, { ASDR: gpa, HDAR: gpa });
    return { shown, asked: bench.of('hcall.call').map(({ name }) => name), state: bench.gpf(gpa) };
  };
  const pageOut = (bench: TestBench) => bench.host.hypervisor.hostRead(bench.guest.partition, GPA, 1);

  for (const vector of [0xe00, 0xe20]) {
    const name = `0x${vector.toString(16)}`;
    it(`${name} on a paged-out frame pages it in`, async () => {
      const { asked, state } = await storage(vector, GPA, pageOut);
      expect({ asked, state }).to.deep.equal({ asked: ['H_SVM_PAGE_IN'], state: 'SECURE' });
    });
    it(`${name} on a secure frame: the SVM tries again`, async () => {
      expect(await storage(vector, GPA)).to.deep.include({ asked: [], shown: [] });
    });
    it(`${name} outside of every slot goes to the hypervisor with ASDR`, async () => {
      expect(await storage(vector, 1n << 40n)).to.deep.include({ shown: [1n << 40n] });
    });
  }
  it('0xe00 on an invalidated shared frame goes to the hypervisor, 0xe20 does not', async () => {
    const share = async (bench: TestBench) => {
      await bench.sc2(0xf130, GPA >> 16n, 1);
      await bench.hv(0xf138, 1, GPA, 16);
    };
    expect((await storage(0xe00, GPA, share)).shown).to.deep.equal([GPA]);
    expect((await storage(0xe20, GPA, share)).shown).to.deep.equal([]);
  });
  it('0xe00 on a bounce page ends the SVM', async () => {
    const bench = await TestBench.secure();
    const bounce = bench.uv.svm(1)?.reserved?.rtas ?? 0n;
    expect(await haltOf(reflectInterrupt(bench.uv, bench.vcpu, 0xe00, { ASDR: bounce }))).to.include({ how: 'ibm,os-term' });
  });

  it('0xe40 ends the SVM', async () => expect(await haltOf(interrupted(0xe40))).to.include({ scope: 'guest', how: 'ibm,os-term' }));
});
