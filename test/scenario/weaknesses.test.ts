import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { loadScenarios, runScenario } from '../../src/scenario/index.ts';
import { checks, FIELDS, profiles, WEAKNESSES } from '../../src/ultravisor/index.ts';

const FOLDER = 'fixtures/scenarios';
/** Numbers of threats that the project set out with. */
const THREATS = 31;
const fileOf = (name: string): string => `${FOLDER}/${name}.yaml`;

/** Runs a scenario in each of its forms. */
async function runs(name: string) {
  const scenarios = await loadScenarios(fileOf(name));
  return Promise.all(
    scenarios.map(async scenario => {
      const { host, violates = [] } = scenario.document;
      return { profile: host?.profile ?? 'documented', violates, report: await runScenario(scenario) };
    }),
  );
}

describe('weaknesses (docs/reference/threats.md)', () => {
  it('has every row of the table, once and in order', () => {
    const numbers = WEAKNESSES.map(({ number }) => number);
    expect(numbers).to.deep.equal(numbers.map((_, i) => i + 1));
    expect(numbers.length).to.be.at.least(THREATS);
  });

  for (const { number, attempt, state, shown } of WEAKNESSES) {
    const { succeeds, fails = [], same = [] } = shown;
    describe(`${number}: ${attempt}`, () => {
      it('has scenarios, all of which exist', () => {
        const files = [...(succeeds?.in ?? []), ...fails, ...same];
        expect(files).not.to.deep.equal([]);
        expect(files.filter(file => !existsSync(fileOf(file)))).to.deep.equal([]);
      });

      if (state.is === 'closed in hardened') {
        it('names the fields and checks that close it, and hardened has them', () => {
          for (const by of state.by) {
            const check = [...checks.keys()].find(name => name === by);
            if (check) expect(profiles.hardened?.without.includes(check), by).to.equal(false);
            else expect(FIELDS, by).to.have.property(by);
          }
        });
        it('has an attack that succeeds, and the same under hardened that fails', () =>
          expect([succeeds?.in.length, fails.length]).not.to.include(0));
      }

      for (const file of succeeds?.in ?? []) {
        it(`${file}: succeeds under ${succeeds?.profile}`, async () => {
          for (const { profile, report } of await runs(file)) {
            expect(profile).to.equal(succeeds?.profile);
            expect(report.ok, 'the scenario holds').to.equal(true);
          }
        });
      }
      for (const file of fails) {
        it(`${file}: fails under hardened`, async () => {
          for (const { profile, report, violates } of await runs(file)) {
            expect({ profile, violates, ok: report.ok }).to.deep.equal({ profile: 'hardened', violates: [], ok: true });
          }
        });
      }
    });
  }

  it('an attack that succeeds is held by no other firmware: under hardened its scenario does not hold', async () => {
    for (const { shown } of WEAKNESSES) {
      for (const file of shown.succeeds?.in ?? []) {
        for (const scenario of await loadScenarios(fileOf(file)))
          expect((await runScenario(scenario, { profile: profiles.hardened! })).ok, file).to.equal(false);
      }
    }
  });
});
