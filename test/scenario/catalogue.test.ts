import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadScenarios, runScenario, titleOf } from '../../src/scenario/index.ts';

const FOLDER = 'fixtures/scenarios';
const files = readdirSync(FOLDER, { recursive: true })
  .map(name => String(name).replaceAll('\\', '/'))
  .filter(name => /(^|\/)[^_/][^/]*\.yaml$/.test(name))
  .sort();

describe('The catalogue of scenarios', () => {
  it('has at least 40 of them', () => expect(files.length).to.be.at.least(40));

  for (const file of files) {
    it(`${file} holds`, async () => {
      for (const scenario of await loadScenarios(join(FOLDER, file))) {
        expect(scenario.document.about?.length ?? 0, 'a paragraph on what it teaches').to.be.greaterThan(60);
        const report = await runScenario(scenario);
        const why = report.steps.flatMap(({ ok, why, mismatches }) => (ok ? [] : [why?.sentence, JSON.stringify(mismatches)]));
        const broken = report.invariants.flatMap(({ ok, name, text }) => (ok ? [] : [`${name}: ${text}`]));
        expect([...why, ...broken], titleOf(scenario)).to.deep.equal([]);
        expect(report.ok).to.equal(true);
      }
    });
  }
});
