import { createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { SimulatorError } from '../../../src/sim/index.ts';
import { publicKeyOf } from '../../../src/svm/format/index.ts';
import { certificatePem, checkHostKey, OID, readCertificates } from '../../../src/svm/owner/host-certificate/index.ts';
import { PARENT_TEMPLATE, wrappingKeyPolicies } from '../../../src/svm/wrapping-key/index.ts';
import { TPM_ALG, TPM_ST, TPMA_OBJECT, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import { AK, AT, caOf, chainOf, check, type Forgery, KEYS, read, WRAPPING_KEY } from './forged-host.ts';

const { bit } = TPMA_OBJECT;
const flipped = (area: TPMT_PUBLIC, attribute: number): TPMT_PUBLIC => ({ ...area, objectAttributes: area.objectAttributes ^ attribute });
const other: TPMT_PUBLIC = { ...WRAPPING_KEY, unique: new Uint8Array(256).fill(0xc1) } as TPMT_PUBLIC;
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'accepted',
    (reason: unknown) => reason,
  );

describe("a host's certificates", () => {
  it('that hold give the wrapping key, and the PCR of its policy', async () => {
    const { key, policyPcr, subject } = await check();
    expect({ policyPcr, subject }).to.deep.equal({ policyPcr: 16, subject: 'CN=wrapping key' });
    expect(key.key.equals(createPublicKey(KEYS.wrapping))).to.equal(true);
    const { or } = wrappingKeyPolicies({ policyPcr: 6 });
    expect((await check({ key: { ...WRAPPING_KEY, authPolicy: or } })).policyPcr).to.equal(6);
  });

  const refusals: readonly (readonly [what: string, forged: Forgery, code: string, told: RegExp])[] = [
    ['a key that was imported', { creation: false }, 'imported', /TPM2_CertifyCreation is missing/],
    ['an attestation of another key', { certifiedKey: other }, 'attestation', /TPM2_Certify attests another key/],
    ['a creation of another key', { createdKey: other }, 'attestation', /the making of another key/],
    ['a public area of another key', { key: other }, 'other-key', /public area that the TPM attests is that of another key/],
    [
      'another parent',
      { qualifiedParent: { ...PARENT_TEMPLATE, unique: new Uint8Array(256) } as TPMT_PUBLIC },
      'attestation',
      /under the given parent/,
    ],
    [
      'a parent that can be moved',
      { parent: flipped(PARENT_TEMPLATE, bit.fixedTPM) },
      'attributes',
      /parent does not keep it.*fixedTPM is clear/,
    ],
    ['a signature of another key', { akPrivate: KEYS.ek }, 'attestation', /signature of TPM2_Certify is not that of the attestation key/],
    ['another name of the signer', { signer: other }, 'attestation', /names another key as its signer/],
    [
      'one kind of attestation in place of another',
      { types: [TPM_ST.ATTEST_CREATION, TPM_ST.ATTEST_CREATION] },
      'attestation',
      /something else is attested/,
    ],
    [
      'the same the other way',
      { types: [TPM_ST.ATTEST_CERTIFY, TPM_ST.ATTEST_CERTIFY] },
      'attestation',
      /where TPM2_CertifyCreation belongs/,
    ],
    ["an attestation for another TPM's certificate", { context: new Uint8Array(32) }, 'other-tpm', /made for another endorsement key's/],
    ['an attestation key of another TPM', { akContext: new Uint8Array(32) }, 'other-tpm', /belongs to another endorsement key/],
    [
      'an attestation key that signs anything',
      { ak: flipped(AK, bit.restricted) },
      'attributes',
      /proves nothing: restricted is clear: it signs whatever/,
    ],
    ['an attestation key that can be moved', { ak: flipped(AK, bit.fixedTPM) }, 'attributes', /fixedTPM is clear: the key may be moved/],
    [
      'an attestation key that is another',
      { ak: { ...AK, unique: other.unique } as TPMT_PUBLIC },
      'other-key',
      /public area of the attestation key/,
    ],
    ['a certificate for something else', { akUsage: '1.3.6.1.5.5.7.3.1' }, 'usage', /tcg-kp-AIKCertificate/],
    ['a policy of one’s own', { key: { ...WRAPPING_KEY, authPolicy: new Uint8Array(32) } }, 'attributes', /authPolicy is 0000/],
    ['no policy', { key: { ...WRAPPING_KEY, authPolicy: new Uint8Array(0) } }, 'attributes', /authPolicy is empty/],
    ...Object.entries(bit)
      .filter(([name]) => name !== 'stClear')
      .map(([name, value]): [string, Forgery, string, RegExp] => [
        `a key with another ${name}`,
        { key: flipped(WRAPPING_KEY, value) },
        'attributes',
        new RegExp(`no wrapping key: ${name} is (set|clear)`),
      ]),
  ];
  for (const [what, forged, code, told] of refusals) {
    it(`${what}: refused`, async () => {
      const error = await rejection(check(forged));
      expect(error)
        .to.be.instanceOf(SimulatorError)
        .and.include({ code: `cert.${code}` });
      expect((error as SimulatorError).what).to.match(told);
    });
  }

  it('another scheme, another size: refused', async () => {
    const { parameters } = WRAPPING_KEY as TPMT_PUBLIC & { parameters: object };
    const changed = (over: object) => ({ ...WRAPPING_KEY, parameters: { ...parameters, ...over } }) as TPMT_PUBLIC;
    expect(await rejection(check({ key: changed({ scheme: { scheme: TPM_ALG.NULL } }) })))
      .to.have.property('what')
      .that.matches(/OAEP with SHA-256/);
    expect(await rejection(check({ key: changed({ keyBits: 1024 }) })))
      .to.have.property('what')
      .that.matches(/1024 bits with exponent/);
  });

  it('of the wrong CA, or of one that has only its name: refused', async () => {
    const named = await caOf({}, KEYS.ek, 'Another');
    expect(await rejection(check({}, { trusted: await read(named.certificate) }))).to.include({ code: 'cert.wrong-ca' });
    const sameName = await caOf({}, KEYS.ek);
    const error = await rejection(check({}, { trusted: await read(sameName.certificate) }));
    expect(error)
      .to.include({ code: 'cert.signature' })
      .and.have.property('what')
      .that.matches(/altered, or another key signed it/);
    expect(await rejection(check({}, { trusted: [] }))).to.include({ code: 'cert.no-ca' });
  });

  it('of a CA that is none: refused', async () => {
    const none = await caOf({ ca: false });
    expect(await rejection(check({ by: none }, { trusted: await read(none.certificate) }))).to.include({ code: 'cert.not-a-ca' });
    const another = await caOf({ keyUsage: 0x80 });
    const error = await rejection(check({ by: another }, { trusted: await read(another.certificate) }));
    expect(error)
      .to.include({ code: 'cert.not-a-ca' })
      .and.have.property('what')
      .that.matches(/no certification authority/);
  });

  it('of the second of two trusted CAs that have the same name hold', async () => {
    const { leaf, ak, ek, ca } = await chainOf();
    const trusted = await read((await caOf({}, KEYS.ek)).certificate, ca.certificate);
    expect((await checkHostKey({ chain: await read(leaf, ak, ek), trusted, at: AT })).ca).to.equal('CN=CA');
  });

  it('before their time, and after it: refused', async () => {
    expect(await rejection(check({}, { at: new Date('2019-12-31T23:59:59Z') }))).to.include({ code: 'cert.not-yet-valid' });
    expect(await rejection(check({}, { at: new Date('2030-01-01T00:00:01Z') }))).to.include({ code: 'cert.expired' });
    const past = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2021-01-01T00:00:00Z') };
    const error = await rejection(check({ leaf: { validity: past } }));
    expect(error).to.include({ code: 'cert.expired', what: 'expired on 2021-01-01T00:00:00Z; it is 2026-06-01T00:00:00Z' });
  });

  it('for another key than the one that was given: refused', async () => {
    const key = { key: publicKeyOf(new Uint8Array(256).fill(0xc5), 65537), where: 'tpm9.pub.pem' };
    expect(await rejection(check({}, { key }))).to.include({ code: 'cert.other-key', where: 'tpm9.pub.pem' });
  });

  it('with a part missing or twice: refused', async () => {
    const { leaf, ak, ek, ca } = await chainOf();
    const trusted = await read(ca.certificate);
    for (const [parts, told] of [
      [[ak, ek], /no certificate of a wrapping key/],
      [[leaf, ek], /no certificate of an attestation key/],
      [[leaf, ak], /no certificate of an endorsement key/],
      [[leaf, leaf, ak, ek], /two certificates of a wrapping key/],
    ] as const) {
      const error = await rejection(checkHostKey({ chain: await read(...parts), trusted, at: AT }));
      expect(error).to.include({ code: 'cert.incomplete' }).and.have.property('what').that.matches(told);
    }
  });

  it('with evidence that is none: refused, with structure and byte', async () => {
    const evidence: readonly (readonly [Uint8Array, RegExp])[] = [
      [Uint8Array.of(4, 0), /no SEQUENCE of OCTET STRING/],
      [Uint8Array.of(0x30, 2, 4, 0), /has 1 parts/],
      [Uint8Array.of(0x30, 8, 4, 0, 4, 0, 4, 0, 4, 0), /no TPMT_PUBLIC: .*at byte 0/],
    ];
    for (const [value, told] of evidence) {
      const error = await rejection(check({ leaf: { evidence: [[OID.keyEvidence, value]] } }));
      expect(error).to.include({ code: 'cert.malformed' }).and.have.property('what').that.matches(told);
    }
  });

  it('files that hold none: refused, with the byte', async () => {
    const text = (content: string) => rejection(readCertificates(Buffer.from(content), 'x.pem'));
    expect(await text('')).to.include({ code: 'cert.malformed', where: 'x.pem' });
    const { leaf } = await chainOf();
    const good = certificatePem(leaf);
    const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(await text(good + bad)).to.include({ code: 'cert.malformed', where: `x.pem: certificate 2 at byte ${good.length}` });
  });

  it('with any bit flipped are never accepted for what they are not', async () => {
    const { leaf, ak, ek, ca } = await chainOf();
    const trusted = await read(ca.certificate);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(leaf, ak, ek), fc.nat(), fc.nat(7), async (which, at, place) => {
        const changed = which.slice();
        changed[at % changed.length]! ^= 1 << place;
        const parts = [leaf, ak, ek].map(part => (part === which ? changed : part));
        const error = await rejection(read(...parts).then(chain => checkHostKey({ chain, trusted, at: AT })));
        expect(error).to.be.instanceOf(SimulatorError);
      }),
      { numRuns: 150 },
    );
  });
});
