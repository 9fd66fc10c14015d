import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { deleteProperty, readFdt, writeLinuxFdt } from '../../src/svm/format/index.ts';
import { unpackTree } from '../../src/svm/guest/index.ts';
import { svmSim } from './stand-in-io.ts';

const RECORDED = 'fixtures/observed/guest-tree/1-cpu-512M.dtb.gz';

describe('svm-sim tree', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-tree-'));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('show: version, reservations and what the Ultravisor reads', async () => {
    const { status, out } = await svmSim('tree', 'show', RECORDED);
    expect(status).to.equal(0);
    expect(out).to.contain('version 16, 196608 bytes');
    expect(out).to.contain('0x1fff0000 to 0x20000000 (65536 bytes)');
    expect(out).to.match(/\/rtas\/slof,rtas-size +0x14\n/);
    expect(out).to.match(/linux,esm-blob-start +is not there\n/);
  });

  it('check: a real tree is taken by every firmware', async () => {
    const { status, out } = await svmSim('tree', 'check', RECORDED);
    expect(out).to.not.contain('✗');
    expect(out).to.contain('✓ published: takes it, to the digests and through');
    expect(status).to.equal(0);
  });

  it('check: one without stop-self is refused, and it says so', async () => {
    const tree = readFdt(unpackTree(readFileSync(RECORDED)));
    const file = join(folder, 'no-stop-self.dtb');
    writeFileSync(file, writeLinuxFdt(deleteProperty(tree, '/rtas', 'stop-self')));
    const { status, out } = await svmSim('tree', 'check', file, '--profile', 'published');
    expect(out).to.match(/✗ published: .*stop-self/);
    expect(status).to.equal(1);
  });

  it('check: what is no tree is wrong usage', async () => {
    const { status, err } = await svmSim('tree', 'check', 'package.json');
    expect(status).to.equal(2);
    expect(err).to.contain('this is no device tree that a firmware could read');
  });
});
