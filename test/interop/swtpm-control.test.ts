import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { toHex } from '../../src/bytes/index.ts';
import { Client } from '../tpm-serve/client.ts';
import { STARTUP } from '../tpm-serve/commands.ts';
import { embeddedSubject, type Subject, swtpmSubject } from './tpm2-tools/subjects.ts';

const hex = (bytes: Uint8Array): string => toHex(bytes);
const PCR_0 = '80010000001400000 17e 00000001 000b 03 010000';
const PCR_17 = '80010000001400000 17e 00000001 000b 03 000002';
const RANDOM = '80010000000c0000017b0008';
const STOP = '0000000e';
const INIT = '00000002 00000000';
const LAUNCH = ['00000006', '00000007 00000003 616263', '00000008'];

/** To the control channel unless it is a TPM command; each on a connection of its own. */
const SAID: readonly string[] = [
  '00000004',
  STOP,
  ...['00000004', '00000006', '00000009', '0000000a', '0000000c 00000001 00000001 00000000', RANDOM],
  INIT,
  RANDOM,
  // A launch before Startup, one after; what ends without a beginning; one that a command interrupts.
  ...LAUNCH,
  '00000004',
  hex(STARTUP),
  PCR_0,
  PCR_17,
  ...LAUNCH,
  PCR_17,
  '00000008',
  '00000007 00000001 61',
  '00000006',
  PCR_0,
  '00000008',
  PCR_17,
  ...['00', '02', '05', '03'].flatMap(locality => [`0000000b ${locality}000000`, '00000004']),
  ...['00000005 04', '00000005 05', '00000005 03000000', '00000005 00'],
  '0000000f',
  '00000011 00000000',
  '00000011 00000bb8',
  '00000012 0000000000000001 00000000 00000000',
  '00000012 0000000000000002 00000000 00000000',
  '00000012 0000000000000000 00000000 00000000',
  '00000077',
  '00000009',
  '0000000c 00000001 00000003 00000000',
  '0000000c 00000001 00000009 00000000',
  '0000000d 00000000 00000001 00000004 01020304',
  '0000000a',
  STOP,
  '0000000d 00000000 00000001 00000004 01020304',
  '0000000d 00000000 00000009 00000004 01020304',
  ...['00000011 00000bb8', '00000011 00100000', '00000011 00000001'],
  // Volatile state that was stored is taken up as long as it is not to be deleted.
  ...[INIT, RANDOM, STOP, '00000002 00000001', RANDOM, STOP, INIT, RANDOM],
  '80010000ffff0000017b0008',
  'ffffffffffffffffffffffff',
];

/** An answer without what chance makes of it. */
const masked = (answer: string): string => answer.replace(/^(80010000001400000000 ?0008).*/, '$1…');

async function conversation(subject: Subject): Promise<readonly string[]> {
  const port = Number(subject.env.TPM_COMMAND_PORT);
  const answers: string[] = [];
  for (const said of SAID) {
    const isCommand = !said.startsWith('000000');
    const client = new Client({ host: '127.0.0.1', port: isCommand ? port : port + 1 });
    client.send(said);
    answers.push(`${said}: ${masked(toHex(isCommand ? await client.response() : await client.burst()))}`);
    client.end();
  }
  return answers;
}

describe("swtpm's control channel and ours", () => {
  it('say the same', async function () {
    this.timeout(60_000);
    if (spawnSync('swtpm', ['--version']).error) {
      console.log('      skipped: swtpm is not installed (apt-get install swtpm)');
      this.skip();
    }
    const subjects = [await embeddedSubject('swtpm'), await swtpmSubject()] as const;
    try {
      const [ours, theirs] = [await conversation(subjects[0]), await conversation(subjects[1])];
      expect(ours).to.deep.equal(theirs);
    } finally {
      for (const subject of subjects) await subject.close();
    }
  });
});
