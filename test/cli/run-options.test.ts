import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { showsColors } from '../../src/cli/io.ts';
import { readTrace } from '../../src/trace/index.ts';
import { builtSvmSim, svmSim, svmSimWith } from './stand-in-io.ts';

const FIRST = 'fixtures/scenarios/first-boot.yaml';
const HOLDS = 'fixtures/scenarios/codes/h-tpm-comm-p5.yaml';
/** It is about the published code, and fails under another profile. */
const FAILS = 'fixtures/scenarios/codes/uv-esm-zero-published.yaml';

describe('Options of svm-sim run', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-options-'));
  after(() => rmSync(folder, { recursive: true }));

  describe('limits', () => {
    for (const [flag, value, said] of [
      ['--max-events', '100', /more than 100 events at #\d+/],
      ['--virtual-timeout', '1s', /ms of virtual time at #\d+ .*at most 1000 ms are allowed/],
      ['--timeout', '1ms', /more than 1 ms of wall time/],
    ] as const) {
      it(`${flag} ends a run, and tells where`, async () => {
        const trace = join(folder, 'limited');
        const { status, out } = await svmSim('run', '-q', FIRST, flag, value, '--trace', trace);
        expect(status).to.equal(1);
        expect(out)
          .to.match(said)
          .and.to.match(/^FAILED .*not all steps were run/m);
        expect((await readTrace(trace)).runs[0]?.ok, 'the trace is whole').to.equal(false);
      });
    }

    it('do nothing to a run that keeps them', async () => {
      const { status } = await svmSim('run', '-q', FIRST, '--timeout', '10min', '--virtual-timeout', '1h', '--max-events', '100000');
      expect(status).to.equal(0);
    });

    it('end a run at any event', async () => {
      for (let events = 1; events < 345; events += 29) {
        const { status, out } = await svmSim('run', '-q', FIRST, '--max-events', String(events));
        expect(status, `${events}: ${out}`).to.equal(1);
      }
    });

    it('are refused when they are none', async () => {
      for (const argv of [
        ['--timeout', '10'],
        ['--max-events', '0'],
        ['--jobs', 'two'],
        ['--retries', '-1'],
        ['--jobs', '2', '--break', 'x'],
      ])
        expect((await svmSim('run', FIRST, ...argv)).status, argv.join(' ')).to.equal(2);
    });
  });

  describe('--break', () => {
    it('shows the state and ends where nobody can be asked', async () => {
      const { status, out } = await svmSim('run', '-q', FIRST, '--break', 'H_SVM_INIT_DONE');
      expect(status).to.equal(130);
      expect(out).to.match(/^-- stopped at #\d+ hcall.call H_SVM_INIT_DONE$/m);
      expect(out).to.match(/guest vm, lpid 1: running; to the Ultravisor ACTIVE/);
      expect(out).to.match(/vCPU 0: pc=0x[0-9a-f]+ msr=/);
      expect(out).to.match(/^STOPPED /m);
    });

    it('steps, goes on to the next, shows state and event, and ends the run', async () => {
      const answers = ['p', '', 'e', 'nonsense', 'u TPM2_RSA_Decrypt', 'c', 'q'];
      const asked: string[] = [];
      let said = '';
      const ask = (question: string): string => {
        asked.push(question);
        return answers.shift() ?? 'q';
      };
      const out = (text: string): void => {
        said += text;
      };
      const { status } = await svmSimWith({ ask, out }, 'run', '-q', FIRST, '--break', 'hcall.call');
      expect(status).to.equal(130);
      expect(asked).to.have.length(7);
      const stops = [...said.matchAll(/stopped at #(\d+) (.*)/g)].map(([, seq, what]) => ({ seq: Number(seq), what }));
      expect(stops.map(({ what }) => what)).to.deep.include.members(['hcall.call H_SVM_INIT_START', 'tpm.command TPM2_RSA_Decrypt']);
      expect(stops[1]?.seq).to.equal((stops[0]?.seq ?? 0) + 1);
      expect(said).to.contain('Enter or s: to the next event').and.to.contain('"kind":');
    });

    it('takes the number of an event, and goes on to the end when told so', async () => {
      const { status, err } = await svmSimWith({ ask: () => 'c' }, 'run', '-q', FIRST, '--break', '#50');
      expect({ status, err }).to.deep.equal({ status: 0, err: '' });
    });

    it('tells that nothing of that name happened', async () => {
      const { status, err } = await svmSim('run', '-q', FIRST, '--break', 'H_NOTHING');
      expect(status).to.equal(0);
      expect(err).to.contain('--break H_NOTHING: nothing of that name happened');
    });
  });

  it('--keep-trace keeps the traces of what failed, or all, and nothing else', async () => {
    const [failed, all] = [join(folder, 'failed'), join(folder, 'all')];
    await svmSim('run', '-q', HOLDS, FAILS, '--profile', 'documented', '--keep-trace', `on-failure=${failed}`);
    expect(readdirSync(failed)).to.deep.equal(['uv-esm-zero-published.trace']);
    expect((await readTrace(join(failed, 'uv-esm-zero-published.trace'))).runs[0]?.ok).to.equal(false);
    await svmSim('run', '-q', HOLDS, HOLDS, '--keep-trace', `always=${all}`);
    expect(readdirSync(all).sort()).to.deep.equal(['h-tpm-comm-p5-2.trace', 'h-tpm-comm-p5.trace']);
    expect((await svmSim('run', HOLDS, '--keep-trace', 'sometimes')).status).to.equal(2);
  });

  describe('--jobs', () => {
    const FOLDER = ['run', 'fixtures/scenarios/codes', '--filter', 'h-tpm-comm', '-q'];
    const withoutTimes = (text: string): string => text.replace(/\nSlowest first:[\s\S]*$/, '');

    it('gives the same as one after the other, in the same order', async () => {
      const one = await svmSim(...FOLDER);
      const two = await builtSvmSim({}, ...FOLDER, '--jobs', '2');
      expect(two.status).to.equal(0);
      expect(withoutTimes(two.out)).to.equal(withoutTimes(one.out));
    });

    it('ends behind the first that fails when asked', async () => {
      const { status, out } = await builtSvmSim(
        {},
        'run',
        '-q',
        '--jobs',
        '2',
        '--bail',
        '--profile',
        'documented',
        HOLDS,
        FAILS,
        HOLDS,
        HOLDS,
      );
      expect(status).to.equal(1);
      expect(out.match(/^(HELD|FAILED)/gm)).to.deep.equal(['HELD', 'FAILED']);
    });

    it('gives up when the TPM cannot be had, as without it', async () => {
      const { status, err } = await builtSvmSim({}, 'run', '-q', '--jobs', '2', '--tpm', 'swtpm:unix:/nowhere/tpm.sock', HOLDS, HOLDS);
      expect(status).to.equal(3);
      expect(err)
        .to.contain('/nowhere')
        .and.not.to.match(/ at .*\.ts:\d+/);
    });

    it('ends in order when it is interrupted', async () => {
      const stop = new AbortController();
      const xml = join(folder, 'interrupted.xml');
      let said = '';
      const out = (text: string): void => {
        said += text;
        if (/^HELD/m.test(text)) stop.abort();
      };
      const argv = ['run', '-q', '--jobs', '2', '--reporter', `junit=${xml}`, ...Array<string>(12).fill(HOLDS)];
      const { status } = await builtSvmSim({ signal: stop.signal, out }, ...argv);
      expect(status).to.equal(130);
      expect(said.match(/^HELD/gm)?.length).to.be.within(1, 11);
      expect(readFileSync(xml, 'utf8')).to.match(/<\/testsuites>\n$/);
    });
  });

  it('--retries runs what fails again, and says so', async () => {
    const { status, out } = await svmSim('run', '-q', '--retries', '2', '--profile', 'documented', FAILS);
    expect(status).to.equal(1);
    expect(out).to.contain('try 1 of 3 had failed').and.to.contain('try 2 of 3 had failed');
    expect(out)
      .to.match(/^FAILED .*\(try 3, /m)
      .and.to.contain('try 2 of 3 had failed (seed 1)');
    expect((await svmSim('run', '-q', '--retries', '2', HOLDS)).out).not.to.contain('had failed');
  });

  it('--reseed gives each further try a seed of its own, and the record has it', async () => {
    const trace = join(folder, 'reseeded');
    const argv = ['run', '-q', '--retries', '1', '--reseed', '--profile', 'documented', '--trace', trace, FAILS];
    const { out } = await svmSim(...argv);
    expect(out).to.contain('seed 1-try2').and.to.contain('try 1 of 2 had failed (seed 1)');
    expect((await readTrace(trace)).runs[0]?.about.seed).to.equal('1-try2');
  });

  it('--strict makes a rule or fault that never struck a failure, with its line and the nearest moments', async () => {
    const file = join(folder, 'never.yaml');
    const rules = [
      'adversary:',
      '  - { at: hypercall, call: H_TPM_COMM, command: TPM2_Unseal, do: drop }',
      '  - { at: page, region: kernel, occurrence: 99, do: flip, byte: 1 }',
      'faults:',
      '  - { fault: silent, command: TPM2_RSA_Decrypt, occurrence: 4 }',
      '  - { fault: machine-reset, event: 100000 }',
    ];
    const text = [
      'version: 1',
      `include: ${resolve('fixtures/scenarios/_base.yaml')}`,
      ...rules,
      'steps:',
      '  - do: boot',
      '  - do: start',
      '  - do: enter-secure-mode',
    ];
    writeFileSync(file, text.join('\n'));
    const warnings = [
      /^! .*never.yaml:4: rule 1 \(drop at hypercall\) never struck: no such moment came; nearest at hypercall: \w+ (once|\d+ times)/m,
      /^! .*never.yaml:5: rule 2 \(flip at page\) never struck: it waits for number 99 of such moments, and there were \d+$/m,
      /^! .*never.yaml:7: fault 1 \(silent\) never struck: it waits for number 4 of TPM2_RSA_Decrypt after host boot, and there were 1$/m,
      /^! .*never.yaml:8: fault 2 \(machine-reset\) never struck: it waits for event #100000, and the last at which it can strike was #\d+$/m,
    ];
    const lenient = await svmSim('run', '-q', file, '--reporter', 'github');
    expect(lenient.status).to.equal(0);
    for (const warning of warnings) expect(lenient.out).to.match(warning);
    expect(lenient.out).to.match(/^::warning file=.*never.yaml,line=4,title=[^:]*::rule 1 /m);
    const xml = join(folder, 'strict.xml');
    const strict = await svmSim('run', '-q', file, '--strict', '--reporter', `junit=${xml}`);
    expect(strict.status).to.equal(1);
    expect(strict.out).to.match(/^FAILED .*4 rules or faults never struck/m);
    expect(readFileSync(xml, 'utf8')).to.contain('failures="4"').and.to.contain('name="rule 1 (drop at hypercall) strikes"');
    expect((await svmSim('run', '-q', '--strict', HOLDS)).status).to.equal(0);
  });

  it('several reporters write at once: terminal and JSON lines too', async () => {
    const [json, text, tap] = [join(folder, 'run.jsonl'), join(folder, 'run.txt'), join(folder, 'run.tap')];
    await svmSim('run', '-q', HOLDS, '--reporter', `json=${json}`, '--reporter', `terminal=${text}`, '--reporter', `tap=${tap}`);
    const types = readFileSync(json, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as { type: string }).type);
    expect(types[0]).to.equal('run');
    expect(types.at(-1)).to.equal('verdict');
    expect(readFileSync(text, 'utf8')).to.contain('H_TPM_COMM').and.to.match(/^HELD/m);
    expect(readFileSync(tap, 'utf8')).to.match(/^ok 1 - /m);
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).to.deep.equal([]);
  });

  it('a folder ends with the times, the slowest first', async () => {
    const { out } = await svmSim('run', '-q', 'fixtures/scenarios/codes', '--filter', 'h-tpm-comm');
    const times = [...(out.split('Slowest first:')[1] ?? '').matchAll(/^ +(\d+) ms {2}✓/gm)].map(([, ms]) => Number(ms));
    expect(times.length).to.be.greaterThan(3);
    expect(times).to.deep.equal([...times].sort((a, b) => b - a));
  });

  it('shows colours on a terminal only, and as the environment says', () => {
    for (const [env, isTTY, shown] of [
      [{}, true, true],
      [{}, false, false],
      [{ TERM: 'dumb' }, true, false],
      [{ NO_COLOR: '1' }, true, false],
      [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
      [{ FORCE_COLOR: '1' }, false, true],
      [{ FORCE_COLOR: '0' }, true, false],
    ] as const)
      expect(showsColors(env, isTTY), JSON.stringify(env)).to.equal(shown);
  });
});
