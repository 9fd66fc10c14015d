import { expect } from 'chai';
import { sameBytes, toHex } from '../../src/bytes/index.ts';
import { generateRsa, padOaep, publicKeyObject, rsaPublic } from '../../src/crypto/index.ts';
import { Random } from '../../src/sim/index.ts';
import {
  AUDIT,
  type Auth,
  type ClientSession,
  CONTINUE,
  DECRYPT,
  duplicateForImport,
  ENCRYPT,
  NO_PASSWORD,
  rsaSensitive,
  TpmClient,
  type TpmTransport,
} from '../../src/tpm/client/index.ts';
import {
  decodeResponse,
  nameOf,
  pcrDigestOf,
  policyAuthValue,
  policyCommandCode,
  policyOr,
  policyPcr,
  TPM2_Create,
  TPM2_CreatePrimary,
  TPM2_EvictControl,
  TPM2_FlushContext,
  TPM2_GetCapability,
  TPM2_GetRandom,
  TPM2_Import,
  TPM2_Load,
  TPM2_PolicyAuthValue,
  TPM2_PolicyCommandCode,
  TPM2_PolicyOR,
  TPM2_PolicyPassword,
  TPM2_ReadPublic,
  TPM2_RSA_Decrypt,
  TPM2_Unseal,
  zeroPolicy,
} from '../../src/tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_RH, type TPMT_PUBLIC } from '../../src/tpm/wire/index.ts';
import { clientOf, must, outcome, startedTpm } from './help.ts';

const EMPTY = new Uint8Array(0);
const { SHA256 } = TPM_ALG;
const AES = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB } as const;

/** docs/reference/pef.md#policies-of-the-wrapping-key */
const A = policyAuthValue(SHA256, policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.RSA_Decrypt));
const PCR16 = [{ hash: SHA256, pcrSelect: Uint8Array.of(0, 0, 1) }];
const B = policyPcr(
  SHA256,
  policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.ObjectChangeAuth),
  PCR16,
  pcrDigestOf(SHA256, [new Uint8Array(32)]),
);
const OR = policyOr(SHA256, [A, B]);

const PARENT: TPMT_PUBLIC = {
  type: TPM_ALG.ECC,
  nameAlg: SHA256,
  objectAttributes: 0x00030472,
  authPolicy: EMPTY,
  parameters: { symmetric: AES, scheme: { scheme: TPM_ALG.NULL }, curveID: 3, kdf: { scheme: TPM_ALG.NULL } },
  unique: { x: EMPTY, y: EMPTY },
};
const wrappingKey = (unique: Uint8Array = EMPTY): TPMT_PUBLIC => ({
  type: TPM_ALG.RSA,
  nameAlg: SHA256,
  objectAttributes: 0x00020c20,
  authPolicy: OR,
  parameters: { symmetric: { algorithm: TPM_ALG.NULL }, scheme: { scheme: TPM_ALG.OAEP, hashAlg: SHA256 }, keyBits: 2048, exponent: 0 },
  unique,
});
const sealed = (authPolicy: Uint8Array = EMPTY): TPMT_PUBLIC => ({
  type: TPM_ALG.KEYEDHASH,
  nameAlg: SHA256,
  objectAttributes: authPolicy.length > 0 ? 0x412 : 0x452,
  authPolicy,
  parameters: { scheme: { scheme: TPM_ALG.NULL } },
  unique: EMPTY,
});
const nothingElse = { outsideInfo: EMPTY, creationPCR: [] };

async function parentIn(client: TpmClient) {
  const input = { inSensitive: { userAuth: EMPTY, data: EMPTY }, inPublic: PARENT, ...nothingElse };
  const { handle, out } = must(
    await client.call(TPM2_CreatePrimary, { primaryHandle: TPM_RH.PLATFORM }, input, { sessions: [NO_PASSWORD] }),
  );
  return { handle, publicArea: out.outPublic, name: out.name };
}

async function sealedIn(client: TpmClient, parentHandle: number, userAuth: Uint8Array, data: Uint8Array, publicArea = sealed()) {
  const made = must(
    await client.call(
      TPM2_Create,
      { parentHandle },
      { inSensitive: { userAuth, data }, inPublic: publicArea, ...nothingElse },
      { sessions: [NO_PASSWORD] },
    ),
  ).out;
  const loaded = must(
    await client.call(TPM2_Load, { parentHandle }, { inPrivate: made.outPrivate, inPublic: made.outPublic }, { sessions: [NO_PASSWORD] }),
  );
  return { handle: loaded.handle, name: loaded.out.name };
}

const opened = async (client: TpmClient, options: Parameters<TpmClient['startSession']>[0]): Promise<ClientSession> => {
  const answer = await client.startSession(options);
  if (!answer.ok) throw new Error(answer.detail);
  return answer.session;
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the policies of the wrapping key', () => {
  it('are those of the firmware', () => {
    expect(toHex(A)).to.equal('8dbd2aa10f701b1eda230fa8a38803d342f3b48c2ffcbed56c04674c79dff00f');
    expect(toHex(B)).to.equal('9795d78f53de94401899cc2d5ba76007b3d4dad85bf95cabeeba04d0f98b502e');
    expect(toHex(OR)).to.equal('e86c7354251aa8e6ce27fddc541946f48120ff95c3d7a4d343f463321bd3e55c');
  });
});

describe('an unwrap (docs/reference/pef.md#the-unwrap)', () => {
  it('opens a lockbox for an imported key, with commands and responses of the published sizes', async () => {
    const tpm = startedTpm();
    const sizes: string[] = [];
    const recording: TpmTransport = {
      transmit: async command => {
        const response = tpm.execute(command);
        sizes.push(`${command.length} ${response.length}`);
        return response;
      },
    };
    const random = new Random('unwrap');
    const draw = (count: number) => random.bytes(count);
    const client = new TpmClient(recording, draw);
    const parent = await parentIn(client);
    const rsa = generateRsa(2048, 65537, draw);
    const password = bytes('sixteen bytes pw');
    const params = duplicateForImport(wrappingKey(rsa.n), rsaSensitive(rsa, password), parent.publicArea, draw);
    const { outPrivate } = must(await client.call(TPM2_Import, { parentHandle: parent.handle }, params, { sessions: [NO_PASSWORD] })).out;
    const loaded = must(
      await client.call(
        TPM2_Load,
        { parentHandle: parent.handle },
        { inPrivate: outPrivate, inPublic: params.objectPublic },
        { sessions: [NO_PASSWORD] },
      ),
    );
    const evict = { auth: TPM_RH.PLATFORM, objectHandle: loaded.handle };
    must(await client.call(TPM2_EvictControl, evict, { persistentHandle: 0x81800001 }, { sessions: [NO_PASSWORD] }));
    must(await client.call(TPM2_FlushContext, {}, { flushHandle: loaded.handle }));

    const symkey = draw(32);
    const cipherText = rsaPublic(publicKeyObject(rsa.n, 65537), padOaep('sha256', symkey, 256, EMPTY, draw));
    sizes.length = 0;
    const { out } = must(await client.call(TPM2_ReadPublic, { objectHandle: 0x81800001 }, {}));
    expect(sameBytes(nameOf(out.outPublic), out.name)).to.equal(true);
    const session = await opened(client, { kind: 'policy' });
    const policySession = session.handle;
    must(await client.call(TPM2_PolicyCommandCode, { policySession }, { code: TPM_CC.RSA_Decrypt }));
    must(await client.call(TPM2_PolicyAuthValue, { policySession }, {}));
    must(await client.call(TPM2_PolicyOR, { policySession }, { pHashList: [A, B] }));
    const auth: Auth = { session, authValue: password, authValueInHmac: true, attributes: CONTINUE | ENCRYPT };
    const input = { cipherText, inScheme: { scheme: TPM_ALG.NULL }, label: EMPTY } as const;
    const { message } = must(
      await client.call(TPM2_RSA_Decrypt, { keyHandle: 0x81800001 }, input, { sessions: [auth], names: [out.name] }),
    ).out;
    must(await client.call(TPM2_FlushContext, {}, { flushHandle: policySession }));
    expect(message).to.deep.equal(symkey);
    expect(sizes).to.deep.equal(['14 396', '63 48', '18 10', '14 10', '86 10', '353 117', '14 10']);
  });

  it('sees an HMAC that is wrong, before it decrypts', async () => {
    const tpm = startedTpm();
    const honest = clientOf(tpm);
    const session = await opened(honest, { kind: 'hmac' });
    const forging = new TpmClient(
      {
        transmit: async command => {
          const response = tpm.execute(command);
          response[16] = (response[16] ?? 0) ^ 1; // the first byte of the random bytes
          return response;
        },
      },
      count => new Uint8Array(count),
    );
    const before = session.nonceTPM;
    const answer = await forging.call(
      TPM2_GetRandom,
      {},
      { bytesRequested: 16 },
      { sessions: [{ session, attributes: CONTINUE | ENCRYPT }] },
    );
    expect(outcome(answer)).to.equal('TSS_RC_HMAC_VERIFY');
    expect(session.nonceTPM).to.equal(before);
  });

  it('tells a malformed response from one for another command', async () => {
    const answering = (hex: string) =>
      new TpmClient({ transmit: async () => Uint8Array.from(Buffer.from(hex, 'hex')) }, count => new Uint8Array(count));
    const ask = async (hex: string) => outcome(await answering(hex).call(TPM2_GetRandom, {}, { bytesRequested: 4 }));
    expect(await ask('8001')).to.equal('TSS_RC_MALFORMED_RESPONSE');
    expect(await ask('80010000000b00000000')).to.equal('TSS_RC_BAD_CONNECTION');
    expect(await ask('80010000000a00000000')).to.equal('TSS_RC_MALFORMED_RESPONSE');
    expect(await ask('80020000000a00000000')).to.equal('TSS_RC_MALFORMED_RESPONSE');
    expect(await ask('80010000000a00000101')).to.equal('TPM_RC_FAILURE (0x101)');
  });
});

describe('sessions of the client', () => {
  const data = bytes('what is sealed');
  const auth = bytes('the value');

  const kinds: [
    string,
    (
      client: TpmClient,
      parent: Awaited<ReturnType<typeof parentIn>>,
      item: { handle: number; name: Uint8Array },
    ) => Parameters<TpmClient['startSession']>[0],
  ][] = [
    ['unsalted, unbound', () => ({ kind: 'hmac' })],
    ['salted', (_c, parent) => ({ kind: 'hmac', salt: parent })],
    ['bound to the object', (_c, _p, item) => ({ kind: 'hmac', bind: { ...item, authValue: auth } })],
    [
      'bound to another entity',
      () => ({ kind: 'hmac', bind: { handle: TPM_RH.OWNER, name: Uint8Array.of(0x40, 0, 0, 1), authValue: EMPTY } }),
    ],
    ['salted and bound', (_c, parent, item) => ({ kind: 'hmac', salt: parent, bind: { ...item, authValue: auth } })],
    ['XOR', () => ({ kind: 'hmac', symmetric: { algorithm: TPM_ALG.XOR, keyBits: SHA256 } })],
    [
      'SHA-384 with AES-256',
      (_c, parent) => ({
        kind: 'hmac',
        authHash: TPM_ALG.SHA384,
        symmetric: { algorithm: TPM_ALG.AES, keyBits: 256, mode: TPM_ALG.CFB },
        salt: parent,
      }),
    ],
    ['16-byte nonces', () => ({ kind: 'hmac', nonceBytes: 16 })],
  ];
  for (const [name, optionsOf] of kinds) {
    it(`${name}: authorizes, encrypts both ways, again and again`, async () => {
      const client = clientOf(startedTpm());
      const parent = await parentIn(client);
      const item = await sealedIn(client, parent.handle, auth, data);
      const session = await opened(client, optionsOf(client, parent, item));
      for (let i = 0; i < 3; i++) {
        const options = { sessions: [{ session, authValue: auth, attributes: CONTINUE | ENCRYPT }], names: [item.name] };
        expect(must(await client.call(TPM2_Unseal, { itemHandle: item.handle }, {}, options)).out.outData).to.deep.equal(data);
      }
      const made = await client.call(
        TPM2_Create,
        { parentHandle: parent.handle },
        { inSensitive: { userAuth: auth, data }, inPublic: sealed(), ...nothingElse },
        { sessions: [{ session, attributes: CONTINUE | DECRYPT | ENCRYPT }], names: [parent.name] },
      );
      expect(outcome(made)).to.equal('ok');
      const wrong = { sessions: [{ session, authValue: bytes('not it'), authValueInHmac: true }], names: [item.name] };
      expect(outcome(await client.call(TPM2_Unseal, { itemHandle: item.handle }, {}, wrong))).to.match(/TPM_RC_BAD_AUTH, session 1/);
      expect(
        outcome(await client.call(TPM2_GetRandom, {}, { bytesRequested: 8 }, { sessions: [{ session, attributes: ENCRYPT }] })),
      ).to.equal('ok');
      expect(
        outcome(await client.call(TPM2_GetRandom, {}, { bytesRequested: 8 }, { sessions: [{ session, attributes: ENCRYPT }] })),
      ).to.match(/REFERENCE_S0/);
    });
  }

  it('three in one command: authorization, decryption, encryption', async () => {
    const client = clientOf(startedTpm());
    const parent = await parentIn(client);
    const [a, d, e] = [
      await opened(client, { kind: 'hmac' }),
      await opened(client, { kind: 'hmac', salt: parent }),
      await opened(client, { kind: 'hmac', salt: parent }),
    ];
    const sessions = [{ session: a }, { session: d, attributes: CONTINUE | DECRYPT }, { session: e, attributes: CONTINUE | ENCRYPT }];
    const input = { inSensitive: { userAuth: auth, data }, inPublic: sealed(), ...nothingElse };
    for (let i = 0; i < 2; i++) {
      const made = must(await client.call(TPM2_Create, { parentHandle: parent.handle }, input, { sessions, names: [parent.name] })).out;
      const loaded = must(
        await client.call(
          TPM2_Load,
          { parentHandle: parent.handle },
          { inPrivate: made.outPrivate, inPublic: made.outPublic },
          { sessions: [NO_PASSWORD] },
        ),
      );
      must(await client.call(TPM2_FlushContext, {}, { flushHandle: loaded.handle }));
    }
  });

  it('audits: the session is exclusive until another command comes between', async () => {
    const tpm = startedTpm();
    const attributes: number[] = [];
    const client = new TpmClient(
      {
        transmit: async command => {
          const response = tpm.execute(command);
          const [session] = decodeResponse(TPM_CC.GetRandom, response).sessions;
          if (session) attributes.push(session.sessionAttributes);
          return response;
        },
      },
      count => new Uint8Array(count).fill(3),
    );
    const session = await opened(clientOf(tpm), { kind: 'hmac' });
    const audited = (more = 0) =>
      client.call(TPM2_GetRandom, {}, { bytesRequested: 4 }, { sessions: [{ session, attributes: CONTINUE | AUDIT | more }] });
    const EXCLUSIVE = 0x02;
    must(await audited());
    must(await audited(EXCLUSIVE));
    must(await client.call(TPM2_GetRandom, {}, { bytesRequested: 4 }));
    expect(outcome(await audited(EXCLUSIVE))).to.equal('TPM_RC_EXCLUSIVE (0x121)');
    must(await audited());
    must(await audited(0x04)); // auditReset
    const exclusive = CONTINUE | AUDIT | EXCLUSIVE;
    expect(attributes).to.deep.equal([exclusive, exclusive, CONTINUE | AUDIT, exclusive | 0x04]);
  });

  it('a policy with a password, in the clear where the HMAC would be', async () => {
    const client = clientOf(startedTpm());
    const parent = await parentIn(client);
    const item = await sealedIn(client, parent.handle, auth, data, sealed(policyAuthValue(SHA256, zeroPolicy(SHA256))));
    const session = await opened(client, { kind: 'policy' });
    must(await client.call(TPM2_PolicyPassword, { policySession: session.handle }, {}));
    const options = (authValue: Uint8Array) => ({ sessions: [{ session, authValue, asPassword: true }], names: [item.name] });
    expect(outcome(await client.call(TPM2_Unseal, { itemHandle: item.handle }, {}, options(bytes('no'))))).to.match(/BAD_AUTH, session 1/);
    expect(must(await client.call(TPM2_Unseal, { itemHandle: item.handle }, {}, options(auth))).out.outData).to.deep.equal(data);
  });
});

describe('primary objects', () => {
  it('are a function of seed and template', async () => {
    const client = clientOf(startedTpm());
    const first = await parentIn(client);
    must(await client.call(TPM2_FlushContext, {}, { flushHandle: first.handle }));
    expect((await parentIn(client)).name).to.deep.equal(first.name);
    expect((await parentIn(clientOf(startedTpm(2)))).name).to.not.deep.equal(first.name);
    const input = {
      inSensitive: { userAuth: EMPTY, data: EMPTY },
      inPublic: { ...PARENT, unique: { x: Uint8Array.of(1), y: EMPTY } } as TPMT_PUBLIC,
      ...nothingElse,
    };
    const other = must(await client.call(TPM2_CreatePrimary, { primaryHandle: TPM_RH.PLATFORM }, input, { sessions: [NO_PASSWORD] }));
    expect(other.out.name).to.not.deep.equal(first.name);
  });
});

describe('snapshot and restore', () => {
  it('give the same TPM again: same answers, byte for byte', async () => {
    const tpm = startedTpm();
    const client = clientOf(tpm);
    const parent = await parentIn(client);
    const item = await sealedIn(client, parent.handle, bytes('x'), bytes('y'));
    const session = await opened(client, { kind: 'hmac', salt: parent });
    const kept = { tpm: tpm.snapshot(), session: structuredClone(session) };
    const use = async (with_: ClientSession) => {
      const answers: string[] = [];
      const recording = new TpmClient(
        {
          transmit: async c => {
            const r = tpm.execute(c);
            answers.push(toHex(r));
            return r;
          },
        },
        n => new Uint8Array(n).fill(7),
      );
      must(
        await recording.call(
          TPM2_Unseal,
          { itemHandle: item.handle },
          {},
          { sessions: [{ session: with_, authValue: bytes('x'), attributes: CONTINUE | ENCRYPT }], names: [item.name] },
        ),
      );
      must(await recording.call(TPM2_GetCapability, {}, { capability: 6, property: 0x200, propertyCount: 30 }));
      must(await recording.call(TPM2_FlushContext, {}, { flushHandle: item.handle }));
      return answers;
    };
    const first = await use(session);
    tpm.restore(kept.tpm);
    expect(await use(kept.session)).to.deep.equal(first);
  });
});
