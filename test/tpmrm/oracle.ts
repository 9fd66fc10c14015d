import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import { fromHex, toHex, utf8 } from '../../src/bytes/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import {
  type Answer,
  type ClientSession,
  CONTINUE,
  NO_CIPHER,
  NO_PASSWORD,
  TpmClient,
  TransportError,
} from '../../src/tpm/client/index.ts';
import {
  extendPolicy,
  TPM2_ContextLoad,
  TPM2_ContextSave,
  TPM2_CreatePrimary,
  TPM2_FlushContext,
  TPM2_GetCapability,
  TPM2_HashSequenceStart,
  TPM2_HMAC,
  TPM2_PolicyCommandCode,
  TPM2_PolicyGetDigest,
  TPM2_PolicyRestart,
  TPM2_ReadPublic,
  TPM2_SequenceComplete,
  TPM2_SequenceUpdate,
  Tpm,
  zeroPolicy,
} from '../../src/tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_RH, type TPMS_CONTEXT } from '../../src/tpm/wire/index.ts';
import { type DeviceFile, embeddedBackend, type Swapping, TpmChip } from '../../src/tpmrm/index.ts';

const EMPTY = new Uint8Array(0);
const SHA256 = TPM_ALG.SHA256;
const STARTUP = fromHex('80010000000c000001440000');
const PASSWORD = { sessions: [NO_PASSWORD] };
const RC = { objectMemory: 0x902, sessionMemory: 0x903, referenceH0: 0x910 } as const;
const KINDS = { transient: 0x8000_0000, loaded: 0x0200_0000, saved: 0x0300_0000 } as const;
const virtual = (slot: number): number => 0x80ff_ffff - slot;

/** What a virtual handle stands for, as somebody knows it who computes for himself. */
type Thing = { readonly kind: 'key'; readonly secret: Uint8Array } | { readonly kind: 'sequence'; readonly data: Uint8Array };
interface Session {
  readonly session: ClientSession;
  /** Of a policy session, what its digest must be. */
  digest: Uint8Array;
}

/** A space and what must be in it. */
export class Space {
  readonly file: DeviceFile;
  readonly client: TpmClient;
  readonly slots: (Thing | null)[] = [null, null, null];
  sessions: Session[] = [];

  constructor(file: DeviceFile, random: Random) {
    this.file = file;
    const transmit = async (command: Uint8Array): Promise<Uint8Array> => {
      const written = await file.write(command);
      const read = 'value' in written ? await file.read(4096) : written;
      if ('value' in read && typeof read.value !== 'number') return read.value;
      throw new TransportError('TSS_RC_BAD_CONNECTION', 'errno' in read ? read.errno : 'blocks');
    };
    this.client = new TpmClient({ transmit }, count => random.bytes(count));
  }

  get empty(): boolean {
    return this.sessions.length === 0 && this.slots.every(slot => slot === null);
  }
}

/** `ok`, a response code, or the errno of the device file. */
const outcome = (answer: Answer<unknown>): number | string => (answer.ok ? 'ok' : (answer.rc ?? answer.detail));

/** Spaces on one TPM, against what the README of the vectors says of them (points 14 to 26). */
export class Oracle {
  readonly tpm = new Tpm({ random: new Random('shared'), clock: new Clock() });
  readonly chip: TpmChip;
  readonly swapping: Swapping;
  spaces: Space[] = [];
  /** Contexts that programs saved: of objects, which can be loaded by any space and again; of sessions, once. */
  #objects: { readonly context: TPMS_CONTEXT; readonly thing: Thing }[] = [];
  #sessions: { readonly context: TPMS_CONTEXT; readonly session: Session }[] = [];
  readonly #random = new Random('programs');

  constructor(swapping: Swapping) {
    this.swapping = swapping;
    this.tpm.execute(STARTUP);
    this.chip = new TpmChip({ backend: embeddedBackend(this.tpm), clock: new Clock(), swapping });
  }

  /** Handles of a kind that the TPM itself has. */
  left(kind: keyof typeof KINDS): number {
    const response = this.tpm.execute(fromHex(`8001000000160000017a00000001${KINDS[kind].toString(16).padStart(8, '0')}00000040`));
    return new DataView(response.buffer, response.byteOffset).getUint32(15);
  }

  /** Between commands nothing of any space is loaded; lazily, of one space at most. */
  check(): void {
    const held = [this.left('transient'), this.left('loaded')];
    if (this.swapping === 'eager') expect(held).to.deep.equal([0, 0]);
    else expect(this.chip.spaces.filter(({ loaded }) => loaded)).to.have.length.of.at.most(1);
  }

  async open(): Promise<void> {
    const opened = await this.chip.open('/dev/tpmrm0');
    if (!('value' in opened)) throw new Error(JSON.stringify(opened));
    this.spaces.push(new Space(opened.value, this.#random));
  }

  async close(space: Space): Promise<void> {
    await space.file.close();
    this.spaces = this.spaces.filter(other => other !== space);
  }

  /** All spaces end: what is left in the TPM is what programs saved themselves. */
  async end(): Promise<void> {
    for (const space of this.spaces) await this.close(space);
    expect([this.left('transient'), this.left('loaded'), this.left('saved')]).to.deep.equal([0, 0, this.#sessions.length]);
  }

  /** The answer puts something into the first free slot, or says that there is none. */
  #took(space: Space, answer: Answer<unknown>, thing: Thing): void {
    const slot = space.slots.indexOf(null);
    if (slot < 0) return void expect(outcome(answer)).to.equal(RC.objectMemory);
    expect(outcome(answer)).to.equal('ok');
    if (answer.ok) expect(answer.handle).to.equal(virtual(slot));
    space.slots[slot] = thing;
  }

  async create(space: Space, mark: number): Promise<void> {
    const secret = utf8(`the secret of ${mark}`);
    const inPublic = {
      type: TPM_ALG.KEYEDHASH,
      nameAlg: SHA256,
      objectAttributes: 0x40452,
      authPolicy: EMPTY,
      parameters: { scheme: { scheme: TPM_ALG.HMAC, hashAlg: SHA256 } },
      unique: EMPTY,
    } as const;
    const template = { inSensitive: { userAuth: EMPTY, data: secret }, inPublic, outsideInfo: EMPTY, creationPCR: [] };
    this.#took(space, await space.client.call(TPM2_CreatePrimary, { primaryHandle: TPM_RH.OWNER }, template, PASSWORD), {
      kind: 'key',
      secret,
    });
  }

  async startSequence(space: Space): Promise<void> {
    const answer = await space.client.call(TPM2_HashSequenceStart, {}, { auth: EMPTY, hashAlg: SHA256 });
    this.#took(space, answer, { kind: 'sequence', data: EMPTY });
  }

  /** Uses what a slot stands for: an HMAC that only its key gives, or a hash of all that this sequence was given. */
  async use(space: Space, slot: number, mark: number): Promise<void> {
    const thing = space.slots[slot];
    const more = utf8(`data ${mark}`);
    if (thing?.kind === 'key') {
      const answer = await space.client.call(TPM2_HMAC, { handle: virtual(slot) }, { buffer: more, hashAlg: SHA256 }, PASSWORD);
      expect(answer.ok && toHex(answer.out.outHMAC)).to.equal(createHmac('sha256', thing.secret).update(more).digest('hex'));
    } else if (thing) {
      const answer = await space.client.call(TPM2_SequenceUpdate, { sequenceHandle: virtual(slot) }, { buffer: more }, PASSWORD);
      expect(outcome(answer)).to.equal('ok');
      space.slots[slot] = { kind: 'sequence', data: Buffer.concat([thing.data, more]) };
    }
  }

  /** The same, authorized by an HMAC session; it may end with the command. */
  async useBySession(space: Space, slot: number, index: number, goesOn: boolean): Promise<void> {
    const thing = space.slots[slot];
    const held = space.sessions[index];
    if (thing?.kind !== 'key' || held?.session.kind !== 'hmac') return;
    const read = await space.client.call(TPM2_ReadPublic, { objectHandle: virtual(slot) }, {});
    const names = [read.ok ? read.out.name : undefined];
    const sessions = [{ session: held.session, attributes: goesOn ? CONTINUE : 0 }];
    const answer = await space.client.call(TPM2_HMAC, { handle: virtual(slot) }, { buffer: EMPTY, hashAlg: SHA256 }, { sessions, names });
    expect(answer.ok && toHex(answer.out.outHMAC)).to.equal(createHmac('sha256', thing.secret).digest('hex'));
    if (!goesOn) space.sessions.splice(index, 1);
  }

  async complete(space: Space, slot: number): Promise<void> {
    const thing = space.slots[slot];
    if (thing?.kind !== 'sequence') return;
    const parameters = { buffer: EMPTY, hierarchy: TPM_RH.NULL };
    const answer = await space.client.call(TPM2_SequenceComplete, { sequenceHandle: virtual(slot) }, parameters, PASSWORD);
    expect(answer.ok && toHex(answer.out.result)).to.equal(createHash('sha256').update(thing.data).digest('hex'));
    space.slots[slot] = null;
  }

  async flush(space: Space, slot: number): Promise<void> {
    if (!space.slots[slot]) return;
    expect(outcome(await space.client.call(TPM2_FlushContext, {}, { flushHandle: virtual(slot) }))).to.equal('ok');
    space.slots[slot] = null;
  }

  async save(space: Space, slot: number): Promise<void> {
    const thing = space.slots[slot];
    if (!thing) return;
    const answer = await space.client.call(TPM2_ContextSave, { saveHandle: virtual(slot) }, {});
    if (answer.ok) this.#objects.push({ context: answer.out.context, thing });
    expect(outcome(answer)).to.equal('ok');
  }

  /** In whatever space: an object's context is nobody's. */
  async load(space: Space, which: number): Promise<void> {
    const saved = this.#objects[which % this.#objects.length];
    if (saved) this.#took(space, await space.client.call(TPM2_ContextLoad, {}, { context: saved.context }), saved.thing);
  }

  async startSession(space: Space, kind: 'hmac' | 'policy'): Promise<void> {
    const answer = await space.client.startSession({ kind, symmetric: NO_CIPHER });
    if (space.sessions.length === 3) return void expect(answer.ok || answer.rc).to.equal(RC.sessionMemory);
    if (!answer.ok) throw new Error(answer.detail);
    expect(this.spaces.flatMap(({ sessions }) => sessions.map(({ session }) => session.handle & 0xffffff))).to.not.include(
      answer.session.handle & 0xffffff,
    );
    space.sessions.push({ session: answer.session, digest: zeroPolicy(SHA256) });
  }

  async policy(space: Space, index: number, restarted: boolean): Promise<void> {
    const held = space.sessions[index];
    if (held?.session.kind !== 'policy') return;
    const policySession = held.session.handle;
    if (restarted) {
      expect(outcome(await space.client.call(TPM2_PolicyRestart, { sessionHandle: policySession }, {}))).to.equal('ok');
      held.digest = zeroPolicy(SHA256);
    }
    expect(outcome(await space.client.call(TPM2_PolicyCommandCode, { policySession }, { code: TPM_CC.HMAC }))).to.equal('ok');
    held.digest = extendPolicy(SHA256, held.digest, TPM_CC.PolicyCommandCode, fromHex('00000155'));
    const answer = await space.client.call(TPM2_PolicyGetDigest, { policySession }, {});
    expect(answer.ok && toHex(answer.out.policyDigest)).to.equal(toHex(held.digest));
  }

  async endSession(space: Space, index: number): Promise<void> {
    const held = space.sessions[index];
    if (!held) return;
    expect(outcome(await space.client.call(TPM2_FlushContext, {}, { flushHandle: held.session.handle }))).to.equal('ok');
    space.sessions.splice(index, 1);
  }

  /** The session leaves the space; close does not end it, and whoever loads it has it. */
  async saveSession(space: Space, index: number): Promise<void> {
    const session = space.sessions[index];
    if (!session || this.#sessions.length >= 4) return;
    const answer = await space.client.call(TPM2_ContextSave, { saveHandle: session.session.handle }, {});
    if (answer.ok) this.#sessions.push({ context: answer.out.context, session });
    expect(outcome(answer)).to.equal('ok');
    space.sessions.splice(index, 1);
  }

  async loadSession(space: Space): Promise<void> {
    const saved = this.#sessions[0];
    if (!saved) return;
    const answer = await space.client.call(TPM2_ContextLoad, {}, { context: saved.context });
    if (space.sessions.length === 3) return void expect(outcome(answer)).to.equal(RC.sessionMemory);
    expect(answer.ok && answer.handle).to.equal(saved.session.session.handle);
    space.sessions.push(saved.session);
    this.#sessions.shift();
  }

  async list(space: Space): Promise<void> {
    const parameters = { capability: 1, property: KINDS.transient, propertyCount: 64 } as const;
    const answer = await space.client.call(TPM2_GetCapability, {}, parameters);
    const found = answer.ok ? (answer.out.capabilityData as { data: readonly number[] }).data : [];
    expect(found).to.deep.equal(space.slots.flatMap((thing, slot) => (thing ? [virtual(slot)] : [])));
  }

  async useForeign(space: Space, which: number): Promise<void> {
    const foreign = this.#foreign(space, which)?.session;
    if (foreign?.kind !== 'policy') return;
    const answer = await space.client.call(TPM2_PolicyGetDigest, { policySession: foreign.handle }, {});
    expect(outcome(answer)).to.equal(RC.referenceH0);
  }

  /** The TPM allows it; the space whose session it was is lost for good, with all its sessions. */
  async flushForeign(space: Space, which: number): Promise<void> {
    const foreign = this.#foreign(space, which);
    if (!foreign) return;
    expect(outcome(await space.client.call(TPM2_FlushContext, {}, { flushHandle: foreign.session.handle }))).to.equal('ok');
    await this.#lost(foreign.owner);
  }

  #foreign(space: Space, which: number): { readonly session: ClientSession; readonly owner: Space } | undefined {
    const all = this.spaces.flatMap(owner => (owner === space ? [] : owner.sessions.map(({ session }) => ({ session, owner }))));
    return all[which % all.length];
  }

  /** A handle that the space does not have: EINVAL, and that is all, unless it has sessions. */
  async badHandle(space: Space, raw: boolean): Promise<void> {
    const slot = space.slots.indexOf(null);
    if (slot < 0 && !raw) return;
    const objectHandle = raw ? KINDS.transient : virtual(slot);
    expect(outcome(await space.client.call(TPM2_ReadPublic, { objectHandle }, {}))).to.equal('EINVAL');
    if (space.sessions.length > 0) await this.#lost(space);
  }

  async #lost(space: Space): Promise<void> {
    for (let twice = 0; twice < 2; twice++) {
      const answer = await space.client.call(TPM2_GetCapability, {}, { capability: 1, property: KINDS.transient, propertyCount: 1 });
      expect(outcome(answer)).to.equal('EFAULT');
    }
    await this.close(space);
  }

  /** Through /dev/tpm0 nothing of any space is to be seen but saved sessions. */
  async raw(): Promise<void> {
    const opened = await this.chip.open('/dev/tpm0');
    if (!('value' in opened)) throw new Error(JSON.stringify(opened));
    await opened.value.write(fromHex('80010000000c0000017b0004'));
    expect([this.left('transient'), this.left('loaded')]).to.deep.equal([0, 0]);
    expect(this.left('saved')).to.equal(this.spaces.reduce((sum, { sessions }) => sum + sessions.length, this.#sessions.length));
    await opened.value.close();
  }

  /** The TPM is switched off and on: spaces that had something fail from then on, the others notice nothing. */
  async reset(): Promise<void> {
    this.tpm.reset();
    this.tpm.execute(STARTUP);
    this.#objects = [];
    this.#sessions = [];
    for (const space of this.spaces.filter(({ empty }) => !empty)) {
      // Lazily it may be a space whose commands reach the TPM and find nothing there.
      const answer = await space.client.call(TPM2_ReadPublic, { objectHandle: virtual(0) }, {});
      expect(['EFAULT', 'ENOENT', 'EINVAL', RC.referenceH0]).to.include(outcome(answer));
      await this.close(space);
    }
  }
}
