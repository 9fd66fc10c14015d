import { SimulatorError } from '../../sim/index.ts';
import { rcOfName } from '../../tpm/wire/index.ts';
import type { FoundMessage } from '../../traffic/index.ts';
import type { DecodeFlags } from './flags.ts';

/** Which messages are shown. */
export interface Choice {
  /** The messages to show now that this one has come: a command may have waited for its response. */
  of(message: FoundMessage): readonly FoundMessage[];
}

/** @throws {SimulatorError} `decode.rc` for a code that nobody gives. */
export function choiceOf({ only, rc }: Pick<DecodeFlags, 'only' | 'rc'>): Choice {
  const names = only?.map(glob => new RegExp(`^${glob.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replaceAll('*', '.*')}$`, 'i'));
  const isNamed = ({ inspected }: FoundMessage): boolean =>
    !names || names.some(name => name.test(inspected.name ?? '') || name.test(`TPM2_${inspected.name ?? ''}`));
  if (rc === undefined) return { of: message => (isNamed(message) ? [message] : []) };
  const fits = codeTest(rc);
  const commands = new Map<string, FoundMessage>();
  return {
    of(message) {
      const { conversation, inspected, answers } = message;
      if (inspected.kind === 'command') {
        commands.set(conversation, message);
        return [];
      }
      const command = commands.get(conversation);
      commands.delete(conversation);
      if (!inspected.rc || !fits(inspected.rc.code) || !isNamed(message)) return [];
      return command && command.number === answers ? [command, message] : [message];
    },
  };
}

/** A format-1 code is meant whatever it blames: TPM_RC_VALUE is 0x084, 0x1c4 says of which parameter. */
function codeTest(text: string): (code: number) => boolean {
  if (text === 'failed') return code => code !== 0;
  const number = /^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : undefined;
  if (number !== undefined) return code => code === number;
  const named = rcOfName(text.toUpperCase());
  if (named === undefined)
    throw new SimulatorError('decode.rc', {
      what: `no TPM gives a code "${text}"`,
      hint: 'Give a name such as TPM_RC_LOCKOUT, a number, or "failed".',
    });
  return code => code === named || ((named & 0x80) !== 0 && (code & 0xbf) === named);
}
