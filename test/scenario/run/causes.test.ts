import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { parseScenario, runScenario, type Scenario } from '../../../src/scenario/index.ts';
import { BROKEN_RUNS, type BrokenRun, scenarioOf } from './broken-runs.ts';

const FOLDER = 'fixtures/scenarios';
const BASE = parse(readFileSync(`${FOLDER}/_base.yaml`, 'utf8')) as { guests: Record<string, unknown>[] };

/** The base has one guest in a list, and lists are replaced as a whole: what the run changes of it goes into a copy. */
async function scenario(run: BrokenRun): Promise<Scenario> {
  const changes = run.guest === undefined ? {} : (parse(`{ ${run.guest} }`) as Record<string, unknown>);
  const guest = Object.fromEntries(Object.entries({ ...BASE.guests[0], ...changes }).filter(([, value]) => value !== null));
  return parseScenario(`${scenarioOf(run)}${stringify({ guests: [guest] })}`, `${FOLDER}/broken.yaml`);
}

describe('The one true cause of a run that is broken', () => {
  it('is tried on at least forty', () => expect(BROKEN_RUNS).to.have.length.of.at.least(40));

  for (const run of BROKEN_RUNS) {
    it(`stands in the first sentence: ${run.about}`, async () => {
      const report = await runScenario(await scenario(run));
      expect(report.ok, 'it is broken').to.equal(false);
      const failed = report.steps.at(-1);
      const [first = ''] = (failed?.why?.sentence ?? '').split(/(?<=\.) (?=To see)/);
      if (process.env.SHOW) console.log(failed?.why?.sentence);
      expect(failed?.why?.sentence).to.match(run.cause);
      if (/rule \d|fault \d/.test(run.cause.source)) expect(failed?.why?.layers[0]?.layer, first).to.equal('cause');
      const layers = failed?.why?.layers.map(({ text }) => text).join('\n');
      expect(layers, 'what an honest run has too is no cause').not.to.contain('TPM_RC_REFERENCE_H0');
    }).timeout(20_000);
  }
});
