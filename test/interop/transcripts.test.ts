import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Against, runConform } from '../../src/conform/index.ts';
import { LivePlayer } from '../../src/conform/kinds/tpm-transcript/live-player.ts';
import { transcriptLines } from '../../src/conform/kinds/tpm-transcript/transcript-lines.ts';
import { SwtpmProcess } from '../../src/tpmrm/index.ts';

/** Host boot, then unwraps: recorded one after the other on one TPM. */
const STREAMS = [
  '01-host-first-boot',
  '03a-svm-unwrap-first-boot',
  '02-host-second-boot',
  '03b-svm-unwrap-second-boot',
  '03c-svm-unwrap-nonce16',
  '03d-policy-encrypt-without-policyauthvalue',
];

describe('the streams of host boot and unwrap, on a real swtpm', () => {
  let swtpm: SwtpmProcess;
  let player: LivePlayer;

  before(async function () {
    if (spawnSync('swtpm', ['--version']).error) {
      console.log('    skipped: swtpm is not installed (apt install swtpm)');
      this.skip();
    }
    swtpm = await SwtpmProcess.start({ startup: 'clear' });
    player = new LivePlayer(swtpm);
  });
  after(async () => swtpm?.close());

  for (const name of STREAMS) {
    it(`${name}: the client's commands are taken, its HMACs are right, the answers are as recorded`, async () => {
      const url = new URL(`../../fixtures/observed/tpm/${name}.jsonl`, import.meta.url);
      const played = await player.play(transcriptLines(readFileSync(url, 'utf8')));
      expect(played.length).to.be.above(0);
      for (const { name: step, differences } of played) expect(differences, step).to.deep.equal([]);
    });
  }
});

describe('conform --against swtpm', () => {
  it('plays cases of the resource manager and every error of transcript 06 on it, and records what it observed', async function () {
    if (spawnSync('swtpm', ['--version']).error) {
      console.log('    skipped: swtpm is not installed (apt install swtpm)');
      this.skip();
    }
    const folder = fileURLToPath(new URL('../../fixtures/observed/', import.meta.url));
    const against = new Against('swtpm');
    const recorded: string[] = [];
    try {
      const options = {
        against,
        filter: /tpmrm.* (file_random|session_fourth)|06-error-cases/,
        onRecorded: (_: string, text: string) => recorded.push(text),
      };
      const { results, failed } = await runConform([`${folder}tpmrm.json`, `${folder}tpm`], options);
      expect(results.filter(({ ok }) => !ok)).to.deep.equal([]);
      expect(failed).to.equal(0);
      expect(results.length).to.be.greaterThan(50);
    } finally {
      await against.close();
    }
    expect(recorded).to.have.length(1);
    expect(JSON.parse(recorded[0] ?? '')).to.have.property('kernel', 'played on swtpm');
  });
});
