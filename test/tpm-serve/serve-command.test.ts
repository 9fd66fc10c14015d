import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { toHex } from '../../src/bytes/index.ts';
import { CaptureReader } from '../../src/traffic/index.ts';
import { svmSim, svmSimWith } from '../cli/stand-in-io.ts';
import { Client, until } from './client.ts';
import { DATA, defineData, extendPcr, GET_RANDOM, rcOf, read, readPcr, readValue, SHUTDOWN_STATE, STARTUP, write } from './commands.ts';

describe('svm-sim tpm serve', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-tpm-command-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'tpm.sock');

  /** Serves on a Unix socket while `body` runs; what was said. */
  async function serving(args: readonly string[], body: (client: Client) => Promise<void>) {
    const interrupt = new AbortController();
    const run = svmSimWith({ signal: interrupt.signal }, 'tpm', 'serve', '--listen', `unix:${path}`, ...args);
    await Promise.race([until(() => existsSync(path), 'it listens'), run.then(said => expect.fail(said.err))]);
    const client = new Client({ path });
    try {
      await body(client);
    } finally {
      client.end();
      interrupt.abort();
    }
    return run;
  }

  it('serves a TPM that was started until it is interrupted, with its state in a folder, and writes a capture', async () => {
    const [state, log] = [join(folder, 'state'), join(folder, 'log.pcap')];
    const said = await serving(['--state', state, '--log', log], async client => {
      for (const command of [defineData, write(7n)]) {
        client.send(command);
        expect(rcOf(await client.response())).to.equal(0);
      }
    });
    expect({ status: said.status, err: said.err }).to.deep.equal({ status: 0, err: '' });
    expect(said.out).to.contain(`TPM 2.0 (swtpm): commands on unix:${path}; state in ${state}\n`);
    expect(existsSync(path)).to.equal(false);
    const sent = new CaptureReader().push(readFileSync(log)).map(({ direction, bytes }) => `${direction} ${toHex(bytes).slice(0, 20)}`);
    expect(sent)
      .to.have.length(4)
      .and.include(`command ${toHex(defineData).slice(0, 20)}`);
    const again = await serving(['--state', state, '-q'], async client => {
      client.send(read(DATA));
      expect(readValue(await client.response())).to.equal(7n);
    });
    expect(again.out).not.to.contain('connected');
  });

  it('waits for TPM2_Startup when told to', async () => {
    await serving(['--startup', 'none'], async client => {
      expect(await client.ask(GET_RANDOM)).to.equal('80010000000a00000100');
      expect(await client.ask(STARTUP)).to.equal('80010000000a00000000');
    });
  });

  it('resumes with --startup state what TPM2_Shutdown(STATE) kept', async () => {
    const state = join(folder, 'resumed');
    let before = '';
    await serving(['--state', state], async client => {
      await client.ask(extendPcr(2));
      before = (await client.ask(readPcr(2))).slice(-64);
      expect(await client.ask(SHUTDOWN_STATE)).to.equal('80010000000a00000000');
    });
    await serving(['--state', state, '--startup', 'state'], async client => {
      expect((await client.ask(readPcr(2))).slice(-64))
        .to.equal(before)
        .and.not.equal('0'.repeat(64));
    });
  });

  it('gives the same numbers for the same seed, and others without one', async () => {
    const given: string[] = [];
    const first = async (client: Client) => void given.push(await client.ask(GET_RANDOM));
    for (const args of [['--seed', '1'], ['--seed', '1'], [], []]) await serving(args, first);
    expect(given[0]).to.equal(given[1]);
    expect(new Set(given).size).to.equal(3);
  });

  it('says what is wrong with what it was given', async () => {
    const wrong = async (...args: readonly string[]) => {
      const { status, err } = await svmSim('tpm', 'serve', ...args);
      return `${status} ${err}`;
    };
    expect(await wrong('--protocol', 'swtmp'))
      .to.contain('2 ')
      .and.contain('Did you mean "swtpm"?');
    expect(await wrong('--startup', 'cler'))
      .to.contain('2 ')
      .and.contain('Did you mean "clear"?');
    expect(await wrong('--listen', 'somewhere'))
      .to.contain('2 --listen')
      .and.contain('no place to listen');
    expect(await wrong('--ctrl', 'elsewhere')).to.contain('2 --ctrl');
    expect(await wrong('--listen', 'tcp:65535')).to.contain('no port after 65535');
    expect(await wrong('--startup', 'state', '--listen', 'tcp:0'))
      .to.contain('2 ')
      .and.contain('TPM2_Startup(STATE) gave 0x000001c4');
    expect(await wrong('--log', join(folder, 'no', 'log'), '--listen', 'tcp:0')).to.contain('the capture cannot be written: ENOENT');
    expect(await wrong('--log', '/dev/full', '--listen', 'tcp:0'))
      .to.contain('3 /dev/full')
      .and.contain('ENOSPC');
    writeFileSync(join(folder, 'file'), '');
    expect(await wrong('--state', join(folder, 'file'), '--listen', 'tcp:0'))
      .to.contain('3 ')
      .and.contain("cannot hold a TPM's state");
  });

  it('scenarios find the TPM of the run before in a folder: the wrapping key is made once', async () => {
    const kept = join(folder, 'kept');
    const run = () => svmSim('run', 'fixtures/scenarios/fresh-host.yaml', '--tpm-state', kept);
    const [first, second] = [await run(), await run()];
    expect([first.status, second.status]).to.deep.equal([0, 0]);
    const count = (text: string) => text.match(/TPM2_CreatePrimary /g)?.length ?? 0;
    expect(count(first.out)).to.equal(1);
    expect(count(second.out)).to.equal(0);
    expect(existsSync(join(kept, 'host', 'permanent.tpm'))).to.equal(true);
    expect((await svmSim('run', 'fixtures/scenarios/fresh-host.yaml', '--tpm-state', kept, '--tpm', 'swtpm')).status).to.equal(2);
  });
});
