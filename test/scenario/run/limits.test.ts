import { expect } from 'chai';
import { passed } from '../../../src/scenario/run/limits.ts';
import { event } from '../../trace/events.ts';

describe('A limit of a run', () => {
  const at = event('note', { seq: 9, virtualTimeNs: 5_000_000n });

  it('is what is allowed: the run ends behind it, not at it', () => {
    expect(passed({ virtualMs: 5, events: 10, wallMs: 100 }, at, 10, 100)).to.equal(null);
    expect(passed({}, at, 1e9, 1e9)).to.equal(null);
  });

  for (const [limits, count, elapsedMs, reason, text] of [
    [{ virtualMs: 4.999 }, 1, 0, 'virtual timeout', '5 ms of virtual time at #9 (note): at most 4.999 ms are allowed'],
    [{ events: 10 }, 11, 0, 'event limit', 'more than 10 events at #9 (note)'],
    [{ wallMs: 100 }, 1, 101, 'timeout', 'more than 100 ms of wall time at #9 (note)'],
  ] as const)
    it(`${JSON.stringify(limits)} is passed`, () => {
      expect(passed(limits, at, count, elapsedMs)).to.include({ reason, message: text });
    });
});
