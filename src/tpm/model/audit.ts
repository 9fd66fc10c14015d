import { digest } from '../../crypto/index.ts';
import { responseDigest } from '../session-crypto.ts';
import { digestBytes, has, hashName, TPMA_SESSION } from '../wire/index.ts';
import type { Call } from './call.ts';
import type { Core } from './core.ts';

// Part 1 §20: audit by session, and by command code.

/**
 * Session audit (Part 4 UpdateAuditSessionStatus). Any other audited command, or one without an audit session, ends a session's
 * exclusivity, except where the specification lets it pass.
 */
export function auditBySession(tpm: Core, call: Call, responseParameters: () => Uint8Array): void {
  const { ram } = tpm.state;
  const use = call.auditSession;
  if (!use?.session) {
    // A command without an audit session breaks an exclusive sequence.
    if (call.command.code !== 0 && ram.exclusiveAuditSession !== null && !isTransparent(call)) ram.exclusiveAuditSession = null;
    return;
  }
  const { session } = use;
  if (has(use.attributes, TPMA_SESSION.bit.auditReset) || session.auditDigest === null) {
    session.auditDigest = new Uint8Array(digestBytes(session.authHash));
    ram.exclusiveAuditSession = session.handle;
  } else if (ram.exclusiveAuditSession !== session.handle) ram.exclusiveAuditSession = null;
  const rpHash = responseDigest(session.authHash, 0, call.command.code, responseParameters());
  session.auditDigest = digest(hashName(session.authHash), session.auditDigest, call.cpHash(session.authHash), rpHash);
}

/** Commands about contexts and capabilities do not count: a resource manager sends them in between. */
const isTransparent = (call: Call): boolean => call.command.sessions === 'none';

/** Command audit: the digest over all audited commands since it was last read. */
export function auditByCommand(tpm: Core, call: Call, responseParameters: () => Uint8Array): void {
  const { permanent, reset } = tpm.state;
  if (!permanent.auditCommands.has(call.command.code)) return;
  const hash = permanent.auditHashAlg;
  if (reset.commandAuditDigest.length === 0) {
    permanent.auditCounter++;
    reset.commandAuditDigest = new Uint8Array(digestBytes(hash));
  }
  const rpHash = responseDigest(hash, 0, call.command.code, responseParameters());
  reset.commandAuditDigest = digest(hashName(hash), reset.commandAuditDigest, call.cpHash(hash), rpHash);
  tpm.disorderly = true;
}
