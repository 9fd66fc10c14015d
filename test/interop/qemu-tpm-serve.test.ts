import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Children, QEMU } from './real-qemu.ts';
import { ServeProcess } from './serve-process.ts';

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** A pSeries machine with firmware only, and what it writes on its console. */
class Slof {
  readonly qemu: ChildProcess;
  console = '';
  errors = '';

  constructor(children: Children, control: string, ...more: readonly string[]) {
    const machine = ['-machine', 'pseries,usb=off', '-accel', 'tcg', '-m', '256', '-nodefaults', '-display', 'none', '-serial', 'stdio'];
    const tpm = ['-chardev', `socket,id=c,path=${control}`, '-tpmdev', 'emulator,id=t,chardev=c', '-device', 'tpm-spapr,tpmdev=t'];
    this.qemu = children.start(QEMU, [...machine, ...tpm, ...more]);
    this.qemu.stdout?.on('data', chunk => {
      this.console += chunk;
    });
    this.qemu.stderr?.on('data', chunk => {
      this.errors += chunk;
    });
  }

  /** Waits until the console shows this; `typing` is typed again and again meanwhile. */
  async shows(text: string, typing = ''): Promise<void> {
    for (let waited = 0; waited < 60_000 && this.qemu.exitCode === null; waited += 200) {
      if (this.console.includes(text)) return;
      if (typing) this.qemu.stdin?.write(typing);
      await sleep(200);
    }
    throw new Error(`the console never showed "${text}":\n${this.console}\n${this.errors}`);
  }
}

describe('a real QEMU with our TPM as its emulator', function () {
  this.timeout(180_000);
  let folder: string;
  const children = new Children();
  const started: ServeProcess[] = [];
  before(function () {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-qemu-tpm-'));
    const missing = [
      ...(has(QEMU) ? [] : ['qemu-system-ppc']),
      ...(has('cc') ? [] : ['gcc libc6-dev']),
      ...['socat', 'tshark'].filter(program => !has(program)),
    ];
    if (missing.length > 0) {
      console.log(`      skipped: not installed: apt-get install ${missing.join(' ')}`);
      this.skip();
    }
    const built = spawnSync('npm', ['run', '--silent', 'build:native'], { encoding: 'utf8' });
    expect(built.status, built.stderr).to.equal(0);
  });
  after(async () => {
    children.end();
    for (const serving of started) await serving.end('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function serve(name: string, ...more: readonly string[]): Promise<{ control: string; serving: ServeProcess }> {
    const control = join(folder, name);
    const serving = await ServeProcess.start('--ctrl', `unix:${control}`, ...more);
    started.push(serving);
    expect(serving.said).to.contain('which also takes a descriptor for commands');
    expect(statSync(control).mode & 0o777).to.equal(0o600);
    return { control, serving };
  }

  it('firmware starts it, measures, and shows its menu; QEMU takes its state to a file and back into another', async () => {
    const log = join(folder, 'log.pcap');
    const { control, serving } = await serve('one', '--log', log);
    const slof = new Slof(children, control, '-monitor', `unix:${join(folder, 'monitor')},server,nowait`);
    await slof.shows('1. Clear TPM', 't');
    await slof.shows('2. Change active PCR banks');
    const saved = join(folder, 'saved');
    const migrated = spawnSync(
      'sh',
      ['-c', `printf 'migrate "exec:cat >${saved}"\\nquit\\n' | timeout 60 socat -t 30 - UNIX-CONNECT:${join(folder, 'monitor')}`],
      {
        encoding: 'utf8',
      },
    );
    expect(migrated.status, migrated.stderr).to.equal(0);
    expect(await serving.ended, 'QEMU tells it to shut down').to.equal(0);
    expect(existsSync(control)).to.equal(false);
    const messages = execute('tshark', ['-r', log]);
    for (const name of ['Startup', 'SelfTest', 'GetCapability', 'PCR_Extend']) expect(messages).to.contain(`TPM2_CC_${name}`);

    const second = join(folder, 'second.pcap');
    const other = await serve('two', '--log', second);
    const resumed = new Slof(children, other.control, '-incoming', `exec:cat ${saved}`);
    // The menu still stands there. Firmware started its TPM in the other process: this one must go on with it.
    for (let waited = 0; waited < 60_000 && !execute('tshark', ['-r', second]).includes('TPM2_CC_Clear,'); waited += 1000) {
      resumed.qemu.stdin?.write('1');
      await sleep(1000);
    }
    const after = execute('tshark', ['-r', second]);
    expect(after).to.contain('TPM2_CC_Clear').and.not.contain('TPM2_CC_Startup');
    expect(other.serving.said).not.to.contain('state refused');
  });
});

function execute(program: string, args: readonly string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout;
}
