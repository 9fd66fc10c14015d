import { expect } from 'chai';
import { count, takes } from '../../../src/scenario/expect/events.ts';
import type { Evidence } from '../../../src/scenario/expect/expectation.ts';
import { event } from '../../trace/events.ts';

const evidence = (times: number, ms = 0): Evidence => ({
  outcome: { result: { kind: 'ok' } },
  events: Array.from({ length: times }, (_, seq) => event('note', { seq })),
  startNs: 7n,
  endNs: 7n + BigInt(ms) * 1_000_000n,
  bytesOf: () => new Uint8Array(0),
});
const holds = (problem: unknown): boolean => problem === undefined;

describe('What a step is expected to do so often', () => {
  const noted = { kind: 'note' };
  for (const [wanted, good] of [
    [{ atMost: 2 }, [true, true, true, false]],
    [{ atLeast: 2 }, [false, false, true, true]],
    [{ is: 1 }, [false, true, false, false]],
    [{ atLeast: 1, atMost: 2 }, [false, true, true, false]],
    [{}, [true, true, true, true]],
  ] as const)
    it(`${JSON.stringify(wanted)}: of 0, 1, 2, 3 times`, () => {
      expect([0, 1, 2, 3].map(times => holds(count.check([{ event: noted, ...wanted }], evidence(times))))).to.deep.equal(good);
    });

  it('says what was expected and what happened', () => {
    const problem = count.check([{ event: noted, atMost: 1 }], evidence(2));
    expect(problem).to.deep.equal({ expected: 'note 0 to 1 times', actual: '2 times' });
  });
});

describe('The virtual time that a step takes', () => {
  it('may be what the bounds say, and no more or less', () => {
    const bounds = { atLeastMs: 2, atMostMs: 4 };
    expect([1, 2, 4, 5].map(ms => holds(takes.check(bounds, evidence(0, ms))))).to.deep.equal([false, true, true, false]);
  });
});
