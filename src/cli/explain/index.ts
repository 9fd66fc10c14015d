import { command } from '../command.ts';

export const explain = command({
  name: 'explain',
  about: 'Explain a return code of hypercalls, ultracalls or the TPM: H_P5, -58, 0x1C4, U_P3, TPM_RC_VALUE.',
  flags: made => made.argument('<code...>', 'name or number').allowUnknownOption(), // negative numbers
  exits: { held: 'every code is explained', usage: 'a code that nobody gives' },
  run: async (codes, _options, io) => (await import('./explain-codes.ts')).explain(codes, io),
});
