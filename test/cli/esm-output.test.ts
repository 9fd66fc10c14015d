import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { utf8 } from '../../src/bytes/index.ts';
import { writeWhole } from '../../src/cli/files/output-file.ts';
import { rejectionOf } from '../svm/vectors.ts';

describe('output files', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-output-'));
    path = join(folder, 'out');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('appear whole, in pieces too', async () => {
    await writeWhole({ path, contents: [utf8('one '), utf8('two')] });
    expect(readFileSync(path, 'utf8')).to.equal('one two');
    expect(readdirSync(folder)).to.deep.equal(['out']);
  });

  it('replace an old file only when asked, and keep its permissions', async () => {
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    expect(await rejectionOf(writeWhole({ path, contents: utf8('new') }))).to.include({ code: 'file.exists' });
    expect(readFileSync(path, 'utf8')).to.equal('old');
    await writeWhole({ path, contents: utf8('new'), replace: true });
    expect(readFileSync(path, 'utf8')).to.equal('new');
    expect(statSync(path).mode & 0o777).to.equal(0o640);
  });

  it('are not there at all when making them fails half way', async () => {
    writeFileSync(path, 'old');
    function* failing(): Generator<Uint8Array> {
      yield utf8('half');
      throw new Error('the payload ended');
    }
    const error = await rejectionOf(writeWhole({ path, contents: failing(), replace: true }));
    expect(error).to.have.property('message', 'the payload ended');
    expect(readFileSync(path, 'utf8')).to.equal('old');
    expect(readdirSync(folder)).to.deep.equal(['out']);
  });

  it('come all or none', async () => {
    const other = join(folder, 'none', 'other');
    const error = await rejectionOf(writeWhole({ path, contents: utf8('a') }, { path: other, contents: utf8('b') }));
    expect(error).to.include({ code: 'file.unwritable', where: other, blame: 'environment' });
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('a folder is not replaced', async () => {
    mkdirSync(path);
    expect(await rejectionOf(writeWhole({ path, contents: utf8('a'), replace: true }))).to.include({ code: 'file.unwritable' });
    expect(readdirSync(folder)).to.deep.equal(['out']);
  });

  it('a symbolic link stays one', async () => {
    writeFileSync(path, 'old');
    symlinkSync('out', join(folder, 'link'));
    await writeWhole({ path: join(folder, 'link'), contents: utf8('new'), replace: true });
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).to.equal(true);
    expect(readFileSync(path, 'utf8')).to.equal('new');
  });

  it('a device is written to, not replaced', async () => {
    await writeWhole({ path: '/dev/null', contents: utf8('a') });
    expect(statSync('/dev/null').isCharacterDevice()).to.equal(true);
  });
});
