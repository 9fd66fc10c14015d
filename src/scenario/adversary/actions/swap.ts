import { z } from 'zod';
import { PAGE_BYTES } from '../../../hcall/index.ts';
import { bytesAction } from '../action.ts';
import { pageAt } from '../regions.ts';
import { where } from '../scene.ts';

export const swap = bytesAction({
  name: 'swap',
  about:
    'Exchanges two: this command and a later one reach the TPM in the other order (this one is answered with an empty success meanwhile), ' +
    'or this page and a later one change places.',
  at: ['tpm-request', 'page'],
  fields: { by: z.int().positive().optional().describe('How many commands or frames later the other one comes; default 1.') },
  variants: () => [{}, { by: 2 }],
  apply(bytes, { by = 1 }, scene) {
    const { point } = scene.moment;
    if (point === 'tpm-request') {
      scene.tell(where(scene), `is held back: the TPM gets it after the command that comes ${by} later`);
      scene.holdBack(by);
      return null;
    }
    const { memory, args } = scene.intercepted ?? {};
    if (!memory || !args) return null;
    const other = pageAt(args.gpa ?? 0n) + BigInt(by * PAGE_BYTES);
    // A frame that is in secure memory already is out of reach.
    if (!memory.holds(other)) return null;
    const there = memory.read(other, PAGE_BYTES);
    memory.write(other, bytes);
    scene.tell(where(scene), `this page and the one ${by} frames later change places`);
    return there;
  },
});
