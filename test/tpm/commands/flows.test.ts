import { verify } from 'node:crypto';
import { expect } from 'chai';
import { concat, decode, fromHex, toHex } from '../../../src/bytes/index.ts';
import { digest } from '../../../src/crypto/index.ts';
import { Clock } from '../../../src/sim/index.ts';
import type { TpmClient } from '../../../src/tpm/client/index.ts';
import {
  extendPolicy,
  TPM2_ActivateCredential,
  TPM2_CertifyCreation,
  TPM2_Clear,
  TPM2_CreateLoaded,
  TPM2_Duplicate,
  TPM2_ECDH_KeyGen,
  TPM2_ECDH_ZGen,
  TPM2_FlushContext,
  TPM2_Import,
  TPM2_Load,
  TPM2_MakeCredential,
  TPM2_NV_DefineSpace,
  TPM2_NV_UndefineSpaceSpecial,
  TPM2_PolicyCommandCode,
  TPM2_PolicyGetDigest,
  TPM2_PolicySigned,
  TPM2_PolicyTicket,
  TPM2_Quote,
  TPM2_ReadPublic,
  TPM2_Rewrap,
  TPM2_Sign,
  zeroPolicy,
} from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_RH, TPM_ST, TPMA_NV, TPMS_ATTEST } from '../../../src/tpm/wire/index.ts';
import { clientOf, must, outcome, startedTpm } from '../help.ts';
import {
  AES_128_CFB,
  DECRYPT,
  EMPTY,
  ecc,
  keyedHash,
  MOVABLE_SIGN,
  NO_PASSWORD,
  NONE,
  opensslKey,
  primary,
  rsa,
  SIGN,
  STORAGE,
} from './keys.ts';

const PASSWORD = { sessions: [NO_PASSWORD] };
const policySession = async (client: TpmClient) => {
  const answer = await client.startSession({ kind: 'policy', symmetric: NONE });
  if (!answer.ok) throw new Error(answer.detail);
  return answer.session;
};
const policyOf = (code: number): Uint8Array =>
  extendPolicy(TPM_ALG.SHA256, zeroPolicy(TPM_ALG.SHA256), TPM_CC.PolicyCommandCode, fromHex(code.toString(16).padStart(8, '0')));

describe('a credential', () => {
  for (const storage of [rsa({ attributes: STORAGE }), ecc({ attributes: STORAGE })]) {
    it(`to ${storage.type === TPM_ALG.RSA ? 'an RSA' : 'an ECC'} key is read only with the key that it is about`, async () => {
      const client = clientOf(startedTpm());
      const key = await primary(client, storage);
      const about = await primary(client, ecc({ attributes: SIGN }));
      const credential = fromHex('00112233');
      const { out } = must(await client.call(TPM2_MakeCredential, { handle: key.handle }, { credential, objectName: about.name }));
      const both = { sessions: [NO_PASSWORD, NO_PASSWORD] };
      const read = await client.call(TPM2_ActivateCredential, { activateHandle: about.handle, keyHandle: key.handle }, out, both);
      expect(must(read).out.certInfo).to.deep.equal(credential);
      const other = await client.call(TPM2_ActivateCredential, { activateHandle: key.handle, keyHandle: key.handle }, out, both);
      expect(outcome(other)).to.equal('TPM_RC_INTEGRITY, parameter 1 (0x1df)');
    });
  }
});

describe('a key that may move', () => {
  it('is duplicated, rewrapped, imported and signs on', async () => {
    const client = clientOf(startedTpm());
    const authPolicy = policyOf(TPM_CC.Duplicate);
    const key = await primary(client, ecc({ attributes: MOVABLE_SIGN, authPolicy }), { hierarchy: TPM_RH.NULL });
    const between = await primary(client, rsa({ attributes: STORAGE }));
    const session = await policySession(client);
    must(await client.call(TPM2_PolicyCommandCode, { policySession: session.handle }, { code: TPM_CC.Duplicate }));
    const { out } = must(
      await client.call(
        TPM2_Duplicate,
        { objectHandle: key.handle, newParentHandle: between.handle },
        { encryptionKeyIn: EMPTY, symmetricAlg: AES_128_CFB },
        { sessions: [{ session }], names: [key.name, between.name] },
      ),
    );
    const goal = await primary(client, ecc({ attributes: STORAGE }));
    const rewrapped = must(
      await client.call(
        TPM2_Rewrap,
        { oldParent: between.handle, newParent: goal.handle },
        { inDuplicate: out.duplicate, name: key.name, inSymSeed: out.outSymSeed },
        PASSWORD,
      ),
    ).out;
    const imported = must(
      await client.call(
        TPM2_Import,
        { parentHandle: goal.handle },
        {
          encryptionKey: out.encryptionKeyOut,
          objectPublic: key.publicArea,
          duplicate: rewrapped.outDuplicate,
          inSymSeed: rewrapped.outSymSeed,
          symmetricAlg: AES_128_CFB,
        },
        PASSWORD,
      ),
    ).out;
    // All three slots are taken: the original goes.
    must(await client.call(TPM2_FlushContext, {}, { flushHandle: key.handle }));
    const inPrivate = imported.outPrivate;
    const { handle } = must(await client.call(TPM2_Load, { parentHandle: goal.handle }, { inPrivate, inPublic: key.publicArea }, PASSWORD));
    const hashed = digest('sha256', fromHex('01'));
    const validation = { tag: TPM_ST.HASHCHECK, hierarchy: TPM_RH.NULL, digest: EMPTY } as const;
    const inScheme = { scheme: TPM_ALG.ECDSA, hashAlg: TPM_ALG.SHA256 } as const;
    const { signature } = must(await client.call(TPM2_Sign, { keyHandle: handle }, { digest: hashed, inScheme, validation }, PASSWORD)).out;
    if (signature.sigAlg !== TPM_ALG.ECDSA) throw new Error('another algorithm');
    const openssl = { key: opensslKey(key.publicArea), dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', fromHex('01'), openssl, concat(signature.signatureR, signature.signatureS))).to.equal(true);
  });
});

describe('ECDH', () => {
  it('gives both sides the same point', async () => {
    const client = clientOf(startedTpm());
    const { handle } = await primary(client, ecc({ attributes: DECRYPT }));
    const { zPoint, pubPoint } = must(await client.call(TPM2_ECDH_KeyGen, { keyHandle: handle }, {})).out;
    const { out } = must(await client.call(TPM2_ECDH_ZGen, { keyHandle: handle }, { inPoint: pubPoint }, PASSWORD));
    expect(out.outPoint).to.deep.equal(zPoint);
  });
});

describe('a derived object', () => {
  /** swtpm 0.7.1 derived these from the key 11..11 with SHA-256, label "abc", context 01. */
  const KNOWN = [
    {
      name: 'an ECC key',
      template: '0023000b00040450000000100010000300100003616263000101',
      unique:
        '2b4f08dd9a742f32c8f70529174e09b68e2db490378a567e5fae84c31793066d3faff804e208e540aee026cd451323a43922f51ff4a7f90636d069e7f44c4baf',
    },
    {
      name: 'an HMAC key',
      template: '0008000b0004045000000005000b0003616263000101',
      unique: 'd9c56d7bb3e49bdb59e479c7b20326f643ab257c73215861daa593eb2f02703f',
    },
  ];
  for (const { name, template, unique } of KNOWN) {
    it(`${name} is the one that libtpms derives`, async () => {
      const client = clientOf(startedTpm());
      const scheme = { scheme: TPM_ALG.XOR, hashAlg: TPM_ALG.SHA256, kdf: TPM_ALG.KDF1_SP800_108 };
      const { handle } = await primary(client, keyedHash({ attributes: 0x30440 }, scheme), { data: fromHex('11'.repeat(32)) });
      const inSensitive = { userAuth: EMPTY, data: EMPTY };
      const { out } = must(
        await client.call(TPM2_CreateLoaded, { parentHandle: handle }, { inSensitive, inPublic: fromHex(template) }, PASSWORD),
      );
      const { unique: made } = out.outPublic;
      expect(toHex(made instanceof Uint8Array ? made : concat(made.x, made.y))).to.equal(unique);
      expect(out.outPrivate).to.deep.equal(EMPTY);
    });
  }
});

describe('attestation', () => {
  it('quotes PCRs under a signature that OpenSSL verifies', async () => {
    const client = clientOf(startedTpm());
    const key = await primary(client, rsa({ attributes: SIGN | 0x10000 }, { scheme: TPM_ALG.RSASSA, hashAlg: TPM_ALG.SHA256 }), {
      hierarchy: TPM_RH.ENDORSEMENT,
    });
    const params = {
      qualifyingData: fromHex('0102'),
      inScheme: { scheme: TPM_ALG.NULL },
      PCRselect: [{ hash: TPM_ALG.SHA256, pcrSelect: fromHex('010001') }],
    } as const;
    const { quoted, signature } = must(await client.call(TPM2_Quote, { signHandle: key.handle }, params, PASSWORD)).out;
    if (signature.sigAlg !== TPM_ALG.RSASSA) throw new Error('another algorithm');
    expect(verify('sha256', quoted, opensslKey(key.publicArea), signature.sig)).to.equal(true);
    const attested = decode(TPMS_ATTEST, quoted);
    const zero = new Uint8Array(32);
    expect(attested).to.deep.include({ type: TPM_ST.ATTEST_QUOTE, extraData: params.qualifyingData, pcrSelect: params.PCRselect });
    expect(attested).to.deep.include({ pcrDigest: digest('sha256', zero, zero) });
    // In the endorsement hierarchy nothing is shifted.
    expect(attested.firmwareVersion).to.equal(0x20191023_00163636n);
  });

  it('certifies a creation by its ticket, and no other', async () => {
    const client = clientOf(startedTpm());
    const { handle, creationHash, creationTicket } = await primary(client, ecc({ attributes: SIGN }));
    const handles = { signHandle: handle, objectHandle: handle };
    const inScheme = { scheme: TPM_ALG.ECDSA, hashAlg: TPM_ALG.SHA256 } as const;
    const certify = (hash: Uint8Array) =>
      client.call(TPM2_CertifyCreation, handles, { qualifyingData: EMPTY, creationHash: hash, inScheme, creationTicket }, PASSWORD);
    expect(outcome(await certify(creationHash))).to.equal('ok');
    expect(outcome(await certify(creationHash.map(byte => byte ^ 1)))).to.equal('TPM_RC_TICKET, parameter 4 (0x4e0)');
  });
});

describe('PolicySigned', () => {
  /** An authorization for 10 s, signed by a key of this TPM, without a nonce. */
  async function authorized(client: TpmClient) {
    const { handle, name } = await primary(client, ecc({ attributes: SIGN }));
    const session = await policySession(client);
    const expiration = -10;
    const hashed = digest('sha256', fromHex('fffffff6'));
    const validation = { tag: TPM_ST.HASHCHECK, hierarchy: TPM_RH.NULL, digest: EMPTY } as const;
    const inScheme = { scheme: TPM_ALG.ECDSA, hashAlg: TPM_ALG.SHA256 } as const;
    const auth = must(await client.call(TPM2_Sign, { keyHandle: handle }, { digest: hashed, inScheme, validation }, PASSWORD)).out
      .signature;
    const params = { nonceTPM: EMPTY, cpHashA: EMPTY, policyRef: EMPTY, expiration, auth };
    const { out } = must(await client.call(TPM2_PolicySigned, { authObject: handle, policySession: session.handle }, params));
    return { session, name, ...out };
  }
  const again = (
    client: TpmClient,
    { handle }: { handle: number },
    { timeout, policyTicket, name }: Awaited<ReturnType<typeof authorized>>,
  ) =>
    client.call(
      TPM2_PolicyTicket,
      { policySession: handle },
      { timeout, cpHashA: EMPTY, policyRef: EMPTY, authName: name, ticket: policyTicket },
    );
  const digestOf = async (client: TpmClient, handle: number) =>
    must(await client.call(TPM2_PolicyGetDigest, { policySession: handle }, {})).out.policyDigest;

  it('gives a ticket that stands for the signature', async () => {
    const client = clientOf(startedTpm());
    const given = await authorized(client);
    const session = await policySession(client);
    expect(outcome(await again(client, session, given))).to.equal('ok');
    expect(await digestOf(client, session.handle)).to.deep.equal(await digestOf(client, given.session.handle));
  });

  it('gives a ticket whose time ends', async () => {
    const clock = new Clock();
    const client = clientOf(startedTpm(1, clock));
    const given = await authorized(client);
    clock.advanceMs(11_000);
    expect(outcome(await again(client, await policySession(client), given))).to.equal('TPM_RC_EXPIRED, parameter 1 (0x1e3)');
  });
});

describe('NV_UndefineSpaceSpecial', () => {
  it('deletes an Index by its policy, with an HMAC that its own value is no longer part of', async () => {
    const client = clientOf(startedTpm());
    const a = TPMA_NV.bit;
    const nvIndex = 0x01c00000;
    const attributes = a.POLICY_DELETE | a.PLATFORMCREATE | a.PPWRITE | a.PPREAD | a.NO_DA;
    const publicInfo = {
      nvIndex,
      nameAlg: TPM_ALG.SHA256,
      attributes,
      authPolicy: policyOf(TPM_CC.NV_UndefineSpaceSpecial),
      dataSize: 8,
    } as const;
    const platform = { authHandle: TPM_RH.PLATFORM };
    must(await client.call(TPM2_NV_DefineSpace, platform, { auth: fromHex('01'), publicInfo }, PASSWORD));
    const session = await policySession(client);
    must(await client.call(TPM2_PolicyCommandCode, { policySession: session.handle }, { code: TPM_CC.NV_UndefineSpaceSpecial }));
    const answer = await client.call(
      TPM2_NV_UndefineSpaceSpecial,
      { nvIndex, platform: TPM_RH.PLATFORM },
      {},
      { sessions: [{ session }, NO_PASSWORD] },
    );
    expect(outcome(answer)).to.equal('ok');
  });
});

describe('Clear', () => {
  it('makes other owner keys, and the same endorsement keys', async () => {
    const client = clientOf(startedTpm());
    const template = ecc({ attributes: SIGN });
    const keys = async () => ({
      owner: (await primary(client, template)).name,
      endorsement: (await primary(client, template, { hierarchy: TPM_RH.ENDORSEMENT })).name,
    });
    const before = await keys();
    must(await client.call(TPM2_Clear, { authHandle: TPM_RH.LOCKOUT }, {}, PASSWORD));
    const gone = await client.call(TPM2_ReadPublic, { objectHandle: 0x80000000 }, {});
    expect(outcome(gone)).to.equal('TPM_RC_REFERENCE_H0 (0x910)');
    const after = await keys();
    expect(after.owner).to.not.deep.equal(before.owner);
    expect(after.endorsement).to.deep.equal(before.endorsement);
  });
});
