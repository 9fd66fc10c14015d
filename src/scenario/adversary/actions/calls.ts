import { z } from 'zod';
import { codeNames, codeOf } from '../../expect/code-names.ts';
import { callAction } from '../action.ts';

const CODE = z.enum(codeNames).describe('Name of the code, such as H_RESOURCE.');

export const drop = callAction({
  name: 'drop',
  about: 'The call is not made, and said to have succeeded.',
  at: ['hypercall', 'ultracall'],
  fields: {},
  withholds: true,
  variants: () => [{}],
  before(plan, _fields, scene) {
    plan.times = 0;
    scene.tell(scene.moment.call, 'is not done, and said to have succeeded');
  },
});

export const answer = callAction({
  name: 'answer',
  about: 'Answers with a code in place of doing what was asked.',
  at: ['hypercall', 'ultracall'],
  fields: { code: CODE },
  withholds: true,
  variants: ({ point, call }) =>
    (point === 'ultracall' ? [] : call === 'H_TPM_COMM' ? ['H_RESOURCE', 'H_FUNCTION', 'H_BUSY'] : ['H_PARAMETER', 'H_STATE']).map(
      code => ({ code }),
    ),
  before(plan, { code }, scene) {
    plan.times = 0;
    plan.answer = codeOf(code) ?? 0;
    scene.tell(scene.moment.call, `is answered with ${code}, and not done`);
  },
});

export const report = callAction({
  name: 'report',
  about: 'Does what was asked, and gives another code back.',
  at: ['hypercall', 'ultracall'],
  fields: { code: CODE },
  withholds: true,
  variants: ({ point }) => (point === 'hypercall' ? [{ code: 'H_PARAMETER' }, { code: 'H_SUCCESS' }] : []),
  before(plan, { code }, scene) {
    plan.r3 = codeOf(code) ?? 0;
    scene.tell(scene.moment.call, `is done, and said to have given ${code}`);
  },
});

export const duplicate = callAction({
  name: 'duplicate',
  about: 'Makes the call twice; the second answer is given.',
  at: ['hypercall', 'ultracall'],
  fields: {},
  variants: () => [{}],
  before(plan, _fields, scene) {
    plan.times = 2;
    scene.tell(scene.moment.call, 'is done twice');
  },
});

export const delay = callAction({
  name: 'delay',
  about: 'Lets virtual time pass before the call.',
  at: ['hypercall', 'ultracall'],
  fields: { ms: z.int().positive().describe('Virtual milliseconds.') },
  withholds: true,
  variants: ({ point }) => (point === 'hypercall' ? [{ ms: 600_000 }] : []),
  before(_plan, { ms }, { reach, moment, tell }) {
    tell(moment.call, `waits ${ms} ms`);
    reach.waitMs(ms);
  },
});
