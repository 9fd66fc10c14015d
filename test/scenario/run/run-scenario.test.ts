import { expect } from 'chai';
import { loadScenario, parseScenario, runScenario, type ScenarioReport } from '../../../src/scenario/index.ts';
import type { AnyEvent } from '../../../src/sim/index.ts';

const FOLDER = 'fixtures/scenarios';
/** A host whose TPM holds the wrapping key of a recorded blob, a guest of that blob. */
const HEAD = 'version: 1\ninclude: _base.yaml\n';
const OTHER_KERNEL = 'adversary: [{ at: memory, region: kernel, do: flip, byte: 4096 }]\n';
const NO_TPM = 'faults: [{ command: TPM2_RSA_Decrypt, fault: code, code: TPM_RC_VALUE }]\n';

async function play(steps: string, more = '', onEvent?: (event: AnyEvent) => void): Promise<ScenarioReport> {
  const scenario = await parseScenario(`${HEAD}${more}steps:\n${steps}`, `${FOLDER}/test.yaml`);
  return runScenario(scenario, onEvent ? { onEvent } : {});
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
    const report = await play(`${TO_SECURE}  - do: terminate\n`, OTHER_KERNEL);
    expect(report.ok).to.equal(false);
    expect(report.steps).to.have.length(3);
    expect(report.notRun).to.equal(1);
  });

  it('says why in one sentence and at every layer', async () => {
    const refused = (await play(TO_SECURE, OTHER_KERNEL)).steps[2]?.why;
    expect(refused?.sentence).to.match(
      /^When vm asks to become secure, the hypervisor was told to flip \(kernel: .*\) here \(scenario line 3, rule 1\); the Ultravisor refuses: .* \(check "digest-kernel"\)\.$/,
    );
    const lines = (refused?.layers ?? []).map(({ layer, text }) => `${layer}: ${text}`);
    expect(lines[0]).to.match(/^cause: the hypervisor was told to flip .*\(scenario line 3, rule 1\)$/);
    expect(lines[1]).to.contain('caller: sees U_PERMISSION (-11)');
    expect(lines.join('\n')).to.match(/^ultracall: UV_ESM → U_PERMISSION \(-11\): ./m);
    expect(lines.join('\n')).to.match(/^check: digest-kernel: ./m);
    const byTpm = (await play(TO_SECURE, NO_TPM)).steps[2]?.why;
    expect(byTpm?.layers.map(({ layer, text }) => `${layer}: ${text}`).join('\n')).to.match(
      /^TPM: TPM2_RSA_Decrypt → TPM_RC_VALUE.* \(0x\w+\): ./m,
    );
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
      expect((await play(`${TO_SECURE}    expect: { ${wanted} }\n`, OTHER_KERNEL)).ok, wanted).to.equal(true);
    }
    const other = await play(`${TO_SECURE}    expect: { refusedBy: digest-initrd }\n`, OTHER_KERNEL);
    expect(other.steps[2]?.mismatches[0]).to.include({ expected: 'digest-initrd', actual: 'digest-kernel' });
  });

  it('takes names of hypercalls and ultracalls that are the same number as the same', async () => {
    const head = `${TO_SECURE}  - do: ultracall\n    call: UV_SHARE_PAGE\n    args: { gfn: 0x7fffffff, num: 1 }\n`;
    for (const name of ['U_P2', 'H_P2']) expect((await play(`${head}    expect: { result: ${name} }\n`)).ok, name).to.equal(true);
  });

  it('hints at "secure" when U_SUCCESS is expected of a transition', async () => {
    const report = await play(`${TO_SECURE}    expect: { result: U_SUCCESS }\n`);
    expect(report.steps[2]?.mismatches[0]?.hint).to.contain('result: secure');
  });

  it('compares bytes, given as text, hexadecimal or a file', async () => {
    const head = `${TO_SECURE}  - { do: write, gpa: 0x8000000, contents: { text: festina lente } }
  - do: read\n    gpa: 0x8000000\n    length: 13\n    expect: { bytes: `;
    expect((await play(`${head}{ text: festina lente } }\n`)).ok).to.equal(true);
    expect((await play(`${head}{ hex: 66657374696e61206c656e7465 } }\n`)).ok).to.equal(true);
    const differs = await play(`${head}{ text: festina lento } }\n`);
    expect(differs.steps[4]?.mismatches[0]).to.include({ expected: '13 bytes, byte 12 is 0x6f', actual: '13 bytes, byte 12 is 0x65' });
    const file = await play(`${head}{ file: ../observed/esm/01-minimal/rtas.bin } }\n`);
    expect(file.steps[4]?.mismatches[0]?.expected).to.match(/^20 bytes, byte 0 is 0x.. of .*rtas.bin$/);
  });

  it('takes a call that never returns as an outcome', async () => {
    const reset = 'faults: [{ fault: machine-reset, event: 0 }]\n';
    const report = await play(`${TO_SECURE}    expect: { result: never returns }\n`, reset);
    expect(report.ok).to.equal(true);
    const unexpected = await play(TO_SECURE, reset);
    expect(unexpected.steps[2]?.why?.sentence).to.equal(
      'When vm asks to become secure, the call never comes back: machine reset (scenario line 3, fault 1).',
    );
  });

  it('tells whether the wrapping key and its password are the same after a reboot', async () => {
    const reboot = '  - do: boot\n  - do: reboot\n    host: host\n    expect: ';
    expect((await play(`${reboot}{ wrappingKey: same, password: new }\n`)).ok).to.equal(true);
    const wrong = await play(`${reboot}{ wrappingKey: new, password: same }\n`);
    expect(wrong.steps[1]?.mismatches).to.deep.equal([
      { field: 'wrappingKey', expected: 'new', actual: 'same' },
      { field: 'password', expected: 'same', actual: 'new' },
    ]);
  });

  it('names the secret, its birth and the place when the hypervisor saw one', async () => {
    const leaky = await loadScenario(`${FOLDER}/attacks/20-policy-b.published.yaml`);
    const honest = { ...leaky, document: { ...leaky.document, violates: [] } };
    const report = await runScenario(honest);
    expect(report.ok).to.equal(false);
    expect(report.steps.every(({ ok }) => ok)).to.equal(true);
    const [leak] = report.invariants[0]?.leaks ?? [];
    expect(leak?.secret).to.be.a('string').and.not.equal('');
    expect(leak?.event).to.be.greaterThan(leak?.born ?? Number.POSITIVE_INFINITY);
    const off = await runScenario({ ...honest, document: { ...honest.document, switchOff: ['no-leak'] } });
    expect(off.ok).to.equal(true);
    expect(off.invariants.map(({ name }) => name)).to.deep.equal(['no-forgery', 'no-residue']);
  });

  it('ends in order when it is interrupted', async () => {
    const scenario = await parseScenario(`${HEAD}steps:\n${TO_SECURE}`, `${FOLDER}/test.yaml`);
    const stop = new AbortController();
    const options = { onStep: () => stop.abort(), signal: stop.signal };
    expect(await runScenario(scenario, options)).to.include({ ok: false, interrupted: true, notRun: 2 });
  });

  it('records each step and what happens in its course', async () => {
    const events: AnyEvent[] = [];
    await play(TO_SECURE, '', event => events.push(event));
    expect(events.map(({ kind }) => kind).filter(kind => kind.startsWith('step'))).to.have.length(6);
    const call = events.find(({ kind, data }) => kind === 'ultracall.call' && 'name' in data && data.name === 'UV_ESM');
    expect(events[call?.cause ?? -1]?.kind).to.equal('step.start');
  });

  it('gives the same events for the same seed', async () => {
    const once: AnyEvent[] = [];
    const again: AnyEvent[] = [];
    await play(TO_SECURE, '', event => once.push(event));
    await play(TO_SECURE, '', event => again.push(event));
    expect(again.length).to.be.greaterThan(100);
    expect(again).to.deep.equal(once);
  });
});
