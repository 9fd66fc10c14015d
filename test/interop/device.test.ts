import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { svmSimWith } from '../cli/stand-in-io.ts';

const GET_RANDOM = '80010000000c0000017b0008';
const PCR_EXTEND = `80020000004100000182000000100000000940000009000000000000000001000b${'ab'.repeat(32)}`;

/** `svm-sim tpmrm serve`, which listens when this returns. */
async function serve(path: string, ...more: readonly string[]) {
  const interrupt = new AbortController();
  const ended = svmSimWith({ signal: interrupt.signal }, 'tpmrm', 'serve', '--listen', `unix:${path}`, ...more);
  for (let i = 0; i < 500 && !existsSync(path); i++) await sleep(10);
  return async () => {
    interrupt.abort();
    return ended;
  };
}

async function transmit(path: string, command: string): Promise<string> {
  const socket = connect({ path });
  socket.write(fromHex(command));
  const answer = await new Promise<Buffer>((resolve, reject) => socket.once('data', resolve).once('error', reject));
  socket.destroy();
  return answer.toString('hex');
}

// No TPM is in this machine: a terminal of socat is the character device, our own resource manager stands for the kernel's.
describe('a TPM by a real character device', () => {
  let folder: string;
  let socat: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-device-'));
  });
  afterEach(() => {
    socat?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  for (const allowed of [false, true]) {
    it(`is ${allowed ? 'changed with' : 'not changed without'} --allow-hardware`, async function () {
      this.timeout(30_000);
      try {
        execFileSync('socat', ['-V'], { stdio: 'ignore' });
      } catch {
        console.log('    skipped: socat is not installed (apt install socat)');
        return this.skip();
      }
      const [behind, device, front] = ['behind', 'tpmrm0', 'front'].map(name => join(folder, name)) as [string, string, string];
      const endBehind = await serve(behind);
      socat = spawn('socat', [`PTY,link=${device},rawer`, `UNIX-CONNECT:${behind}`], { stdio: 'ignore' });
      for (let i = 0; i < 500 && !existsSync(device); i++) await sleep(10);
      const endFront = await serve(front, '--tpm', `device:${device}`, ...(allowed ? ['--allow-hardware'] : []));
      expect(await transmit(front, GET_RANDOM)).to.match(/^800100000014000000000008/);
      expect(await transmit(front, PCR_EXTEND)).to.match(allowed ? /^8002.{8}00000000/ : /^80010000000a000b0120$/);
      const { status, err } = await endFront();
      expect(status).to.equal(0);
      if (!allowed)
        expect(err).to.contain('refused: TPM2_PCR_Extend may write its non-volatile memory; ').and.to.contain('--allow-hardware');
      await endBehind();
    });
  }
});
