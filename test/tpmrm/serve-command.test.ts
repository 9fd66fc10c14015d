import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { svmSim, svmSimWith } from '../cli/stand-in-io.ts';

describe('svm-sim tpmrm serve', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-serve-'));
  after(() => rmSync(folder, { recursive: true }));

  it('serves until it is interrupted, then ends in order with status 0', async () => {
    const path = join(folder, 'rm.sock');
    const interrupt = new AbortController();
    const run = svmSimWith({ signal: interrupt.signal }, 'tpmrm', 'serve', '--listen', `unix:${path}`);
    for (let i = 0; i < 500 && !existsSync(path); i++) await sleep(10);
    const socket = connect({ path });
    socket.write(fromHex('80010000000c0000017b0008'));
    const answer = await new Promise<Buffer>(resolve => socket.once('data', resolve));
    expect(answer.subarray(0, 12).toString('hex')).to.equal('800100000014000000000008');
    interrupt.abort();
    const { status, out, err } = await run;
    expect({ status, err }).to.deep.equal({ status: 0, err: '' });
    // The socket is there a moment before the line about it is printed: a quick client may come first.
    expect(out).to.contain(`/dev/tpmrm0 of embedded on unix:${path}; Ctrl-C ends it.\n`);
    expect(out).to.match(/connection 1: connected\n[\s\S]*connection 1: ended: /);
    expect(existsSync(path)).to.equal(false);
  });

  it('wants a place to listen and a TPM that it knows', async () => {
    expect(await svmSim('tpmrm', 'serve')).to.include({ status: 2, out: '' });
    expect(await svmSim('tpmrm', 'serve', '--listen', 'rm.sock')).to.include({ status: 2, out: '' });
    expect((await svmSim('tpmrm', 'serve', '--listen', 'tcp:0', '--tpm', 'swtmp')).err).to.contain('Did you mean "swtpm"?');
    expect(await svmSim('tpmrm', 'serve', '--listen', `unix:${join(folder, 'none', 'x')}`)).to.include({ status: 3, out: '' });
  });
});
