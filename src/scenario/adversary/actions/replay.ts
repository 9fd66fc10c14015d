import { z } from 'zod';
import { bytesAction } from '../action.ts';
import { where } from '../scene.ts';

export const replay = bytesAction({
  name: 'replay',
  about: 'Sends an earlier message of the same direction in the place of this one.',
  at: ['tpm-request', 'tpm-response'],
  fields: { back: z.int().positive().optional().describe('How many messages back; default 1, the one before.') },
  variants: () => [{}, { back: 2 }],
  apply(bytes, { back = 1 }, scene) {
    const old = scene.earlier.at(-back);
    if (!old) return null;
    scene.tell(where(scene), `an earlier message of ${old.length} bytes takes the place of ${bytes.length} bytes`);
    return old;
  },
});
