import type { CommandRecord } from '../record.ts';
import type { Session } from './state.ts';

/** One session of the command's authorization area, while the command runs. */
export interface SessionUse {
  readonly handle: number;
  /** Null for a password. */
  readonly session: Session | null;
  readonly nonceCaller: Uint8Array;
  /** TPMA_SESSION of the command; the response's from when its parameters are made. */
  attributes: number;
  readonly hmac: Uint8Array;
  /** Handle of the entity that it authorizes; null when it only encrypts or audits. */
  entity: number | null;
  /** Whether the entity's authorization value is part of the HMAC key. */
  includeAuth: boolean;
}

/** What a command's action may want to know of the command beyond its parameters. */
export interface Call {
  readonly command: CommandRecord;
  readonly locality: number;
  /** Handles in order, persistent ones as the slot they were copied to. */
  readonly handles: readonly number[];
  /** Names in order, as they were when the command came. */
  readonly names: readonly Uint8Array[];
  /** Parameters as sent: still encrypted when a session encrypts them. */
  readonly parameters: Uint8Array;
  readonly sessions: readonly SessionUse[];
  readonly decryptSession: SessionUse | null;
  readonly encryptSession: SessionUse | null;
  readonly auditSession: SessionUse | null;
  /** What is to happen when the response is made: an object that ends with its command still authorizes the response. */
  readonly afterwards: (() => void)[];
  /** cpHash with a hash of choice; computed once each. */
  cpHash(hash: number): Uint8Array;
}
