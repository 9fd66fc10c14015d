import { expect } from 'chai';
import { ACTORS, type AnyEvent } from '../../src/sim/index.ts';
import { LANES } from '../../src/trace/event/lanes.ts';
import { Placer } from '../../src/trace/event/placer.ts';
import { seenAs, whoKnowsWhat } from '../../src/trace/index.ts';
import { pageChanges, pageKind } from '../../src/trace/view/guest-pages.ts';
import { TpmFollower } from '../../src/trace/view/tpm-state.ts';
import { VIEWPOINTS, viewpointOf } from '../../src/trace/view/viewpoint.ts';
import { event, everyKind } from './events.ts';

const secretBytes = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const birth = event('secret', {
  seq: 1,
  actor: 'ultravisor',
  data: { id: 0, name: 'symmetric key', bytes: 16, knownBy: ['ultravisor', 'owner'] },
  sights: [{ what: 'symmetric key', bytes: secretBytes, seenBy: ['ultravisor', 'owner'] }],
});
const shows = (seq: number, bytes: Uint8Array, seenBy: AnyEvent['actor'][], suppliedBy?: AnyEvent['actor']): AnyEvent =>
  event('proxy.file', { seq, sights: [{ what: 'in_buffer', bytes, seenBy, ...(suppliedBy && { suppliedBy }) }] });

describe('A viewpoint', () => {
  it('omniscient sees every event as it is', () => {
    expect(seenAs(everyKind, 'omniscient')).to.deep.equal(everyKind);
  });

  it('has, for every actor, only sights that are meant for it', () => {
    for (const viewpoint of VIEWPOINTS) {
      for (const { sights } of seenAs([birth, ...everyKind], viewpoint)) {
        if (viewpoint === 'firmware') for (const { seenBy } of sights) expect(seenBy).to.include('firmware');
      }
    }
    expect(seenAs([birth], 'hypervisor')).to.deep.equal([]);
    expect(seenAs([birth], 'ultravisor')).to.deep.equal([birth]);
  });

  it('does not show the hypervisor the digest of a page, nor the reasons of the Ultravisor', () => {
    const page = event('page', { sights: [] });
    const state = event('state', { actor: 'ultravisor', sights: [] });
    const [seenPage, seenState] = seenAs([page, state], 'hypervisor');
    expect(seenPage?.data).not.to.have.property('digest');
    expect(seenState?.data).to.include({ why: '' });
    expect(seenAs([page], 'ultravisor')).to.deep.equal([page]);
  });

  it('shows both ends of a call its return, and nobody else', () => {
    const call = event('ultracall.call', { seq: 1, actor: 'svm', sights: [], data: { number: 1, name: 'UV_X', issuer: 'svm', args: {} } });
    const back = event('ultracall.return', { seq: 2, cause: 1, actor: 'ultravisor', sights: [] });
    for (const viewpoint of ['svm', 'ultravisor'] as const) expect(seenAs([call, back], viewpoint)).to.have.length(2);
    expect(seenAs([call, back], 'hypervisor')).to.deep.equal([]);
  });

  it('shows the caller of H_TPM_COMM its own messages, unless the adversary interfered', () => {
    const data = { number: 0xef10, name: 'H_TPM_COMM', issuer: 'ultravisor' as const, args: {} };
    const call = event('hcall.call', { seq: 1, sights: [], data });
    const bytes = Uint8Array.from(Buffer.from('80010000000c0000017b0020', 'hex'));
    const write = {
      ...shows(2, bytes, ['hypervisor', 'spapr-tpm-proxy']),
      cause: 1,
      data: { call: 'write', path: 'x', result: '12' },
    } as AnyEvent;
    const [, own] = seenAs([call, write], 'ultravisor');
    expect(own).to.deep.include({
      kind: 'tpm.command',
      actor: 'ultravisor',
      data: { name: 'TPM2_GetRandom', code: 0x17b, via: 'H_TPM_COMM' },
    });
    const act = (seq: number) => event('adversary', { seq, cause: 1, actor: 'hypervisor', sights: [] });
    expect(seenAs([call, act(2), { ...write, seq: 3 }], 'ultravisor')).to.have.length(1);
    expect(seenAs([call, write, act(3)], 'ultravisor')).to.have.length(2);
    const read = { ...write, seq: 3, data: { call: 'read', path: 'x', result: '12' } } as AnyEvent;
    expect(seenAs([call, write, read, act(4)], 'ultravisor')).to.have.length(2);
  });

  it('is refused by a name that nobody has', () => {
    expect(() => viewpointOf('hypervisr')).to.throw('nobody is called "hypervisr"');
  });
});

describe('Who knows what', () => {
  it('knows by right from the birth on', () => {
    const [secret] = whoKnowsWhat([birth]);
    expect([...(secret?.since ?? [])]).to.deep.equal([
      ['ultravisor', 1],
      ['owner', 1],
    ]);
    expect(secret?.leakedTo).to.deep.equal([]);
  });

  it('finds eight bytes of a secret in what somebody sees, and since when', () => {
    const around = Uint8Array.from([1, 2, ...secretBytes.subarray(3, 11), 9]);
    const [secret] = whoKnowsWhat([birth, shows(5, around, ['hypervisor', 'ultravisor']), shows(8, secretBytes, ['hypervisor'])]);
    expect(secret?.since.get('hypervisor')).to.equal(5);
    expect(secret?.leakedTo).to.deep.equal(['hypervisor']);
  });

  it('finds no seven bytes, and nothing that the hypervisor itself supplied', () => {
    const [secret] = whoKnowsWhat([
      birth,
      shows(5, secretBytes.subarray(0, 7), ['hypervisor']),
      shows(6, secretBytes, ['hypervisor'], 'hypervisor'),
    ]);
    expect(secret?.leakedTo).to.deep.equal([]);
  });
});

describe('The diagram', () => {
  it('has a lane for every actor', () => {
    for (const actor of ACTORS) if (actor !== 'guest') expect(LANES).to.include(actor);
  });

  it('takes a return back the way of its call', () => {
    const placer = new Placer();
    expect(placer.place(event('hcall.call', { seq: 1 }))).to.deep.equal({ from: 'ultravisor', to: 'hypervisor' });
    expect(placer.place(event('hcall.return', { seq: 2, cause: 1 }))).to.deep.equal({ from: 'hypervisor', to: 'ultravisor' });
    for (const one of everyKind) for (const lane of Object.values(placer.place(one))) expect(LANES).to.include(lane);
  });
});

describe('Memory and TPM over time', () => {
  it('tells the changes of pages, and that an ended SVM has none', () => {
    const gone = event('state', { seq: 9, data: { of: 'svm', from: 'SECURE', to: 'none', why: '' } });
    const moves = pageChanges([event('page', { seq: 3 }), gone]);
    expect(moves).to.deep.equal([
      { seq: 3, guest: 'host/1', gfn: 3, state: 'SHARED' },
      { seq: 9, guest: 'host/1', gfn: -1, state: '-' },
    ]);
    expect(['SECURE', 'PAGEDOUT', 'SHARED_INV', 'PSEUDO_SHARED', 'HV_SHARING'].map(pageKind)).to.deep.equal([
      'secure',
      'paged out',
      'shared',
      'pseudo-shared',
      'changing hands',
    ]);
  });

  it('follows sessions and objects through the traffic', () => {
    const tpm = new TpmFollower();
    const exchange = (code: number, name: string, command: string, response: string) => {
      const sight = (hex: string) => [{ what: 'x', bytes: Uint8Array.from(Buffer.from(hex, 'hex')), seenBy: ACTORS }];
      tpm.follow(event('tpm.command', { data: { name, code, via: 'direct' }, sights: sight(command) }));
      return tpm.follow(event('tpm.response', { data: { name, code, via: 'direct', rc: 0, rcName: '' }, sights: sight(response) }));
    };
    const nonce = `0020${'11'.repeat(32)}`;
    const start = `80010000003b00000176${'40000007'.repeat(2)}${nonce}0000010010000b`;
    const [session] = exchange(0x176, 'TPM2_StartAuthSession', start, `80010000003000000000${'03000000'}${nonce}`);
    expect(session).to.include({ kind: 'session', id: '0x03000000' });
    expect(session?.text).to.contain('policy session, not salted');
    const [step] = exchange(0x16b, 'TPM2_PolicyAuthValue', '80010000000e0000016b03000000', '80010000000a00000000');
    expect(step?.text).to.contain(': PolicyAuthValue');
    const [flushed] = exchange(0x165, 'TPM2_FlushContext', '80010000000e0000016503000000', '80010000000a00000000');
    expect(flushed).to.deep.include({ id: '0x03000000', text: null });
  });
});
