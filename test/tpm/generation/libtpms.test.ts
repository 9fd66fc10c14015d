import { createPrivateKey } from 'node:crypto';
import { expect } from 'chai';
import { fromHex, toHex } from '../../../src/bytes/index.ts';
import { rejectedPkcs1 } from '../../../src/crypto/index.ts';
import { Clock } from '../../../src/sim/index.ts';
import {
  TPM_VERSIONS,
  TPM2_NV_DefineSpace,
  TPM2_NV_ReadPublic,
  TPM2_NV_Write,
  TPM2_RSA_Decrypt,
  type TpmVersion,
} from '../../../src/tpm/index.ts';
import { extensionsFault } from '../../../src/tpm/model/signing/x509.ts';
import { TPM_ALG, TPM_RC, TPM_RH, TPMA_NV, TPMA_OBJECT } from '../../../src/tpm/wire/index.ts';
import { DECRYPT, EMPTY, NO_PASSWORD, primary, rsa } from '../commands/keys.ts';
import { clientOf, must, outcome, startedTpm } from '../help.ts';

const INDEX = 0x0180_0000;
const VALUE = Uint8Array.of(1);
const PASSWORD = { sessions: [NO_PASSWORD] };
const [OLD, NEW] = TPM_VERSIONS as readonly [TpmVersion, TpmVersion];
const clientAs = (version: TpmVersion) => clientOf(startedTpm(1, new Clock(), version));

async function defineIndex(client: ReturnType<typeof clientOf>, more = 0): Promise<void> {
  const attributes = TPMA_NV.bit.AUTHREAD | TPMA_NV.bit.AUTHWRITE | more;
  const publicInfo = { nvIndex: INDEX, nameAlg: TPM_ALG.SHA256, attributes, authPolicy: EMPTY, dataSize: 8 } as const;
  must(await client.call(TPM2_NV_DefineSpace, { authHandle: TPM_RH.OWNER }, { auth: VALUE, publicInfo }, PASSWORD));
}

describe('what versions of libtpms do differently, beside what the recordings show', () => {
  it('no-retry: the first use of a protected value after Startup', async () => {
    const first = async (version: TpmVersion) => {
      const client = clientAs(version);
      await defineIndex(client);
      const write = { data: Uint8Array.of(1), offset: 0 };
      return outcome(await client.call(TPM2_NV_Write, { authHandle: INDEX, nvIndex: INDEX }, write, { sessions: [{ password: VALUE }] }));
    };
    expect(await first(OLD)).to.contain('TPM_RC_RETRY');
    expect(await first(NEW)).to.equal('ok');
  });

  it('padding-faults: what is no PKCS#1 decrypts to bytes, the same ones each time, or is refused', async () => {
    const decrypt = async (version: TpmVersion, scheme: number) => {
      const client = clientAs(version);
      const key = await primary(client, rsa({ attributes: DECRYPT }));
      const modulus = (key.publicArea as { unique: Uint8Array }).unique;
      const cipherText = modulus.map((byte, i) => (i === 0 ? 1 : byte ^ 0x5a));
      const inScheme = { scheme, ...(scheme === TPM_ALG.OAEP ? { hashAlg: TPM_ALG.SHA256 } : {}) } as never;
      return client.call(TPM2_RSA_Decrypt, { keyHandle: key.handle }, { cipherText, inScheme, label: EMPTY }, PASSWORD);
    };
    expect(outcome(await decrypt(OLD, TPM_ALG.RSAES))).to.contain('TPM_RC_FAILURE');
    expect(outcome(await decrypt(OLD, TPM_ALG.OAEP))).to.contain('TPM_RC_FAILURE');
    expect(outcome(await decrypt(NEW, TPM_ALG.OAEP))).to.contain('TPM_RC_VALUE');
    const twice = [must(await decrypt(NEW, TPM_ALG.RSAES)).out.message, must(await decrypt(NEW, TPM_ALG.RSAES)).out.message];
    expect(twice[0]).to.deep.equal(twice[1]);
  });

  it('x509-key-encipherment: which keyUsage wants a restricted key', () => {
    const extensions = (bits: string) => Uint8Array.from(Buffer.from(`a30f300d300b0603551d0f04040302${bits}`, 'hex'));
    const key = TPMA_OBJECT.bit.decrypt;
    const fault = ({ behaviour }: TpmVersion, bits: string) => extensionsFault({ behaviour } as never, extensions(bits), key);
    const [keyAgreement, keyEncipherment] = ['0308', '0520'] as const;
    expect([fault(OLD, keyAgreement), fault(OLD, keyEncipherment)]).to.deep.equal([TPM_RC.VALUE, null]);
    expect([fault(NEW, keyAgreement), fault(NEW, keyEncipherment)]).to.deep.equal([null, TPM_RC.VALUE]);
  });
});

/** An RSA key, a ciphertext under it that is no PKCS#1, and what OpenSSL 4.0.0 decrypts it to. */
const OPENSSL_KEY =
  'MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAKsT8afHH5+FhVcYebwylsat9SA+zCci8nL4NqCA/H/oDwhzLwy+NgHR83vdVBg7xe6bYDbb' +
  'mcxsCv9vKks7J3RxarHKrznkp9L673hGoQO/R0Kl0Ai6ExWmYlXUZg77YftksIxYUmM4dqn6AEk3Y999T0oOUwULxV7InbZvIK0pAgMBAAECgYBHd7NyNZse' +
  'VvcXJWBloHSgVzeZ2uIKT20dXlfjwT66aEUvcH7tQeDp7b1bt2BUJ1ROk5YkFKUxYslNYDE48GNQcFD+JCafEqsCcMYJkUUg/w/XwaIgcwLH3QsaZtleBgEk' +
  'pCM2FnURaT//0a/SimJ08EvGFBggqt3a44UyTPJeaQJBAOKfwlrLg/oxtb9mCs1JXr/oPx9oPeO7dG4nTJyuz2GeWS7SWVr8/mhsEnGbROzmbLA8j/ahzWp4' +
  'NS9EdejTUgcCQQDBQPQ2wBeZPdUCwXP9DEuMVSHFCWNfNFnp8EYle/67c+eUZ1UkFxn8hKm7YJUcWFB1btOaJkeESoJcSeGiN3tPAkEAo/13ZrxehG30VsxA' +
  'hMzTA4vMIa4NGv5LAmrtxXO6Ham4X2lXv7/TWTzbG9p/xe34OI+anZ34R1M1KT8hE5nXgQJBAKyXeAPVtr2zTSPy5cXfTzF7bndslQUX2h1l6x/bB3seXnpZ' +
  'dt6OizTMvlGMRl9UODdIzU5kVYa+jIIjsZGQf10CQDyJUSaB3TPTmk9SPYDzB20ijRaPs7NQLqSTiQM6aF7XyH6FBQyQAplFa/hBycO7f/cXFsmuXab6JnGY' +
  'UxPcFhs=';
const NO_PKCS1 =
  '5d6dbc46800a008c01f26655644305b902e22b7b064793f9dc55f3ac469cc03b90d0b9d7f7eaf790ff781bb4dbf93e26bfeccc835797b499577d2443' +
  '72e4f0e01f81f34c97169529e77fd802e9b0ef61e2a3b433b3c972d2646783fe9530ba6536efd52ac6767433ebfe8aaea54be43ac9992c97d4171e02' +
  '76b51f47c9a8f097';
const OPENSSL_ANSWER = '2b9eca558bafdfecc40d';

describe('implicit rejection of PKCS#1', () => {
  it('gives what OpenSSL gives', () => {
    const key = createPrivateKey({ key: Buffer.from(OPENSSL_KEY, 'base64'), format: 'der', type: 'pkcs8' });
    expect(toHex(rejectedPkcs1(key, fromHex(NO_PKCS1)))).to.equal(OPENSSL_ANSWER);
  });
});

describe('an HMAC session that audits', () => {
  for (const version of TPM_VERSIONS) {
    it(`is bound to nothing any more (libtpms ${version.version}${version.profile ? `, ${version.profile}` : ''})`, async () => {
      const client = clientAs(version);
      await defineIndex(client, TPMA_NV.bit.NO_DA);
      const nameNow = async () => must(await client.call(TPM2_NV_ReadPublic, { nvIndex: INDEX }, {})).out.nvName;
      const write = async (auth: object) => {
        const name = await nameNow();
        const data = { data: Uint8Array.of(1), offset: 0 };
        return outcome(
          await client.call(TPM2_NV_Write, { authHandle: INDEX, nvIndex: INDEX }, data, { sessions: [auth as never], names: [name, name] }),
        );
      };
      expect(await write({ password: VALUE })).to.equal('ok'); // from here on its Name stays the same
      const bind = { handle: INDEX, name: await nameNow(), authValue: VALUE };
      const started = await client.startSession({ kind: 'hmac', bind });
      if (!started.ok) throw new Error(started.detail);
      const { session } = started;
      expect(await write({ session, authValue: VALUE, attributes: 0x81 }), 'its first command, still bound').to.equal('ok');
      expect(await write({ session, authValue: VALUE, attributes: 0x81 }), 'as if it were still bound').to.contain('TPM_RC_BAD_AUTH');
      expect(await write({ session, authValue: VALUE, attributes: 0x81, authValueInHmac: true })).to.equal('ok');
    });
  }
});
