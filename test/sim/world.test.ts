import { expect } from 'chai';
import { toHex, utf8 } from '../../src/bytes/index.ts';
import { type AnyEvent, Clock, createWorld, EventBus, nearest, Random, SecretRegister, SimulatorError } from '../../src/sim/index.ts';

describe('randomness', () => {
  it('is a function of the seed', () => {
    expect(new Random(7).bytes(64)).to.deep.equal(new Random('7').bytes(64));
    expect(new Random(7).bytes(64)).not.to.deep.equal(new Random(8).bytes(64));
    expect(new Random(utf8('x')).bytes(8)).not.to.deep.equal(new Random('x').bytes(8));
  });

  it('does not depend on how it is drawn', () => {
    const [whole, parts] = [new Random(1), new Random(1)];
    const drawn = [1, 4094, 0, 3, 5000, 1].map(count => toHex(parts.bytes(count))).join('');
    expect(drawn).to.equal(toHex(whole.bytes(9099)));
  });

  it('forks by label, without using up its own', () => {
    const random = new Random(1);
    const fork = random.fork('TPM');
    expect(random.bytes(8)).to.deep.equal(new Random(1).bytes(8));
    expect(random.fork('TPM').bytes(8)).to.deep.equal(fork.bytes(8));
    expect(random.fork('guest').bytes(8)).not.to.deep.equal(new Random(1).fork('TPM').bytes(8));
  });

  it('goes back to a snapshot', () => {
    for (const before of [0, 10, 4096, 5000]) {
      const random = new Random(3);
      random.bytes(before);
      const state = structuredClone(random.snapshot());
      const next = random.bytes(100);
      random.bytes(9000);
      random.restore(state);
      expect(random.bytes(100)).to.deep.equal(next);
      const other = new Random('another seed');
      other.bytes(3);
      other.restore(state);
      expect(other.bytes(100)).to.deep.equal(next);
    }
  });

  it('gives whole numbers below a limit, all of them about as often', () => {
    const random = new Random(9);
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 6000; i++) {
      const value = random.below(6);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(count).to.be.within(850, 1150);
    expect(random.below(1)).to.equal(0);
    expect(random.below(2 ** 32)).to.be.below(2 ** 32);
  });

  it('looks random', () => {
    const ones = new Random(2).bytes(100_000).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    expect(ones / 800_000).to.be.within(0.497, 0.503);
  });
});

describe('the clock', () => {
  it('moves only when advanced, in nanoseconds', () => {
    const clock = new Clock();
    clock.advanceNs(5);
    clock.advanceNs(10n);
    clock.advanceMs(1.5);
    expect([clock.nowNs, clock.nowMs]).to.deep.equal([1_500_015n, 1n]);
    const state = clock.snapshot();
    clock.advanceMs(1e6);
    clock.restore(state);
    expect(clock.nowNs).to.equal(1_500_015n);
  });
});

describe('the bus', () => {
  function recorded() {
    const clock = new Clock();
    const bus = new EventBus(clock);
    const events: AnyEvent[] = [];
    const stop = bus.listen(event => events.push(event));
    return { clock, bus, events, stop };
  }

  it('numbers records, with time, actor, place and sights', () => {
    const { bus, clock, events } = recorded();
    clock.advanceNs(7);
    const seen = [{ what: 'x', bytes: utf8('x'), seenBy: ['tpm'] as const }];
    bus.emit('note', 'tpm', { text: 'one' }, { sights: seen, place: { lpid: 3, vcpu: 1, host: 'h' } });
    bus.emit('note', 'tpm', { text: 'two' });
    const [one, two] = events;
    expect(one).to.deep.equal({
      ...{ seq: 0, virtualTimeNs: 7n, kind: 'note', actor: 'tpm', cause: null },
      ...{ host: 'h', lpid: 3, vcpu: 1, data: { text: 'one' }, sights: seen },
    });
    expect(two?.seq).to.equal(1);
  });

  it('knows the innermost cause, and the one before after a failure', async () => {
    const { bus, events } = recorded();
    const note = (text: string) => bus.emit('note', 'tpm', { text });
    const outer = note('outer');
    await bus.within(outer, async () => {
      const inner = note('inner');
      const failed = bus.within(inner, async () => {
        note('innermost');
        throw new Error('x');
      });
      await failed.catch(() => 0);
      note('after');
      bus.emit('note', 'tpm', { text: 'named' }, { cause: 77 });
    });
    note('outside');
    expect(events.map(({ cause }) => cause)).to.deep.equal([null, 0, 1, 0, 77, null]);
  });

  it('makes nothing without a listener, and counts all the same', () => {
    const { bus, events, stop } = recorded();
    expect(bus.active).to.equal(true);
    stop();
    expect(bus.active).to.equal(false);
    expect(bus.emit('note', 'tpm', { text: 'unheard' })).to.equal(0);
    bus.listen(event => events.push(event));
    bus.emit('note', 'tpm', { text: 'heard' });
    expect(events.map(({ seq }) => seq)).to.deep.equal([1]);
  });

  it('goes back to a snapshot', () => {
    const { bus, events } = recorded();
    bus.emit('note', 'tpm', { text: 'a' });
    const state = bus.snapshot();
    bus.emit('note', 'tpm', { text: 'b' });
    bus.restore(state);
    bus.emit('note', 'tpm', { text: 'c' });
    expect(events.map(({ seq }) => seq)).to.deep.equal([0, 1, 1]);
  });
});

describe('the register of secrets', () => {
  it('takes a secret once, as a copy, and records its birth for those who know it', () => {
    const { bus, clock } = createWorld(1);
    clock.advanceNs(1);
    const events: AnyEvent[] = [];
    bus.listen(event => events.push(event));
    const secrets = new SecretRegister(bus);
    const bytes = utf8('passphrase');
    const first = secrets.register('rootd', bytes, ['owner', 'svm']);
    bytes.fill(0);
    expect(secrets.register('rootd', utf8('passphrase'), ['owner'])).to.equal(first);
    expect(secrets.register('rootd', utf8('another'), ['owner'])).not.to.equal(first);
    expect(secrets.all.map(({ id }) => id)).to.deep.equal([0, 1]);
    const [birth] = events;
    expect(birth).to.deep.include({ kind: 'secret', actor: 'owner', data: { id: 0, name: 'rootd', bytes: 10, knownBy: ['owner', 'svm'] } });
    expect(birth?.sights).to.deep.equal([{ what: 'rootd', bytes: utf8('passphrase'), seenBy: ['owner', 'svm'] }]);
    expect(first.born).to.equal(birth?.seq);
  });

  it('goes back to a snapshot', () => {
    const { secrets } = createWorld(1);
    secrets.register('a', utf8('1'), ['tpm']);
    const state = secrets.snapshot();
    secrets.register('b', utf8('2'), ['tpm']);
    secrets.restore(state);
    expect(secrets.all.map(({ name }) => name)).to.deep.equal(['a']);
  });
});

describe('an error of the person', () => {
  it('has place, what is wrong and a hint', () => {
    const error = new SimulatorError('room.what', { where: 'file:1:2', what: 'it is wrong', hint: 'do this' });
    expect(error).to.include({
      message: 'file:1:2: it is wrong',
      code: 'room.what',
      hint: 'do this',
      blame: 'input',
      name: 'SimulatorError',
    });
    expect(new SimulatorError('x', { what: 'gone', blame: 'environment' })).to.include({ message: 'gone', blame: 'environment' });
  });

  it('names the nearest right word, if one is near', () => {
    const words = ['documented', 'published', 'hardened'];
    expect(nearest('publisched', words)).to.equal('published');
    expect(nearest('DOCUMENTED', words)).to.equal('documented');
    expect(nearest('xyz', words)).to.equal(undefined);
    expect(nearest('anything', [])).to.equal(undefined);
  });
});
