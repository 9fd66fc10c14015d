import { expect } from 'chai';
import fc from 'fast-check';
import { NoLeak } from '../../../src/scenario/invariants/leak-search.ts';
import { type Actor, createWorld, type Sight } from '../../../src/sim/index.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x80 | (i * 5 + 1));

function leaksOf(sight: Partial<Sight> & { bytes: Uint8Array }, secret: Uint8Array = KEY, knownBy: readonly Actor[] = ['ultravisor']) {
  const world = createWorld(1);
  const noLeak = new NoLeak();
  world.bus.listen(event => noLeak.watch(event));
  world.secrets.register('the key', secret, knownBy);
  world.bus.emit('note', 'guest', { text: '' }, { sights: [{ what: 'a page', seenBy: ['hypervisor'], ...sight }] });
  return noLeak.leaks(world.secrets.all);
}

const around = (bytes: Uint8Array, before: number): Uint8Array => Buffer.concat([Buffer.alloc(before, 0x55), bytes, Buffer.alloc(9, 0x66)]);

describe('no-leak', () => {
  it('finds any run of 8 bytes of a secret, wherever it lies', () =>
    fc.assert(
      fc.property(fc.nat(24), fc.nat(200), (from, before) => {
        const [leak] = leaksOf({ bytes: around(KEY.subarray(from, from + 8), before) });
        expect(leak).to.include({ secret: 'the key', what: 'a page', offset: before, secretOffset: from });
      }),
    ));

  it('does not take 7 bytes for a find', () =>
    fc.assert(
      fc.property(fc.nat(25), from => {
        expect(leaksOf({ bytes: around(KEY.subarray(from, from + 7), 3) })).to.deep.equal([]);
      }),
    ));

  it('looks for shorter secrets as a whole', () => {
    const pin = Uint8Array.of(4, 8, 15, 16, 23);
    expect(leaksOf({ bytes: around(pin, 2) }, pin)).to.have.length(1);
    expect(leaksOf({ bytes: around(pin.subarray(1), 2) }, pin)).to.have.length(0);
    expect(leaksOf({ bytes: Buffer.concat([pin, Buffer.alloc(9, 0x66)]) }, pin), 'also at the very beginning').to.have.length(1);
  });

  it('leaves out what the hypervisor does not see, what it supplied, and what it may know', () => {
    expect(leaksOf({ bytes: KEY, seenBy: ['ultravisor', 'svm'] })).to.deep.equal([]);
    expect(leaksOf({ bytes: KEY, suppliedBy: 'hypervisor' })).to.deep.equal([]);
    expect(leaksOf({ bytes: KEY }, KEY, ['owner', 'hypervisor'])).to.deep.equal([]);
  });

  it('keeps what was seen even when its buffer is used again', () => {
    const world = createWorld(1);
    const noLeak = new NoLeak();
    world.bus.listen(event => noLeak.watch(event));
    const buffer = KEY.slice();
    world.bus.emit('note', 'guest', { text: '' }, { sights: [{ what: 'buffer', bytes: buffer, seenBy: ['hypervisor'] }] });
    buffer.fill(0);
    world.secrets.register('the key', KEY, ['ultravisor']);
    expect(noLeak.leaks(world.secrets.all)).to.have.length(1);
  });

  it('does not take padding of one byte for a secret', () => {
    const padded = Buffer.concat([KEY, Buffer.alloc(32)]);
    expect(leaksOf({ bytes: new Uint8Array(4096) }, padded)).to.deep.equal([]);
  });

  it('finds the same when it is asked again and again, and when it begins from a snapshot', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(31), { minLength: 2, maxLength: 12 }), fc.nat(11), (order, cut) => {
        const world = createWorld(1);
        const [often, once] = [new NoLeak(), new NoLeak()];
        order.forEach((n, i) => {
          const secret = Uint8Array.from({ length: 16 }, (_, j) => (n * 37 + j * 11 + 1) & 0xff);
          if (n % 2 === 0) world.secrets.register(`secret ${n}`, secret, ['ultravisor']);
          for (const one of [often, once]) one.see(i, 'a page', around(secret.subarray(n % 8, (n % 8) + 8), n));
          often.leaks(world.secrets.all);
          if (i === cut) often.restore(often.snapshot());
        });
        expect(often.leaks(world.secrets.all)).to.deep.equal(once.leaks(world.secrets.all));
      }),
    ));
});
