import { toHex } from '../../bytes/index.ts';
import { TPM_PT } from '../../tpm/wire/index.ts';
import { u16, u32 } from '../message.ts';
import type { Exchange } from './exchange.ts';

interface Held {
  /** The message that made it, or saw it first. */
  readonly since: number;
  readonly made: boolean;
  readonly ended?: { readonly by: number; readonly how: string };
  readonly nonceTPM?: string;
  readonly nonceCaller?: string;
}

const isSession = (handle: number): boolean => handle >>> 25 === 1;
const isTransient = (handle: number): boolean => handle >>> 24 === 0x80;
const LOADS: ReadonlySet<string> = new Set([
  'TPM2_CreatePrimary',
  'TPM2_CreateLoaded',
  'TPM2_Load',
  'TPM2_LoadExternal',
  'TPM2_ContextLoad',
  'TPM2_HashSequenceStart',
  'TPM2_HMAC_Start',
  'TPM2_StartAuthSession',
]);

/** What the exchanges so far say about the objects and sessions of one conversation. Nothing is known of what was before them. */
export class Ledger {
  readonly held = new Map<number, Held>();
  /** Contexts of sessions that were loaded, by their bytes: the message that did it. */
  readonly loadedContexts = new Map<string, number>();
  /** Sessions that are saved: the sequence number of their context, and the message. */
  readonly savedSessions = new Map<number, { readonly sequence: bigint; readonly number: number }>();
  readonly properties = new Map<number, number>();
  newestSequence = 0n;
  authFailures = 0;
  /** The exchange that was answered with TPM_RC_RETRY and not sent again yet. */
  retry: Exchange | undefined;

  /** Takes an exchange down, after the rules have looked at it. */
  enter(exchange: Exchange): void {
    const { name, rc, number, response, handles } = exchange;
    if ((rc & 0xbf) === AUTH_FAIL) this.authFailures++;
    this.retry = rc === RETRY ? exchange : undefined;
    if (rc !== 0) return;
    if (name === 'TPM2_Startup' || name === 'TPM2_Clear') this.#forget();
    if (name === 'TPM2_DictionaryAttackLockReset') this.authFailures = 0;
    if (name === 'TPM2_GetCapability') this.#properties(response);
    for (const session of exchange.sessions) {
      if (!isSession(session.handle)) continue;
      const before = this.held.get(session.handle) ?? { since: number, made: false };
      const ended = session.continues ? {} : { ended: { by: number, how: 'did not ask to continue it' } };
      this.held.set(session.handle, { ...before, ...ended, nonceTPM: session.nonceTPM, nonceCaller: session.nonceCaller });
    }
    const [first = 0] = handles;
    if (LOADS.has(name)) this.#loads(exchange);
    else if (name === 'TPM2_FlushContext' || name === 'TPM2_SequenceComplete' || name === 'TPM2_EventSequenceComplete') {
      const ends = name === 'TPM2_EventSequenceComplete' ? (handles[1] ?? 0) : first;
      this.held.set(ends, { ...(this.held.get(ends) ?? { since: number, made: false }), ended: { by: number, how: `was ${name}` } });
      this.savedSessions.delete(ends);
    } else if (name === 'TPM2_ContextSave' && isSession(first)) {
      const sequence = this.#sequence(response, 10);
      this.newestSequence = sequence > this.newestSequence ? sequence : this.newestSequence;
      this.savedSessions.set(first, { sequence, number });
    }
  }

  #loads({ name, number, command, response }: Exchange): void {
    const handle = u32(response, 10);
    if (!isSession(handle) && !isTransient(handle)) return;
    const nonceTPM = name === 'TPM2_StartAuthSession' ? toHex(response.subarray(16, 16 + u16(response, 14))) : undefined;
    const kept = isSession(handle) && name === 'TPM2_ContextLoad' ? this.held.get(handle) : undefined;
    this.held.set(handle, { ...(kept ?? { since: number, made: true }), ...(nonceTPM && { nonceTPM }) });
    if (name !== 'TPM2_ContextLoad' || !isSession(handle)) return;
    this.loadedContexts.set(toHex(command.subarray(10)), number);
    this.savedSessions.delete(handle);
  }

  #forget(): void {
    this.held.clear();
    this.savedSessions.clear();
    this.loadedContexts.clear();
  }

  readonly #sequence = (bytes: Uint8Array, at: number): bigint => (BigInt(u32(bytes, at)) << 32n) | BigInt(u32(bytes, at + 4));

  /** TPM_CAP_TPM_PROPERTIES: moreData, capability, count, then pairs. */
  #properties(response: Uint8Array): void {
    if (u32(response, 11) !== 6) return;
    for (let at = 19; at + 8 <= response.length; at += 8) this.properties.set(u32(response, at), u32(response, at + 4));
  }

  get gapMax(): bigint {
    return BigInt(this.properties.get(TPM_PT.CONTEXT_GAP_MAX) ?? 0xffff);
  }
}

const AUTH_FAIL = 0x8e;
const RETRY = 0x922;
