import { expect } from 'chai';
import type { Actor, AnyEvent } from '../../src/sim/index.ts';
import { diffRuns } from '../../src/trace/index.ts';
import { event } from './events.ts';

const shown = (bytes: Uint8Array, ...seenBy: Actor[]): AnyEvent => event('note', { sights: [{ what: 'in_buffer', bytes, seenBy }] });
const diff = (a: AnyEvent, b: AnyEvent) => {
  const about = { title: 'x', seed: '1', hosts: [] };
  return diffRuns({ about, events: [a] }, { about, events: [b] });
};

describe('Two runs', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);

  it('are the same when all is', () => {
    expect(diff(shown(bytes, 'guest'), shown(bytes.slice(), 'guest'))).to.deep.equal({ about: [] });
  });

  it('differ in who sees the same bytes', () => {
    expect(diff(shown(bytes, 'guest'), shown(bytes, 'guest', 'hypervisor')).first?.fields).to.deep.equal([
      'in_buffer seen by: guest | guest, hypervisor',
    ]);
  });

  it('differ in who sees other bytes, and in the bytes', () => {
    expect(diff(shown(bytes, 'guest'), shown(bytes.with(2, 9), 'hypervisor')).first?.fields).to.deep.equal([
      'in_buffer seen by: guest | hypervisor',
      'in_buffer, byte 2: 0304 | 0904',
    ]);
  });
});
