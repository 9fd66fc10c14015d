import { expect } from 'chai';
import { Clock } from '../../src/sim/index.ts';
import { type ClientSession, NO_PASSWORD, type TpmClient } from '../../src/tpm/client/index.ts';
import { command, table } from '../../src/tpm/command.ts';
import {
  commands,
  TPM2_Clear,
  TPM2_ContextLoad,
  TPM2_ContextSave,
  TPM2_CreatePrimary,
  TPM2_EvictControl,
  TPM2_FlushContext,
  TPM2_GetCapability,
  TPM2_PCR_Extend,
  TPM2_PCR_Read,
  TPM2_ReadClock,
  TPM2_ReadPublic,
  TPM2_Shutdown,
  TPM2_Startup,
  TPM2_Unseal,
  type Tpm,
} from '../../src/tpm/index.ts';
import { TPM_ALG, TPM_CAP, TPM_RH, TPM_SU, type TPMS_CONTEXT, type TPMT_PUBLIC } from '../../src/tpm/wire/index.ts';
import { clientOf, must, outcome, startedTpm, tpmOf } from './help.ts';

const EMPTY = new Uint8Array(0);
const { SHA256 } = TPM_ALG;
const sealed = (objectAttributes = 0x452): TPMT_PUBLIC => ({
  type: TPM_ALG.KEYEDHASH,
  nameAlg: SHA256,
  objectAttributes,
  authPolicy: EMPTY,
  parameters: { scheme: { scheme: TPM_ALG.NULL } },
  unique: EMPTY,
});

const item = async (client: TpmClient, hierarchy: number = TPM_RH.OWNER, publicArea = sealed()) => {
  const input = {
    inSensitive: { userAuth: EMPTY, data: Uint8Array.of(1, 2, 3) },
    inPublic: publicArea,
    outsideInfo: EMPTY,
    creationPCR: [],
  };
  return client.call(TPM2_CreatePrimary, { primaryHandle: hierarchy }, input, { sessions: [NO_PASSWORD] });
};
const session = async (client: TpmClient): Promise<ClientSession> => {
  const answer = await client.startSession({ kind: 'hmac' });
  if (!answer.ok) throw new Error(answer.detail);
  return answer.session;
};
const start = async (client: TpmClient) =>
  outcome(await client.startSession({ kind: 'hmac' }).then(answer => (answer.ok ? { ok: true, handle: 0, out: {} } : answer)));
const save = async (client: TpmClient, saveHandle: number): Promise<TPMS_CONTEXT> =>
  must(await client.call(TPM2_ContextSave, { saveHandle }, {})).out.context;
const load = (client: TpmClient, context: TPMS_CONTEXT) => client.call(TPM2_ContextLoad, {}, { context });
const handles = async (client: TpmClient, property: number) =>
  must(await client.call(TPM2_GetCapability, {}, { capability: TPM_CAP.HANDLES, property, propertyCount: 100 })).out.capabilityData.data;
const reboot = async (tpm: Tpm, client: TpmClient, startupType: 0 | 1) => {
  tpm.reset();
  return outcome(await client.call(TPM2_Startup, {}, { startupType }));
};

describe('object contexts', () => {
  it('load again and again, each time as a new object', async () => {
    const client = clientOf(startedTpm());
    const { handle } = must(await item(client));
    const context = await save(client, handle);
    expect(must(await load(client, context)).handle).to.equal(0x80000001);
    expect(must(await load(client, context)).handle).to.equal(0x80000002);
    expect(outcome(await load(client, context))).to.match(/OBJECT_MEMORY/);
    const data = await client.call(TPM2_Unseal, { itemHandle: 0x80000002 }, {}, { sessions: [NO_PASSWORD] });
    expect(must(data).out.outData).to.deep.equal(Uint8Array.of(1, 2, 3));
  });

  it('are the same to the TPM that made them and to its twin, which must decrypt them: what is in them, and when they die', async () => {
    const tpm = startedTpm();
    const client = clientOf(tpm);
    const context = await save(client, must(await item(client)).handle);
    const twin = tpmOf(2);
    twin.restore(tpm.snapshot());
    const other = clientOf(twin);
    const areas = [];
    for (const side of [client, other]) {
      const { handle } = must(await load(side, context));
      areas.push(must(await side.call(TPM2_ReadPublic, { objectHandle: handle }, {})).out);
    }
    expect(areas[0]).to.deep.equal(areas[1]);
    const clear = (side: TpmClient) => side.call(TPM2_Clear, { authHandle: TPM_RH.LOCKOUT }, {}, { sessions: [NO_PASSWORD] });
    for (const side of [client, other]) {
      must(await clear(side));
      expect(outcome(await load(side, context))).to.equal('TPM_RC_INTEGRITY, parameter 1 (0x1df)');
    }
  });

  it('are refused when a bit was changed, anywhere', async () => {
    const client = clientOf(startedTpm());
    const context = await save(client, must(await item(client)).handle);
    for (const at of [70, context.contextBlob.length - 1]) {
      const contextBlob = context.contextBlob.slice();
      contextBlob[at] = (contextBlob[at] ?? 0) ^ 0x10;
      expect(outcome(await load(client, { ...context, contextBlob }))).to.match(/INTEGRITY, parameter 1/);
    }
    expect(outcome(await load(client, { ...context, sequence: context.sequence + 1n }))).to.match(/INTEGRITY, parameter 1/);
    expect(outcome(await load(client, { ...context, hierarchy: TPM_RH.NULL }))).to.match(/INTEGRITY, parameter 1/);
  });

  it('die at TPM Reset, stClear ones at TPM Restart too', async () => {
    const tpm = startedTpm();
    const client = clientOf(tpm);
    const ordinary = await save(client, must(await item(client)).handle);
    const stClear = await save(client, must(await item(client, TPM_RH.OWNER, sealed(0x456))).handle);
    expect([ordinary.savedHandle, stClear.savedHandle]).to.deep.equal([0x80000000, 0x80000002]);
    must(await client.call(TPM2_Shutdown, {}, { shutdownType: TPM_SU.STATE }));
    expect(await reboot(tpm, client, TPM_SU.CLEAR)).to.equal('ok'); // TPM Restart
    expect(outcome(await load(client, ordinary))).to.equal('ok');
    expect(outcome(await load(client, stClear))).to.match(/INTEGRITY/);
    expect(await reboot(tpm, client, TPM_SU.CLEAR)).to.equal('ok'); // TPM Reset
    expect(outcome(await load(client, ordinary))).to.match(/INTEGRITY/);
  });
});

describe('session contexts', () => {
  it('come back once; older copies never', async () => {
    const client = clientOf(startedTpm());
    const { handle } = await session(client);
    const first = await save(client, handle);
    expect(first.sequence).to.equal(4n);
    expect(must(await load(client, first)).handle).to.equal(handle);
    expect(outcome(await load(client, first))).to.match(/HANDLE, parameter 1/);
    const second = await save(client, handle);
    expect(outcome(await load(client, first))).to.match(/HANDLE, parameter 1/);
    must(await load(client, second));
  });

  it('64 can be active, 3 loaded', async () => {
    const client = clientOf(startedTpm());
    for (let i = 0; i < 64; i++) await save(client, (await session(client)).handle);
    expect(await start(client)).to.match(/SESSION_HANDLES/);
    must(await client.call(TPM2_FlushContext, {}, { flushHandle: 0x02000005 }));
    expect((await session(client)).handle).to.equal(0x02000005);
  });

  it('the oldest must come back before the counter meets it', async () => {
    const tpm = startedTpm();
    const client = clientOf(tpm);
    const { handle } = await session(client);
    const oldest = await save(client, handle);
    const other = (await session(client)).handle;
    // 65 535 numbers, without those that mean one of the three slots or none.
    expect(tpm.age(1_000_000), 'contexts of others until then').to.equal(0xffff - 4);
    expect(await start(client), 'the second of three slots').to.equal('ok');
    expect(await start(client), 'the last is for the oldest context').to.match(/CONTEXT_GAP/);
    expect(outcome(await client.call(TPM2_ContextSave, { saveHandle: other }, {}))).to.match(/CONTEXT_GAP/);
    must(await load(client, oldest));
    must(await client.call(TPM2_ContextSave, { saveHandle: other }, {}));
    expect(await start(client)).to.equal('ok');
  });

  it('live through TPM Restart and Resume, not through TPM Reset', async () => {
    for (const [shutdownType, startupType, want] of [
      [TPM_SU.STATE, TPM_SU.STATE, 'ok'],
      [TPM_SU.STATE, TPM_SU.CLEAR, 'ok'],
      [TPM_SU.CLEAR, TPM_SU.CLEAR, 'INTEGRITY'],
    ] as const) {
      const tpm = startedTpm();
      const client = clientOf(tpm);
      const context = await save(client, (await session(client)).handle);
      must(await client.call(TPM2_Shutdown, {}, { shutdownType }));
      expect(await reboot(tpm, client, startupType)).to.equal('ok');
      expect(outcome(await load(client, context))).to.contain(want);
    }
  });
});

describe('power', () => {
  it('Startup(STATE) wants what Shutdown(STATE) saved, and that nothing touched it since', async () => {
    const tpm = startedTpm();
    const client = clientOf(tpm);
    expect(await reboot(tpm, client, TPM_SU.STATE)).to.match(/VALUE, parameter 1/);
    must(await client.call(TPM2_Startup, {}, { startupType: TPM_SU.CLEAR }));
    must(await client.call(TPM2_Shutdown, {}, { shutdownType: TPM_SU.STATE }));
    const digests = [{ hashAlg: SHA256, digest: new Uint8Array(32).fill(1) }];
    must(await client.call(TPM2_PCR_Extend, { pcrHandle: 0 }, { digests }, { sessions: [NO_PASSWORD] }));
    expect(await reboot(tpm, client, TPM_SU.STATE)).to.match(/VALUE, parameter 1/);
  });

  it('PCRs 0 to 15 outlive TPM Resume', async () => {
    const tpm = startedTpm();
    const client = clientOf(tpm);
    const digests = [{ hashAlg: SHA256, digest: new Uint8Array(32).fill(1) }];
    for (const pcrHandle of [5, 16]) must(await client.call(TPM2_PCR_Extend, { pcrHandle }, { digests }, { sessions: [NO_PASSWORD] }));
    const read = async () =>
      must(await client.call(TPM2_PCR_Read, {}, { pcrSelectionIn: [{ hash: SHA256, pcrSelect: Uint8Array.of(0x20, 0, 3) }] })).out
        .pcrValues;
    const before = await read();
    must(await client.call(TPM2_Shutdown, {}, { shutdownType: TPM_SU.STATE }));
    expect(await reboot(tpm, client, TPM_SU.STATE)).to.equal('ok');
    const after = await read();
    expect(after[0]).to.deep.equal(before[0]);
    expect(after[1]).to.deep.equal(new Uint8Array(32)); // 16
    expect(after[2]).to.deep.equal(new Uint8Array(32).fill(0xff)); // 17 until the dynamic root of trust
  });

  it('persistent objects stay, transient ones go', async () => {
    const tpm = startedTpm();
    const client = clientOf(tpm);
    const { handle, out } = must(await item(client, TPM_RH.PLATFORM));
    must(
      await client.call(
        TPM2_EvictControl,
        { auth: TPM_RH.PLATFORM, objectHandle: handle },
        { persistentHandle: 0x81800000 },
        { sessions: [NO_PASSWORD] },
      ),
    );
    expect(await reboot(tpm, client, TPM_SU.CLEAR)).to.equal('ok');
    expect(must(await client.call(TPM2_ReadPublic, { objectHandle: 0x81800000 }, {})).out.name).to.deep.equal(out.name);
    expect(await handles(client, 0x80000000)).to.deep.equal([]);
    expect(await handles(client, 0x81000000)).to.deep.equal([0x81800000]);
  });

  it('Clock goes on, Time starts again; after an unannounced power loss Clock is not safe for a while', async () => {
    const clock = new Clock();
    const tpm = startedTpm(1, clock);
    const client = clientOf(tpm);
    const read = async () => must(await client.call(TPM2_ReadClock, {}, {})).out.currentTime;
    clock.advanceMs(10_000);
    expect(await read()).to.deep.equal({ time: 10_000n, clockInfo: { clock: 10_000n, resetCount: 1, restartCount: 0, safe: 1 } });
    must(await client.call(TPM2_PCR_Extend, { pcrHandle: 1 }, { digests: [] }, { sessions: [NO_PASSWORD] }));
    must(
      await client.call(
        TPM2_PCR_Extend,
        { pcrHandle: 1 },
        { digests: [{ hashAlg: SHA256, digest: new Uint8Array(32) }] },
        { sessions: [NO_PASSWORD] },
      ),
    );
    await reboot(tpm, client, TPM_SU.CLEAR);
    expect(await read()).to.deep.equal({ time: 0n, clockInfo: { clock: 8192n, resetCount: 2, restartCount: 0, safe: 0 } });
    clock.advanceMs(5000);
    expect((await read()).clockInfo.safe).to.equal(1);
  });

  it('without power there is only FAILURE', () => {
    const tpm = tpmOf();
    tpm.powerOff();
    expect(tpm.powered).to.equal(false);
    expect(Buffer.from(tpm.execute(new Uint8Array(10))).toString('hex')).to.equal('80010000000a00000101');
  });
});

describe('the table of commands', () => {
  it('refuses two commands with one code', () => {
    const twice = command({ code: 0x17b, name: 'TPM2_Other', spec: '', handles: {}, params: {}, returns: {}, run: () => ({}) });
    expect(() => table([{ a: commands.get(0x17b), twice }])).to.throw('TPM2_Other and TPM2_GetRandom both have code 0x17b');
  });
});
