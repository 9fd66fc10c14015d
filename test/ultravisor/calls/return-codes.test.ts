import { createDecipheriv } from 'node:crypto';
import { expect } from 'chai';
import { Halt, MSR, SECURE_BIT, SECURE_GUEST } from '../../../src/hcall/index.ts';
import { H, U } from '../../../src/spec/index.ts';
import { profileNames } from '../../../src/ultravisor/index.ts';
import { reflectInterrupt } from '../../../src/ultravisor/reflect/exceptions.ts';
import { canary, TestBench } from '../../helpers/machine.ts';
import { editTree, flip, onTpm, H_SVM_PAGE_IN as PAGE_IN, refuse, TPM_CC, H_TPM_COMM as TPM_COMM } from '../tampering.ts';

const OS_TERM_CALL = 0xf000n;
const GPA = 0x60_0000n;
const PAGE = 1 << 16;

describe('return codes (docs/reference/pef.md#results-of-ultracalls, #results-of-hypercalls)', () => {
  it('U_*: the published numbers', () => {
    const published = {
      ...{ SUCCESS: 0, FUNCTION: -2, PARAMETER: -4, RETRY: -5, HARDWARE: -6, UNSUPPORTED: -7, PERMISSION: -11, WRONG_STATE: -14 },
      ...{ XSCOM_PARTIAL_GOOD: -25, XSCOM_ADDR_ERROR: -26, XSCOM_CLOCK_ERROR: -27, XSCOM_PARITY_ERROR: -28, XSCOM_TIMEOUT: -29 },
      ...{ P2: -55, P3: -56, P4: -57, P5: -58, BAD_MODE: -59, STATE: -75 },
    };
    expect(U).to.include(published);
    const own = Object.keys(U).filter(name => !(name in published));
    expect(own, 'without a published number').to.deep.equal(['INVALID', 'NO_KEY']);
  });

  it('H_*: the published numbers', () => {
    expect(H).to.include({
      ...{ SUCCESS: 0, BUSY: 1, CLOSED: 2, NOT_AVAILABLE: 3, CONSTRAINED: 4, PARTIAL: 5, IN_PROGRESS: 14, TOO_HARD: 9999 },
      ...{ HARDWARE: -1, FUNCTION: -2, PRIVILEGE: -3, PARAMETER: -4, BAD_MODE: -5, PTEG_FULL: -6, NOT_FOUND: -7, NO_MEM: -9 },
      ...{ AUTHORITY: -10, PERMISSION: -11, DROPPED: -12, RESOURCE: -16, NOT_ENOUGH_RESOURCES: -44, R_STATE: -45, RESCINDED: -46 },
      ...{ P2: -55, P3: -56, P4: -57, P5: -58, P6: -59, P7: -60, P8: -61, P9: -62 },
      ...{ TOO_BIG: -64, UNSUPPORTED: -67, OVERLAP: -68, STATE: -75, UNSUPPORTED_FLAG: -256, MULTI_THREADS_ACTIVE: -9005 },
    });
    for (let i = 0; i < 6; i++) expect(Object.values(H)).to.include(9900 + i);
  });
});

describe('privilege (docs/reference/pef.md#privilege, #ultracall-convention)', () => {
  it('the bits of the MSR, and the secure bit of a real address', () => {
    const ibm = (bit: number): bigint => 1n << BigInt(63 - bit);
    expect(MSR).to.include({ SF: ibm(0), HV: ibm(3), S: ibm(41), EE: ibm(48), PR: ibm(49), ME: ibm(51), LE: ibm(63) });
    expect(SECURE_BIT).to.equal(0x0001_0000_0000_0000n);
  });

  it("in a transaction of the hypervisor's: U_BAD_MODE for every call, before the caller is looked at", async () => {
    const bench = await TestBench.secure();
    for (const bits of [MSR.TS_T, MSR.TS_S, MSR.TS_S | MSR.PR]) {
      bench.vcpu.regs.msr |= MSR.HV | bits;
      for (const number of [0xf104, 0xf110, 0xf128, 0xf130, 0xf14c]) expect(await bench.sc2(number)).to.equal(U.BAD_MODE);
      bench.vcpu.regs.msr &= ~(MSR.HV | bits);
    }
    bench.vcpu.regs.msr |= MSR.TS_S;
    expect(await bench.sc2(0xf128), "an SVM's own transaction is no matter").to.equal(U.PERMISSION);
  });
});

describe("the hypervisor's view of a frame (docs/reference/pef.md#the-hypervisors-view)", () => {
  /** Rows: state; columns: share, unshare, abort, H_SVM_INIT_DONE. */
  const ROWS = {
    secure: { share: 'shared', unshare: 'secure', abort: 'normal', done: 'secure' },
    shared: { share: 'shared', unshare: 'secure', abort: 'normal', done: 'shared' },
    normal: { share: 'shared', unshare: 'secure', abort: 'normal', done: 'secure' },
  } as const;
  const CALLS = { share: [0xef00, 1, 0xf130], unshare: [0xef00, 0, 0xf134], done: [0xef0c, 0, 0] } as const;

  for (const [state, next] of Object.entries(ROWS)) {
    for (const [operation, wanted] of Object.entries(next)) {
      it(`${state}, ${operation}: ${wanted}`, async () => {
        // In the middle of a transition, when all three states exist.
        const bench = await TestBench.create({ profile: 'published' });
        let seen: string | null = null;
        bench.adversary.onHypercall = async ({ number }) => {
          if (number !== TPM_COMM || seen !== null) return null;
          seen = '';
          const ask = (call: number, flags: number) => bench.fromUv(call, GPA, flags, 16);
          const svm = bench.uv.svm(1)!;
          const setUv = (to: 'HV_SHARING' | 'HV_UNSHARING' | 'SECURE') => {
            svm.frames.set(GPA >> 16n, { state: to, secureRa: null, hvRa: null, sealed: null, usedAt: 0 });
          };
          if (state === 'secure') await ask(0xef00, 0);
          if (state === 'shared') {
            setUv('HV_SHARING');
            await ask(0xef00, 1);
          }
          expect(bench.gfn(GPA)).to.equal(state);
          if (operation === 'abort') return { r3: H.HARDWARE };
          if (operation === 'share' && state !== 'shared') setUv('HV_SHARING');
          if (operation === 'unshare' && state === 'shared') setUv('HV_UNSHARING');
          const [call, flags] = CALLS[operation as keyof typeof CALLS];
          await ask(call, flags);
          seen = bench.gfn(GPA);
          return null;
        };
        if (operation === 'done') bench.guest.partition.write(GPA, Uint8Array.of(1), 'guest');
        await bench.guest.enterSecureMode();
        expect(operation === 'abort' ? bench.gfn(GPA) : seen).to.equal(wanted);
      });
    }
  }

  it('the flag word: START, START and DONE, nothing', () => expect(SECURE_GUEST).to.deep.equal({ INIT_START: 1, INIT_DONE: 2 }));
});

describe('what the hypervisor finds in special purpose registers (docs/reference/pef.md#masked-registers)', () => {
  const MASKED = [
    ...[
      'SPURR',
      'PURR',
      'CIABR',
      'DAR',
      'DAWR',
      'DAWRX',
      'IAMR',
      'DSCR',
      'DSISR',
      'PSPB',
      'TAR',
      'UAMOR',
      'VRSAVE',
      'SDAR',
      'SIER',
      'SIAR',
    ],
    ...['PMC1', 'PMC2', 'PMC3', 'PMC4', 'PMC5', 'PMC6', 'MMCRC', 'TRACE', 'EBBHR', 'EBBRR', 'HEIR', 'TIDR', 'IC'],
  ];
  const all = Object.fromEntries(
    [...MASKED, 'PPR', 'DEC', 'HSPRG0', 'HSPRG1', 'LPCR', 'HDSISR', 'HDAR', 'ASDR'].map((name, i) => [name, BigInt(i + 1)]),
  );

  const seenAt = async (vector: number) => {
    const bench = await TestBench.secure();
    bench.vcpu.regs.spr = all;
    let seen: Readonly<Record<string, bigint>> = {};
    bench.adversary.onReturn = vcpu => {
      seen = vcpu.regs.spr;
    };
    if (vector === 0xc00) await bench.sc1(0x64, 1);
    // Outside of every slot, so that storage interrupts are passed on.
    else await reflectInterrupt(bench.uv, bench.vcpu, vector, { ...all, ASDR: 1n << 40n });
    const before = vector === 0xc00 ? all : { ...all, ASDR: 1n << 40n };
    expect(bench.vcpu.regs.spr, 'restored afterwards').to.deep.equal(before);
    return seen;
  };

  for (const [vector, own] of [
    [0xc00, []],
    [0x980, []],
    [0x200, ['DSISR', 'DAR', 'ASDR']],
    [0xe00, ['HDSISR', 'HDAR', 'ASDR']],
    [0xe20, ['HDAR', 'ASDR']],
  ] as const) {
    it(`at 0x${vector.toString(16)}: HSPRG, LPCR${own.map(name => `, ${name}`).join('')}, neutral PPR and DEC, and nothing else`, async () => {
      const seen = await seenAt(vector);
      expect(Object.keys(seen).sort()).to.deep.equal(['DEC', 'HSPRG0', 'HSPRG1', 'LPCR', 'PPR', ...own].sort());
      expect([seen.PPR, seen.DEC, seen.LPCR]).to.deep.equal([0x0010_0000_0000_0000n, 0x7fff_ffffn, all.LPCR]);
    });
  }
});

describe('hypercalls of the Ultravisor (docs/reference/pef.md#the-ultravisors-own-hypercalls, #errors-on-the-way-to-the-tpm)', () => {
  it('show number, arguments and cookie, and zero everywhere else', async () => {
    const bench = await TestBench.secure();
    for (let n = 0; n < 32; n++) bench.vcpu.set(n, 0x5eedn + BigInt(n));
    let seen: readonly bigint[] = [];
    bench.adversary.onHypercall = async ({ vcpu }) => {
      seen = [...vcpu.regs.gpr];
      return { r3: 0 };
    };
    await bench.fromUv(0xef04, GPA, 0, 16);
    expect(seen.slice(3, 7)).to.deep.equal([0xef04n, GPA, 0n, 16n]);
    expect(seen.filter((value, n) => value !== 0n && n > 6 && n < 31)).to.deep.equal([]);
    expect([seen[0], seen[1], seen[2]]).to.deep.equal([0n, 0n, 0n]);
    expect(bench.vcpu.get(31), 'the SVM has its own back').to.equal(0x5eedn + 31n);
  });

  for (const [code, errno] of [
    [H.FUNCTION, 'EINVAL'],
    [H.PARAMETER, 'EFBIG'],
    [H.NOT_AVAILABLE, 'ENODEV'],
    [H.RESOURCE, 'EIO'],
    [H.P2, 'EIO'],
    [H.BUSY, 'EIO'],
  ] as const) {
    it(`H_TPM_COMM gives ${code}: ${errno}, TSS_RC_BAD_CONNECTION`, async () => {
      const bench = await TestBench.create();
      onTpm(bench, TPM_CC.ReadPublic, () => ({ r3: code }));
      await bench.guest.enterSecureMode();
      const check = bench.of('check').find(({ ok }) => !ok);
      expect(check?.detail).to.contain(`TSS_RC_BAD_CONNECTION: ${errno}`);
    });
  }

  for (const [what, answer, code] of [
    ['9 bytes', () => ({ size: 9 }), 'TSS_RC_MALFORMED_RESPONSE'],
    ['another length than responseSize', () => ({ size: 20 }), 'TSS_RC_BAD_CONNECTION'],
  ] as const) {
    it(`a response of ${what}: ${code}`, async () => {
      const bench = await TestBench.create();
      onTpm(bench, TPM_CC.ReadPublic, answer);
      await bench.guest.enterSecureMode();
      expect(bench.of('check').find(({ ok }) => !ok)?.detail).to.contain(code);
    });
  }

  it('CLOSE_SESSION comes once, only if something was transmitted, and its result is ignored', async () => {
    const bench = await TestBench.create();
    const ops: bigint[] = [];
    bench.adversary.onHypercall = async ({ number, args }) => {
      if (number !== TPM_COMM) return null;
      ops.push(args.op ?? 0n);
      return args.op === 2n ? { r3: H.RESOURCE } : null;
    };
    expect(await bench.guest.enterSecureMode()).to.include({ secure: true });
    expect(ops.filter(op => op === 2n)).to.have.length(1);
    expect(ops.at(-1)).to.equal(2n);
    const none = await TestBench.create();
    none.uv.tpm = null;
    await none.guest.enterSecureMode();
    expect(none.of('hcall.call').some(({ name }) => name === 'H_TPM_COMM')).to.equal(false);
  });

  it('an SVM is ended by ibm,os-term: token 0x201f, one argument 0, one result (svm_initiate_kill)', async () => {
    const bench = await TestBench.secure();
    let block: number[] = [];
    bench.adversary.onHypercall = async ({ number, args, memory }) => {
      if (number !== OS_TERM_CALL) return null;
      const view = new DataView(memory.read(args.block ?? 0n, 20).buffer);
      block = [0, 4, 8, 12].map(at => view.getUint32(at));
      return null;
    };
    await bench.guest.read(bench.uv.svm(1)?.reserved?.tpmBounce ?? 0n, 1).catch((halt: unknown) => expect(halt).to.be.instanceOf(Halt));
    expect(block).to.deep.equal([0x201f, 1, 1, 0]);
  });
});

describe('the ESM sequence (docs/reference/pef.md#the-transition)', () => {
  it('reserved pages: pages at the top of the RMO, downward, in the order of the link, in states secure and shared implicit', async () => {
    const bench = await TestBench.secure();
    const svm = bench.uv.svm(1)!;
    const { keys, files, rtas } = svm.reserved!;
    const [tpmBounce, tpmTransfer] = [svm.reserved?.tpmBounce ?? 0n, svm.reserved?.tpmTransfer ?? 0n];
    const top = bench.guest.layout.rtas; // RTAS has the last page
    const page = BigInt(PAGE);
    expect([keys, files, rtas, tpmBounce, tpmTransfer]).to.deep.equal([1n, 2n, 8n, 10n, 9n].map(pages => top - pages * page));
    expect([keys, files, tpmTransfer].map(gpa => bench.gpf(gpa))).to.deep.equal(['SECURE', 'SECURE', 'SECURE']);
    const shared = Array.from({ length: 6 }, (_, i) => bench.gpf(rtas + BigInt(i) * page));
    expect([...shared, bench.gpf(tpmBounce)]).to.deep.equal(new Array(7).fill('SHARED_IMPLICIT'));
    expect(bench.gpf(bench.guest.layout.rtas)).to.equal('PSEUDO_SHARED');
  });

  it('reserved pages: the SVM kernel finds the reservations in the tree that is written back', async () => {
    const { readFdt } = await import('../../../src/svm/format/index.ts');
    const bench = await TestBench.secure();
    const tree = readFdt(await bench.guest.read(bench.guest.layout.fdt, PAGE));
    const at = tree.reservations.map(({ address }) => address);
    const { keys, files, rtas, tpmBounce } = bench.uv.svm(1)!.reserved!;
    // The bounce page and the transfer page behind it are one reservation.
    for (const gpa of [keys, files, rtas, tpmBounce]) expect(at).to.include(gpa);
  });

  it('the unwrap: the TPM stream, tag and size of each command', async () => {
    const bench = await TestBench.create({ profile: 'published' });
    const stream: [number, number, number][] = [];
    bench.adversary.onHypercall = async ({ number, args, memory }) => {
      if (number !== TPM_COMM || args.op !== 1n) return null;
      const head = new DataView(memory.read(args.in_buffer ?? 0n, 10).buffer);
      expect([args.in_size, args.out_size, args.out_buffer]).to.deep.equal([BigInt(head.getUint32(2)), 4096n, args.in_buffer]);
      stream.push([head.getUint32(6), head.getUint16(0), head.getUint32(2)]);
      return null;
    };
    await bench.guest.enterSecureMode();
    expect(stream).to.deep.equal([
      [0x173, 0x8001, 14],
      [0x176, 0x8001, 63],
      [0x16c, 0x8001, 18],
      [0x16b, 0x8001, 14],
      [0x171, 0x8001, 86],
      [0x159, 0x8002, 353],
      [0x165, 0x8001, 14],
    ]);
  });

  it('digests: RTAS, kernel, initrd, bootargs, each looked at though one before it failed', async () => {
    const bench = await TestBench.create({ guest: { bootargs: 'other' } });
    const { rtas, kernel, initrd } = bench.guest.layout;
    for (const gpa of [rtas, kernel, initrd]) flip(bench, gpa);
    await bench.guest.enterSecureMode();
    expect(bench.failedChecks()).to.deep.equal(['digest-rtas', 'digest-kernel', 'digest-initrd', 'digest-bootargs']);
  });

  for (const profile of profileNames) {
    it(`e.8: the kernel starts again at kbase, kexec style, ${profile}`, async () => {
      const bench = await TestBench.create({ profile });
      bench.vcpu.regs.msr |= MSR.EE;
      const caller = bench.vcpu.saved();
      await bench.guest.enterSecureMode();
      const { kernel, fdt } = bench.guest.layout;
      const { pc, msr } = bench.vcpu.regs;
      expect([pc, bench.vcpu.get(3), bench.vcpu.get(4), bench.vcpu.get(5)]).to.deep.equal([kernel, fdt, kernel, 0n]);
      expect(msr).to.equal((caller.msr | MSR.S) & ~(MSR.HV | MSR.EE));
      const dw0 = bench.uv.hardware.partitionTable.get(1)?.dw0 ?? 0n;
      expect(dw0 & SECURE_BIT, "the partition table points to the Ultravisor's page table").to.equal(SECURE_BIT);
    });
  }

  it('end of the transition: all pages but FDT, RTAS, initrd, blob and kernel are zero', async () => {
    const bench = await TestBench.create();
    bench.guest.partition.write(GPA, canary(1), 'guest');
    await bench.guest.enterSecureMode();
    expect(await bench.guest.read(GPA, PAGE)).to.deep.equal(new Uint8Array(PAGE));
  });

  it('end of the transition: the boot processor must be one of the guest (after H_SVM_INIT_DONE)', async () => {
    const bench = await TestBench.create();
    editTree(bench, tree => ({ ...tree, bootCpu: 1 }));
    expect(await bench.guest.enterSecureMode()).to.include({ secure: false });
  });

  it('the unwrap: the bounce page is asked for ten times, and ten times more to end the SVM with it', async () => {
    const bench = await TestBench.secure();
    const bounce = bench.uv.svm(1)?.reserved?.rtas ?? 0n;
    await bench.hv(0xf138, 1, bounce, 16);
    await bench.guest.write(GPA, Uint8Array.of(0, 0, 0x20, 1));
    refuse(bench, PAGE_IN, 'H_PARAMETER');
    bench.events.length = 0;
    const halt = await bench.sc1(0xf000, GPA).catch((thrown: unknown) => thrown);
    expect(halt).to.be.instanceOf(Halt);
    const asked = bench.of('hcall.call').filter(({ name, args }) => name === 'H_SVM_PAGE_IN' && args.gpa === bounce);
    expect(asked).to.have.length(20);
  });
});

describe('page-out encryption (docs/reference/pef.md#page-out-encryption)', () => {
  it('AES-128-GCM, no additional data; IV: 4 random bytes and a big-endian counter from 0; 16-byte tag', async () => {
    const bench = await TestBench.secure({ profile: 'published' });
    const RA = 0x7000_0000n;
    for (const count of [0, 1]) {
      const gpa = GPA + BigInt(count * PAGE);
      await bench.guest.write(gpa, canary(count));
      expect(await bench.hv(0xf12c, 1, RA, gpa, 0, 16)).to.equal(0);
      const svm = bench.uv.svm(1)!;
      const { iv, tag } = svm.frames.get(gpa >> 16n)!.sealed!;
      const { key, prefix } = svm.paging!;
      expect([key.length, prefix.length, tag.length]).to.deep.equal([16, 4, 16]);
      expect(Buffer.from(iv).toString('hex')).to.equal(`${Buffer.from(prefix).toString('hex')}${String(count).padStart(16, '0')}`);
      const decipher = createDecipheriv('aes-128-gcm', key, iv).setAuthTag(tag);
      const ciphertext = bench.host.memory.read(RA, PAGE, 'hypervisor');
      expect(new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]))).to.deep.equal(canary(count));
    }
  });

  it('the key is made at the first page-out and is gone at terminate', async () => {
    const bench = await TestBench.secure();
    expect(bench.uv.svm(1)?.paging).to.equal(null);
    await bench.hv(0xf12c, 1, 0x7000_0000n, GPA, 0, 16);
    expect(bench.uv.svm(1)?.paging).not.to.equal(null);
    await bench.hv(0xf13c, 1);
    expect(bench.uv.svm(1)).to.equal(undefined);
  });
});
