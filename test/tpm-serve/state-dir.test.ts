import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Clock, Random, SimulatorError } from '../../src/sim/index.ts';
import { Tpm } from '../../src/tpm/index.ts';
import { StateDir } from '../../src/tpm-serve/index.ts';
import { DATA, defineData, GET_RANDOM, rcOf, read, readValue, STARTUP, write } from './commands.ts';
import { surviveKills } from './kill.ts';

const TPM_RC_NV_UNAVAILABLE = 0x923;

describe('a TPM in a folder', () => {
  const root = mkdtempSync(join(tmpdir(), 'svm-sim-state-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  let folders = 0;
  const newFolder = (): string => join(root, String(++folders));
  const open: StateDir[] = [];
  afterEach(async () => {
    for (const state of open.splice(0)) await state.close();
  });

  async function tpmIn(folder: string, seed = 'one', onLine?: (line: string) => void): Promise<Tpm> {
    const state = await StateDir.open(folder, onLine);
    open.push(state);
    const tpm = state.reading(() => new Tpm({ random: new Random(seed), clock: new Clock(), nvram: state }));
    tpm.execute(STARTUP);
    return tpm;
  }
  const release = async (): Promise<void> => {
    for (const state of open.splice(0)) await state.close();
  };
  async function refusal(folder: string): Promise<SimulatorError> {
    try {
      await tpmIn(folder);
    } catch (error) {
      if (error instanceof SimulatorError) return error;
      throw error;
    }
    throw new Error('it was not refused');
  }

  it('is the same TPM in the next process', async () => {
    const folder = newFolder();
    const first = await tpmIn(folder);
    for (const command of [defineData, write(42n)]) expect(rcOf(first.execute(command))).to.equal(0);
    await release();
    expect(readValue((await tpmIn(folder)).execute(read(DATA)))).to.equal(42n);
  });

  it('never gives the same random numbers again, though the seed is the same', async () => {
    const folder = newFolder();
    const given = new Set<string>();
    for (let run = 0; run < 3; run++) {
      const tpm = await tpmIn(folder);
      for (let i = 0; i < 5; i++) given.add(Buffer.from(tpm.execute(GET_RANDOM)).toString('hex'));
      await release();
    }
    expect(given.size).to.equal(15);
  });

  it('has everything that it acknowledged, whenever its process is killed', async function () {
    this.timeout(60_000);
    await surviveKills(newFolder(), 3, 'kill');
  });

  it('is written whole or not at all: what a killed process had not finished is removed', async () => {
    const folder = newFolder();
    await tpmIn(folder);
    await release();
    writeFileSync(join(folder, '.permanent.tpm.AbCdEfGhIjKl.part'), 'half of it');
    const before = readFileSync(join(folder, 'permanent.tpm'));
    await tpmIn(folder);
    expect(readdirSync(folder)).to.deep.equal(['permanent.tpm']);
    expect(readFileSync(join(folder, 'permanent.tpm'))).to.have.length(before.length);
  });

  describe('refuses', () => {
    it('a second process, and says which one has it', async () => {
      const folder = newFolder();
      await tpmIn(folder);
      const { code, what, blame } = await refusal(`${folder}/../${folders}`);
      expect({ code, blame }).to.deep.equal({ code: 'tpm.state-locked', blame: 'environment' });
      expect(what).to.equal(`the TPM in this folder is in use by process ${process.pid}`);
    });

    it('nothing once the process that had it is dead, however it died', async () => {
      const folder = newFolder();
      const script = `import('${new URL('../../src/tpm-serve/index.ts', import.meta.url).href}').then(async ({ StateDir }) => {
        await StateDir.open(${JSON.stringify(folder)}); console.log('has it'); setInterval(() => {}, 1000); })`;
      const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise(resolve => child.stdout.once('data', resolve));
      expect((await refusal(folder)).what).to.contain(`process ${child.pid}`);
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      expect(rcOf((await tpmIn(folder)).execute(GET_RANDOM))).to.equal(0);
    });

    const damages: readonly (readonly [string, (bytes: Buffer) => Uint8Array, RegExp, RegExp])[] = [
      ['a file of something else', () => Buffer.from('hello, world, here I am'), /byte 0$/, /no TPM state/],
      ['an empty file', () => Buffer.alloc(0), /byte 0$/, /no TPM state/],
      ['a file cut off in its head', bytes => bytes.subarray(0, 13), /byte 13$/, /ends within its first 16 bytes/],
      ['a file cut off later', bytes => bytes.subarray(0, 500), /byte 500$/, /has 500 bytes/],
      ['a file with bytes added', bytes => Buffer.concat([bytes, Buffer.from('x')]), /byte \d+$/, /should have/],
      ['one changed bit', bytes => flip(bytes, 300), /byte \d+$/, /digest/],
      ['a newer version', bytes => flip(bytes, 9, 0x03), /byte 8$/, /version 2, this program knows 1/],
      ['volatile state in its place', bytes => flip(bytes, 11, 0x03), /byte 10$/, /kind volatile, not permanent/],
    ];
    for (const [name, damage, where, what] of damages) {
      it(`${name}, and leaves it as it is`, async () => {
        const folder = newFolder();
        await tpmIn(folder);
        await release();
        const file = join(folder, 'permanent.tpm');
        const damaged = damage(readFileSync(file));
        writeFileSync(file, damaged);
        const error = await refusal(folder);
        expect(error.code).to.equal('tpm.state-unreadable');
        expect(error.where).to.match(where).and.contain(file);
        expect(error.what).to.match(what);
        expect(error.hint).to.contain('left as it is');
        await release();
        expect(readFileSync(file)).to.deep.equal(Buffer.from(damaged));
      });
    }

    it('volatile state that was damaged, by its own name', async () => {
      const folder = newFolder();
      await tpmIn(folder);
      await release();
      writeFileSync(join(folder, 'volatile.tpm'), 'what is this');
      const state = await StateDir.open(folder);
      open.push(state);
      const volatile = state.volatile ?? expect.fail();
      const make = () => new Tpm({ random: new Random(1), clock: new Clock(), nvram: state, volatile });
      expect(() => state.reading(make))
        .to.throw(SimulatorError)
        .with.property('where', `${join(folder, 'volatile.tpm')}: byte 0`);
    });

    it('a folder that is none', async () => {
      const file = join(root, 'file');
      writeFileSync(file, '');
      expect(await refusal(file)).to.include({ code: 'tpm.state-dir', blame: 'environment', where: file });
    });

    it('a folder in which no state can be written', async () => {
      const folder = newFolder();
      mkdirSync(join(folder, 'permanent.tpm'), { recursive: true });
      expect(await refusal(folder)).to.include({ code: 'tpm.state-dir', blame: 'environment', where: folder });
    });
  });

  it('that can no longer be written refuses what it could not keep, and does all else; it goes on when the disk does', async () => {
    const folder = newFolder();
    const lines: string[] = [];
    const tpm = await tpmIn(folder, 'one', line => lines.push(line));
    expect(rcOf(tpm.execute(defineData))).to.equal(0);
    // A folder in its place: nobody can write that, not even root.
    renameSync(join(folder, 'permanent.tpm'), join(folder, 'aside'));
    mkdirSync(join(folder, 'permanent.tpm'));
    const before = tpm.permanentState();
    expect(rcOf(tpm.execute(write(1n)))).to.equal(TPM_RC_NV_UNAVAILABLE);
    expect(tpm.permanentState(), 'the refused command did nothing').to.deep.equal(before);
    expect(rcOf(tpm.execute(GET_RANDOM))).to.equal(0);
    expect(rcOf(tpm.execute(write(1n)))).to.equal(TPM_RC_NV_UNAVAILABLE);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.contain('cannot be written (EISDIR)');
    rmSync(join(folder, 'permanent.tpm'), { recursive: true });
    expect(rcOf(tpm.execute(write(2n)))).to.equal(0);
    expect(lines[1]).to.contain('can be written again');
    expect(readdirSync(folder).sort()).to.deep.equal(['aside', 'permanent.tpm']);
  });
});

function flip(bytes: Buffer, at: number, bits = 0x10): Uint8Array {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ bits;
  return changed;
}
