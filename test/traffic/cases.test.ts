import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { toHex } from '../../src/bytes/index.ts';
import { svmSim } from '../cli/stand-in-io.ts';

const FOLDER = 'fixtures/observed/decode';
const GET_CAPABILITY = '8001000000160000017a00000006000001000000007f';
const GET_RANDOM = '80010000000c0000017b0010';
const RANDOM = '80010000001c000000000010000102030405060708090a0b0c0d0e0f';

interface Shown {
  readonly bytes: string;
  readonly kind: string;
  readonly name?: string;
  readonly rc?: { readonly text: string };
  readonly fault?: string;
  readonly broken?: string;
  readonly remarks?: readonly string[];
  readonly fields: readonly { readonly path: string; readonly text?: string }[];
}

async function decoded(file: string): Promise<{ status: number; err: string; messages: readonly Shown[] }> {
  const { status, out, err } = await svmSim('decode', '--json', join(FOLDER, file));
  return {
    status,
    err,
    messages: out
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as Shown),
  };
}

describe('Logs, dumps and captures of other programs, after public bug reports', () => {
  const exact: Readonly<Record<string, readonly string[]>> = {
    '01-tss2log-short-tail/input.log': [GET_CAPABILITY],
    '02-log-text-taken-as-bytes/abrmd.log': [GET_RANDOM],
    '02-log-text-taken-as-bytes/journal.log': [
      '800100000033000000000000000006000000040000021100015180000002120000000000000213000000000000021400000000',
    ],
    '04-text-column-joins-the-bytes/tss2.log': [
      '8001000000300000000000246162636462652e6361726566756c20776974682074686973206b65792c313620726e642e',
    ],
    '05-dump-layouts/od-Ax-tx1.txt': [GET_CAPABILITY],
    '05-dump-layouts/wireshark-copy-hex-dump.txt': [GET_CAPABILITY],
    '05-dump-layouts/xxd.txt': [GET_CAPABILITY],
    '06-log-that-is-not-ascii/utf8.log': [GET_RANDOM],
    '06-log-that-is-not-ascii/colours.log': [GET_RANDOM],
    '08-capture-tcp-streams/header-first.pcap': [GET_RANDOM, RANDOM],
    '08-capture-tcp-streams/keep-alive.pcap': [GET_RANDOM, RANDOM],
    '10-capture-linux-sll2/any.pcap': [GET_RANDOM, RANDOM],
  };
  for (const [file, messages] of Object.entries(exact)) {
    it(file, async () => {
      const said = await decoded(file);
      expect(said.messages.map(({ bytes }) => bytes)).to.deep.equal(messages);
      // A sealed object's answer by itself has no command: that is no fault either.
      expect({ status: said.status, err: said.err }).to.deep.equal({ status: 0, err: '' });
    });
  }

  it('a lost line cuts its message and no other', async () => {
    const { status, messages } = await decoded('03-broken-message-eats-the-next/lost-line.log');
    expect(messages.map(({ bytes }) => bytes)).to.deep.equal([
      GET_CAPABILITY.slice(0, 32),
      '80010000001300000000000000000600000000',
      GET_RANDOM,
    ]);
    expect(messages.map(({ broken }) => broken)).to.deep.equal(['16 of 22 bytes: the message is cut off', undefined, undefined]);
    expect(status).to.equal(1);
  });

  it('a text without a message is said to have none', async () => {
    const { status, err } = await decoded('06-log-that-is-not-ascii/no-tpm.txt');
    expect(status).to.equal(2);
    expect(err).to.contain('no TPM command or response is in it');
  });

  it("the simulator's protocol has messages in frames", async () => {
    const { status, messages } = await decoded('07-capture-of-mssim/mssim.pcap');
    expect(messages.map(({ kind, name, bytes }) => `${name} ${kind} ${bytes.length / 2}`)).to.deep.equal([
      'TPM2_GetCapability command 22',
      'TPM2_GetCapability response 387',
      'TPM2_GetRandom command 12',
      'TPM2_GetRandom response 28',
    ]);
    expect(status).to.equal(0);
  });

  it('a response of several segments is one message', async () => {
    const { status, messages } = await decoded('08-capture-tcp-streams/segments.pcap');
    expect(messages.map(({ name, kind, bytes, fault }) => [name, kind, bytes.length / 2, fault])).to.deep.equal([
      ['TPM2_NV_Read', 'command', 35, undefined],
      ['TPM2_NV_Read', 'response', 2069, undefined],
    ]);
    expect(messages[1]?.fields.find(({ path }) => path === 'data')?.text).to.match(/^2048 bytes/);
    expect(status).to.equal(0);
  });

  it('a capture that ends inside a packet is shown up to there', async () => {
    const { status, err, messages } = await decoded('09-capture-cut-short/cut.pcap');
    expect(messages.map(({ bytes }) => bytes)).to.deep.equal([GET_RANDOM, RANDOM]);
    expect(err).to.contain('cut.pcap: the capture is cut off in packet 9');
    expect(status).to.equal(1);
  });

  for (const [file, shown] of Object.entries({
    'pcrs4.bin': /^4 bytes|ffffff00/,
    'pcrsha3.bin': /SHA3_256 \(0x0027\)/,
    'pubB.bin': /PUB_KEYS \(0x0000000b\)/,
    'rsa4096.bin': /4096/,
    'sm3pcr.bin': /SM3_256 \(0x0012\)/,
    'sm4.bin': /SM4 \(0x0013\)/,
    'vendorcap.bin': /VENDOR_PROPERTY \(0x00000100\)/,
  })) {
    it(`what a TPM may have and this one has not: ${file}`, async () => {
      const { status, messages } = await decoded(`11-decode-of-other-tpms/${file}`);
      expect(messages.map(({ fault }) => fault)).to.deep.equal(messages.map(() => undefined));
      expect(messages.flatMap(({ fields }) => fields.map(({ text }) => text)).join('\n')).to.match(shown);
      expect(messages.some(({ fields }) => fields.some(({ path }) => path === 'parameters'))).to.equal(false);
      expect(status).to.equal(0);
      const whole = readFileSync(join(FOLDER, '11-decode-of-other-tpms', file));
      expect(messages.map(({ bytes }) => bytes).join('')).to.equal(toHex(whole));
    });
  }

  it('a TPM 1.2 command is shown, and its answer is nobody else’s', async () => {
    const { status, messages } = await decoded('12-tpm12-probe/swtpm.log');
    expect(messages.map(({ kind, name, rc }) => [kind, name, rc?.text])).to.deep.equal([
      ['command', 'TPM2_GetRandom', undefined],
      ['response', 'TPM2_GetRandom', 'TPM_RC_INITIALIZE (0x100)'],
      ['command', 'TPM_ORD_GetTicks', undefined],
      ['response', 'TPM_ORD_GetTicks', 'TPM_RC_VALUE (0x084)'],
    ]);
    expect(status).to.equal(0);
  });
});
