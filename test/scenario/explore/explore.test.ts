import { expect } from 'chai';
import type { Candidate } from '../../../src/scenario/explore/index.ts';
import {
  type Exploration,
  explore,
  foundScenarios,
  loadScenario,
  parseScenario,
  runScenario,
  showRule,
  withOverrides,
} from '../../../src/scenario/index.ts';
import { builtModule } from '../../helpers/built.ts';

const FILE = 'fixtures/scenarios/first-boot.yaml';
const of = async (profile: string) => withOverrides(await loadScenario(FILE), { profile });
/** What is worth trying in a short test: every open weakness lies within it, and something that each check sees through. */
const TELLING =
  /extend memory|add-property|extra hypercall H_SVM_INIT_DONE|policy-b|flip memory|flip tpm-response TPM2_RSA_Decrypt|drop hypercall/;
const only = ({ rule }: Candidate): boolean => TELLING.test(showRule(rule));
const violations = ({ findings }: Exploration): string[] =>
  findings
    .filter(({ verdict }) => verdict.is === 'violation')
    .map(({ candidates }) => candidates.map(({ rule }) => showRule(rule)).join(' and '));

describe('explore', () => {
  let published: Exploration;
  before(async function () {
    this.timeout(60_000);
    published = await explore(await of('published'), { only });
  });

  it('finds the open weaknesses of the published code by itself', () => {
    const found = violations(published).join('\n');
    expect(found).to.match(/extra hypercall H_SVM_INIT_DONE \(ultracall UV_PAGE_IN, frame kernel/); // threat 2
    expect(found).to.match(/extend memory kernel/); // threat 3
    expect(found).to.match(/add-property memory device-tree/); // threat 6
    expect(found).to.match(/tpm hypercall .*program policy-b/); // threat 20
  });

  it('finds none in the hardened code', async () => {
    const built = await builtModule<{ readonly explore: typeof explore }>('scenario/index.ts');
    const hardened = await built.explore(await of('hardened'), { only, jobs: 2 });
    expect(violations(hardened)).to.deep.equal([]);
    expect(hardened.faults).to.deep.equal([]);
    expect(hardened.findings.length).to.be.greaterThan(50);
  }).timeout(60_000);

  it('says which check denied what', () => {
    const by = new Set(published.findings.filter(({ verdict }) => verdict.is === 'denied').map(({ verdict }) => verdict.by));
    expect([...by]).to.include.members(['digest-kernel', 'digest-initrd', 'digest-rtas', 'digest-bootargs', 'response-hmac']);
  });

  it('tells a denial of service from a refusal', () => {
    const dropped = published.findings.find(({ candidates }) =>
      /drop hypercall H_SVM_INIT_START/.test(candidates.map(({ rule }) => showRule(rule)).join()),
    );
    expect(dropped?.verdict.is).to.equal('denial of service');
  });

  it('writes each kind of violation as a scenario that shows it again', async () => {
    const found = foundScenarios(published, 'fixtures/scenarios');
    expect(found.length).to.be.greaterThan(3);
    for (const { name, text } of found) {
      const report = await runScenario(await parseScenario(text, 'fixtures/scenarios/found.yaml'));
      expect(report.ok, `${name}: ${report.invariants.map(one => one.text).join('; ')}`).to.equal(true);
    }
  });

  it('tries pairs within a budget, and leaves out those of which one alone is enough', async () => {
    const pairs = await explore(await of('hardened'), {
      only: candidate => /reset-tpm|policy-b/.test(showRule(candidate.rule)),
      depth: 2,
      budget: 30,
    });
    expect(pairs.findings.some(({ candidates }) => candidates.length === 2)).to.equal(true);
    expect(pairs.findings.length).to.be.at.most(30);
  }).timeout(60_000);

  it('takes so many by the seed when the budget is smaller, and says how many there are', async () => {
    const few = await explore(await loadScenario('fixtures/scenarios/good/two-guests.yaml'), {
      only: ({ rule }) => rule.do === 'delay',
      budget: 5,
    });
    expect(few.findings).to.have.length(5);
    expect(few.done).to.equal(5);
    expect(few.of, 'with every action').to.be.greaterThan(100);
    expect(few.faults).to.deep.equal([]);
  });

  it('refuses a scenario that does not hold by itself', async () => {
    const broken = withOverrides(await loadScenario('fixtures/scenarios/attacks/02-page-in-after-measurement.published.yaml'), {
      profile: 'hardened',
    });
    const error = await explore(broken).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'explore.honest' });
  }).timeout(60_000);

  it('resets the machine and cuts the power at events all over a run: all comes again, and nothing is violated', async () => {
    for (const profile of ['published', 'hardened']) {
      const every = await explore(await of(profile), { interruptions: true, only: ({ rule }) => Number(rule.event) % 16 === 0 });
      expect(every.findings.length).to.be.greaterThan(15);
      expect(new Set(every.findings.map(({ candidates }) => candidates[0]?.rule.do))).to.deep.equal(
        new Set(['machine-reset', 'power-loss']),
      );
      expect(every.findings.filter(({ verdict }) => verdict.is !== 'harmless').map(({ candidates }) => candidates[0]?.rule)).to.deep.equal(
        [],
      );
      expect(every.faults).to.deep.equal([]);
    }
  }).timeout(60_000);

  it('finds by itself that a machine reset may take the session of host boot with it', async () => {
    const documented = await explore(await of('documented'), {
      interruptions: true,
      only: ({ rule }) => rule.do === 'machine-reset' && Number(rule.event) > 240,
    });
    const lost = documented.findings.filter(({ verdict }) => verdict.is !== 'harmless');
    expect(lost.length).to.be.within(1, 40);
    expect(new Set(lost.map(({ verdict }) => `${verdict.is} ${verdict.by}`))).to.deep.equal(new Set(['denial of service session']));
    expect(violations(documented)).to.deep.equal([]);
  }).timeout(60_000);
});
