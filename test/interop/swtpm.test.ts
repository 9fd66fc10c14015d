import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Recording } from '../../src/conform/kinds/tpmrm/case-recording.ts';
import { playLive } from '../../src/conform/kinds/tpmrm/play-case.ts';
import { createWorld } from '../../src/sim/index.ts';
import { openBackend, SwtpmProcess, TpmChip } from '../../src/tpmrm/index.ts';
import { message } from '../../src/tpmrm/wire.ts';

const recording = JSON.parse(readFileSync(new URL('../../fixtures/observed/tpmrm.json', import.meta.url), 'utf8')) as Recording;
const startup = message(0x144, new Uint8Array([0, 0]));
const getRandom = message(0x17b, new Uint8Array([0, 8]));

/** Why there is no real swtpm to test with; none if there is. */
function reasonToSkip(): string | undefined {
  try {
    execFileSync('swtpm', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'swtpm is not installed (apt install swtpm)';
  }
}

describe('a real swtpm', function () {
  this.timeout(120_000);
  const reason = reasonToSkip();
  before(function () {
    if (!reason) return;
    console.log(`    skipped: ${reason}`);
    this.skip();
  });

  describe('behind our resource manager does what the recorded Linux did', () => {
    for (const recorded of recording.cases) {
      // 65 531 commands, half a minute: `svm-sim conform --against swtpm` plays it.
      if (recorded.name === 'session_context_gap') continue;
      it(recorded.name, async () => {
        const tpm = await SwtpmProcess.start({ startup: 'clear' });
        try {
          expect((await playLive(recorded, tpm)).differences).to.deep.equal([]);
        } finally {
          await tpm.close();
        }
      });
    }
  });

  it('waits for firmware to start it, and is switched off and on', async () => {
    const tpm = await SwtpmProcess.start();
    for (let boot = 0; boot < 2; boot++) {
      expect((await tpm.transmit(getRandom))[9]).to.equal(0x00); // TPM_RC_INITIALIZE, 0x100
      expect(await tpm.transmit(startup)).to.deep.equal(message(0));
      expect(await tpm.transmit(getRandom)).to.have.length(20);
      await tpm.reset();
    }
    await tpm.close();
  });

  it('gives its state and takes it back', async () => {
    const tpm = await SwtpmProcess.start({ startup: 'clear' });
    const extend = message(0x182, [0]); // refused: what matters is that the TPM runs on
    const state = await tpm.control.getState();
    expect(state.permanent.length).to.be.greaterThan(1000);
    const random = await tpm.transmit(getRandom);
    await tpm.control.setState(state);
    expect(await tpm.transmit(getRandom)).to.have.length(random.length);
    expect((await tpm.transmit(extend)).length).to.equal(10);
    await tpm.close();
  });

  it('that is killed makes the write fail, and can come back', async () => {
    const tpm = await SwtpmProcess.start({ startup: 'clear' });
    const { clock } = createWorld(1);
    const opened = await new TpmChip({ backend: tpm, clock }).open('/dev/tpmrm0');
    if (!('value' in opened)) throw new Error('not opened');
    const file = opened.value;
    process.kill(tpm.pid ?? 0, 'SIGKILL');
    expect(await file.write(getRandom)).to.deep.equal({ errno: 'EPIPE' });
    await tpm.reset();
    expect(await file.write(getRandom)).to.deep.equal({ value: 12 });
    await tpm.close();
  });

  it('that hangs makes the write fail in time, and is replaced by a reset', async () => {
    const tpm = await SwtpmProcess.start({ startup: 'clear', timeoutMs: 300 });
    const opened = await new TpmChip({ backend: tpm, clock: createWorld(1).clock }).open('/dev/tpmrm0');
    if (!('value' in opened)) throw new Error('not opened');
    const file = opened.value;
    const hung = tpm.pid;
    process.kill(hung ?? 0, 'SIGSTOP');
    expect(await file.write(getRandom)).to.deep.equal({ errno: 'ETIME' });
    expect(await file.write(getRandom), 'it is asked no more: its late answer would be taken for this one').to.deep.equal({
      errno: 'EPIPE',
    });
    await tpm.reset();
    expect(tpm.pid).to.not.equal(hung);
    expect(await file.write(getRandom)).to.deep.equal({ value: 12 });
    await tpm.close();
  });

  it('that somebody else starts again on its socket is connected to again', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'svm-sim-test-'));
    const path = join(dir, 'tpm.sock');
    const start = async () => {
      rmSync(path, { force: true });
      const args = ['socket', '--tpm2', '--tpmstate', `dir=${dir}`, '--server', `type=unixio,path=${path}`];
      const child = spawn('swtpm', [...args, '--flags', 'not-need-init,startup-clear'], { stdio: 'ignore' });
      while (!existsSync(path)) await new Promise(resolve => setTimeout(resolve, 10));
      return child;
    };
    let child = await start();
    try {
      const backend = await openBackend({ kind: 'swtpm-unix', path }, {});
      const opened = await new TpmChip({ backend, clock: createWorld(1).clock }).open('/dev/tpmrm0');
      if (!('value' in opened)) throw new Error('not opened');
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      expect(await opened.value.write(getRandom)).to.deep.equal({ errno: 'EPIPE' });
      child = await start();
      expect(await opened.value.write(getRandom)).to.deep.equal({ value: 12 });
      await backend.close();
    } finally {
      child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('that somebody else runs is used by its socket', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'svm-sim-test-'));
    const path = join(dir, 'tpm.sock');
    const args = ['socket', '--tpm2', '--tpmstate', `dir=${dir}`, '--server', `type=unixio,path=${path}`];
    const child = spawn('swtpm', [...args, '--flags', 'not-need-init,startup-clear'], { stdio: 'ignore' });
    try {
      while (!existsSync(path)) await new Promise(resolve => setTimeout(resolve, 10));
      const embedded = () => expect.fail('not this one');
      const backend = await openBackend({ kind: 'swtpm-unix', path }, { embedded });
      expect(await backend.transmit(getRandom)).to.have.length(20);
      await backend.close();
    } finally {
      child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
