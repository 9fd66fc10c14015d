import { expect } from 'chai';
import { type EsmPublicKey, writeEsmBlob } from '../../src/svm/format/index.ts';
import { revoke, svmAdd, type Verification } from '../../src/svm/owner/index.ts';
import { type EsmFolder, esmFolder } from './esm-folder.ts';
import { svmSim } from './stand-in-io.ts';

type Verified = Verification & { readonly others?: readonly Verification[] };

describe('svm-sim esm verify', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  let keys: Readonly<Record<string, EsmPublicKey>>;
  before(async () => {
    folder = esmFolder('02-three-recipients');
    ({ path } = folder);
    const { publicKey } = folder.recorded;
    keys = { tpm1: await publicKey('tpm1.pub.pem'), tpm2: await publicKey('tpm2.pub.pem') };
  });
  after(() => folder.remove());

  const inputs = (over: Readonly<Record<string, string>> = {}): readonly string[] => {
    const given = { kernel: path('vmlinux'), initrd: path('initrd.img'), 'bootargs-file': path('bootargs.txt'), ...over };
    return Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  };
  const verify = async (argv: readonly string[], blob = path('esm_blob.dtb')): Promise<{ status: number; found: Verified }> => {
    const { status, out, err } = await svmSim('esm', 'verify', blob, ...argv, '--json');
    if (out === '') throw new Error(err);
    return { status, found: JSON.parse(out) as Verified };
  };
  const owner = (): Record<string, string> => ({ key: path('origin.key') });

  it('holds for a host that is a recipient; published firmware takes lockbox-1 alone', async () => {
    const first = await verify(inputs({ ...owner(), pub: path('tpm1.pub.pem') }));
    expect(first.status).to.equal(0);
    expect(first.found).to.include({ profile: 'documented', undecided: false }).and.not.to.have.property('stops');
    expect(first.found.others?.map(({ profile, stops }) => [profile, stops?.check])).to.deep.equal([
      ['published', undefined],
      ['published-as-built', undefined],
      ['hardened', undefined],
    ]);
    const second = await verify(inputs({ ...owner(), pub: path('tpm2.pub.pem') }));
    expect(second.status).to.equal(0);
    expect(second.found.others?.map(({ profile, stops }) => [profile, stops?.check])).to.deep.equal([
      ['published', 'unwrap'],
      ['published-as-built', undefined],
      ['hardened', undefined],
    ]);
    expect((await verify(inputs({ ...owner(), pub: path('tpm2.pub.pem'), profile: 'published' }))).status).to.equal(1);
  });

  it('asks in the order of the Ultravisor', async () => {
    const { found } = await verify(inputs({ ...owner(), pub: path('tpm1.pub.pem') }));
    const order = ['esm-blob', 'lockbox', 'unwrap', 'files-tree', 'digests-tag'];
    const digests = ['digest-rtas', 'digest-kernel', 'digest-initrd', 'digest-bootargs'];
    expect(found.checks.map(({ check }) => check)).to.deep.equal([...order, ...digests, 'file-tag']);
  });

  it("with the host's own private key nothing is left to assume", async () => {
    const { status, found } = await verify(inputs({ key: path('tpm3.pem') }));
    expect(status).to.equal(0);
    expect(found.checks.every(({ outcome }) => outcome === 'holds')).to.equal(true);
  });

  const wrong: readonly {
    readonly about: string;
    readonly over: () => Readonly<Record<string, string>>;
    readonly check: string;
    readonly says: RegExp;
  }[] = [
    {
      about: 'another kernel',
      over: () => ({ kernel: folder.write('k', folder.read('kernel.bin').fill(1, 99, 100)) }),
      check: 'digest-kernel',
      says: /was measured/,
    },
    {
      about: 'a kernel that is shorter',
      over: () => ({ kernel: folder.write('k', folder.read('kernel.bin').subarray(1)) }),
      check: 'digest-kernel',
      says: /bytes in memory/,
    },
    { about: 'another initrd', over: () => ({ initrd: path('kernel.bin') }), check: 'digest-initrd', says: /was measured/ },
    {
      about: 'a newline behind the command line',
      over: () => ({ 'bootargs-file': folder.write('b', `${folder.read('bootargs.txt').toString()}\n`) }),
      check: 'digest-bootargs',
      says: /without the newline at the end/,
    },
    {
      about: 'a blank that the shell took away',
      over: () => ({ 'bootargs-file': folder.write('b', folder.read('bootargs.txt').toString().trimEnd()) }),
      check: 'digest-bootargs',
      says: /with a blank at the end/,
    },
    { about: 'other RTAS code', over: () => ({ rtas: path('bootargs.txt') }), check: 'digest-rtas', says: /rtas/ },
    { about: 'a host that is no recipient', over: () => ({ pub: foreign() }), check: 'lockbox', says: /no lockbox has the fingerprint/ },
    {
      about: 'an initrd with another blob',
      over: () => ({ initrd: folder.write('i', svmAdd(blobWithout('tpm2'), folder.read('initrd.img'))) }),
      check: 'esm-blob',
      says: /another blob at byte 608/,
    },
  ];
  for (const { about, over, check, says } of wrong) {
    it(`fails with ${about}`, async () => {
      const { status, found } = await verify(inputs({ ...owner(), pub: path('tpm1.pub.pem'), ...over() }));
      expect(status).to.equal(1);
      expect(found.stops?.check).to.equal(check);
      expect(found.stops?.text).to.match(says);
    });
  }

  it('takes an initrd with the blob in front, as svm add makes it', async () => {
    expect(await svmSim('svm', 'add', '-i', path('initrd.img'), '-b', path('esm_blob.dtb'), '-f', path('both.img'))).to.include({
      status: 0,
    });
    const { status, found } = await verify(inputs({ key: path('tpm1.pem'), initrd: path('both.img') }));
    expect(status).to.equal(0);
    expect(found.checks[0]?.text).to.contain('byte 608');
  });

  it('fails when the archive with the blob has no end: the blob would be measured too', async () => {
    const archive = Buffer.from(svmAdd(folder.recorded.bytes, folder.read('initrd.img')));
    archive.write('TRAILER???', archive.indexOf('TRAILER!!!'));
    const { status, found } = await verify(inputs({ key: path('tpm1.pem'), initrd: folder.write('cut.img', archive) }));
    expect(status).to.equal(1);
    expect(found.stops).to.include({ check: 'esm-blob' }).and.to.have.property('text').that.contains('has no end');
  });

  it('a blob without lockbox-1 starts on no published host', async () => {
    const blob = folder.write('revoked.dtb', blobWithout('tpm1'));
    const { status, found } = await verify(inputs({ ...owner(), pub: path('tpm2.pub.pem'), profile: 'published' }), blob);
    expect(status).to.equal(1);
    expect(found.stops?.text).to.contain('there is no lockbox-1');
  });

  it('says what it cannot tell without a key, and never that all holds', async () => {
    const { out } = await svmSim('esm', 'verify', path('esm_blob.dtb'), ...inputs({ pub: path('tpm1.pub.pem') }));
    expect(out).to.contain('UNDECIDED').and.to.not.contain('STARTS');
    const { found } = await verify(inputs());
    expect(found.checks.filter(({ outcome }) => outcome === 'unknown').map(({ check }) => check)).to.deep.equal([
      'lockbox',
      'digests',
      'file-tag',
    ]);
  });

  it('refuses an unknown profile and a command line given twice or never', async () => {
    const said = await svmSim('esm', 'verify', path('esm_blob.dtb'), ...inputs({ profile: 'publishd' }));
    expect(said).to.include({ status: 2 });
    expect(said.err).to.contain('Did you mean "published"?');
    expect(await svmSim('esm', 'verify', path('esm_blob.dtb'), ...inputs({ bootargs: 'x' }))).to.include({ status: 2 });
    const none = ['--kernel', path('vmlinux'), '--initrd', path('initrd.img')];
    expect(await svmSim('esm', 'verify', path('esm_blob.dtb'), ...none)).to.include({ status: 2 });
  });

  const blobWithout = (name: string): Uint8Array => writeEsmBlob(revoke(folder.recorded.blob, keys[name]!));
  const foreign = (): string => {
    const other = esmFolder('01-minimal');
    const file = folder.write('foreign.pub', other.read('tpm1.pub.pem'));
    other.remove();
    return file;
  };
});
