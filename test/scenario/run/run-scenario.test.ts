import { expect } from 'chai';
import { utf8 } from '../../../src/bytes/index.ts';
import { parseScenario, runScenario, type ScenarioReport } from '../../../src/scenario/index.ts';
import type { AnyEvent } from '../../../src/sim/index.ts';
import { type StandIn, standIn } from './stand-in-machine.ts';

const ESM = '../observed/esm/01-minimal';
const HEAD = `
version: 1
guests:
  - { name: vm, lpid: 1, memory: 64 MiB, kernel: ${ESM}/kernel.bin, initrd: ${ESM}/initrd.img, bootargs: quiet, rtas: ${ESM}/rtas.bin }
`;

async function play(steps: string, machine: StandIn = {}, head = HEAD, onEvent?: (event: AnyEvent) => void): Promise<ScenarioReport> {
  const scenario = await parseScenario(`${head}steps:\n${steps}`, 'fixtures/scenarios/test.yaml');
  return runScenario(scenario, { createMachine: standIn(machine), ...(onEvent ? { onEvent } : {}) });
}

const TO_SECURE = `
  - do: boot
  - do: start
  - do: enter-secure-mode
`;

describe('Running a scenario', () => {
  it('holds when every step gives what goes without saying', async () => {
    const report = await play(`${TO_SECURE}  - do: terminate\n`);
    expect(report.ok).to.equal(true);
    expect(report.steps.map(step => step.text)).to.deep.equal([
      'host boots',
      'vm starts',
      'vm asks to become secure',
      'the hypervisor ends vm',
    ]);
  });

  it('stops at the first step that does not give what is expected', async () => {
    const report = await play(`${TO_SECURE}  - do: terminate\n`, { refuse: 'digest-kernel' });
    expect(report.ok).to.equal(false);
    expect(report.steps).to.have.length(3);
    expect(report.notRun).to.equal(1);
  });

  it('says why in one sentence and at every layer', async () => {
    const why = (await play(TO_SECURE, { refuse: 'digest-kernel' })).steps[2]?.why;
    expect(why?.sentence).to.equal(
      'When vm asks to become secure, the Ultravisor refuses: vm\'s kernel is not the one that was measured (check "digest-kernel").',
    );
    const layers = Object.fromEntries((why?.layers ?? []).map(({ layer, text }) => [layer, text]));
    expect(layers.caller).to.contain('U_PERMISSION (-11)');
    expect(layers.ultracall).to.match(/^UV_ESM → U_PERMISSION \(-11\): ./);
    expect(layers.hypercall).to.match(/^H_SVM_INIT_ABORT → H_PARAMETER \(-4\): ./);
    expect(layers.TPM).to.match(/^TPM2_RSA_Decrypt → TPM_RC_VALUE, parameter 1 \(0x1c4\): ./);
    expect(layers.check).to.contain('digest-kernel');
  });

  it('says what was expected when a step succeeds against expectation', async () => {
    const report = await play(`${TO_SECURE}    expect: { result: U_PERMISSION }\n`);
    expect(report.steps[2]?.mismatches).to.deep.equal([
      { field: 'result', expected: 'U_PERMISSION (-11): the caller may not do this', actual: 'secure' },
    ]);
    expect(report.steps[2]?.why?.sentence).to.match(/it succeeds \(secure\), but result is secure where U_PERMISSION/);
  });

  it('takes a refusal that is expected, by its code or by the check that refuses', async () => {
    for (const wanted of [
      'result: U_PERMISSION',
      'refusedBy: digest-kernel',
      'state: failed',
      'result: U_PERMISSION, state: failed, refusedBy: digest-kernel',
    ]) {
      expect((await play(`${TO_SECURE}    expect: { ${wanted} }\n`, { refuse: 'digest-kernel' })).ok, wanted).to.equal(true);
    }
    const other = await play(`${TO_SECURE}    expect: { refusedBy: digest-initrd }\n`, { refuse: 'digest-kernel' });
    expect(other.steps[2]?.mismatches[0]).to.include({ expected: 'digest-initrd', actual: 'digest-kernel' });
  });

  it('takes names of hypercalls and ultracalls that are the same number as the same', async () => {
    const head = `${TO_SECURE}  - do: get-file\n    file: none\n`;
    expect((await play(`${head}    expect: { result: U_PARAMETER }\n`)).ok).to.equal(true);
    expect((await play(`${head}    expect: { result: H_PARAMETER }\n`)).ok).to.equal(true);
  });

  it('hints at "secure" when U_SUCCESS is expected of a transition', async () => {
    const report = await play(`${TO_SECURE}    expect: { result: U_SUCCESS }\n`);
    expect(report.steps[2]?.mismatches[0]?.hint).to.contain('result: secure');
  });

  it('compares bytes, given as text, hexadecimal or a file', async () => {
    const files = { motto: utf8('festina lente') };
    const head = `${TO_SECURE}  - do: get-file\n    file: motto\n    expect: { bytes: `;
    expect((await play(`${head}{ text: festina lente } }\n`, { files })).ok).to.equal(true);
    expect((await play(`${head}{ hex: 66657374696e61206c656e7465 } }\n`, { files })).ok).to.equal(true);
    const differs = await play(`${head}{ text: festina lento } }\n`, { files });
    expect(differs.steps[3]?.mismatches[0]).to.include({ expected: '13 bytes, byte 12 is 0x6f', actual: '13 bytes, byte 12 is 0x65' });
    const file = await play(`${head}{ file: ${ESM}/rtas.bin } }\n`, { files });
    expect(file.steps[3]?.mismatches[0]?.expected).to.match(/^20 bytes, byte 0 is 0x.. of .*rtas.bin$/);
  });

  it('takes a call that never returns as an outcome', async () => {
    const report = await play(`${TO_SECURE}    expect: { result: never returns }\n`, { stop: 'an assertion of the Ultravisor failed' });
    expect(report.ok).to.equal(true);
    const unexpected = await play(TO_SECURE, { stop: 'an assertion of the Ultravisor failed' });
    expect(unexpected.steps[2]?.why?.sentence).to.equal(
      'When vm asks to become secure, the call never comes back: an assertion of the Ultravisor failed.',
    );
  });

  it('tells whether the wrapping key and its password are the same after a reboot', async () => {
    const steps = '  - do: boot\n  - do: reboot\n    host: host\n    expect: { wrappingKey: same, password: new }\n';
    expect((await play(steps)).ok).to.equal(true);
    const lost = await play(steps, { forgetful: true });
    expect(lost.steps[1]?.mismatches).to.deep.equal([{ field: 'wrappingKey', expected: 'same', actual: 'new' }]);
  });

  it('names the secret, its birth and the place when the hypervisor saw one', async () => {
    const report = await play('  - do: boot\n', { leak: true });
    expect(report.ok).to.equal(false);
    expect(report.steps.every(({ ok }) => ok)).to.equal(true);
    expect(report.invariants[0]?.leaks).to.deep.equal([
      { secret: 'wrapping-key-passwd', born: 1, event: 2, what: 'in_buffer', offset: 20, secretOffset: 0 },
    ]);
  });

  it('does not watch an invariant that is switched off', async () => {
    const report = await play('  - do: boot\n', { leak: true }, `${HEAD}switchOff: [no-leak]\n`);
    expect(report.ok).to.equal(true);
    expect(report.invariants.map(({ name }) => name)).to.deep.equal(['no-forgery', 'no-residue']);
  });

  it('ends in order when it is interrupted', async () => {
    const scenario = await parseScenario(`${HEAD}steps:\n${TO_SECURE}`, 'fixtures/scenarios/test.yaml');
    const stop = new AbortController();
    const options = { createMachine: standIn(), onStep: () => stop.abort(), signal: stop.signal };
    expect(await runScenario(scenario, options)).to.include({ ok: false, interrupted: true, notRun: 2 });
  });

  it('records each step and what happens in its course', async () => {
    const events: AnyEvent[] = [];
    await play(TO_SECURE, {}, HEAD, event => events.push(event));
    expect(events.map(({ kind }) => kind).filter(kind => kind.startsWith('step'))).to.have.length(6);
    const call = events.find(({ kind }) => kind === 'ultracall.call');
    expect(events[call?.cause ?? -1]?.kind).to.equal('step.start');
  });

  it('gives the same events for the same seed', async () => {
    const once: AnyEvent[] = [];
    const again: AnyEvent[] = [];
    await play(TO_SECURE, {}, HEAD, event => once.push(event));
    await play(TO_SECURE, {}, HEAD, event => again.push(event));
    expect(again).to.deep.equal(once);
  });
});
