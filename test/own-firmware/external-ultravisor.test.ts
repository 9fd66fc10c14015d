import { expect } from 'chai';
import { sameBytes, utf8 } from '../../src/bytes/index.ts';
import { loadScenario, runScenario, withOverrides } from '../../src/scenario/index.ts';
import type { AnyEvent } from '../../src/sim/index.ts';
import { SimulatorError } from '../../src/sim/index.ts';
import { HELLO, standIn, type Wire } from './helpers.ts';

const FIRST_BOOT = 'fixtures/scenarios/first-boot.yaml';
const UV_ESM = 0xf110n;
const SECURE_PHASE = 2;

/** Runs first-boot on a stand-in that is honest until UV_ESM comes. */
async function firstBoot(onEsm: (wire: Wire) => void, others: (wire: Wire) => void = () => {}, patienceMs = 2_000) {
  let entered = false;
  const server = await standIn(wire => {
    if (wire.name === 'HELLO') wire.say('HELLO', HELLO);
    else if (wire.name === 'START') wire.say('DONE', {});
    else if (wire.name === 'ASK') wire.say('SVM', { phase: SECURE_PHASE });
    else if (wire.name === 'ENTER' && !entered && wire.body.registers.r3 === UV_ESM) {
      entered = true;
      onEsm(wire);
    } else others(wire);
  });
  try {
    const events: AnyEvent[] = [];
    const loaded = await loadScenario(FIRST_BOOT);
    const { host } = loaded.document;
    const over = { ...loaded, document: { ...loaded.document, host: { ...host, ultravisor: { external: server.place, patienceMs } } } };
    const report = await runScenario(over, { onEvent: event => events.push(event) });
    return { report, events };
  } finally {
    server.close();
  }
}

describe('a run with an external Ultravisor that fails', () => {
  it('killed: the host stops, and the run says in the midst of what', async () => {
    const { report, events } = await firstBoot(({ socket }) => socket.destroy());
    expect(report.ok).to.equal(false);
    expect(stop(events)).to.match(/the external Ultravisor "stand-in": (it hung up|the connection broke.*) in the midst of ENTER/);
  });

  it('hung: the host stops when its patience ends', async () => {
    const { report, events } = await firstBoot(
      () => {},
      () => {},
      50,
    );
    expect(report.ok).to.equal(false);
    expect(stop(events)).to.equal('the external Ultravisor "stand-in": it gave no answer to ENTER within 50 ms');
  });

  it('that says what is no message: it is told so, and the host stops', async () => {
    const { events } = await firstBoot(({ raw }) => raw(Uint8Array.of(0, 0, 0, 5, 0x66, 0, 0, 0, 1)));
    expect(stop(events)).to.contain('it broke the protocol: 0x66 is no type of message');
  });

  it('that gives an answer nobody waits for: the same', async () => {
    const { events } = await firstBoot(({ say, body }) => say('LEAVE', { registers: body.registers }, 4711));
    expect(stop(events)).to.contain('it broke the protocol: LEAVE with id 4711 came');
  });

  it('that never leaves the hypervisor alone ends by the limit of events', async () => {
    const server = await standIn(wire => {
      if (wire.name === 'HELLO') wire.say('HELLO', HELLO);
      else if (wire.name === 'START') wire.say('DONE', {});
      else wire.say('TELL', { kind: 0, name: utf8(''), text: utf8('again') }, 1);
      if (wire.name === 'ENTER') for (let i = 0; i < 3000; i++) wire.say('TELL', { kind: 0, name: utf8(''), text: utf8('again') }, 1);
    });
    try {
      const scenario = withOverrides(await loadScenario(FIRST_BOOT), { ultravisor: server.place });
      const report = await runScenario(scenario, { limits: { events: 1500 } });
      expect(report.ended?.reason).to.equal('event limit');
    } finally {
      server.close();
    }
  });

  it('that claims the guest is secure without looking: no-forgery is violated', async () => {
    const S = 1n << 22n;
    const { report } = await firstBoot(
      ({ say, body }) => {
        const { registers } = body;
        say('LEAVE', { registers: { ...registers, msr: registers.msr | S, pc: registers.r4, r3: registers.r5 } });
      },
      wire => {
        if (wire.name === 'ENTER') wire.say('LEAVE', { registers: { ...wire.body.registers, r3: 0n } });
        if (wire.name === 'TRANSLATE') wire.say('MAPPED', { result: 1, ra: 0n });
      },
    );
    const [forgery] = report.invariants.filter(({ name }) => name === 'no-forgery');
    expect(forgery?.ok).to.equal(false);
    expect(forgery?.text).to.contain("the kernel of vm is not the owner's from byte 0 on");
  });

  it('nobody listens: the environment failed', async () => {
    const scenario = withOverrides(await loadScenario(FIRST_BOOT), { ultravisor: 'unix:/nowhere/uv.sock' });
    const error = await runScenario(scenario).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(SimulatorError);
    expect((error as SimulatorError).message).to.contain('nobody listens at unix:/nowhere/uv.sock');
  });

  it('another version: the environment failed, and says which', async () => {
    const server = await standIn(({ say }) => say('HELLO', { ...HELLO, version: 9 }));
    try {
      const scenario = withOverrides(await loadScenario(FIRST_BOOT), { ultravisor: server.place });
      const error = await runScenario(scenario).catch((thrown: unknown) => thrown);
      expect((error as SimulatorError).message).to.contain('it speaks version 9 of the protocol, this simulator version 1');
    } finally {
      server.close();
    }
  });
});

describe('what a firmware asks for', () => {
  /** Asks one thing at UV_ESM; what came, and the run afterwards. */
  async function ask(name: Parameters<Wire['say']>[0], body: object): Promise<Wire> {
    let came: Wire | undefined;
    let registers: object = {};
    let enter = 0;
    await firstBoot(
      wire => {
        registers = wire.body.registers;
        enter = wire.id;
        wire.say(name, body, 99);
      },
      wire => {
        if (wire.id === 99) {
          came = wire;
          wire.say('LEAVE', { registers }, enter);
        }
      },
    );
    if (!came) throw new RangeError('nothing came');
    return came;
  }
  const SECURE = (1n << 48n) + 0x1000_0000n;

  it('memory that is not there is refused with the address', async () => {
    const { name, body } = await ask('READ', { ra: 1n << 60n, length: 8 });
    expect(name).to.equal('REFUSED');
    expect(body.code).to.equal(2);
    expect(new TextDecoder().decode(body.text)).to.contain('0x1000000000000000');
  });

  it('a range that leaves its page is refused', async () => {
    const { body } = await ask('WRITE', { ra: SECURE + 0xffffn, bytes: Uint8Array.of(1, 2) });
    expect(new TextDecoder().decode(body.text)).to.contain('leave the page');
  });

  it('random bytes are those of the run: the same each time', async () => {
    const [one, two] = [await ask('RANDOM', { count: 32 }), await ask('RANDOM', { count: 32 })];
    expect(one.name).to.equal('DATA');
    expect(one.body.bytes).to.have.length(32);
    expect(sameBytes(one.body.bytes, two.body.bytes)).to.equal(true);
  });
});

const stop = (events: readonly AnyEvent[]): string => {
  const stopped = events.find(event => event.kind === 'state' && event.data.of === 'host' && event.data.to === 'stopped');
  return stopped?.kind === 'state' ? stopped.data.why : 'the host did not stop';
};
