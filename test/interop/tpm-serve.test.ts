import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { controlRequest } from '../../src/protocols/index.ts';
import { Client, until } from '../tpm-serve/client.ts';
import { ServeProcess } from './serve-process.ts';

const skipWithout = (context: Mocha.Context, programs: Readonly<Record<string, string>>): void => {
  const missing = Object.entries(programs).filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  if (missing.length === 0) return;
  console.log(`      skipped: not installed: apt-get install ${missing.map(([, apt]) => apt).join(' ')}`);
  context.skip();
};

describe('svm-sim tpm serve as a process', () => {
  let folder: string;
  const started: ServeProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-tpm-serve-'));
    writeFileSync(join(folder, 'msg'), 'hello, tpm');
  });
  afterEach(async () => {
    for (const serving of started.splice(0)) await serving.end('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function serve(...args: readonly string[]): Promise<ServeProcess> {
    const serving = await ServeProcess.start(...args);
    started.push(serving);
    return serving;
  }
  const run = (serving: ServeProcess, program: string, ...args: readonly string[]): string => {
    const tcti = `swtpm:host=127.0.0.1,port=${serving.port}`;
    const env = { ...process.env, TPM2TOOLS_TCTI: tcti, TPM2OPENSSL_TCTI: tcti };
    return execFileSync(program, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };

  it('holds keys that OpenSSL signs and decrypts with', async function () {
    skipWithout(this, { openssl: 'openssl' });
    const serving = await serve('--listen', 'tcp:0', '-q');
    const openssl = (...args: readonly string[]) => run(serving, 'openssl', ...args);
    try {
      openssl('rand', '-provider', 'tpm2', '-hex', '8');
    } catch (error) {
      if (!String((error as { stderr?: unknown }).stderr).includes('unable to load provider tpm2')) throw error;
      console.log('      skipped: OpenSSL has no provider "tpm2": apt-get install tpm2-openssl');
      this.skip();
    }
    const withTpm = ['-provider', 'tpm2', '-provider', 'default', '-propquery', '?provider=tpm2'];
    for (const [algorithm, option] of [
      ['RSA', 'bits:2048'],
      ['EC', 'group:P-256'],
    ] as const) {
      openssl('genpkey', '-provider', 'tpm2', '-algorithm', algorithm, '-pkeyopt', option, '-out', 'key');
      openssl('pkey', '-provider', 'tpm2', '-provider', 'base', '-in', 'key', '-pubout', '-out', 'pub');
      openssl('dgst', ...withTpm, '-sha256', '-sign', 'key', '-out', 'sig', 'msg');
      expect(openssl('dgst', '-sha256', '-verify', 'pub', '-signature', 'sig', 'msg')).to.equal('Verified OK\n');
      if (algorithm !== 'RSA') continue;
      openssl('pkeyutl', '-encrypt', '-pubin', '-inkey', 'pub', '-in', 'msg', '-out', 'cipher');
      expect(openssl('pkeyutl', ...withTpm, '-decrypt', '-inkey', 'key', '-in', 'cipher')).to.equal('hello, tpm');
    }
    expect(openssl('rand', '-provider', 'tpm2', '-hex', '8')).to.match(/^[0-9a-f]{16}\n$/);
  });

  it('keeps keys and NV memory over SIGTERM, and gives them back after SIGKILL', async function () {
    skipWithout(this, { tpm2_nvdefine: 'tpm2-tools' });
    const state = join(folder, 'state');
    let serving = await serve('--listen', 'tcp:0', '--state', state);
    run(serving, 'tpm2_nvdefine', '-C', 'o', '-s', '10', '-a', 'ownerread|ownerwrite', '0x1500001');
    run(serving, 'tpm2_nvwrite', '-C', 'o', '-i', 'msg', '0x1500001');
    run(serving, 'tpm2_createprimary', '-Q', '-C', 'o', '-G', 'ecc', '-c', 'p');
    run(serving, 'tpm2_evictcontrol', '-C', 'o', '-c', 'p', '0x81000001');
    const key = run(serving, 'tpm2_readpublic', '-c', '0x81000001');
    expect(await serving.end('SIGTERM'), 'it ends in order').to.equal(0);
    for (const end of ['SIGKILL', 'SIGTERM'] as const) {
      serving = await serve('--listen', 'tcp:0', '--state', state);
      expect(run(serving, 'tpm2_nvread', '-C', 'o', '0x1500001')).to.equal('hello, tpm');
      expect(run(serving, 'tpm2_readpublic', '-c', '0x81000001')).to.equal(key);
      await serving.end(end);
    }
  });

  it('gives its state to swtpm_ioctl and takes it back', async function () {
    skipWithout(this, { swtpm_ioctl: 'swtpm-tools', tpm2_pcrread: 'tpm2-tools' });
    const serving = await serve('--listen', 'tcp:0', '-q');
    const ioctl = (...args: readonly string[]) => run(serving, 'swtpm_ioctl', '--tcp', `127.0.0.1:${serving.port + 1}`, ...args);
    expect(ioctl('-c')).to.equal('ptm capability is 0x1efff\n');
    expect(ioctl('--info', '1')).to.contain('"family":"2.0"');
    ioctl('-h', 'abc');
    expect(ioctl('-e')).to.equal('tpmEstablished is 1\n');
    ioctl('-r', '3');
    expect(ioctl('-e')).to.equal('tpmEstablished is 0\n');
    const launched = run(serving, 'tpm2_pcrread', 'sha256:17');
    for (const part of ['permanent', 'volatile']) ioctl('--save', part, part);
    run(serving, 'tpm2_pcrevent', '16', 'msg');
    ioctl('--stop');
    for (const part of ['permanent', 'volatile']) ioctl('--load', part, part);
    ioctl('-i');
    expect(run(serving, 'tpm2_pcrread', 'sha256:17')).to.equal(launched);
    expect(run(serving, 'tpm2_pcrread', 'sha256:16')).to.match(/0x0{64}/);
    ioctl('-s');
    expect(await serving.ended).to.equal(0);
  });

  it('speaks through the relay to several clients, and ends though they stay', async function () {
    skipWithout(this, { cc: 'gcc libc6-dev' });
    const built = spawnSync('npm', ['run', '--silent', 'build:native'], { encoding: 'utf8' });
    expect(built.status, built.stderr).to.equal(0);
    const path = join(folder, 'ctrl');
    const serving = await serve('--ctrl', `unix:${path}`);
    const clients = [new Client({ path }), new Client({ path })];
    for (const client of clients) {
      expect(await client.ask(controlRequest('GET_CAPABILITY', {}), 8)).to.equal('000000000001ffff');
      // No descriptor came with it: there is nothing to connect.
      expect(await client.ask(controlRequest('SET_DATAFD', {}), 4)).to.equal('00000000');
    }
    expect(await serving.end()).to.equal(0);
    for (const client of clients) await until(() => client.closed, 'the relay ends its clients');
    expect(existsSync(path)).to.equal(false);
    // A socket that a killed server left is no hindrance.
    const killed = await serve('--ctrl', `unix:${path}`);
    await killed.end('SIGKILL');
    const again = await serve('--ctrl', `unix:${path}`);
    expect(await new Client({ path }).ask(controlRequest('STOP', {}), 4)).to.equal('00000000');
    expect(await again.end()).to.equal(0);
  });

  it('writes a capture that Wireshark dissects, which is whole also after SIGKILL', async function () {
    skipWithout(this, { tpm2_getrandom: 'tpm2-tools', tshark: 'tshark' });
    const log = join(folder, 'log.pcap');
    const serving = await serve('--listen', 'tcp:0', '--log', log);
    run(serving, 'tpm2_getrandom', '--hex', '8');
    run(serving, 'tpm2_pcrread', 'sha256:0');
    await serving.end('SIGKILL');
    const seen = execFileSync('tshark', ['-r', log], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    expect(seen).to.contain('Command TPM2_CC_GetRandom').and.contain('Command TPM2_CC_PCR_Read').and.contain('Response Code TPM2 Success');
    expect(seen).not.to.contain('Malformed');
  });
});
