import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { concat, encode, fromHex, toHex, UINT32 } from '../../src/bytes/index.ts';
import { CONTROL, type ControlName, type ControlRequest, controlRequest, parseListenAddress } from '../../src/protocols/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { type Protocol, ServedTpm, type StartupKind, serveTpm, type TpmServer } from '../../src/tpm-serve/index.ts';
import { openBackend } from '../../src/tpmrm/index.ts';
import { Client, until } from './client.ts';
import { extendPcr, GET_RANDOM, READ_CLOCK, readPcr, SHUTDOWN_STATE, STARTUP } from './commands.ts';

const OK = '00000000';
const RANDOM = /^80010000001400000000(0008)[0-9a-f]{16}$/;
const NOT_STARTED = '80010000000a00000100';
const FAILURE = '80010000000a00000101';

interface Served {
  readonly server: TpmServer;
  readonly lines: string[];
  data(): Client;
  control(): Client;
  /** One control command on a connection of its own; its answer as hex. */
  ask<N extends ControlName>(name: N, request: ControlRequest<N>, answerBytes?: number): Promise<string>;
}

const servers: { server: TpmServer; tpm: ServedTpm }[] = [];
let elapsedNs = 0n;

async function serve(options: { protocol?: Protocol; startup?: StartupKind; listen?: string; control?: string } = {}): Promise<Served> {
  const { protocol = 'swtpm', startup = 'clear', listen = 'tcp:0', control } = options;
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const tpm = new ServedTpm({ random: new Random('serve'), clock: new Clock(), nowNs: () => elapsedNs, startup, onLine });
  const at = { listen: parseListenAddress(listen), control: control === undefined ? ('next' as const) : parseListenAddress(control) };
  const server = await serveTpm(tpm, { protocol, ...at, onLine });
  servers.push({ server, tpm });
  const clientOf = (address: TpmServer['data']) => new Client(address ?? expect.fail('it does not listen there'));
  return {
    server,
    lines,
    data: () => clientOf(server.data),
    control: () => clientOf(server.control),
    async ask(name, request, answerBytes = 4) {
      const client = clientOf(server.control);
      const answer = await client.ask(controlRequest(name, request), answerBytes);
      client.end();
      return answer;
    },
  };
}

afterEach(async () => {
  for (const { server, tpm } of servers.splice(0)) {
    await server.close();
    await tpm.close();
  }
});

describe("swtpm's data channel", () => {
  it('answers commands as they come: in pieces, several at once, one connection each', async () => {
    const { data } = await serve();
    const client = data();
    for (const byte of GET_RANDOM) {
      client.send(Uint8Array.of(byte));
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(toHex(await client.response())).to.match(RANDOM);
    client.send(concat(GET_RANDOM, GET_RANDOM, GET_RANDOM));
    for (let i = 0; i < 3; i++) expect(toHex(await client.response())).to.match(RANDOM);
    for (let i = 0; i < 5; i++) {
      const other = data();
      expect(await other.ask(GET_RANDOM)).to.match(RANDOM);
      other.end();
    }
  });

  it('takes a locality in front of a command, as swtpm does', async () => {
    const { data } = await serve();
    const extend = extendPcr(20); // localities 1 to 3
    const prefix = (locality: number) => concat(encode(UINT32, 8), Uint8Array.of(locality), encode(UINT32, extend.length));
    expect(await data().ask(concat(prefix(0), extend), 18)).to.equal(`0000000a${'80010000000a00000907'}00000000`);
    expect(await data().ask(concat(prefix(2), extend), 18)).to.match(/^00000013/);
  });

  it('answers bytes that are no command as swtpm does, and ends the connection that sent them, and no other', async () => {
    const { data } = await serve();
    const client = data();
    expect(await client.ask('8001 0000ffff 0000017b 0008')).to.equal('80010000000a00000142');
    await until(() => client.closed, 'that connection is over');
    expect(await data().ask('ffffffffffffffffffffffff')).to.equal('80010000000a00000084');
    expect(await data().ask(GET_RANDOM)).to.match(RANDOM);
  });

  it('lets real time pass', async () => {
    const client = (await serve()).data();
    const clock = async () => BigInt(`0x${(await client.ask(READ_CLOCK)).slice(20, 36)}`);
    const before = await clock();
    elapsedNs += 5_000_000_000n;
    expect((await clock()) - before).to.equal(5000n);
  });
});

describe('clients that misbehave', () => {
  it('harm nobody: they hang, leave within a command, do not read, flood', async () => {
    const { data, control, lines } = await serve();
    const hanging = data();
    hanging.send(GET_RANDOM.slice(0, 7));
    const leaving = data();
    leaving.send(GET_RANDOM.slice(0, 11));
    await until(() => lines.filter(line => line.endsWith('connected')).length === 2, 'both connected');
    leaving.end();
    const hangingControl = control();
    hangingControl.send('0000000d 00000000 00000001 00001000 0102');
    // Commands by the hundred, answers never read.
    const flooding = data();
    flooding.socket.pause();
    const many = concat(...Array.from({ length: 500 }, () => GET_RANDOM));
    for (let i = 0; i < 20; i++) flooding.send(many);
    const polite = data();
    for (let i = 0; i < 20; i++) expect(await polite.ask(GET_RANDOM)).to.match(RANDOM);
    await until(() => lines.some(line => line.includes('within a message, after 11 bytes')), 'who left was noticed');
  });

  it('that only hold connections make room when there are too many', async () => {
    const { data, lines } = await serve();
    const first = data();
    expect(await first.ask(GET_RANDOM)).to.match(RANDOM);
    const silent = Array.from({ length: 70 }, () => data());
    await until(() => lines.filter(line => line.includes('makes room')).length >= 7, 'the longest silent were ended');
    const late = data();
    expect(await late.ask(GET_RANDOM)).to.match(RANDOM);
    expect(silent.filter(({ closed }) => closed).length).to.be.greaterThan(0);
  });

  it('of the control channel are told, and the rest goes on', async () => {
    const { control, ask } = await serve();
    const first = control();
    expect(await first.ask('00000077', 4)).to.equal('0000000a');
    await until(() => first.closed, 'the connection of an unknown command is over');
    const client = control();
    // A state of 4 GiB is announced.
    expect(await client.ask('0000000d 00000000 00000001 ffffffff', 4)).to.equal('00000003');
    await until(() => client.closed, 'that connection is over');
    expect(await ask('CANCEL_TPM_CMD', {})).to.equal(OK);
  });
});

describe("swtpm's control channel", () => {
  it('has its bits for what it can do', async () => {
    const { ask, server } = await serve();
    // All of tpm_ioctl.h but SET_DATAFD, which needs the relay.
    expect(server.takesDescriptors).to.equal(false);
    expect(await ask('GET_CAPABILITY', {}, 8)).to.equal('000000000001efff');
    expect(await ask('SET_DATAFD', {})).to.equal('0000001f');
  });

  it('sets the locality with one byte or four, in one piece or two, one command after the other', async () => {
    const { control, data } = await serve();
    const extend = async () => (await data().ask(extendPcr(20))).slice(12, 20);
    const client = control();
    expect(await client.ask('00000005 02', 4)).to.equal(OK);
    expect(await extend()).to.equal(OK);
    expect(await client.ask('00000005 00000000', 4)).to.equal(OK);
    expect(await extend()).to.equal('00000907');
    client.send('00000005 03');
    expect(toHex(await client.take(4))).to.equal(OK);
    client.send('000000');
    expect(await extend()).to.equal(OK);
    expect(await client.ask('00000005 00 00000005 04000000 00000005 07 00000009', 16)).to.equal(`${OK}${OK}0000003d${OK}`);
  });

  it('switches off and on; a TPM that is off answers FAILURE', async () => {
    const { ask, data } = await serve();
    expect(await ask('STOP', {})).to.equal(OK);
    expect(await data().ask(GET_RANDOM)).to.equal(FAILURE);
    for (const name of Object.keys(CONTROL) as ControlName[])
      if (CONTROL[name].when === 'running' && !['HASH_DATA', 'RESET_TPMESTABLISHED', 'GET_STATEBLOB'].includes(name))
        expect(await ask(name, {} as never), name).to.equal('0000000a');
    expect(await ask('INIT', { init_flags: 0 })).to.equal(OK);
    expect(await data().ask(GET_RANDOM)).to.equal(NOT_STARTED);
    expect(await data().ask(STARTUP)).to.equal('80010000000a00000000');
  });

  it('measures a launch: PCR 0 before Startup, PCR 17 after; the bit stays until locality 3 or 4 takes it back', async () => {
    const { ask, data } = await serve({ startup: 'none' });
    const launch = async () => {
      for (const [name, request] of [
        ['HASH_START', {}],
        ['HASH_DATA', { data: fromHex('61') }],
        ['HASH_DATA', { data: fromHex('6263') }],
        ['HASH_END', {}],
      ] as const)
        expect(await ask(name, request), name).to.equal(OK);
    };
    const pcr = async (n: number) => (await data().ask(readPcr(n))).slice(-64);
    expect(await ask('GET_TPMESTABLISHED', {}, 8)).to.equal('0000000000000000');
    await launch();
    await data().ask(STARTUP);
    // Both as swtpm 0.7.1 gives them: SHA-256 of 00…04 and SHA-256("abc"), of 00…00 and SHA-256("abc").
    expect(await pcr(0)).to.equal('15703cc929081671c587dad9b09606521a35aa6bf4741df448d22c4b307acc71');
    expect(await pcr(17)).to.equal('ff'.repeat(32));
    await launch();
    expect(await pcr(17)).to.equal('589f9ffed4c477966bfb8d41f37895b08c69047df8f911d6f3b57fbe08faee8d');
    expect(await pcr(18)).to.equal('00'.repeat(32));
    expect(await ask('GET_TPMESTABLISHED', {}, 8)).to.equal('0000000001000000');
    expect(await ask('RESET_TPMESTABLISHED', { loc: 2 })).to.equal('0000003d');
    await ask('INIT', { init_flags: 0 });
    expect(await ask('GET_TPMESTABLISHED', {}, 8), 'it survives a reset').to.equal('0000000001000000');
    expect(await ask('RESET_TPMESTABLISHED', { loc: 3 })).to.equal(OK);
    expect(await ask('GET_TPMESTABLISHED', {}, 8)).to.equal('0000000000000000');
  });

  it('gives its state to another server, where it goes on as if nothing had happened', async () => {
    const [one, other] = [await serve(), await serve()];
    await one.data().ask(extendPcr(5));
    const expected = await one.data().ask(readPcr(5));
    const blob = async (type: number) => {
      const client = one.control();
      client.send(controlRequest('GET_STATEBLOB', { state_flags: 1, type, offset: 0 }));
      const head = await client.take(16);
      return { head: toHex(head.slice(0, 8)), data: await client.take(new DataView(head.buffer).getUint32(12)) };
    };
    const [permanent, volatile, saved] = [await blob(1), await blob(2), await blob(3)];
    expect([permanent.head, volatile.head, saved.head]).to.deep.equal([OK + OK, OK + OK, `00000800${OK}`]);
    const set = (type: number, data: Uint8Array) => other.ask('SET_STATEBLOB', { state_flags: 0, type, data });
    expect(await set(1, permanent.data), 'while it runs').to.equal('0000000a');
    await other.ask('STOP', {});
    const damaged = permanent.data.map((byte, i) => (i === 200 ? byte ^ 1 : byte));
    expect(await set(1, damaged)).to.equal('00000003');
    expect(other.lines.join()).to.contain('state refused: byte');
    expect(await set(1, permanent.data)).to.equal(OK);
    expect(await set(2, volatile.data)).to.equal(OK);
    expect(await other.ask('INIT', { init_flags: 1 })).to.equal(OK);
    expect(await other.data().ask(readPcr(5))).to.equal(expected);
    // The same generator in the same state: the very next number is the same.
    expect(await other.data().ask(GET_RANDOM)).to.equal(await one.data().ask(GET_RANDOM));
  });

  it('refuses volatile state that goes with another permanent one, and stays off', async () => {
    const { ask, control, data, lines } = await serve();
    const client = control();
    client.send(controlRequest('GET_STATEBLOB', { state_flags: 1, type: 2, offset: 0 }));
    const head = await client.take(16);
    const stale = await client.take(new DataView(head.buffer).getUint32(12));
    await ask('INIT', { init_flags: 0 });
    await ask('STOP', {});
    expect(await ask('SET_STATEBLOB', { state_flags: 0, type: 2, data: stale })).to.equal(OK);
    expect(await ask('INIT', { init_flags: 1 })).to.equal('00000009');
    expect(lines.join()).to.contain('taken after power-on 1, the permanent state after power-on 2');
    expect(await data().ask(GET_RANDOM)).to.equal(FAILURE);
  });

  it('keeps volatile state over STOP and INIT when told to, until it is to be forgotten', async () => {
    const { ask, data } = await serve();
    await ask('STORE_VOLATILE', {});
    for (const init_flags of [0, 0, 1]) {
      await ask('STOP', {});
      expect(await ask('INIT', { init_flags })).to.equal(OK);
      expect(await data().ask(GET_RANDOM)).to.match(RANDOM);
    }
    await ask('STOP', {});
    await ask('INIT', { init_flags: 0 });
    expect(await data().ask(GET_RANDOM)).to.equal(NOT_STARTED);
  });

  it('tells sizes, configuration and what it is', async () => {
    const { ask } = await serve();
    expect(await ask('SET_BUFFERSIZE', { buffersize: 0 }, 16)).to.equal('000000000000100000000af800001000');
    expect(await ask('SET_BUFFERSIZE', { buffersize: 3000 })).to.equal('0000000a');
    await ask('STOP', {});
    expect(await ask('SET_BUFFERSIZE', { buffersize: 1 }, 16)).to.equal('0000000000000af800000af800001000');
    expect(await ask('GET_CONFIG', {}, 8)).to.equal('0000000000000000');
    expect(await ask('GET_INFO', { flags: 1n, offset: 0, pad: 0 }, 75)).to.match(/^000000000000003f0000003f7b2254504d53/);
  });

  it('ends the server when asked to', async () => {
    const { ask, server } = await serve();
    expect(await ask('SHUTDOWN', {})).to.equal(OK);
    expect(await server.asked).to.contain('SHUTDOWN');
  });
});

describe("the simulator's protocol", () => {
  const send = (code: number, more = '') => `${code.toString(16).padStart(8, '0')}${more}`;
  const command = (bytes: Uint8Array, locality = 0) =>
    concat(encode(UINT32, 8), Uint8Array.of(locality), encode(UINT32, bytes.length), bytes);

  it('has commands with a locality on one port and the switches on the next', async () => {
    const { data, control, server } = await serve({ protocol: 'mssim' });
    const [{ port }, next] = [server.data as { port: number }, server.control as { port: number }];
    expect(next.port).to.equal(port + 1);
    const [tpm, platform] = [data(), control()];
    expect(await platform.ask(send(1), 4), 'a TPM that is on stays on').to.equal(OK);
    expect(await platform.ask(send(11), 4)).to.equal(OK);
    expect(await tpm.ask(command(GET_RANDOM), 28)).to.match(/^00000014.{40}00000000$/);
    expect(await tpm.ask(command(extendPcr(20)), 18)).to.equal(`0000000a80010000000a00000907${OK}`);
    expect(await tpm.ask(command(extendPcr(20), 3), 27)).to.match(/^00000013/);
    expect(await tpm.ask(send(15, '00000001'), 12)).to.equal(`0000000100000009${OK}`);
    expect(await platform.ask(send(25), 12)).to.equal(`0000100000001000${OK}`);
    expect(await platform.ask(send(12), 4)).to.equal(OK);
    expect(await tpm.ask(command(SHUTDOWN_STATE), 18)).to.equal(`0000000a80010000000a00000923${OK}`);
    expect(await platform.ask(send(11), 4)).to.equal(OK);
    for (const code of [3, 4, 9, 10, 13, 14]) expect(await platform.ask(send(code), 4)).to.equal(OK);
    for (const reset of [[2, 1], [17], [18]]) {
      for (const code of reset) expect(await platform.ask(send(code), 4)).to.equal(OK);
      expect(await tpm.ask(command(GET_RANDOM), 18)).to.equal(`0000000a${NOT_STARTED}${OK}`);
    }
  });

  it('measures a launch on either port, and ends a session or the server', async () => {
    const { data, control, server } = await serve({ protocol: 'mssim' });
    const [tpm, platform] = [data(), control()];
    expect(await tpm.ask(send(5), 4)).to.equal(OK);
    expect(await platform.ask(send(6, '00000003616263'), 4)).to.equal(OK);
    expect(await tpm.ask(send(7), 4)).to.equal(OK);
    const answer = await tpm.ask(command(readPcr(17)), 70);
    expect(answer).to.contain('589f9ffed4c477966bfb8d41f37895b08c69047df8f911d6f3b57fbe08faee8d');
    tpm.send(send(20));
    await until(() => tpm.closed, 'the session ended');
    platform.send(send(21));
    expect(await server.asked).to.equal('a client asked for it');
  });

  it('ends the connection of whoever speaks otherwise, and only that', async () => {
    const { data, control, lines } = await serve({ protocol: 'mssim' });
    for (const [client, said] of [
      [data(), '80010000'],
      [data(), send(1)],
      [control(), send(8)],
      [data(), send(8, '00ffffffff')],
    ] as const) {
      client.send(said);
      await until(() => client.closed, said);
    }
    expect(lines.join()).to.contain('SIGNAL_POWER_ON to the command port').and.contain('no message of this protocol');
    expect(await data().ask(command(GET_RANDOM), 28)).to.match(/^00000014/);
  });
});

describe('our own backends', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-tpm-serve-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const [protocol, listen] of [
    ['swtpm', 'tcp:0'],
    ['swtpm', `unix:${join(folder, 'data')}`],
    ['mssim', 'tcp:0'],
  ] as const)
    it(`use it as they use the real one: ${protocol} on ${listen.slice(0, 4)}`, async () => {
      const { server } = await serve({ protocol, listen });
      const at = server.data ?? expect.fail();
      const kind = protocol === 'mssim' ? 'mssim' : 'path' in at ? 'swtpm-unix' : 'swtpm-tcp';
      const backend = await openBackend({ kind, ...at } as Parameters<typeof openBackend>[0], {});
      expect(toHex(await backend.transmit(GET_RANDOM))).to.match(RANDOM);
      if (!('path' in at)) {
        await backend.reset?.();
        expect(toHex(await backend.transmit(GET_RANDOM))).to.equal(NOT_STARTED);
      }
      await backend.close();
    });
});

describe('A client at the wrong port', () => {
  it('that sends a TPM command to the control channel is told in the log where commands go', async () => {
    const { control, lines, server } = await serve();
    const client = control();
    client.send(fromHex('80010000000c0000017b0010'));
    await until(() => lines.some(line => line.includes('0x80010000 looks like a TPM command, and this is the control channel')), 'the log');
    const port = server.data && 'port' in server.data ? server.data.port : expect.fail('it does not listen');
    expect(lines.join('\n')).to.match(new RegExp(`commands go to .*\\b${port}\\b`));
    client.end();
  });

  it("that sends a TPM command without the simulator's frame is told which protocol takes it", async () => {
    const { data, lines } = await serve({ protocol: 'mssim' });
    const client = data();
    client.send(fromHex('80010000000c0000017b0010'));
    await until(() => lines.some(line => line.includes('it looks like a TPM command without a frame')), 'the log');
    expect(lines.join('\n')).to.contain('--protocol swtpm');
  });

  it('that sends a control request to the data channel is told so', async () => {
    const { data, lines } = await serve();
    const client = data();
    client.send(fromHex('00000010'));
    await until(() => lines.some(line => line.includes('0x00000010 begins no TPM command')), 'the log');
    client.end();
  });
});
