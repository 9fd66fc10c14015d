import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { Clock, createWorld, Random } from '../../src/sim/index.ts';
import { codeOf } from '../../src/spec/index.ts';
import { CONTINUE, NO_PASSWORD, TpmClient, TransportError } from '../../src/tpm/client/index.ts';
import {
  TPM2_Clear,
  TPM2_CreatePrimary,
  TPM2_GetRandom,
  TPM2_HashSequenceStart,
  TPM2_PCR_Reset,
  TPM2_SequenceComplete,
  Tpm,
} from '../../src/tpm/index.ts';
import { TPM_ALG, TPM_RH } from '../../src/tpm/wire/index.ts';
import { type Backend, BackendError, type DeviceFile, embeddedBackend, TpmChip } from '../../src/tpmrm/index.ts';
import { message } from '../../src/tpmrm/wire.ts';
import { ask, createObject, flush, getDigest, listHandles, readPublic, startSession } from './help.ts';
import { TinyTpm } from './tiny-tpm.ts';

const [FIRST, SECOND] = [0x80ffffff, 0x80fffffe];
const CONTEXT_LOAD = 0x161;
const CONTEXT_SAVE = 0x162;

/** A chip with lazy swapping over a tiny TPM, and the codes of all commands that reach the TPM. */
function lazy(around: (backend: Backend) => Backend = backend => backend) {
  const tpm = new TinyTpm();
  const seen: number[] = [];
  const counting = {
    execute(command: Uint8Array) {
      seen.push(codeOf(command));
      return tpm.execute(command);
    },
  };
  const world = createWorld('lazy');
  const events: string[] = [];
  world.bus.listen(event => event.kind === 'tpmrm.space' && events.push(`${event.data.space} ${event.data.what}`));
  const chip = new TpmChip({ backend: around(embeddedBackend(counting)), clock: world.clock, bus: world.bus, swapping: 'lazy' });
  return { tpm, chip, seen, events, open: (path: '/dev/tpmrm0' | '/dev/tpm0' = '/dev/tpmrm0') => opened(chip, path) };
}

async function opened(chip: TpmChip, path: '/dev/tpmrm0' | '/dev/tpm0'): Promise<DeviceFile> {
  const file = await chip.open(path);
  if ('value' in file) return file.value;
  throw new Error(JSON.stringify(file));
}

describe('lazy swapping', () => {
  it('leaves a space in the TPM as long as nobody else needs it', async () => {
    const { seen, open } = lazy();
    const [a, b] = [await open(), await open()];
    await ask(a, createObject);
    await ask(a, startSession);
    seen.length = 0;
    for (let i = 0; i < 10; i++) await ask(a, readPublic(FIRST));
    expect(seen).to.deep.equal(new Array(10).fill(0x173));
    seen.length = 0;
    await ask(b, createObject);
    expect(seen, "a's object and session are saved").to.deep.equal([CONTEXT_SAVE, 0x165, CONTEXT_SAVE, 0x131]);
    seen.length = 0;
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ rc: 0, words: [1] });
    expect(seen).to.deep.equal([CONTEXT_SAVE, 0x165, CONTEXT_LOAD, CONTEXT_LOAD, 0x173]);
  });

  it('shows nothing of a space to /dev/tpm0', async () => {
    const { tpm, open } = lazy();
    const [a, raw] = [await open(), await open('/dev/tpm0')];
    await ask(a, createObject);
    expect(tpm.objects.size).to.equal(1);
    expect(await ask(raw, listHandles(0x80000000))).to.deep.include({ rc: 0 });
    expect(tpm.objects.size).to.equal(0);
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ rc: 0, words: [1] });
  });

  it('flushes what is loaded when the space closes', async () => {
    const { tpm, open } = lazy();
    const a = await open();
    await ask(a, createObject);
    await ask(a, startSession);
    await a.close();
    expect([tpm.objects.size, tpm.sessions.size]).to.deep.equal([0, 0]);
  });

  it('after a handle that the space does not have: objects stay usable, sessions are lost for good', async () => {
    const { tpm, open, events } = lazy();
    const [a, b] = [await open(), await open()];
    await ask(a, createObject);
    expect(await ask(a, readPublic(SECOND))).to.deep.equal({ errno: 'EINVAL' });
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ rc: 0, words: [1] });
    await ask(b, startSession);
    await ask(a, startSession);
    expect(await ask(a, readPublic(SECOND))).to.deep.equal({ errno: 'EINVAL' });
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ errno: 'EFAULT' });
    expect(events).to.include('1 ruined');
    expect([...tpm.sessions.keys()], "b's is not touched").to.deep.equal([0x03000000]);
    expect(await ask(b, getDigest(0x03000000))).to.deep.equal({ rc: 0, words: [0x03000000] });
  });

  it('a space that cannot be saved is lost, and whoever needed the TPM goes on', async () => {
    const { open, events } = lazy(inner => ({
      ...inner,
      transmit: async command => (codeOf(command) === CONTEXT_SAVE ? message(0x901) : inner.transmit(command)),
    }));
    const [a, b] = [await open(), await open()];
    await ask(a, createObject);
    expect(await ask(b, createObject)).to.deep.equal({ rc: 0, words: [FIRST, 2] });
    expect(events).to.deep.equal(['1 open', '2 open', '1 ruined']);
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ errno: 'EFAULT' });
  });

  it('a TPM that was reset meanwhile: no name comes to stand for something else', async () => {
    const { tpm, open } = lazy();
    const a = await open();
    await ask(a, createObject);
    tpm.objects.clear();
    expect(await ask(a, createObject)).to.deep.equal({ errno: 'EFAULT' });
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ errno: 'EFAULT' });
    expect(tpm.objects.size).to.equal(0);
  });

  it('a TPM that does not answer for once: what was loaded is still there', async () => {
    let silent = false;
    const { open } = lazy(inner => ({
      ...inner,
      transmit: async command => {
        if (silent) throw new BackendError('timeout', 'silent');
        return inner.transmit(command);
      },
    }));
    const a = await open();
    await ask(a, createObject);
    silent = true;
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ errno: 'ETIME' });
    silent = false;
    expect(await ask(a, readPublic(FIRST))).to.deep.equal({ rc: 0, words: [1] });
  });

  it('comes back from a snapshot as it was', async () => {
    const tpm = new Tpm({ random: new Random('snapshot'), clock: new Clock() });
    tpm.execute(fromHex('80010000000c000001440000'));
    const chip = new TpmChip({ backend: embeddedBackend(tpm), clock: new Clock(), swapping: 'lazy' });
    const file = await opened(chip, '/dev/tpmrm0');
    const sequence = message(0x186, fromHex('0000000b'));
    await ask(file, sequence);
    const [chipState, tpmState] = [chip.snapshot(), tpm.snapshot()];
    await ask(file, flush(FIRST));
    chip.restore(chipState);
    tpm.restore(tpmState);
    const list = await ask(chip.descriptor(file.descriptor), listHandles(0x80000000));
    expect('words' in list && list.words).to.deep.equal([0, 0x0100_0000, 0x0180_ffff]); // one handle, by 32 bits
  });
});

describe('lazy swapping notices what a command has ended', () => {
  const EMPTY = new Uint8Array(0);
  async function client() {
    const tpm = new Tpm({ random: new Random('ended'), clock: new Clock() });
    tpm.execute(fromHex('80010000000c000001440000'));
    const chip = new TpmChip({ backend: embeddedBackend(tpm), clock: new Clock(), swapping: 'lazy' });
    const file = await opened(chip, '/dev/tpmrm0');
    const transmit = async (command: Uint8Array): Promise<Uint8Array> => {
      const written = await file.write(command);
      const read = 'value' in written ? await file.read(4096) : written;
      if ('value' in read) return read.value;
      throw new TransportError('TSS_RC_BAD_CONNECTION', JSON.stringify(read));
    };
    const random = new Random('client');
    const tpmClient = new TpmClient({ transmit }, count => random.bytes(count));
    return { tpmClient, chip };
  }
  const slots = ({ spaces }: TpmChip) => spaces.flatMap(({ objects, sessions }) => [...objects, ...sessions].map(slot => slot !== 0));
  const sequence = { auth: EMPTY, hashAlg: TPM_ALG.SHA256 };

  it('SequenceComplete', async () => {
    const { tpmClient, chip } = await client();
    const started = await tpmClient.call(TPM2_HashSequenceStart, {}, sequence);
    const sequenceHandle = started.ok ? started.handle : 0;
    const sessions = [NO_PASSWORD];
    await tpmClient.call(TPM2_SequenceComplete, { sequenceHandle }, { buffer: EMPTY, hierarchy: TPM_RH.NULL }, { sessions });
    expect(slots(chip)).to.not.include(true);
  });

  it('a session without continueSession, and only that', async () => {
    const { tpmClient, chip } = await client();
    const one = await tpmClient.startSession({ kind: 'hmac' });
    const two = await tpmClient.startSession({ kind: 'hmac' });
    if (!one.ok || !two.ok) throw new Error('no session');
    const use = (attributes: number, session: typeof one.session) =>
      tpmClient.call(TPM2_PCR_Reset, { pcrHandle: 16 }, {}, { sessions: [{ session, attributes }] });
    expect((await use(CONTINUE, one.session)).ok).to.equal(true);
    expect(slots(chip).filter(Boolean)).to.have.length(2);
    expect((await use(0, one.session)).ok).to.equal(true);
    expect(slots(chip).filter(Boolean)).to.have.length(1);
    expect((await use(CONTINUE, two.session)).ok).to.equal(true);
  });

  it('Clear, which ends the objects of the owner', async () => {
    const { tpmClient, chip } = await client();
    const inPublic = {
      type: TPM_ALG.KEYEDHASH,
      nameAlg: TPM_ALG.SHA256,
      objectAttributes: 0x40472,
      authPolicy: EMPTY,
      parameters: { scheme: { scheme: TPM_ALG.HMAC, hashAlg: TPM_ALG.SHA256 } },
      unique: EMPTY,
    } as const;
    const template = { inSensitive: { userAuth: EMPTY, data: EMPTY }, inPublic, outsideInfo: EMPTY, creationPCR: [] };
    const sessions = [NO_PASSWORD];
    expect((await tpmClient.call(TPM2_CreatePrimary, { primaryHandle: TPM_RH.OWNER }, template, { sessions })).ok).to.equal(true);
    await tpmClient.call(TPM2_HashSequenceStart, {}, sequence);
    expect((await tpmClient.call(TPM2_Clear, { authHandle: TPM_RH.LOCKOUT }, {}, { sessions })).ok).to.equal(true);
    expect(slots(chip)).to.deep.equal([false, true, false, false, false, false]);
    expect((await tpmClient.call(TPM2_GetRandom, {}, { bytesRequested: 4 })).ok).to.equal(true);
  });
});
