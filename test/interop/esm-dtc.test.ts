import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { filesFdt, readEsmBlob } from '../../src/svm/format/index.ts';
import { type EsmFolder, esmFolder } from '../cli/esm-folder.ts';
import { svmSim } from '../cli/stand-in-io.ts';

const CPIO = 'cpio';
const missing = ['dtc', 'fdtget'].filter(tool => spawnSync(tool, ['--version']).error);

describe('svm-sim esm and dtc', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  before(async function () {
    if (missing.length > 0) {
      console.log(`      skipped: ${missing.join(' and ')} not installed (apt-get install device-tree-compiler)`);
      this.skip();
    }
    folder = esmFolder('03-three-attachments-svm-add');
    ({ path } = folder);
    const made = await svmSim('esm', 'make', '-b', path('ours.dtb'), '-y', path('svm_blob.yml'));
    expect(made).to.deep.equal({ status: 0, out: '', err: '' });
  });
  after(() => folder?.remove());

  const run = (tool: string, ...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8' });
    expect(status, `${tool}: ${stderr}`).to.equal(0);
    return stdout;
  };
  /** Names of nodes and properties as dtc prints them, without values. */
  const shape = (file: string): string => run('dtc', '-q', '-I', 'dtb', '-O', 'dts', file).replace(/ = .*;/g, ';');

  it('dtc prints our blob and its inner tree with the names and the order of the real one', () => {
    expect(shape(path('ours.dtb'))).to.equal(shape(path('esm_blob.dtb')));
    for (const name of ['ours.dtb', 'esm_blob.dtb']) {
      const inner = filesFdt(readEsmBlob(folder.read(name)).tree);
      if (!inner) throw new Error('files were attached');
      folder.write(`inner-${name}`, inner);
    }
    expect(shape(path('inner-ours.dtb'))).to.equal(shape(path('inner-esm_blob.dtb')));
  });

  it('fdtget reads comment and fingerprint', () => {
    expect(run('fdtget', path('ours.dtb'), '/lockboxes/lockbox-1', 'untrusted-comment')).to.equal('ultra_tpm\n');
    const hash = run('fdtget', '-t', 'bx', path('ours.dtb'), '/lockboxes/lockbox-1/pubkey-fingerprint', 'hash').trim().split(' ');
    const { fingerprintSha256 } = folder.recorded.manifest.lockboxesInBlobOrder[0]!;
    expect(hash.map(byte => byte.padStart(2, '0')).join('')).to.equal(fingerprintSha256);
  });

  it('cpio takes out the blob that svm add put in', async function () {
    if (spawnSync(CPIO, ['--version']).error) {
      console.log('      skipped: cpio not installed');
      this.skip();
    }
    expect(await svmSim('svm', 'add', '-i', path('initrd.img'), '-b', path('ours.dtb'), '-f', path('both.img'))).to.include({ status: 0 });
    const { stdout } = spawnSync(CPIO, ['-i', '--quiet', '--to-stdout', 'opt/ibm/pef/ours.dtb'], { input: folder.read('both.img') });
    expect(stdout.equals(folder.read('ours.dtb'))).to.equal(true);
  });
});
