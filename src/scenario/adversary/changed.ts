import { commandCodes } from '../../tpm/wire/index.ts';
import type { Betrayal } from './betrayal.ts';
import { fieldOf } from './messages/message-fields.ts';
import type { Meant } from './rule-watch.ts';
import type { Scene } from './scene.ts';

/** What an action makes of bytes, or of the field of a TPM message that its rule names; null: nothing. */
export function changed({ action, rule }: Meant<'bytes'>, bytes: Uint8Array, scene: Scene<Betrayal>): Uint8Array | null {
  const { point, command = '' } = scene.moment;
  const { field, sizes } = rule;
  if (typeof field !== 'string' || (point !== 'tpm-request' && point !== 'tpm-response')) return action.apply(bytes, rule, scene);
  const found = fieldOf(point, commandCodes.get(command) ?? 0, bytes, field);
  const contents = found && action.apply(found.contents, rule, scene);
  return contents && found.replaced(contents, sizes === 'kept' ? 'kept' : 'fixed');
}
