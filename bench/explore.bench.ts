import { Explorer } from '../src/scenario/explore/explorer.ts';
import { loadScenario, runScenario } from '../src/scenario/index.ts';
import type { Bench } from './harness.ts';

const scenario = await loadScenario('fixtures/scenarios/first-boot.yaml');
type Off = readonly ('no-leak' | 'no-forgery' | 'no-residue')[];
const without = (switchOff: Off) => ({ ...scenario, document: { ...scenario.document, switchOff: [...switchOff] } });

/** One explored run: back to the snapshot before UV_ESM, the transition with an adversary, the verdict. */
async function explored(switchOff: Off): Promise<() => Promise<void>> {
  const explorer = await Explorer.prepare(without(switchOff), 'published');
  const flips = explorer.candidates.filter(({ rule }) => rule.do === 'delay');
  let next = 0;
  return async () => {
    const { rule, moment } = flips[next++ % flips.length]!;
    await explorer.run([rule], moment);
  };
}

const whole = (switchOff: Off) => async (): Promise<void> => {
  await runScenario(without(switchOff), { profile: 'published' });
};

/** What `no-leak` may add to a run: at most 15 % of it. */
const MOST = 1.15;

export const benches: readonly Bench[] = [
  { name: 'explored run, no-leak switched off', run: await explored(['no-leak']) },
  { name: 'explored run', run: await explored([]) },
  { name: 'whole run, no-leak switched off', run: whole(['no-leak']) },
  { name: 'whole run', run: whole([]), limit: { times: MOST, of: 'whole run, no-leak switched off' } },
];
