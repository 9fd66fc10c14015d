import { expect } from 'chai';
import { searchVerdict } from '../../src/cli/explore/search-verdict.ts';
import type { Exploration } from '../../src/scenario/index.ts';

const finding = (is: 'harmless' | 'violation') => ({ candidates: [], verdict: { is, by: '', text: '', steps: 1, acted: true } });
const search = (over: Partial<Exploration>): Exploration =>
  ({ findings: [finding('harmless')], faults: [], done: 911, of: 911, ...over }) as Exploration;

describe('The verdict of a search', () => {
  for (const [about, exploration, interrupted, word, status] of [
    ['all of it was made', search({}), false, 'HELD', 0],
    ['a budget cut it', search({ done: 8 }), false, 'NOTHING FOUND', 0],
    ['nothing ran', search({ findings: [], done: 0 }), false, 'NOTHING RAN', 2],
    ['there is nothing to run', search({ findings: [], done: 0, of: 0 }), false, 'NOTHING RAN', 2],
    ['it was interrupted', search({ done: 12 }), true, 'INTERRUPTED', 130],
    ['a violation was found, in part of it', search({ findings: [finding('violation')], done: 8 }), false, 'VIOLATED', 1],
    ['a run ended with a fault of the simulator', search({ faults: [{ rules: '', error: '' }] }), false, 'FAILED', 3],
  ] as const) {
    it(`is ${word} when ${about}`, () => {
      expect(searchVerdict(exploration, interrupted)).to.include({ word, status });
    });
  }
});
