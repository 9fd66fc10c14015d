import { expect } from 'chai';
import { digest } from '../../../src/crypto/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { type EsmBlob, type EsmPrivateKey, filesFdt, openEsmBlob, writeEsmBlob } from '../../../src/svm/format/index.ts';
import { measure, RTAS_CODE, setDigests, verifyBlob } from '../../../src/svm/owner/index.ts';
import { type Profile, profiles } from '../../../src/ultravisor/index.ts';
import { recorded } from '../vectors.ts';

const real = recorded('03-three-attachments-svm-add');
const bootargs = Buffer.from(real.read('bootargs.txt')).toString();
const measured = { kernel: real.read('kernel.bin'), initrd: real.read('initrd.img'), bootargs, rtas: RTAS_CODE };

describe('what a host would make of a blob', () => {
  let key: EsmPrivateKey;
  before(async () => {
    key = await real.privateKey('tpm1.pem');
  });

  const outcomes = (blob: EsmBlob, profile: Profile, over: Partial<typeof measured> = {}) =>
    Object.fromEntries(
      verifyBlob({
        blob,
        bytes: writeEsmBlob(blob),
        measured: { ...measured, ...over },
        host: key,
        hostKey: key,
        symmetricKey: openEsmBlob(blob, key.privateKey),
        profile,
      }).checks.map(({ check, outcome }) => [check, outcome]),
    );
  const withFilesDigest = (files: Uint8Array): EsmBlob =>
    setDigests(real.blob, { ...measure(measured), files: digest('sha512', files) }, key, new Random(1));
  const profile = (name: string, over: Partial<Profile> = {}): Profile => ({ ...(profiles[name] as Profile), ...over });

  it('compares the digest of the files tree where the firmware does, and the owner gave one', () => {
    const own = filesFdt(real.blob.tree) ?? new Uint8Array(0);
    expect(outcomes(real.blob, profile('hardened'))).to.not.have.property('digest-files');
    expect(outcomes(withFilesDigest(own), profile('hardened'))).to.have.property('digest-files', 'holds');
    expect(outcomes(withFilesDigest(new Uint8Array(3)), profile('hardened'))).to.have.property('digest-files', 'fails');
    expect(outcomes(withFilesDigest(new Uint8Array(3)), profile('published'))).to.not.have.property('digest-files');
  });

  it('says which mismatch a firmware passes: one that only logs, or leaves the check out', () => {
    const other = { bootargs: `${bootargs} init=/bin/sh` };
    expect(outcomes(real.blob, profile('published'), other)).to.include({ 'digest-bootargs': 'fails', 'digest-kernel': 'holds' });
    expect(outcomes(real.blob, profile('published', { digestMismatch: 'logged' }), other)).to.include({ 'digest-bootargs': 'ignored' });
    expect(outcomes(real.blob, profile('published', { without: ['digest-bootargs'] }), other)).to.include({ 'digest-bootargs': 'ignored' });
  });

  it('takes lockbox-1 or the one of the key, as the firmware does', async () => {
    const { blob, bytes, privateKey } = recorded('02-three-recipients');
    const second = await privateKey('tpm2.pem');
    const lockbox = (name: string) =>
      verifyBlob({ blob, bytes, measured, host: second, hostKey: second, profile: profile(name) }).checks.filter(({ check }) =>
        ['lockbox', 'unwrap'].includes(check),
      );
    expect(lockbox('documented').map(({ outcome }) => outcome)).to.deep.equal(['holds', 'holds']);
    expect(lockbox('documented')[0]?.text).to.equal("lockbox-2 has the fingerprint of the host's key");
    expect(lockbox('published').map(({ outcome }) => outcome)).to.deep.equal(['holds', 'fails']);
    expect(lockbox('published')[1]?.text).to.equal("the host's key does not open lockbox-1: RSA_Decrypt in the TPM fails");
  });
});
