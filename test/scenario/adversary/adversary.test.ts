import { expect } from 'chai';
import { toHex } from '../../../src/bytes/index.ts';
import { fieldNames, fieldOf } from '../../../src/scenario/adversary/messages/message-fields.ts';
import { loadScenario, parseScenario, runScenario, type ScenarioReport } from '../../../src/scenario/index.ts';
import type { AnyEvent } from '../../../src/sim/index.ts';
import { decodeCommand, decodeResponse } from '../../../src/tpm/index.ts';

interface Message {
  readonly direction: 'tpm-request' | 'tpm-response';
  readonly code: number;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every message of an honest first boot. */
async function messages(): Promise<readonly Message[]> {
  const all: Message[] = [];
  const onEvent = (event: AnyEvent): void => {
    if (event.kind !== 'tpm.command' && event.kind !== 'tpm.response') return;
    const direction = event.kind === 'tpm.command' ? 'tpm-request' : 'tpm-response';
    const [sight] = event.sights;
    if (sight) all.push({ direction, code: event.data.code, name: event.data.name, bytes: sight.bytes });
  };
  await runScenario(await loadScenario('fixtures/scenarios/first-boot.yaml'), { onEvent });
  return all;
}

const play = async (rule: string, { steps = '', head = '' } = {}): Promise<{ report: ScenarioReport; events: AnyEvent[] }> => {
  const text = `version: 1\ninclude: ./_base.yaml\n${head}adversary:\n  - ${rule}\nsteps: [{ do: boot }, { do: start }, { do: enter-secure-mode }${steps}]\n`;
  const events: AnyEvent[] = [];
  const scenario = await parseScenario(text, 'fixtures/scenarios/adversary.yaml');
  return { report: await runScenario(scenario, { onEvent: event => void events.push(event) }), events };
};
const deeds = (events: readonly AnyEvent[]): string[] =>
  events.flatMap(event => (event.kind === 'adversary' ? [`${event.data.target}: ${event.data.detail}`] : []));

describe('Fields of TPM messages', () => {
  let all: readonly Message[];
  before(async () => {
    all = await messages();
  });

  it('are named as Part 3 does, in every message of a first boot', () => {
    const decrypt = all.filter(({ name }) => name === 'TPM2_RSA_Decrypt');
    const [request, response] = decrypt.map(({ direction, code, bytes }) => fieldNames(direction, code, bytes));
    expect(request).to.include.members([
      'tag',
      'commandSize',
      'commandCode',
      'authorizationSize',
      'handles.keyHandle',
      'sessions[0].nonceCaller',
      'sessions[0].hmac',
      'parameters.cipherText',
      'parameters.inScheme.scheme',
    ]);
    expect(response).to.include.members(['responseCode', 'parameterSize', 'sessions[0].nonceTPM', 'parameters.message']);
    for (const { direction, code, name, bytes } of all) expect(fieldNames(direction, code, bytes), name).not.to.have.length(0);
  });

  it('put back as they are give the same message', () => {
    let fields = 0;
    for (const { direction, code, bytes, name } of all) {
      for (const field of fieldNames(direction, code, bytes)) {
        const found = fieldOf(direction, code, bytes, field);
        expect(found, `${name} ${field}`).not.to.equal(null);
        for (const sizes of ['fixed', 'kept'] as const)
          expect(toHex(found?.replaced(found.contents, sizes) ?? new Uint8Array(0)), `${name} ${field} ${sizes}`).to.equal(toHex(bytes));
        fields++;
      }
    }
    expect(fields).to.be.greaterThan(200);
  });

  it('of another length give a message whose lengths are right, unless they are to be kept', () => {
    const [request, response] = all.filter(({ name }) => name === 'TPM2_RSA_Decrypt') as [Message, Message];
    const longer = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
    const cipherText = fieldOf('tpm-request', request.code, request.bytes, 'parameters.cipherText');
    const changed = cipherText?.replaced(longer, 'fixed') ?? new Uint8Array(0);
    expect(decodeCommand(changed)).to.deep.include({ sessions: decodeCommand(request.bytes).sessions });
    expect(decodeCommand(changed).params.cipherText).to.deep.equal(longer);
    expect(decodeCommand(changed).header.commandSize).to.equal(changed.length);
    const kept = cipherText?.replaced(longer, 'kept') ?? new Uint8Array(0);
    expect(new DataView(kept.buffer).getUint32(2)).to.equal(request.bytes.length);
    const hmac = fieldOf('tpm-response', response.code, response.bytes, 'sessions[0].hmac');
    const short = decodeResponse(response.code, hmac?.replaced(new Uint8Array(3), 'fixed') ?? new Uint8Array(0));
    expect(short.sessions[0]?.hmac).to.deep.equal(new Uint8Array(3));
  });

  it('inside of structures are reached, and every length around them is made right', () => {
    const read = all.findLast(({ name, direction }) => name === 'TPM2_ReadPublic' && direction === 'tpm-response') as Message;
    const policy = fieldOf('tpm-response', read.code, read.bytes, 'parameters.outPublic.authPolicy');
    expect(policy?.contents).to.have.length(32);
    const out = decodeResponse(read.code, policy?.replaced(new Uint8Array(0), 'fixed') ?? new Uint8Array(0));
    expect(out.returns.outPublic).to.have.property('authPolicy').that.has.length(0);
  });

  it('that a message does not have are nothing', () => {
    const [first] = all;
    expect(first && fieldOf(first.direction, first.code, first.bytes, 'parameters.none')).to.equal(null);
    expect(fieldOf('tpm-request', 0x159, Uint8Array.of(1, 2, 3), 'tag')).to.equal(null);
  });
});

describe('The adversary', () => {
  const CASES: readonly { readonly rule: string; readonly refusedBy?: string; readonly done: RegExp }[] = [
    {
      rule: '{ at: tpm-request, command: TPM2_RSA_Decrypt, do: set-field, field: handles.keyHandle, value: 0x81800000 }',
      done: /keyHandle becomes/,
    },
    { rule: '{ at: tpm-response, command: TPM2_PolicyOR, do: set-field, field: responseCode, value: TPM_RC_VALUE }', done: /TPM_RC_VALUE/ },
    { rule: '{ at: tpm-response, command: TPM2_RSA_Decrypt, do: respond, code: TPM_RC_LOCKOUT }', done: /TPM_RC_LOCKOUT/ },
    {
      rule: '{ at: tpm-response, command: TPM2_RSA_Decrypt, do: truncate, field: parameters.message, length: 4 }',
      refusedBy: 'response-hmac',
      done: /4 of/,
    },
    {
      rule: '{ at: tpm-request, command: TPM2_RSA_Decrypt, do: extend, field: parameters.label, contents: { text: x } }',
      done: /1 bytes are added/,
    },
    {
      rule: '{ at: tpm-request, command: TPM2_RSA_Decrypt, do: overwrite, field: "sessions[0].nonceCaller", byte: 0, contents: { hex: ff } }',
      done: /overwritten/,
    },
    {
      rule: '{ at: tpm-response, command: TPM2_ReadPublic, do: flip, field: parameters.outPublic.unique, byte: 3 }',
      refusedBy: 'wrapping-key-name',
      done: /turned over/,
    },
    { rule: '{ at: memory, region: blob, do: truncate, length: 100 }', done: /100 of/ },
    {
      rule: '{ at: memory, region: initrd, do: overwrite, byte: 0, contents: { text: evil } }',
      refusedBy: 'digest-initrd',
      done: /overwritten/,
    },
    { rule: '{ at: memory, region: rtas, do: flip, byte: 0 }', refusedBy: 'digest-rtas', done: /turned over/ },
    { rule: '{ at: memory, region: bootargs, do: extend, contents: { text: " rd.break" } }', refusedBy: 'digest-bootargs', done: /added/ },
    { rule: '{ at: page, region: kernel, do: substitute, contents: { hex: "00" } }', refusedBy: 'digest-kernel', done: /take the place/ },
    { rule: '{ at: page, region: initrd, do: swap }', done: /change places/ },
    { rule: '{ at: ultracall, call: UV_PAGE_IN, do: set, register: r6, value: 0x9990000 }', done: /r6 becomes/ },
    { rule: '{ at: ultracall, call: UV_REGISTER_MEM_SLOT, do: drop }', done: /is not done/ },
    { rule: '{ at: result, call: H_SVM_INIT_START, do: set, register: r3, value: -4 }', done: /r3 becomes/ },
    { rule: '{ at: hypercall, call: H_SVM_INIT_START, do: answer, code: H_AUTHORITY }', done: /H_AUTHORITY/ },
    { rule: '{ at: hypercall, call: H_SVM_INIT_DONE, do: report, code: H_PARAMETER }', done: /said to have given/ },
    { rule: '{ at: hypercall, call: H_TPM_COMM, do: tpm, program: evict-key }', done: /evict-key: done/ },
  ];
  for (const { rule, refusedBy, done } of CASES) {
    it(`is denied: ${rule}`, async () => {
      const { report, events } = await play(rule);
      expect(deeds(events).join('; ')).to.match(done);
      expect(report.steps.at(-1)?.ok, 'nothing becomes secure').to.equal(false);
      expect(report.invariants.filter(({ ok }) => !ok)).to.deep.equal([]);
      const refused = events.flatMap(event => (event.kind === 'check' && !event.data.ok ? [event.data.name] : []));
      if (refusedBy !== undefined) expect(refused).to.include(refusedBy);
    });
  }

  const HARMLESS: readonly { readonly rule: string; readonly done: RegExp }[] = [
    { rule: '{ at: hypercall, call: H_TPM_COMM, command: TPM2_ReadPublic, do: duplicate }', done: /done twice/ },
    { rule: '{ at: hypercall, call: H_TPM_COMM, do: delay, ms: 5000 }', done: /waits 5000 ms/ },
    { rule: '{ at: hypercall, call: H_TPM_COMM, do: tpm, program: reset-pcr }', done: /reset-pcr: done/ },
    { rule: '{ at: hypercall, call: H_SVM_INIT_START, do: tpm, program: extend-pcr }', done: /extend-pcr: done/ },
    { rule: '{ at: hypercall, call: H_SVM_INIT_START, do: tpm, program: clear }', done: /clear: done/ },
    { rule: '{ at: hypercall, call: H_TPM_COMM, do: extra, ultracall: UV_WRITE_PATE, args: { lpid: 9 } }', done: /UV_WRITE_PATE/ },
  ];
  for (const { rule, done } of HARMLESS) {
    it(`changes nothing: ${rule}`, async () => {
      const { report, events } = await play(rule);
      expect(deeds(events).join('; ')).to.match(done);
      expect(report.ok, report.steps.at(-1)?.why?.sentence).to.equal(true);
    });
  }

  it('acts by direction, command, occurrence, guest and host only', async () => {
    for (const [rule, times] of [
      ['{ at: hypercall, call: H_SVM_PAGE_IN, occurrence: 3, do: delay, ms: 1 }', 1],
      ['{ at: hypercall, call: H_SVM_INIT_START, occurrence: 2, do: delay, ms: 1 }', 0],
      ['{ at: hypercall, call: H_SVM_INIT_START, occurrence: every, guest: vm, host: host, do: delay, ms: 1 }', 1],
    ] as const)
      expect(deeds((await play(rule)).events), rule).to.have.length(times);
    const every = deeds((await play('{ at: hypercall, call: H_SVM_PAGE_IN, occurrence: every, do: delay, ms: 1 }')).events);
    expect(every.length).to.be.greaterThan(10);
  });

  it('really sends two commands in the other order', async () => {
    const { events } = await play('{ at: tpm-request, command: TPM2_PolicyCommandCode, do: swap, by: 2 }', {
      head: 'host: { profile: published }\n',
    });
    const order = events.flatMap(event => (event.kind === 'tpm.command' && /Policy/.test(event.data.name) ? [event.data.name] : []));
    expect(order.slice(-3)).to.deep.equal(['TPM2_PolicyAuthValue', 'TPM2_PolicyOR', 'TPM2_PolicyCommandCode']);
  });
});

describe('Mistakes in rules', () => {
  const problemOf = async (rule: string): Promise<string> =>
    play(rule).then(
      () => 'none',
      (error: { what: string; hint?: string }) => `${error.what} | ${error.hint ?? ''}`,
    );

  it('are told with the nearest right word', async () => {
    expect(await problemOf('{ at: tpm-request, command: TPM2_RSA_Decript, do: flip, byte: 0 }')).to.match(
      /no TPM command .*Did you mean "TPM2_RSA_Decrypt"/,
    );
    expect(await problemOf('{ at: hypercall, call: H_SVM_INIT_STRAT, do: drop }')).to.match(/no call .*Did you mean "H_SVM_INIT_START"/);
    expect(await problemOf('{ at: tpm-request, command: TPM2_RSA_Decrypt, do: flip, byte: 0, field: parameters.cipherTxt }')).to.match(
      /a command of TPM2_RSA_Decrypt has no field .*Did you mean "parameters.cipherText"/,
    );
    expect(await problemOf('{ at: memory, region: kernel, do: flip, byte: 0, field: tag }')).to.contain('only a TPM message has fields');
    expect(await problemOf('{ at: hypercall, do: extra }')).to.contain('either "ultracall" or "hypercall"');
    expect(await problemOf('{ at: hypercall, do: tpm }')).to.contain('"program" or "commands"');
    expect(await problemOf('{ at: hypercall, guest: mv, do: drop }')).to.contain('Did you mean "vm"');
    expect(await problemOf('{ at: hypercall, host: hsot, do: drop }')).to.contain('Did you mean "host"');
    const own = (command: string) => problemOf(`{ at: hypercall, do: tpm, commands: [${command}] }`);
    expect(await own('{ command: TPM2_PCR_Rest }')).to.contain('did you mean "TPM2_PCR_Reset"');
    expect(await own('{ command: TPM2_PCR_Reset, handles: { pcr: 16 } }')).to.contain('wants the handle "pcrHandle"');
    expect(await own('{ command: TPM2_GetRandom, parameters: { bytes: 4 } }')).to.contain('has no field "bytes"');
    expect(await own('{ command: TPM2_GetRandom }')).to.contain('TPM2_GetRandom.bytesRequested is missing');
  });
});
