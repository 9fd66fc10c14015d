import { Explorer } from '../src/scenario/explore/explorer.ts';
import { loadScenario } from '../src/scenario/index.ts';
import type { Bench } from './harness.ts';

const scenario = await loadScenario('fixtures/scenarios/first-boot.yaml');

/** One explored run: back to the snapshot before UV_ESM, the transition with an adversary, the verdict. */
async function run(switchOff: readonly ('no-leak' | 'no-forgery' | 'no-residue')[]): Promise<() => Promise<void>> {
  const explorer = await Explorer.prepare({ ...scenario, document: { ...scenario.document, switchOff: [...switchOff] } }, 'published');
  const flips = explorer.candidates.filter(({ rule }) => rule.do === 'delay');
  let next = 0;
  return async () => {
    const { rule, moment } = flips[next++ % flips.length]!;
    await explorer.run([rule], moment);
  };
}

export const benches: readonly Bench[] = [
  { name: 'explored run', run: await run([]) },
  { name: 'explored run, no-leak switched off', run: await run(['no-leak']) },
];
