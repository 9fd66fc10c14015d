import fc from 'fast-check';
import { SWAPPING } from '../../src/tpmrm/index.ts';
import { Oracle, type Space } from './oracle.ts';

/** What can happen to a space; the dice say with which of its things. */
const ACTIONS = {
  create: (oracle: Oracle, space: Space, { mark }: Dice) => oracle.create(space, mark),
  use: (oracle: Oracle, space: Space, { slot, mark }: Dice) => oracle.use(space, slot, mark),
  useBySession: (oracle: Oracle, space: Space, { slot, session, yes }: Dice) => oracle.useBySession(space, slot, session, yes),
  startSequence: (oracle: Oracle, space: Space) => oracle.startSequence(space),
  complete: (oracle: Oracle, space: Space, { slot }: Dice) => oracle.complete(space, slot),
  flush: (oracle: Oracle, space: Space, { slot }: Dice) => oracle.flush(space, slot),
  save: (oracle: Oracle, space: Space, { slot }: Dice) => oracle.save(space, slot),
  load: (oracle: Oracle, space: Space, { mark }: Dice) => oracle.load(space, mark),
  startSession: (oracle: Oracle, space: Space, { yes }: Dice) => oracle.startSession(space, yes ? 'hmac' : 'policy'),
  policy: (oracle: Oracle, space: Space, { session, yes }: Dice) => oracle.policy(space, session, yes),
  endSession: (oracle: Oracle, space: Space, { session }: Dice) => oracle.endSession(space, session),
  saveSession: (oracle: Oracle, space: Space, { session }: Dice) => oracle.saveSession(space, session),
  loadSession: (oracle: Oracle, space: Space) => oracle.loadSession(space),
  list: (oracle: Oracle, space: Space) => oracle.list(space),
  useForeign: (oracle: Oracle, space: Space, { mark }: Dice) => oracle.useForeign(space, mark),
  flushForeign: (oracle: Oracle, space: Space, { mark }: Dice) => oracle.flushForeign(space, mark),
  badHandle: (oracle: Oracle, space: Space, { yes }: Dice) => oracle.badHandle(space, yes),
  raw: (oracle: Oracle) => oracle.raw(),
  close: (oracle: Oracle, space: Space) => oracle.close(space),
  reset: (oracle: Oracle) => oracle.reset(),
} as const;
type ActionName = keyof typeof ACTIONS;

interface Dice {
  readonly slot: number;
  readonly session: number;
  readonly mark: number;
  readonly yes: boolean;
}

/** How often, beside others: what destroys is rare, or little would ever be there. */
const WEIGHTS: Partial<Record<ActionName, number>> = {
  create: 8,
  use: 10,
  useBySession: 8,
  startSession: 8,
  startSequence: 4,
  policy: 6,
  useForeign: 4,
  flushForeign: 1,
  badHandle: 1,
  close: 1,
  reset: 1,
};

const dice = {
  slot: fc.nat(2),
  session: fc.nat(2),
  mark: fc.nat(9),
  yes: fc.boolean(),
};
const step = fc.oneof(
  ...(Object.keys(ACTIONS) as ActionName[]).map(action => ({
    weight: WEIGHTS[action] ?? 3,
    arbitrary: fc.record({ action: fc.constant(action), ...dice }),
  })),
);
/** A program is often alone for a while. */
const turn = fc.record({ who: fc.nat(19), steps: fc.array(step, { minLength: 1, maxLength: 8 }) });

describe('spaces do what is written of them, whatever 2 to 20 of them do', () => {
  for (const swapping of SWAPPING) {
    it(`on the embedded TPM, ${swapping}: results are those of whoever computes for himself, and nothing is left after close`, async function () {
      this.timeout(60_000);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 2, max: 20 }), fc.array(turn, { minLength: 10, maxLength: 40 }), async (count, turns) => {
          const oracle = new Oracle(swapping);
          for (const { who, steps } of turns) {
            for (const { action, ...how } of steps) {
              while (oracle.spaces.length < count) await oracle.open();
              await ACTIONS[action](oracle, oracle.spaces[who % count] as Space, how);
              oracle.check();
            }
          }
          await oracle.end();
        }),
        { numRuns: Number(process.env.SVM_SIM_RUNS ?? 20), seed: Number(process.env.SVM_SIM_SEED ?? 4) },
      );
    });
  }
});
