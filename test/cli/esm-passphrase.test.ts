import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { Interrupted } from '../../src/cli/terminal/interrupted.ts';
import { askPassphrases, newPassphrase } from '../../src/cli/terminal/passphrase.ts';
import { builtFile } from '../helpers/built.ts';
import { type EsmFolder, esmFolder } from './esm-folder.ts';

/** A terminal at which somebody types; what it shows, and whether it echoes. */
class StandInTerminal extends PassThrough {
  readonly isTTY = true;
  readonly modes: boolean[] = [];
  shown = '';
  setRawMode(on: boolean): this {
    this.modes.push(on);
    return this;
  }
}

const typing = (...chunks: readonly string[]) => {
  const input = new StandInTerminal();
  for (const chunk of chunks) input.write(chunk);
  const tell = (text: string): void => {
    input.shown += text;
  };
  return { input, tell };
};

const piped = (text: string) => {
  const input = new PassThrough();
  input.end(text);
  return { input, tell: (): void => expect.fail('a prompt was shown') };
};

describe('passphrases', () => {
  it('are typed without echo, and the terminal is as before', async () => {
    const terminal = typing('sec', 'ret\r');
    expect(await askPassphrases(['Enter:'], terminal)).to.deep.equal(['secret']);
    expect(terminal.input.shown).to.equal('Enter:\n');
    expect(terminal.input.modes).to.deep.equal([true, false]);
  });

  it('can be corrected, and pasted with their newlines', async () => {
    expect(await askPassphrases(['1:', '2:'], typing('wrong\u0015rigjt\u007f\u007fht\rtwo 🐎\r'))).to.deep.equal(['right', 'two 🐎']);
  });

  it('Ctrl-C interrupts, Ctrl-D ends', async () => {
    const terminal = typing('abc\u0003');
    const error = await askPassphrases(['Enter:'], terminal).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(Interrupted);
    expect(terminal.input.modes).to.deep.equal([true, false]);
    expect(await askPassphrases(['Enter:'], typing('\u0004'))).to.deep.equal([]);
  });

  it('come line by line when standard input is no terminal, without prompts', async () => {
    expect(await askPassphrases(['1:', '2:'], piped('one\r\n two \nthree\n'))).to.deep.equal(['one', ' two ']);
    expect(await askPassphrases(['1:'], piped(''))).to.deep.equal([]);
  });

  it('of a new key must be the same twice; a pipe need not say it twice', async () => {
    expect(await newPassphrase(typing('a\ra\r'))).to.equal('a');
    expect(await newPassphrase(piped('a\n'))).to.equal('a');
    expect(await newPassphrase(piped(''))).to.equal('');
    const error = await newPassphrase(typing('a\rb\r')).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'key.passphrases-differ' });
  });

  describe('of the program itself', () => {
    let folder: EsmFolder;
    before(() => {
      folder = esmFolder('04-authorize-after-make');
    });
    after(() => folder.remove());

    it('standard input opens an encrypted private key; bytes come out as they were attached', () => {
      const main = builtFile('cli/main.js');
      const bytes = Buffer.from([0xff, 0x00, 0x0a, 0x80]);
      const run = (input: string, ...argv: readonly string[]) => spawnSync(process.execPath, [main, 'esm', ...argv], { input });
      const blob = ['-b', folder.path('esm_blob.dtb'), '-s', folder.path('origin.key')];
      const attached = run('correct horse 7\n', 'attach', ...blob, '-f', folder.write('raw', bytes));
      expect(attached.stderr.toString()).to.equal('');
      const { status, stdout } = run('correct horse 7\n', 'extract', ...blob, '-f', 'raw');
      expect(status).to.equal(0);
      expect(stdout.equals(bytes)).to.equal(true);
      expect(run('wrong\n', 'extract', ...blob, '-f', 'raw').status).to.equal(2);
    });
  });
});
