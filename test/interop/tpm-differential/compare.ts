import { decode, toHex } from '../../../src/bytes/index.ts';
import { TPMS_ATTEST } from '../../../src/tpm/wire/index.ts';

// What both TPMs say must be the same, byte for byte, but for what chance, keys of their own and time decide.

type Tree = unknown;

/** Leaves by their path. */
function leaves(tree: Tree, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (tree === null || typeof tree !== 'object' || tree instanceof Uint8Array) into.set(path, tree);
  else if (Array.isArray(tree)) {
    into.set(`${path}.length`, tree.length);
    for (const [i, item] of tree.entries()) leaves(item, `${path}.${i}`, into);
  } else for (const [key, value] of Object.entries(tree)) leaves(value, path ? `${path}.${key}` : key, into);
  return into;
}

/** Leaves that are free, by command; those in `keys` are so only when the TPMs used keys of their own. */
const FREE: Readonly<Record<string, { readonly always?: RegExp; readonly keys?: RegExp }>> = {
  TPM2_GetRandom: { always: /^randomBytes$/ },
  TPM2_StartAuthSession: { always: /^nonceTPM$/ },
  TPM2_CreatePrimary: { always: /^(outPublic\.unique|name$|creationHash|creationTicket\.digest|creationData\.parent)/ },
  TPM2_Create: { always: /^(outPrivate|outPublic\.unique|creationHash|creationTicket\.digest|creationData\.parent)/ },
  TPM2_CreateLoaded: { always: /^(outPrivate|outPublic\.unique|name$)/ },
  TPM2_Load: { keys: /^name$/ },
  TPM2_ReadPublic: { keys: /^(outPublic\.unique|name$|qualifiedName$)/ },
  TPM2_ContextSave: { always: /^context\.contextBlob$/ },
  TPM2_Sign: { always: /^signature\.(signature[RS]|sig)$/, keys: /^signature/ },
  TPM2_VerifySignature: { always: /^validation\.digest$/ },
  TPM2_Hash: { always: /^validation\.digest$/ },
  TPM2_SequenceComplete: { always: /^validation\.digest$/, keys: /^result$/ },
  TPM2_MakeCredential: { always: /^(credentialBlob|secret)/ },
  TPM2_RSA_Encrypt: { always: /^outData$/ },
  TPM2_RSA_Decrypt: { keys: /^message$/ },
  TPM2_ECDH_KeyGen: { always: /Point/ },
  TPM2_ECDH_ZGen: { keys: /Point/ },
  TPM2_ZGen_2Phase: { always: /^outZ/ },
  TPM2_Commit: { always: /^[KLE]\./ },
  TPM2_EC_Ephemeral: { always: /^Q\./ },
  TPM2_Duplicate: { always: /^(encryptionKeyOut|duplicate|outSymSeed)$/ },
  TPM2_Rewrap: { always: /^(outDuplicate|outSymSeed)$/ },
  TPM2_Import: { always: /^outPrivate$/ },
  TPM2_ObjectChangeAuth: { always: /^outPrivate$/ },
  TPM2_HMAC: { keys: /^outHMAC$/ },
  TPM2_EncryptDecrypt: { keys: /^(outData|ivOut)$/ },
  TPM2_EncryptDecrypt2: { keys: /^(outData|ivOut)$/ },
  TPM2_PolicySigned: { always: /^(timeout|policyTicket\.digest)$/ },
  TPM2_PolicySecret: { always: /^(timeout|policyTicket\.digest)$/ },
  TPM2_PolicyGetDigest: { keys: /^policyDigest$/ },
  TPM2_ReadClock: { always: /\.(time|clock|safe)$/ },
  TPM2_IncrementalSelfTest: { always: /^toDoList/ },
  TPM2_CertifyX509: { always: /^(addedToCertificate|tbsDigest|signature\.(signature[RS]|sig|hmac))/ },
};
/** The same of attestations. */
const ATTESTED_ALWAYS =
  /(clockInfo\.(clock|resetCount|restartCount|safe)|firmwareVersion|time\.time|auditDigest|sessionDigest|commandDigest)$/;
const ATTESTED_KEYS = /(qualifiedSigner|^name|^objectName|qualifiedName|creationHash)$/;
/** Numbers without zeros in front, or what contains one. */
const LENGTH_OF_CHANCE = /^(addedToCertificate|signature\.signatureR)$/;
/** TPM_PT_NV_COUNTERS_AVAIL, an estimate from what is free of NV memory (docs/tpm-differences.md). */
const ESTIMATED = 0x20b;
const ATTESTS = /^(certifyInfo|quoted|timeInfo|auditInfo)$/;

/** What differs, path by path; nothing when all is as it should be. */
export function differences(command: string, a: Tree, b: Tree, same: boolean): string[] {
  const rule = FREE[command] ?? {};
  const ours = leaves(a);
  const free = (path: string): boolean =>
    (rule.always?.test(path) ?? false) ||
    (!same && (rule.keys?.test(path) ?? false)) ||
    (command === 'TPM2_GetCapability' && ours.get(path.replace(/value$/, 'property')) === ESTIMATED) ||
    (path.startsWith('signature.') && command !== 'TPM2_Sign');
  return compare(ours, leaves(b), free, path => ATTESTS.test(path), same);
}

function compare(
  a: Map<string, unknown>,
  b: Map<string, unknown>,
  free: (path: string) => boolean,
  isAttestation: (path: string) => boolean,
  same: boolean,
): string[] {
  const found: string[] = [];
  for (const path of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(path), b.get(path)];
    if (x instanceof Uint8Array && y instanceof Uint8Array) {
      if (x.length !== y.length && !LENGTH_OF_CHANCE.test(path))
        found.push(`${path}: ${x.length} bytes, swtpm ${y.length} (${toHex(x)} / ${toHex(y)})`);
      else if (isAttestation(path) && x.length > 0) {
        const freeInside = (inner: string) => ATTESTED_ALWAYS.test(inner) || (!same && ATTESTED_KEYS.test(inner));
        const [decoded, theirs] = [leaves(decode(TPMS_ATTEST, x)), leaves(decode(TPMS_ATTEST, y))];
        found.push(...compare(decoded, theirs, freeInside, () => false, same).map(line => `${path}.${line}`));
      } else if (!free(path) && toHex(x) !== toHex(y)) found.push(`${path}: ${toHex(x)}, swtpm ${toHex(y)}`);
    } else if (x !== y && !free(path)) found.push(`${path}: ${String(x)}, swtpm ${String(y)}`);
  }
  return found;
}
