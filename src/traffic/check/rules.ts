import { hex, toHex } from '../../bytes/index.ts';
import { TPM_PT, TPM_RC } from '../../tpm/wire/index.ts';
import type { Exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';

/** Something that a stream of commands and responses shows to be wrong, without any key. */
export interface Rule {
  readonly name: string;
  readonly about: string;
  readonly cure: string;
  /** What is wrong with an exchange; the ledger has those before it. */
  at?(exchange: Exchange, ledger: Ledger): string | undefined;
  /** What is wrong when the conversation is at its end. */
  end?(ledger: Ledger): readonly { readonly number: number; readonly what: string }[];
}

const isSession = (handle: number): boolean => handle >>> 25 === 1;
const isObject = (handle: number): boolean => handle >>> 24 === 0x80;
const shown = (handle: number): string => hex(handle, 8);

/** An ended session or object that an exchange names. */
function endedIn(handles: readonly number[], ledger: Ledger): { handle: number; by: number; how: string } | undefined {
  for (const handle of handles) {
    const ended = ledger.held.get(handle)?.ended;
    if (ended) return { handle, ...ended };
  }
  return undefined;
}

export const RULES: readonly Rule[] = [
  {
    name: 'handle-after-flush',
    about: 'a command names an object that was flushed',
    cure: 'flush it after its last use, or load it again and use the new handle',
    at({ handles, name }, ledger) {
      const ended = endedIn(handles.filter(isObject), ledger);
      return ended && `${name} names ${shown(ended.handle)}; message ${ended.by} ${ended.how}`;
    },
  },
  {
    name: 'session-past-its-end',
    about: 'a command names a session that ended',
    cure: 'set continueSession in all commands but the last of a session, or start another one',
    at({ handles, sessions, name }, ledger) {
      const ended = endedIn([...handles.filter(isSession), ...sessions.map(({ handle }) => handle).filter(isSession)], ledger);
      return ended && `${name} names session ${shown(ended.handle)}; message ${ended.by} ${ended.how}`;
    },
  },
  {
    name: 'nonce-does-not-roll',
    about: 'a nonce of a session is the one of the exchange before',
    cure: 'draw a new nonceCaller for every command; a TPM that repeats nonceTPM lets its answers be played again',
    at({ sessions, rc }, ledger) {
      if (rc !== 0) return undefined;
      for (const { handle, nonceTPM, nonceCaller } of sessions) {
        const before = isSession(handle) ? ledger.held.get(handle) : undefined;
        if (nonceTPM && before?.nonceTPM === nonceTPM) return `nonceTPM of session ${shown(handle)} is the one before`;
        if (nonceCaller && before?.nonceCaller === nonceCaller) return `nonceCaller of session ${shown(handle)} is the one before`;
      }
      return undefined;
    },
  },
  {
    name: 'retry-not-retried',
    about: 'TPM_RC_RETRY was answered, and the command was not sent again',
    cure: 'send the same command again, after a pause: the TPM did nothing yet',
    at({ command }, { retry }) {
      if (!retry || toHex(command) === toHex(retry.command)) return undefined;
      return `${retry.name} of message ${retry.number} was answered with TPM_RC_RETRY; something else came next`;
    },
    end: ({ retry }) =>
      retry ? [{ number: retry.number, what: `${retry.name} was answered with TPM_RC_RETRY and never sent again` }] : [],
  },
  {
    name: 'lockout-approaches',
    about: 'authorizations fail that count towards the lockout',
    cure: 'stop trying; TPM2_DictionaryAttackLockReset with lockoutAuth, or time, takes failures off the count',
    at({ rc, name }, { authFailures, properties }) {
      if (rc === TPM_RC.LOCKOUT) return `${name}: the TPM is in lockout`;
      if ((rc & 0xbf) !== TPM_RC.AUTH_FAIL) return undefined;
      const failed = authFailures + 1 + (properties.get(TPM_PT.LOCKOUT_COUNTER) ?? 0);
      const most = properties.get(TPM_PT.MAX_AUTH_FAIL);
      return `${name}: failure ${failed}${most === undefined ? '' : ` of ${most}`}`;
    },
  },
  {
    name: 'context-loaded-twice',
    about: "a session's context is loaded a second time",
    cure: 'save the session again after its use, and load the new context: the old one is good for one time',
    at({ name, command }, { loadedContexts }) {
      const before = name === 'TPM2_ContextLoad' ? loadedContexts.get(toHex(command.subarray(10))) : undefined;
      return before === undefined ? undefined : `message ${before} loaded this context`;
    },
  },
  {
    name: 'context-gap-grows',
    about: 'a saved session falls behind the others: past the gap none can be saved any more',
    cure: 'load and save the oldest session now and then, or flush it (tpm2_flushcontext --saved-session)',
    at({ name, rc }, { savedSessions, newestSequence, gapMax }) {
      if (rc === TPM_RC.CONTEXT_GAP) return `${name}: the gap is full`;
      if (name !== 'TPM2_ContextSave') return undefined;
      for (const [handle, { sequence, number }] of savedSessions) {
        const behind = newestSequence - sequence;
        if (behind === gapMax / 2n)
          return `session ${shown(handle)}, saved in message ${number}, is ${behind} saves behind; ${gapMax} are possible`;
      }
      return undefined;
    },
  },
  {
    name: 'needs-a-resource-manager',
    about: 'the TPM has no room for another object or session',
    cure: 'go through a resource manager (/dev/tpmrm0, tpm2-abrmd), which saves and loads what is not in use; or flush',
    at({ name, rc }, ledger) {
      const full = [TPM_RC.OBJECT_MEMORY, TPM_RC.SESSION_MEMORY, TPM_RC.SESSION_HANDLES, TPM_RC.OBJECT_HANDLES];
      if (!full.includes(rc)) return undefined;
      const open = [...ledger.held.values()].filter(({ ended, made }) => made && !ended).length;
      return `${name}: ${open} objects and sessions of this conversation are loaded; a resource manager would have made room`;
    },
  },
  {
    name: 'left-open',
    about: 'sessions and objects are loaded when the conversation ends',
    cure: 'TPM2_FlushContext; a resource manager does it when its client leaves',
    end: ({ held }) =>
      [...held].flatMap(([handle, { made, ended, since }]) =>
        made && !ended ? [{ number: since, what: `${isSession(handle) ? 'session' : 'object'} ${shown(handle)} is never flushed` }] : [],
      ),
  },
];
