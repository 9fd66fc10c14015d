import { digest } from '../../crypto/index.ts';
import { responseDigest } from '../session-crypto.ts';
import { digestBytes, has, hashName, TPMA_SESSION } from '../wire/index.ts';
import type { Call } from './call.ts';
import type { Core } from './core.ts';

// Part 1 §20: audit by session, and by command code.

const A = TPMA_SESSION.bit;

/**
 * Session audit (Part 4 UpdateAuditSessionStatus). The session is exclusive from its first use on, as long as no other command that
 * takes sessions comes between; the response says whether it still is.
 */
export function auditBySession(tpm: Core, call: Call, responseParameters: () => Uint8Array): void {
  const { ram } = tpm.state;
  const use = call.auditSession;
  if (!use?.session) {
    // Contexts are saved and loaded by a resource manager in between: commands without sessions do not count.
    if (call.command.sessions !== 'none') ram.exclusiveAuditSession = null;
    return;
  }
  const { session } = use;
  if (has(use.attributes, A.auditReset) || session.auditDigest === null) {
    session.auditDigest = new Uint8Array(digestBytes(session.authHash));
    session.boundEntity = null; // an audit session is bound to nothing any more (Part 4 InitAuditSession)
    ram.exclusiveAuditSession = session.handle;
  } else if (ram.exclusiveAuditSession !== session.handle) ram.exclusiveAuditSession = null;
  use.attributes = ram.exclusiveAuditSession === session.handle ? use.attributes | A.auditExclusive : use.attributes & ~A.auditExclusive;
  const rpHash = responseDigest(session.authHash, 0, call.command.code, responseParameters());
  session.auditDigest = digest(hashName(session.authHash), session.auditDigest, call.cpHash(session.authHash), rpHash);
}

/** Command audit: the digest over all audited commands since it was last read. */
export function auditByCommand(tpm: Core, call: Call, responseParameters: () => Uint8Array): void {
  const { permanent, reset } = tpm.state;
  if (!permanent.auditCommands.has(call.command.code)) return;
  const hash = permanent.auditHashAlg;
  if (reset.commandAuditDigest.length === 1) {
    // The command changed the hash: the digest begins with the next one.
    reset.commandAuditDigest = new Uint8Array(0);
    return;
  }
  if (reset.commandAuditDigest.length === 0) {
    permanent.auditCounter++;
    reset.commandAuditDigest = new Uint8Array(digestBytes(hash));
  }
  const rpHash = responseDigest(hash, 0, call.command.code, responseParameters());
  reset.commandAuditDigest = digest(hashName(hash), reset.commandAuditDigest, call.cpHash(hash), rpHash);
  tpm.disorderly = true;
}
