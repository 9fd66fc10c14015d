import { z } from 'zod';
import { registersAction } from '../action.ts';

const VALUE = z.union([z.int(), z.string().regex(/^-?(0x[0-9a-fA-F]+|\d+)$/, 'is no number: write 4096 or 0x1000')]);

export const set = registersAction({
  name: 'set',
  about: 'Gives a register another value.',
  at: ['result', 'ultracall', 'return'],
  fields: {
    register: z
      .string()
      .regex(/^(r\d+|hsrr[01]|lpidr|pidr)$/, 'is no register: r3, r31, hsrr0, lpidr, pidr')
      .describe('The register, such as `r4`.'),
    value: VALUE.describe('Its value.'),
  },
  variants({ point, call }) {
    const tries = (register: string, ...values: (number | string)[]) => values.map(value => ({ register, value }));
    if (point === 'result') return call === 'H_TPM_COMM' ? tries('r4', 0, 9, 4096, 4097) : [];
    if (point === 'ultracall') return call === 'UV_PAGE_IN' ? [...tries('r5', 0), ...tries('r6', 0, '0x20000'), ...tries('r8', 12)] : [];
    return [...tries('r31', 0), ...tries('hsrr0', 0, '0x700'), ...tries('lpidr', 99), ...tries('r4', '0xffffffffffffffff')];
  },
  apply(registers, { register, value }, scene) {
    scene.tell(scene.moment.call, `${register} becomes ${value}`);
    registers.set(register, BigInt(value));
  },
});
