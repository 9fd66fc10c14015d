import { constants, createHash, createHmac, generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect } from 'chai';
import { concat } from '../../../src/bytes/index.ts';
import type { TpmClient } from '../../../src/tpm/client/index.ts';
import {
  TPM2_Hash,
  TPM2_HashSequenceStart,
  TPM2_HMAC,
  TPM2_LoadExternal,
  TPM2_SequenceComplete,
  TPM2_SequenceUpdate,
  TPM2_Sign,
  TPM2_VerifySignature,
} from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_ECC, TPM_RH, TPM_ST, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import { clientOf, must, outcome, startedTpm } from '../help.ts';
import { EMPTY, ecc, keyedHash, NO_PASSWORD, opensslKey, primary, rsa, SIGN } from './keys.ts';

const MESSAGE = new TextEncoder().encode('what is to be signed');
const DIGESTS = { sha1: TPM_ALG.SHA1, sha256: TPM_ALG.SHA256, sha384: TPM_ALG.SHA384, sha512: TPM_ALG.SHA512 } as const;
const digestOf = (name: string): Uint8Array => new Uint8Array(createHash(name).update(MESSAGE).digest());
const NO_TICKET = { tag: TPM_ST.HASHCHECK, hierarchy: TPM_RH.NULL, digest: EMPTY } as const;

const signWith = (client: TpmClient, keyHandle: number, digest: Uint8Array, inScheme: object, validation: object = NO_TICKET) =>
  client.call(TPM2_Sign, { keyHandle }, { digest, inScheme, validation } as never, { sessions: [NO_PASSWORD] });

/** r and s one after the other (IEEE P1363), or the RSA signature. */
function bytesOf(signature: { readonly sigAlg: number }): Uint8Array {
  const any = signature as unknown as { sig?: Uint8Array; signatureR: Uint8Array; signatureS: Uint8Array };
  return any.sig ?? concat(any.signatureR, any.signatureS);
}

const CASES: readonly { name: string; template: TPMT_PUBLIC; scheme: number; openssl: object }[] = [
  { name: 'RSASSA', template: rsa({ attributes: SIGN }), scheme: TPM_ALG.RSASSA, openssl: { padding: constants.RSA_PKCS1_PADDING } },
  {
    name: 'RSAPSS',
    template: rsa({ attributes: SIGN }),
    scheme: TPM_ALG.RSAPSS,
    openssl: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  ...(
    [
      ['P-256', TPM_ECC.NIST_P256],
      ['P-384', TPM_ECC.NIST_P384],
      ['P-521', TPM_ECC.NIST_P521],
    ] as const
  ).map(([curve, id]) => ({
    name: `ECDSA on ${curve}`,
    template: ecc({ attributes: SIGN }, { scheme: TPM_ALG.NULL }, id),
    scheme: TPM_ALG.ECDSA,
    openssl: { dsaEncoding: 'ieee-p1363' },
  })),
];

describe('Sign and VerifySignature agree with OpenSSL', () => {
  for (const { name, template, scheme, openssl } of CASES) {
    it(`${name}, with every hash`, async () => {
      const client = clientOf(startedTpm());
      const { handle, publicArea } = await primary(client, template);
      for (const [hash, hashAlg] of Object.entries(DIGESTS)) {
        const digest = digestOf(hash);
        const { out } = must(await signWith(client, handle, digest, { scheme, hashAlg }));
        const key = { key: opensslKey(publicArea), ...openssl };
        expect(verify(hash, MESSAGE, key, bytesOf(out.signature)), `OpenSSL verifies ${hash}`).to.equal(true);
        const verified = await client.call(TPM2_VerifySignature, { keyHandle: handle }, { digest, signature: out.signature });
        expect(must(verified).out.validation.hierarchy).to.equal(TPM_RH.OWNER);
        const other = await client.call(
          TPM2_VerifySignature,
          { keyHandle: handle },
          { digest: digest.map(byte => byte ^ 1), signature: out.signature },
        );
        expect(outcome(other)).to.equal('TPM_RC_SIGNATURE, parameter 2 (0x2db)');
      }
    });
  }

  it('a signature that OpenSSL made with P-256', async () => {
    const client = clientOf(startedTpm());
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const inPublic = {
      ...ecc({ attributes: 0x40440 }),
      unique: { x: Uint8Array.from(Buffer.from(x, 'base64url')), y: Uint8Array.from(Buffer.from(y, 'base64url')) },
    };
    const { handle } = must(
      await client.call(TPM2_LoadExternal, {}, { inPrivate: null, inPublic: inPublic as never, hierarchy: TPM_RH.NULL }),
    );
    const raw = Uint8Array.from(sign('sha256', MESSAGE, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
    const signature = { sigAlg: TPM_ALG.ECDSA, hash: TPM_ALG.SHA256, signatureR: raw.slice(0, 32), signatureS: raw.slice(32) } as const;
    const { out } = must(await client.call(TPM2_VerifySignature, { keyHandle: handle }, { digest: digestOf('sha256'), signature }));
    expect(out.validation).to.deep.equal({ tag: TPM_ST.VERIFIED, hierarchy: TPM_RH.NULL, digest: EMPTY });
  });

  it('HMAC, as a signature and as TPM2_HMAC', async () => {
    const client = clientOf(startedTpm());
    const key = new TextEncoder().encode('an HMAC key');
    const { handle } = await primary(client, keyedHash({ attributes: 0x40452 }, { scheme: TPM_ALG.HMAC, hashAlg: TPM_ALG.SHA256 }), {
      data: key,
    });
    const digest = digestOf('sha256');
    const { out } = must(await signWith(client, handle, digest, { scheme: TPM_ALG.NULL }));
    const wanted = new Uint8Array(createHmac('sha256', key).update(digest).digest());
    expect(out.signature).to.deep.equal({ sigAlg: TPM_ALG.HMAC, hmac: { hashAlg: TPM_ALG.SHA256, digest: wanted } });
    const mac = must(await client.call(TPM2_HMAC, { handle }, { buffer: digest, hashAlg: TPM_ALG.NULL }, { sessions: [NO_PASSWORD] }));
    expect(mac.out.outHMAC).to.deep.equal(wanted);
  });
});

describe('a restricted key', () => {
  const template = ecc({ attributes: SIGN | 0x10000 }, { scheme: TPM_ALG.ECDSA, hashAlg: TPM_ALG.SHA256 });

  it('signs what this TPM hashed, in one command or in a sequence', async () => {
    const client = clientOf(startedTpm());
    const { handle } = await primary(client, template);
    const one = must(await client.call(TPM2_Hash, {}, { data: MESSAGE, hashAlg: TPM_ALG.SHA256, hierarchy: TPM_RH.OWNER })).out;
    expect(outcome(await signWith(client, handle, one.outHash, { scheme: TPM_ALG.NULL }, one.validation))).to.equal('ok');
    const { handle: sequenceHandle } = must(await client.call(TPM2_HashSequenceStart, {}, { auth: EMPTY, hashAlg: TPM_ALG.SHA256 }));
    must(await client.call(TPM2_SequenceUpdate, { sequenceHandle }, { buffer: MESSAGE.slice(0, 5) }, { sessions: [NO_PASSWORD] }));
    const end = { buffer: MESSAGE.slice(5), hierarchy: TPM_RH.OWNER };
    const { out } = must(await client.call(TPM2_SequenceComplete, { sequenceHandle }, end, { sessions: [NO_PASSWORD] }));
    expect(out).to.deep.equal({ result: one.outHash, validation: one.validation });
  });

  it('signs nothing that looks like the TPM said it', async () => {
    const client = clientOf(startedTpm());
    const { handle } = await primary(client, template);
    const data = concat(Uint8Array.of(0xff, 0x54, 0x43, 0x47), MESSAGE);
    const { out } = must(await client.call(TPM2_Hash, {}, { data, hashAlg: TPM_ALG.SHA256, hierarchy: TPM_RH.OWNER }));
    expect(outcome(await signWith(client, handle, out.outHash, { scheme: TPM_ALG.NULL }, out.validation))).to.equal(
      'TPM_RC_TICKET, parameter 3 (0x3e0)',
    );
  });
});
