import { expect } from 'chai';
import { type EsmFolder, esmFolder } from './esm-folder.ts';
import { type Said, svmSim } from './stand-in-io.ts';

describe('svm-sim boot', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  before(() => {
    folder = esmFolder('03-three-attachments-svm-add');
    ({ path } = folder);
  });
  after(() => folder.remove());

  const boot = (...argv: readonly string[]): Promise<Said> =>
    svmSim('boot', '--kernel', path('vmlinux'), '--bootargs-file', path('bootargs.txt'), '--key', path('tpm1.pem'), ...argv);

  for (const profile of ['documented', 'published', 'hardened']) {
    it(`${profile}: a blob of the real svm-tool starts on the host that it was made for`, async () => {
      const { status, out } = await boot('--blob', path('esm_blob.dtb'), '--initrd', path('initrd.img'), '--profile', profile, '-q');
      expect(status, out).to.equal(0);
      expect(out).to.match(/✓ vm asks to become secure[\s\S]*✓ no-leak[\s\S]*HELD {2}Does /);
    });
  }

  it('takes the blob from the initrd', async () => {
    expect(await boot('--initrd', path('initrd-esmb.img'), '-q')).to.include({ status: 0 });
  });

  it('says why it does not start, with status 1', async () => {
    const { status, out } = await boot('--blob', path('esm_blob.dtb'), '--initrd', path('kernel.bin'), '-q');
    expect(status).to.equal(1);
    expect(out).to.match(/the Ultravisor refuses: SHA-512 of the initrd .* \(check "digest-initrd"\)/);
    const none = await boot('--initrd', path('initrd.img'), '-q');
    expect(none.status).to.equal(1);
    expect(none.out).to.contain('no ESM blob in the initrd');
  });

  it('one JSON object a line, the verdict last', async () => {
    const { status, out } = await boot('--initrd', path('initrd-esmb.img'), '--json');
    expect(status).to.equal(0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { type?: string; ok?: boolean });
    expect(lines.at(-1)).to.include({ type: 'verdict', ok: true });
  });

  it('refuses what is no blob, no key, no profile', async () => {
    expect(await boot('--blob', path('initrd.img'), '--initrd', path('initrd.img'))).to.include({ status: 2, out: '' });
    expect(await boot('--initrd', path('initrd.img'), '--key', path('tpm1.pub.pem'))).to.include({ status: 2, out: '' });
    expect(await boot('--initrd', path('initrd.img'), '--profile', 'x')).to.include({ status: 2, out: '' });
  });
});
