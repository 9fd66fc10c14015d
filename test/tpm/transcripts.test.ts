import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LivePlayer } from '../../src/conform/kinds/tpm-transcript/live-player.ts';
import { playTranscript } from '../../src/conform/kinds/tpm-transcript/play-transcript.ts';
import { replayStatic } from '../../src/conform/kinds/tpm-transcript/static-replay.ts';
import { type TranscriptLine, transcriptLines } from '../../src/conform/kinds/tpm-transcript/transcript-lines.ts';
import type { PlayedCase } from '../../src/conform/played-case.ts';
import { startedTpm, tpmOf, transportTo } from './help.ts';

const DIRECTORY = new URL('../../fixtures/observed/tpm/', import.meta.url);
const lines = (file: string): TranscriptLine[] => transcriptLines(readFileSync(new URL(`${file}.jsonl`, DIRECTORY), 'utf8'));

/** In the order in which they were recorded: one TPM, one after the other. */
const FLOWS = [
  '01-host-first-boot',
  '03a-svm-unwrap-first-boot',
  '02-host-second-boot',
  '03b-svm-unwrap-second-boot',
  '03c-svm-unwrap-nonce16',
  '03d-policy-encrypt-without-policyauthvalue',
  '04-salted-hmac-session-rsa',
  '04b-salted-hmac-session-ecc',
  '05-bound-session',
  '05b-auth-change-nv-hmac',
];
const OTHERS = ['06-error-cases', '06b-before-startup', '07-getcapability', '08-deterministic-script'];

/**
 * What differs from libtpms, with the reason. 07 lists capabilities: we report what we have
 * (docs/reference/decisions.md#known-differences).
 */
const KNOWN: Readonly<Record<string, RegExp>> = {
  '07-getcapability': /capabilityData|length/,
};

function report(played: readonly PlayedCase[], known: RegExp | undefined): string[] {
  return played.flatMap(({ name, differences }) =>
    differences
      .filter(({ field }) => !known?.test(field))
      .map(({ field, expected, actual }) => `${name}: ${field}: expected ${expected}, got ${actual}`),
  );
}

describe('transcripts of a real TPM: every byte is understood', () => {
  for (const file of [...FLOWS, ...OTHERS]) {
    it(file, () => {
      const played = replayStatic(lines(file));
      expect(played.length).to.be.greaterThan(0);
      expect(report(played, undefined)).to.deep.equal([]);
    });
  }
});

describe('transcripts of a real TPM: ours does the same', () => {
  describe('host boot, unwrap and sessions', () => {
    const player = new LivePlayer(transportTo(startedTpm()));
    for (const file of FLOWS) {
      it(file, async () => {
        const played = await player.play(lines(file));
        expect(played.filter(({ skipped }) => skipped)).to.deep.equal([]);
        expect(report(played, undefined)).to.deep.equal([]);
      });
    }
  });

  it('06b-before-startup', async () => {
    expect(report(await new LivePlayer(transportTo(tpmOf())).play(lines('06b-before-startup')), undefined)).to.deep.equal([]);
  });

  describe('06-error-cases', () => {
    let played: readonly PlayedCase[] = [];
    before(async () => {
      played = await new LivePlayer(transportTo(startedTpm())).play(lines('06-error-cases'));
    });
    it('gives the same codes', () => expect(report(played, undefined)).to.deep.equal([]));
    it('plays all cases whose commands exist', () => expect(played.filter(({ skipped }) => !skipped).length).to.be.at.least(150));
  });

  it('07-getcapability, less what this TPM does not have', async () => {
    expect(
      report(await new LivePlayer(transportTo(startedTpm())).play(lines('07-getcapability')), KNOWN['07-getcapability']),
    ).to.deep.equal([]);
  });

  it('a file alone, as conform gets it: those before it are played first', async () => {
    const sibling = async (file: string) => readFileSync(new URL(file, DIRECTORY), 'utf8');
    const file = '03b-svm-unwrap-second-boot.jsonl';
    const played = await playTranscript(file, await sibling(file), sibling);
    expect(played).to.have.length(14);
    expect(report(played, undefined)).to.deep.equal([]);
    const [alone] = (await playTranscript(file, await sibling(file), async () => null)).slice(-1);
    expect(alone?.skipped).to.match(/01-host-first-boot.jsonl comes before it/);
  });
});
