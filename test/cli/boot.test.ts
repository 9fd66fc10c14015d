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

  describe('names the variant that was measured, and the command to go on with', () => {
    const measured = 'init=/bin/sh svm=1';
    const refused = async (line: string, key = path('tpm1.pem')): Promise<string> => {
      const files = ['--kernel', path('vmlinux'), '--initrd', path('initrd.img'), '--blob', path('esm_blob.dtb'), '--key', key];
      const { status, out } = await svmSim('boot', ...files, '--bootargs', line, '-q');
      expect(status).to.equal(1);
      return /^ {2}When vm asks.*/m.exec(out)?.[0] ?? '';
    };

    for (const [about, line, how] of [
      ['a newline', `${measured}\n`, 'without the newline at the end'],
      ['blanks at both ends', `  ${measured} `, 'without the blanks at both ends'],
      ['blanks within', 'init=/bin/sh   svm=1', 'with single blanks'],
      ['quotes', `"${measured}"`, 'without the quotes around it'],
    ] as const) {
      it(`of a command line with ${about}`, async () => {
        const why = await refused(line);
        expect(why).to.contain('(check "digest-bootargs"). The bootargs would be what was measured');
        expect(why).to.contain(
          `${how}: go on with bootargs ${JSON.stringify(measured)}; to see every check: svm-sim esm verify ${path('esm_blob.dtb')}`,
        );
      });
    }

    it('says nothing of a variant when there is none', async () => {
      expect(await refused('something else')).to.match(/\(check "digest-bootargs"\)\. To see every check: svm-sim esm verify /);
    });

    it('of a host that is no recipient', async () => {
      const why = await refused(measured, 'fixtures/observed/esm/01-minimal/tpm1.pem');
      expect(why).to.contain(
        `The blob is for other recipients; to go on: svm-sim esm authorize -b ${path('esm_blob.dtb')} -s ORIGIN.key -p HOST.pub`,
      );
    });
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
