import { z } from 'zod';
import type { AnyStep } from '../run/any-step.ts';
import { OK } from '../run/step-outcome.ts';
import { OF_NOBODY, stepKind } from './step-kind.ts';

/** The kind of step that has steps in it: it is given the schema of a step, which names this kind in turn. */
export const parallelOf = (step: () => z.ZodType<AnyStep>) =>
  stepKind({
    name: 'parallel',
    about: 'Several strands of steps at once, such as two guests that become secure: who is next follows from virtual time and seed.',
    of: OF_NOBODY,
    fields: {
      get strands() {
        return z
          .array(z.array(step()).min(1))
          .min(2)
          .describe('Lists of steps, each written as everywhere else. In a strand they follow each other.');
      },
    },
    expects: ['result'],
    usual: { result: 'ok' },
    strands: ({ strands }) => strands,
    text: ({ strands }) => `${strands.length} strands run at once`,
    async run({ strands }, run) {
      const bodies = strands.map((steps, i) => ({ name: `strand ${i + 1}`, body: () => run.runSteps(steps) }));
      return { result: OK, inner: (await run.world.scheduler.run(bodies)).flat() };
    },
  });
