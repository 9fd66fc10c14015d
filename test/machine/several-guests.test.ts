import { expect } from 'chai';
import type { Guest } from '../../src/machine/index.ts';
import { Machine } from '../../src/machine/index.ts';
import { createWorld } from '../../src/sim/index.ts';
import { H_TPM_COMM } from '../../src/spec/index.ts';
import { bootedMachine, canary, esmFile, recordedGuest, TestBench, THREE_RECIPIENTS } from '../helpers/machine.ts';

const SHARE = 0xf130;

async function guests(count: number, profile = 'documented'): Promise<{ bench: Awaited<ReturnType<typeof bootedMachine>>; all: Guest[] }> {
  const bench = await bootedMachine({ profile });
  const all: Guest[] = [];
  for (let lpid = 1; lpid <= count; lpid++) {
    const guest = bench.host.createGuest({ ...recordedGuest(), name: `vm${lpid}`, lpid });
    await guest.start();
    all.push(guest);
  }
  return { bench, all };
}

for (const profile of ['documented', 'published', 'hardened']) {
  it(`ten guests become secure at the same time through one TPM, ${profile}`, async () => {
    const { bench, all } = await guests(10, profile);
    let openSpaces = 0;
    bench.world.bus.listen(() => {
      openSpaces = Math.max(openSpaces, bench.host.chip.spaces.length);
    });
    const { scheduler } = bench.world;
    const order: number[] = [];
    bench.world.bus.listen(event => {
      if (event.kind === 'hcall.call' && event.lpid !== undefined) order.push(event.lpid);
    });
    const outcomes = await scheduler.run(all.map(guest => ({ name: guest.name, body: () => guest.enterSecureMode() })));
    expect(outcomes.map(outcome => 'secure' in outcome && outcome.secure)).to.deep.equal(all.map(() => true));
    expect(order.filter((lpid, i) => i > 0 && lpid !== order[i - 1]).length, 'their calls interleave').to.be.above(50);
    if (bench.host.ultravisor.profile.unwrapsAtOnce === 'one') expect(openSpaces, 'one unwrap at a time').to.equal(1);
    else expect(openSpaces, 'unwraps at the same time').to.be.above(5);
    for (const guest of all) await guest.terminate();
    expect(bench.host.memory.securePages).to.equal(bench.host.memory.securePagesLeft);
  });
}

describe('more unwraps than the TPM has sessions (TPM 2.0 Part 2: TPM_RC_SESSION_HANDLES, 0x905)', () => {
  /** Sessions of others on the host: the TPM has 64. */
  const TAKEN = 61;
  const NO_SESSION = 0x905;

  for (const profile of ['published', 'hardened'] as const) {
    it(`eight guests, three sessions left, ${profile}`, async () => {
      const { bench, all } = await guests(8, profile);
      const codes: number[] = [];
      bench.world.bus.listen(event => {
        // 0x910 on the way is the resource manager's: it asks after sessions that are gone.
        if (event.kind === 'tpm.response' && event.data.rc === NO_SESSION) codes.push(event.data.rc);
      });
      const start = Buffer.from(`80010000002b000001764000000740000007${'0010'}${'00'.repeat(16)}${'0000010010000b'}`, 'hex');
      for (let i = 0; i < TAKEN; i++) {
        const file = await bench.host.hypervisor.files.open('/dev/tpmrm0'); // a space holds three
        if (!('value' in file)) throw new Error('no TPM');
        await file.value.write(start);
        const answer = await file.value.read(4096);
        expect('value' in answer && Buffer.from(answer.value).readUInt32BE(6), `session ${i}`).to.equal(0);
      }
      const outcomes = await bench.world.scheduler.run(all.map(guest => ({ name: guest.name, body: () => guest.enterSecureMode() })));
      const secure = outcomes.filter(outcome => 'secure' in outcome && outcome.secure).length;
      if (profile === 'hardened') {
        expect([secure, codes], 'one after the other').to.deep.equal([8, []]);
        return;
      }
      expect(secure, 'some find no session').to.be.within(1, 7);
      expect(codes).not.to.deep.equal([]);
      for (const guest of all.filter(({ state }) => state === 'failed')) {
        await guest.reboot();
        expect(await guest.enterSecureMode(), 'and later there is one').to.include({ secure: true });
      }
    });
  }
});

describe('vCPUs of one SVM', () => {
  it('share, write and read at the same time; each finds what it wrote', async () => {
    const bench = await TestBench.secure({ guest: { vcpus: 4 } });
    const { scheduler } = bench.world;
    const work = async (id: number): Promise<void> => {
      const vcpu = bench.guest.vcpu(id);
      const gpa = 0x80_0000n + BigInt(id) * 0x10_0000n;
      for (let round = 0; round < 8; round++) {
        [SHARE + (round % 2) * 4, gpa >> 16n, 3].forEach((value, i) => {
          vcpu.set(3 + i, value);
        });
        await bench.host.ultracalls.ultracall(vcpu);
        expect(vcpu.get(3)).to.equal(0n);
        await bench.guest.write(gpa + 5n, Uint8Array.of(id, round), vcpu);
        vcpu.set(3, 0x64);
        await bench.guest.hypercall(vcpu);
        expect(await bench.guest.read(gpa + 5n, 2, vcpu)).to.deep.equal(Uint8Array.of(id, round));
      }
    };
    await scheduler.run([0, 1, 2, 3].map(id => ({ name: `vcpu ${id}`, body: () => work(id) })));
  });

  it('two that share the same frame: one does, the other gets U_P2 or finds it done', async () => {
    const bench = await TestBench.secure({ guest: { vcpus: 2 } });
    const share = async (id: number): Promise<number> => {
      const vcpu = bench.guest.vcpu(id);
      [SHARE, 0x80, 4].forEach((value, i) => {
        vcpu.set(3 + i, value);
      });
      await bench.host.ultracalls.ultracall(vcpu);
      return Number(BigInt.asIntN(64, vcpu.get(3)));
    };
    const codes = await bench.world.scheduler.run([0, 1].map(id => ({ name: `vcpu ${id}`, body: () => share(id) })));
    expect(codes).to.include(0);
    for (const code of codes) expect([0, -55]).to.include(code);
  });

  it('one that touches a frame while another shares it waits', async () => {
    const bench = await TestBench.secure({ guest: { vcpus: 2 } });
    await bench.guest.write(0x80_0000n, canary(1));
    const [, bytes] = await bench.world.scheduler.run<Uint8Array | number>([
      { name: 'shares', body: () => bench.sc2(SHARE, 0x80, 1) },
      { name: 'reads', body: () => bench.guest.read(0x80_0000n, 16, bench.guest.vcpu(1)) },
    ]);
    const [secret, zeroed] = [canary(1).slice(0, 16), new Uint8Array(16)];
    expect([Buffer.from(secret).toString('hex'), Buffer.from(zeroed).toString('hex')]).to.include(
      Buffer.from(bytes as Uint8Array).toString('hex'),
    );
  });
});

describe('two hosts', () => {
  it('each has its TPM and its key: the blob opens on the host it was made for', async () => {
    const world = createWorld('two hosts');
    const spec = (name: string, key: string) => ({
      name,
      tpm: 'embedded',
      profile: 'documented',
      wrappingKey: { pem: Buffer.from(esmFile(name === 'b' ? '01-minimal' : THREE_RECIPIENTS, key)).toString() },
    });
    const machine = await Machine.create(world, [spec('a', 'tpm1.pem'), spec('b', 'tpm1.pem')]);
    const outcomes: unknown[] = [];
    for (const name of ['a', 'b']) {
      const host = machine.host(name);
      await host.boot();
      const guest = host.createGuest(recordedGuest());
      await guest.start();
      const outcome = await guest.enterSecureMode();
      outcomes.push('secure' in outcome && outcome.secure);
    }
    expect(outcomes).to.deep.equal([true, false]);
  });
});

describe('the session of `documented`', () => {
  it('that the hypervisor drops in the middle is lost until the next boot; `hardened` opens a new one each time', async () => {
    for (const [profile, secure] of [
      ['documented', false],
      ['hardened', true],
      ['published', true],
    ] as const) {
      const bench = await TestBench.create({ profile });
      let dropped = false;
      bench.adversary.onHypercall = async ({ number, args, memory }) => {
        if (number !== BigInt(H_TPM_COMM.number) || args.op !== 1n || dropped) return null;
        const sent = memory.read((args.in_buffer ?? 0n) + 6n, 4);
        if (new DataView(sent.buffer).getUint32(0) !== 0x159) return null;
        dropped = true;
        await bench.host.hypervisor.proxies.get(1)?.close();
        return { r3: -16 };
      };
      expect(await bench.guest.enterSecureMode(), profile).to.include({ secure: false });
      await bench.guest.reboot();
      expect(await bench.guest.enterSecureMode(), profile).to.include({ secure });
      await bench.host.reboot();
      const again = bench.host.createGuest(recordedGuest());
      await again.start();
      expect(await again.enterSecureMode(), `${profile} after a reboot of the host`).to.include({ secure: true });
    }
  });
});
