import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { fromWorkspace } from '../../src/cli/run/reporters/workspace.ts';
import { type Said, svmSim } from './stand-in-io.ts';

const HOLDS = 'fixtures/scenarios/codes/h-tpm-comm-p5.yaml';
/** Fails under this profile: it is about the published code. */
const FAILS = ['fixtures/scenarios/codes/uv-esm-zero-published.yaml', '--profile', 'documented'];

describe('Reporters of svm-sim run', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-reporters-'));
  after(() => rmSync(folder, { recursive: true }));

  it('writes several at once, each into its file', async () => {
    const [xml, tap] = [join(folder, 'a', 'junit.xml'), join(folder, 'run.tap')];
    const { status } = await svmSim('run', HOLDS, ...FAILS, '-q', '--reporter', `junit=${xml}`, '--reporter', `tap=${tap}`);
    expect(status).to.equal(1);
    expect(readFileSync(xml, 'utf8')).to.match(
      /<testsuite name="H_P5[^>]* failures="0"[^>]*>[\s\S]*<failure message="result: expected [^"]*; When vm makes UV_ESM/,
    );
    expect(readFileSync(tap, 'utf8')).to.match(/^TAP version 14\n1\.\.2\nok 1 - H_P5[\s\S]*\nnot ok 2 - /);
  });

  it('annotates what failed, for GitHub Actions', async () => {
    const { out } = await svmSim('run', ...FAILS, '-q', '--reporter', 'github');
    expect(out).to.match(
      /^::error file=fixtures\/scenarios\/codes\/uv-esm-zero-published.yaml,line=\d+,title=U_P2%3A UV_ESM[^:]*::step 3 \(ultracall\): result: expected .*%0AWhen /m,
    );
  });

  it('names files in annotations from the root of the repository, with its line', () => {
    const root = process.cwd();
    expect(fromWorkspace(join(root, 'a', 'b.yaml'), root)).to.equal('a/b.yaml');
    expect(fromWorkspace('a/b.yaml', root)).to.equal('a/b.yaml');
    expect(fromWorkspace('a/b.yaml', join(root, 'a'))).to.equal('b.yaml');
    expect(fromWorkspace('/elsewhere/b.yaml', root)).to.equal('/elsewhere/b.yaml');
    expect(fromWorkspace('b.yaml', undefined)).to.equal('b.yaml');
  });

  describe('of a folder in which one file is broken', () => {
    const [many, xml, sarif] = [join(folder, 'many'), join(folder, 'many.xml'), join(folder, 'many.sarif')];
    const base = resolve('fixtures/scenarios/_base.yaml');
    const file = (name: string, text: string): void => writeFileSync(join(many, name), text);
    let said: Said;
    before(async () => {
      mkdirSync(many);
      file('1-holds.yaml', `version: 1\ninclude: ${base}\nsteps:\n  - do: boot\n`);
      file('2-broken.yaml', 'version: 1\nfoo: 1\n');
      file('3-fails.yaml', `version: 1\ninclude: ${base}\nsteps:\n  - do: boot\n    expect:\n      result: H_P5\n`);
      said = await svmSim('run', many, '-q', '--reporter', `junit=${xml}`, '--reporter', 'github', '--reporter', `sarif=${sarif}`);
    });

    it('runs the others, tells the problem, and exits 2', () => {
      expect(said.status).to.equal(2);
      expect(said.err).to.contain('2-broken.yaml:2:1: there is no field "foo" here');
      expect(said.out.match(/^(HELD|FAILED|NOTHING RAN)/gm)).to.deep.equal(['NOTHING RAN', 'HELD', 'FAILED']);
      expect(said.out).to.contain('3 scenarios: 1 held, 1 failed, 1 could not be run');
    });

    it('writes it as an error into JUnit XML, and a time for each suite and case', () => {
      const text = readFileSync(xml, 'utf8');
      expect(text).to.match(/<testsuites [^>]*failures="1" errors="1" skipped="0" time="\d+\.\d{3}">/);
      expect(text).to.match(
        /<testcase classname="[^"]*2-broken.yaml" [^>]*>\s*<error message="[^"]*2-broken.yaml:1: the field &quot;steps&quot; is missing/,
      );
      expect(text.match(/<test(suites?|case) /g)?.length).to.equal(text.match(/<test(suites?|case) [^>]* time="\d+\.\d{3}"/g)?.length);
      expect(text, 'the step took some').to.match(/name="1 boot: host boots" time="(?!0\.000)/);
    });

    it('points at the line of the expectation that failed', () => {
      expect(said.out).to.match(/^::error file=.*3-fails.yaml,line=6,title=/m);
      expect(said.out).to.match(/^::error file=.*2-broken.yaml,line=1,title=/m);
      const { version, runs } = JSON.parse(readFileSync(sarif, 'utf8')) as {
        version: string;
        runs: { results: { ruleId: string; locations: { physicalLocation: { region: { startLine: number } } }[] }[] }[];
      };
      expect(version).to.equal('2.1.0');
      const results = runs[0]?.results.map(({ ruleId, locations }) => `${ruleId} ${locations[0]?.physicalLocation.region.startLine}`);
      expect(results).to.deep.equal(['broken 1', 'broken 2', 'expectation 6']);
    });

    it('is checked by validate, too', async () => {
      const { status, out, err } = await svmSim('validate', many);
      expect(status).to.equal(2);
      expect(out).to.contain('3 scenarios: 2 valid, 1 not');
      expect(err).to.contain('2-broken.yaml:2:1: there is no field "foo" here');
    });
  });

  it('writes a file that was named and is broken as an error, too, and runs nothing', async () => {
    const xml = join(folder, 'named.xml');
    const { status, out } = await svmSim('run', HOLDS, join(folder, 'none.yaml'), '-q', '--reporter', `junit=${xml}`);
    expect(status).to.equal(2);
    expect(out).not.to.match(/^HELD/m);
    expect(readFileSync(xml, 'utf8')).to.contain('tests="1" failures="0" errors="1"').and.to.contain('there is no such file');
  });

  it('says of a run without any expectation that nothing was asked', async () => {
    const file = join(folder, 'unasked.yaml');
    writeFileSync(file, `version: 1\ninclude: ${resolve('fixtures/scenarios/_base.yaml')}\nsteps:\n  - do: boot\n`);
    const { status, out } = await svmSim('run', file, '-q', '--reporter', 'github');
    expect(status).to.equal(0);
    expect(out)
      .to.match(/^HELD .*nothing was asked beyond that/m)
      .and.to.match(/^::notice file=.*nothing was asked/m);
    expect((await svmSim('run', HOLDS, '-q')).out).to.match(/^HELD .*everything that was expected came/m);
  });

  it('runs a folder, leaves out what the filter does not take, and ends at the first failure when asked', async () => {
    const { status, out } = await svmSim('run', 'fixtures/scenarios/codes', '-q', '--filter', 'h-tpm-comm-p');
    expect(status).to.equal(0);
    expect(out).to.match(/Slowest first:/);
    const bail = await svmSim('run', 'fixtures/scenarios/codes', '-q', '--filter', 'uv-esm', '--profile', 'published', '--bail');
    expect(bail.status).to.equal(1);
    expect(bail.out.match(/^(HELD|FAILED)/gm)?.filter(word => word === 'FAILED')).to.have.length(1);
  });

  it('names the nearest reporter', async () => {
    const { status, err } = await svmSim('run', HOLDS, '--reporter', 'junt');
    expect(status).to.equal(2);
    expect(err).to.contain('Did you mean "junit"?');
  });
});
