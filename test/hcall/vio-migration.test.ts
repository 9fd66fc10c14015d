import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { emulatorBackend, loadVtpm, passthroughBackend, saveVtpm } from '../../src/hcall/index.ts';
import { SwtpmProcess, type SwtpmState } from '../../src/tpmrm/index.ts';
import { TestDevice } from './machine.ts';
import { BUFFER, echoTpm, READ_PUBLIC, vtpmGuest } from './vio-guest.ts';

const nonce = (count: number) => new Uint8Array(count).fill(7);
const KEY = new Uint8Array(32).fill(1);
const STATE: SwtpmState = { permanent: Uint8Array.of(1, 2, 3), volatile: Uint8Array.of(4), savestate: new Uint8Array(0) };

/** A guest whose emulated TPM can give and take its state. */
function movable() {
  const held: { state: SwtpmState } = { state: STATE };
  const state = {
    save: async () => held.state,
    load: async (given: SwtpmState) => {
      if (given.permanent.length === 0) return { refused: 'no state at all' };
      held.state = given;
      return null;
    },
  };
  const tpm = echoTpm();
  return { ...vtpmGuest(emulatorBackend(tpm, state)), held, tpm };
}

async function saved(guest: ReturnType<typeof movable>, key?: Uint8Array): Promise<Uint8Array> {
  const bytes = await saveVtpm(guest.vtpm, nonce, key ? { key } : {});
  if ('refused' in bytes) throw new Error(bytes.refused);
  return bytes;
}

describe('a guest with a vTPM moves to another host', () => {
  for (const key of [undefined, KEY]) {
    it(`with its TPM's state, and the answer that was on its way${key ? ', encrypted' : ''}`, async () => {
      const [source, target] = [movable(), movable()];
      await source.start();
      source.guest.write(BUFFER.gpa, Buffer.from(READ_PUBLIC, 'hex'), 'guest');
      await source.send('8002000e00003000');
      const bytes = await saved(source, key);
      expect(source.take(), 'nothing is written into the memory of a guest that has left').to.equal('');
      target.held.state = { ...STATE, permanent: new Uint8Array(0) };
      expect(await loadVtpm(target.vtpm, bytes, key ? { key } : {})).to.equal(null);
      expect(target.held.state).to.deep.equal(STATE);
      expect(target.take()).to.equal('8082001800003000');
      expect(target.tpm.commands, 'the command ran once').to.deep.equal([]);
      expect(await target.transmit(READ_PUBLIC)).to.contain(READ_PUBLIC);
      if (key) expect(Buffer.from(bytes).includes(Buffer.from(READ_PUBLIC, 'hex'))).to.equal(false);
    });
  }

  it('not when its TPM is the host’s own', async () => {
    const backend = await passthroughBackend(new TestDevice(), '/dev/tpm0');
    if ('errno' in backend) throw new Error(backend.errno);
    const { vtpm } = vtpmGuest(backend);
    const refused = await saveVtpm(vtpm, nonce);
    expect(refused).to.have.property('refused').that.contains("host's own TPM (/dev/tpm0)").and.contains('cannot leave this machine');
    expect(await loadVtpm(vtpm, new Uint8Array(0))).to.deep.equal(refused);
    expect(await saveVtpm(vtpmGuest().vtpm, nonce))
      .to.have.property('refused')
      .that.contains('no state that can be had');
  });

  it('only as what left: not changed, not cut, of this version, to a TPM of this kind, with its key', async () => {
    const source = movable();
    const plain = await saved(source);
    const sealed = await saved(source, KEY);
    const changed = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 3 : byte));
    for (const [what, bytes, key, refused] of [
      ['nothing', new Uint8Array(0), undefined, 'this is no state of a vTPM'],
      ['another version', changed(plain, 9), undefined, 'the state has version 2, this program knows 1'],
      ['another TPM', changed(plain, 11), undefined, 'the state is that of a TPM 1.2, this one is a TPM 2.0'],
      ['a changed byte', changed(plain, 60), undefined, 'the state was changed or cut short on its way'],
      ['a cut', plain.subarray(0, -1), undefined, 'the state was changed or cut short on its way'],
      ['no key', sealed, undefined, 'the state is encrypted: its key is needed'],
      ['a wrong key', sealed, new Uint8Array(32), 'the key is another one, or the state was changed on its way'],
      ['a changed byte, encrypted', changed(sealed, 60), KEY, 'the key is another one, or the state was changed on its way'],
      ['a key too many', plain, KEY, 'a key was given, and the state is not encrypted'],
    ] as const) {
      const target = movable();
      target.held.state = { ...STATE, permanent: new Uint8Array(0) };
      expect(await loadVtpm(target.vtpm, bytes, key ? { key } : {}), what).to.deep.equal({ refused });
      expect(target.held.state.permanent, what).to.have.length(0);
    }
  });

  it('only to a TPM that takes the state; otherwise device and answer stay where they are', async () => {
    const [source, target] = [movable(), movable()];
    await source.start();
    source.held.state = { ...STATE, permanent: new Uint8Array(0) };
    source.guest.write(BUFFER.gpa, Buffer.from(READ_PUBLIC, 'hex'), 'guest');
    await source.send('8002000e00003000');
    expect(await loadVtpm(target.vtpm, await saved(source))).to.deep.equal({ refused: 'no state at all' });
    expect(target.vtpm.crq.registered).to.equal(false);
    await source.hypervisor.guestWaits(source.guest);
    expect(source.take()).to.equal('8082001800003000');
  });

  it('with a real swtpm at both ends: what was extended there is extended here', async function () {
    if (spawnSync('swtpm', ['--version']).error) {
      console.log('    skipped: swtpm is not installed (apt install swtpm)');
      return this.skip();
    }
    const [one, two] = [await SwtpmProcess.start({ startup: 'clear' }), await SwtpmProcess.start({ startup: 'clear' })];
    try {
      const guestOn = (swtpm: SwtpmProcess) =>
        vtpmGuest(
          emulatorBackend(swtpm, { save: () => swtpm.control.getState(), load: state => swtpm.control.setState(state).then(() => null) }),
        );
      const [source, target] = [guestOn(one), guestOn(two)];
      await source.start();
      const pcrRead = '80010000001400000 17e 00000001 000b 03 000001'.replaceAll(' ', '');
      const extend = `80020000004100000182 00000010 00000009 40000009 0000 00 0000 00000001 000b ${'ab'.repeat(32)}`.replaceAll(' ', '');
      expect(await source.transmit(extend)).to.match(/^8002.{8}00000000/);
      const before = await source.transmit(pcrRead);
      const bytes = await saveVtpm(source.vtpm, nonce, { key: KEY });
      if ('refused' in bytes) throw new Error(bytes.refused);
      expect(await loadVtpm(target.vtpm, bytes, { key: KEY })).to.equal(null);
      target.goOnAfter(2);
      expect(await target.transmit(pcrRead)).to.equal(before);
    } finally {
      await one.close();
      await two.close();
    }
  });
});
