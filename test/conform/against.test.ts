import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Against, type ConformOptions, runConform } from '../../src/conform/index.ts';
import { notOnKernel } from '../../src/conform/kinds/tpmrm/case-devices.ts';
import type { Recording } from '../../src/conform/kinds/tpmrm/case-recording.ts';

const OBSERVED = fileURLToPath(new URL('../../fixtures/observed/', import.meta.url));
const TPMRM = join(OBSERVED, 'tpmrm.json');
const recording = JSON.parse(readFileSync(TPMRM, 'utf8')) as Recording;

async function on(tpm: string, path: string, options: ConformOptions = {}) {
  const against = new Against(tpm, { allowHardware: true });
  try {
    return await runConform([path], { ...options, against });
  } finally {
    await against.close();
  }
}

describe('conform --against', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-against-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('plays the live cases on the TPM that is named, and leaves out what needs none', async () => {
    const devices = await on('embedded', TPMRM, { filter: /file_(random|4096|partial_reads)|session_fourth/ });
    expect([devices.passed, devices.failed]).to.deep.equal([4, 0]);
    const transcript = await on('embedded', join(OBSERVED, 'tpm/04-salted-hmac-session-rsa.jsonl'));
    expect(transcript.failed).to.equal(0);
    expect(transcript.results.map(({ name }) => name).every(name => name.startsWith('live: '))).to.equal(true);
    const nothing = await on('embedded', join(OBSERVED, 'libvirt.json')).catch((error: Error) => error.message);
    expect(nothing).to.contain('no case was played');
  });

  it('records what was observed; the recording is one that conform plays, and another TPM fails where it differs', async () => {
    const texts: string[] = [];
    const filter = /file_random|file_write_twice|session_fourth/;
    await on('embedded', TPMRM, { filter, onRecorded: (_file, text) => texts.push(text) });
    const [text = ''] = texts;
    const own = join(folder, 'own.json');
    writeFileSync(own, text);
    const observed = JSON.parse(text) as Recording;
    expect(observed.kernel).to.equal('played on embedded');
    expect(observed.cases.map(({ runs }) => runs)).to.deep.equal(observed.cases.map(() => 1));
    const again = await runConform([own]);
    expect([again.passed, again.failed]).to.deep.equal([observed.cases.length, 0]);
    writeFileSync(own, text.replace('"return": 12', '"return": 11'));
    expect((await runConform([own])).failed).to.equal(1);
  });

  it('a TPM of this machine needs leave', () => {
    expect(() => new Against('device:/dev/tpmrm0'))
      .to.throw('make keys in it')
      .with.property('hint')
      .that.contains('--allow-hardware');
    expect(() => new Against('swtmp')).to.throw('names no TPM');
  });

  it('on devices of the kernel: what no program in JavaScript can do is left out with its reason', async () => {
    const reasons = recording.cases.map(notOnKernel);
    expect(reasons.filter(reason => reason === undefined).length, 'most cases can be played').to.be.greaterThan(recording.cases.length / 2);
    expect(new Set(reasons.filter(reason => reason !== undefined)).size).to.be.greaterThan(3);
    // No TPM, but a character device all the same: it takes everything and gives nothing.
    const { results, failed } = await on('device:/dev/null', TPMRM, { filter: /file_(random|bad_address|poll)/ });
    expect(failed).to.equal(1);
    expect(results.find(({ name }) => name === 'file_random')?.differences[0]).to.deep.equal({
      field: 'steps[2] read A result',
      expected: '20',
      actual: '0',
    });
    expect(results.filter(({ skipped }) => skipped !== undefined).length).to.equal(results.length - 1);
    const missing = await on('device:/no/such/device', TPMRM, { filter: 'file_random' });
    expect(missing.results[0]?.differences[0]?.actual).to.contain('ENOENT');
  });
});
