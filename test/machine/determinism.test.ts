import { expect } from 'chai';
import type { AnyEvent } from '../../src/sim/index.ts';
import { recordedGuest, TestBench, THREE_RECIPIENTS } from '../helpers/machine.ts';

const plain = (events: readonly AnyEvent[]): string =>
  JSON.stringify(events, (_key, value) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}` : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );

async function life(bench: TestBench): Promise<void> {
  await bench.guest.enterSecureMode();
  await bench.guest.getFile('rootd');
  await bench.sc2(0xf130, 0x100, 4);
  await bench.hv(0xf12c, 1, 0x2000_0000, bench.guest.layout.kernel, 0, 16);
  await bench.guest.terminate();
}

describe('one seed, one history', () => {
  it('the same seed gives the same events, byte for byte', async () => {
    const [a, b] = [await TestBench.create(), await TestBench.create()];
    await life(a);
    await life(b);
    expect(plain(b.events)).to.equal(plain(a.events));
  });

  it('another seed gives other nonces and the same end', async () => {
    const [a, b] = [await TestBench.create(), await TestBench.create({ seed: 'another' })];
    await life(a);
    await life(b);
    expect(plain(b.events)).not.to.equal(plain(a.events));
    expect(b.guest.state).to.equal(a.guest.state);
  });

  it("a restored machine goes on as the first did, in the middle of an SVM's life too", async () => {
    const bench = await TestBench.secure();
    await bench.guest.write(0x4_0000n, new Uint8Array(64).fill(5));
    const snapshot = bench.machine.snapshot();
    const rest = async (): Promise<string> => {
      bench.events.length = 0;
      const { guest } = bench.host as unknown as { guest(name: string): typeof bench.guest };
      const vm = guest.call(bench.host, 'vm');
      await vm.getFile('rootd');
      await vm.read(0x4_0000n, 64);
      await vm.reboot();
      await vm.enterSecureMode();
      return plain(bench.events);
    };
    const first = await rest();
    bench.machine.restore(snapshot);
    expect(await rest()).to.equal(first);
  });
});

describe('memory', () => {
  it('a guest of 64 GiB takes the room of the pages it touched', async () => {
    const bench = await TestBench.create({ guest: recordedGuest(THREE_RECIPIENTS, { ramBytes: 64n << 30n }) });
    await bench.guest.enterSecureMode();
    expect(bench.host.memory.touchedPages).to.be.below(40);
    await bench.guest.write((63n << 30n) + 5n, Uint8Array.of(1, 2, 3));
    expect(await bench.guest.read((63n << 30n) + 4n, 5)).to.deep.equal(Uint8Array.of(0, 1, 2, 3, 0));
    expect(bench.host.memory.touchedPages).to.be.below(42);
  });

  for (const end of ['terminate', 'reboot'] as const) {
    it(`${end} gives secure memory back`, async () => {
      const bench = await TestBench.create();
      const left = bench.host.memory.securePagesLeft;
      await bench.guest.enterSecureMode();
      await bench.guest.write(0x50_0000n, new Uint8Array(1 << 20).fill(1));
      expect(bench.host.memory.securePagesLeft).to.be.below(left - 16);
      await bench.guest[end]();
      expect(bench.host.memory.securePagesLeft).to.equal(left);
    });
  }

  it('an SVM finds zeros wherever it was not fetched', async () => {
    const bench = await TestBench.create();
    await bench.guest.write(0x100_0000n + 0x5_0000n, new Uint8Array(100).fill(9));
    await bench.guest.enterSecureMode();
    expect(await bench.guest.read(0x100_0000n + 0x5_0000n, 100)).to.deep.equal(new Uint8Array(100));
  });
});
