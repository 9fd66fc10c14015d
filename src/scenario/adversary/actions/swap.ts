import { z } from 'zod';
import { gfnOf, PAGE_BYTES } from '../../../hcall/index.ts';
import { bytesAction, where } from '../action.ts';

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
    const { partition, args } = scene.intercepted ?? {};
    if (!partition || !args) return null;
    const other = ((args.gpa ?? 0n) & ~BigInt(PAGE_BYTES - 1)) + BigInt(by * PAGE_BYTES);
    // A frame that is in secure memory already is out of reach.
    if (!partition.hasRam(other) || partition.gfnState(gfnOf(other)) !== 'normal') return null;
    const there = partition.read(other, PAGE_BYTES, 'hypervisor');
    partition.write(other, bytes, 'hypervisor');
    scene.tell(where(scene), `this page and the one ${by} frames later change places`);
    return there;
  },
});
