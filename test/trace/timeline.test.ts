import { expect } from 'chai';
import type { AnyEvent } from '../../src/sim/index.ts';
import { type Level, Timeline } from '../../src/trace/index.ts';
import { event, everyKind } from './events.ts';

function show(events: readonly AnyEvent[], level: Level = 'normal', columns?: number, colors = false): string[] {
  let text = '';
  const timeline = new Timeline({ level, colors, ...(columns === undefined ? {} : { columns }), write: part => (text += part) });
  for (const one of events) timeline.event(one);
  timeline.flush();
  return text.split('\n').slice(0, -1);
}

const call = event('hcall.call', { seq: 1, actor: 'ultravisor' });
const success = event('hcall.return', {
  seq: 9,
  cause: 1,
  actor: 'hypervisor',
  data: { number: 0xef10, name: 'H_TPM_COMM', outcome: 'returns', r3: 0n, r3Name: 'H_SUCCESS', out: { size: 117n } },
});

describe('The timeline', () => {
  it('has a line for every kind of event', () => {
    for (const one of everyKind) expect(show([one], 'verbose').join('').length, one.kind).to.be.greaterThan(20);
  });

  it('puts virtual time, actor and whether the hypervisor sees bytes in columns', () => {
    const [line = ''] = show([event('check', { actor: 'ultravisor' })]);
    expect(line).to.equal('   1.234 ms  ultravisor       ●  ✗ digest-kernel: the kernel is another');
    const hidden = event('check', { sights: [{ what: 'x', bytes: Uint8Array.of(1), seenBy: ['ultravisor'] }] });
    expect(show([hidden])[0]).to.contain('ultravisor       ○  ✗');
    expect(show([event('check', { sights: [] })])[0]).to.contain('ultravisor          ✗');
  });

  it('shows a call and its result on one line, with arguments in their units', () => {
    expect(show([call, success])).to.deep.equal([
      '   1.234 ms  ultravisor       ●  H_TPM_COMM  op=EXECUTE in_buffer=0x30000 in_size=353 bytes out_buffer=0x30000 out_size=4096 bytes → H_SUCCESS  size=117 bytes',
    ]);
  });

  it('says what a code means that refuses', () => {
    const [line] = show([call, event('hcall.return', { seq: 9, cause: 1 })]);
    expect(line).to.match(/→ H_P5 \(-58\) {2}\(out_size < 4096\)$/);
  });

  it('indents what happens in the course of a call below it', () => {
    const command = event('tpm.command', { seq: 2, cause: 1, actor: 'tpmrm' });
    const lines = show([event('step.start', { seq: 0 }), { ...call, cause: 0 }, command, { ...success, cause: 1 }]);
    expect(lines[2]?.indexOf('H_TPM_COMM')).to.be.lessThan(lines[3]?.indexOf('TPM2_GetRandom') ?? 0);
  });

  it('counts pages that go the same way in one line', () => {
    const pages = [0, 1, 2, 3].map(n =>
      event('page', { seq: n, data: { gpa: BigInt(n) << 16n, from: 'NORMAL', to: 'SECURE', why: 'kernel' } }),
    );
    expect(show(pages)).to.have.length(1);
    expect(show(pages)[0]).to.contain('4 pages 0x0..0x3ffff: NORMAL → SECURE (kernel)');
    expect(show(pages, 'verbose').filter(line => line.includes('page 0x'))).to.have.length(4);
  });

  it('puts the states together that a page goes through', () => {
    const ways = [0, 2].flatMap(n =>
      ['SECURE', 'HV_SHARING', 'SHARED'].flatMap((from, i, all) => {
        const to = all[i + 1];
        return to ? [event('page', { seq: 10 * n + i, data: { gpa: BigInt(n) << 16n, from, to, why: to } })] : [];
      }),
    );
    expect(show(ways)).to.have.length(1);
    expect(show(ways)[0]).to.contain('2 pages between 0x0..0x2ffff: SECURE → HV_SHARING → SHARED (SHARED)');
  });

  it('shows verdicts only when it is quiet', () => {
    expect(show(everyKind, 'quiet')).to.deep.equal(['   1.234 ms  ✓ vm asks to become secure']);
  });

  it('shows bytes, and who sees them, when it is verbose', () => {
    const text = show([event('proxy.file')], 'verbose').join('\n');
    expect(text).to.contain('bytes, 20 bytes, seen by owner, guest');
    expect(text).to.contain('00000000  00 01 02 03');
  });

  it('never shows the value of a secret', () => {
    expect(show([event('secret')], 'verbose').join('\n')).not.to.contain('00 01 02 03');
  });

  it('cuts lines to the width of a terminal, and none when piped', () => {
    const [cut = ''] = show([call, success], 'normal', 80);
    expect(cut).to.have.length(80).and.to.match(/…$/);
  });

  it('has no colours unless asked', () => {
    expect(show(everyKind, 'verbose').join('')).not.to.contain('\u001b');
    expect(show(everyKind, 'normal', undefined, true).join('')).to.contain('\u001b');
  });
});
