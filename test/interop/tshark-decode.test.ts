import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { toHex } from '../../src/bytes/index.ts';
import { CaptureReader } from '../../src/traffic/index.ts';

const installed = spawnSync('tshark', ['--version']).status === 0;
const FOLDER = 'fixtures/observed/decode';
/** Captures whose first stream carries messages without frames. */
const CAPTURES = [
  '08-capture-tcp-streams/header-first.pcap',
  '08-capture-tcp-streams/keep-alive.pcap',
  '08-capture-tcp-streams/segments.pcap',
  '09-capture-cut-short/cut.pcap',
  '10-capture-linux-sll2/any.pcap',
];

describe('decode puts TCP streams together as tshark does', function () {
  this.timeout(120_000);
  if (!installed) {
    it('tshark is not installed');
    return;
  }
  /** The bytes of both ways of the first stream, in the order of their arrival; those of the server are indented. */
  const followed = (file: string): string[] => {
    const { stdout } = spawnSync('tshark', ['-q', '-r', file, '-z', 'follow,tcp,raw,0'], { encoding: 'utf8', maxBuffer: 1 << 26 });
    return stdout.split('\n').filter(line => /^\t?[0-9a-f]+$/.test(line));
  };
  const joined = (lines: readonly string[], server: boolean): string =>
    lines
      .filter(line => line.startsWith('\t') === server)
      .map(line => line.trim())
      .join('');

  for (const name of CAPTURES) {
    it(name, () => {
      const file = `${FOLDER}/${name}`;
      const lines = followed(file);
      const reader = new CaptureReader();
      const found = reader.push(readFileSync(file));
      for (const direction of ['command', 'response'] as const) {
        const bytes = found.filter(message => message.direction === direction).map(message => toHex(message.bytes));
        expect(bytes.join(''), direction)
          .to.equal(joined(lines, direction === 'response'))
          .and.not.equal('');
      }
    });
  }

  it('is a version whose own dissector does not', () => {
    const rows = execFileSync(
      'tshark',
      ['-r', `${FOLDER}/08-capture-tcp-streams/segments.pcap`, '-Y', 'tpm', '-T', 'fields', '-e', 'frame.number'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    // The response of one message is several to it: docs/decode.md says so.
    expect(rows.trim().split('\n').length).to.be.greaterThan(2);
  });
});
