/** One response code (Part 2 §6.6): `format` 1 codes carry the number of the handle, session or parameter they blame. */
export interface ResponseCode {
  readonly name: string;
  readonly rc: number;
  readonly meaning: string;
}

const code = (name: string, rc: number, meaning: string): ResponseCode => ({ name, rc, meaning });

const CODES = [
  code('SUCCESS', 0x000, 'the command was executed'),
  code('BAD_TAG', 0x01e, 'the tag is none of TPM 1.2 nor 2.0'),
  code('INITIALIZE', 0x100, 'TPM2_Startup is missing, or was given already'),
  code('FAILURE', 0x101, 'the command failed inside the TPM, or the TPM is in failure mode'),
  code('SEQUENCE', 0x103, 'improper use of a sequence handle'),
  code('PRIVATE', 0x10b, 'the private area is not usable'),
  code('HMAC', 0x119, 'improper use of an HMAC key'),
  code('DISABLED', 0x120, 'the command is disabled'),
  code('EXCLUSIVE', 0x121, 'the audit sequence required exclusivity and lost it'),
  code('AUTH_TYPE', 0x124, 'this authorization must be given by another kind of session'),
  code('AUTH_MISSING', 0x125, 'a handle needs authorization and has no session'),
  code('POLICY', 0x126, 'the policy check failed, or the policy math would overflow'),
  code('PCR', 0x127, 'the PCR check failed'),
  code('PCR_CHANGED', 0x128, 'PCRs have changed since TPM2_PolicyPCR looked at them'),
  code('UPGRADE', 0x12d, 'the TPM is in field upgrade mode'),
  code('TOO_MANY_CONTEXTS', 0x12e, 'the context counter is at its maximum'),
  code('AUTH_UNAVAILABLE', 0x12f, 'the authorization value or policy may not be used for this entity'),
  code('REBOOT', 0x130, 'TPM2_Init and Startup(CLEAR) are needed first'),
  code('UNBALANCED', 0x131, 'the sizes of hash and symmetric algorithm do not fit together'),
  code('COMMAND_SIZE', 0x142, 'commandSize is not the number of bytes that came'),
  code('COMMAND_CODE', 0x143, 'there is no such command in this TPM'),
  code('AUTHSIZE', 0x144, 'authorizationSize is out of range'),
  code('AUTH_CONTEXT', 0x145, 'this command does not take sessions'),
  code('NV_RANGE', 0x146, 'offset and size lie outside of the NV Index'),
  code('NV_SIZE', 0x147, 'the size is larger than allowed for the NV Index'),
  code('NV_LOCKED', 0x148, 'the NV Index is locked'),
  code('NV_AUTHORIZATION', 0x149, 'this authorization does not allow access to the NV Index'),
  code('NV_UNINITIALIZED', 0x14a, 'the NV Index was never written, or its state was not restored'),
  code('NV_SPACE', 0x14b, 'there is no room in NV memory'),
  code('NV_DEFINED', 0x14c, 'the NV Index or persistent object exists already'),
  code('BAD_CONTEXT', 0x150, 'the context is not valid'),
  code('CPHASH', 0x151, 'cpHash is set already or wrong for this use'),
  code('PARENT', 0x152, 'the parent handle is no parent'),
  code('NEEDS_TEST', 0x153, 'a function needs to be tested first'),
  code('NO_RESULT', 0x154, 'the result is not defined (a point at infinity)'),
  code('SENSITIVE', 0x155, 'the sensitive area did not unmarshal after decryption'),

  code('ASYMMETRIC', 0x081, 'asymmetric algorithm not supported or not correct'),
  code('ATTRIBUTES', 0x082, 'attributes are inconsistent or do not allow this'),
  code('HASH', 0x083, 'hash algorithm not supported or not appropriate'),
  code('VALUE', 0x084, 'value is out of range or not correct for the context'),
  code('HIERARCHY', 0x085, 'hierarchy is not enabled or not correct for the use'),
  code('KEY_SIZE', 0x087, 'key size is not supported'),
  code('MGF', 0x088, 'mask generation function not supported'),
  code('MODE', 0x089, 'mode of operation not supported'),
  code('TYPE', 0x08a, 'the type of the value is not appropriate for the use'),
  code('HANDLE', 0x08b, 'the handle is not correct for the use'),
  code('KDF', 0x08c, 'key derivation function not supported or not appropriate'),
  code('RANGE', 0x08d, 'value was out of allowed range'),
  code('AUTH_FAIL', 0x08e, 'the authorization HMAC or password check failed and was counted'),
  code('NONCE', 0x08f, 'nonce size or value is not correct'),
  code('PP', 0x090, 'physical presence must be asserted'),
  code('SCHEME', 0x092, 'scheme not supported or not compatible with the key'),
  code('SIZE', 0x095, 'structure is the wrong size'),
  code('SYMMETRIC', 0x096, 'symmetric algorithm or key size not supported, or not appropriate'),
  code('TAG', 0x097, 'structure tag is not correct'),
  code('SELECTOR', 0x098, 'union selector is not correct'),
  code('INSUFFICIENT', 0x09a, 'the bytes end before the value does'),
  code('SIGNATURE', 0x09b, 'the signature is not valid'),
  code('KEY', 0x09c, 'key fields are not compatible with the selected use'),
  code('POLICY_FAIL', 0x09d, 'a policy check failed'),
  code('INTEGRITY', 0x09f, 'integrity check failed'),
  code('TICKET', 0x0a0, 'the ticket is not valid'),
  code('RESERVED_BITS', 0x0a1, 'reserved bits are not zero'),
  code('BAD_AUTH', 0x0a2, 'authorization failure; no dictionary attack protection applies'),
  code('EXPIRED', 0x0a3, 'the policy has expired'),
  code('POLICY_CC', 0x0a4, 'the command code is not the one of the policy, or is not implemented'),
  code('BINDING', 0x0a5, 'public and sensitive portions do not belong together'),
  code('CURVE', 0x0a6, 'curve not supported'),
  code('ECC_POINT', 0x0a7, 'the point is not on the curve'),

  code('CONTEXT_GAP', 0x901, 'the oldest saved session context must be loaded first'),
  code('OBJECT_MEMORY', 0x902, 'there is no free slot for an object'),
  code('SESSION_MEMORY', 0x903, 'there is no free slot for a session'),
  code('MEMORY', 0x904, 'there is no memory for an object or session'),
  code('SESSION_HANDLES', 0x905, 'there are no more session handles: flush a session'),
  code('OBJECT_HANDLES', 0x906, 'there are no more object handles'),
  code('LOCALITY', 0x907, 'not allowed at this locality'),
  code('YIELDED', 0x908, 'the TPM suspended the command'),
  code('CANCELED', 0x909, 'the command was canceled'),
  code('TESTING', 0x90a, 'the TPM is testing itself'),
  ...[0, 1, 2, 3, 4, 5, 6].map(n =>
    code(`REFERENCE_H${n}`, 0x910 + n, `handle ${n + 1} names a transient object or session that is not loaded`),
  ),
  ...[0, 1, 2, 3, 4, 5, 6].map(n => code(`REFERENCE_S${n}`, 0x918 + n, `session ${n + 1} is not loaded`)),
  code('NV_RATE', 0x920, 'the TPM limits the rate of writes to NV'),
  code('LOCKOUT', 0x921, 'the TPM is in dictionary attack lockout'),
  code('RETRY', 0x922, 'the TPM was not able to start the command: send it again'),
  code('NV_UNAVAILABLE', 0x923, 'NV memory cannot be written now'),
] as const satisfies readonly ResponseCode[];

type RcNames =
  | 'SUCCESS'
  | 'BAD_TAG'
  | 'INITIALIZE'
  | 'FAILURE'
  | 'SEQUENCE'
  | 'PRIVATE'
  | 'HMAC'
  | 'DISABLED'
  | 'EXCLUSIVE'
  | 'AUTH_TYPE'
  | 'AUTH_MISSING'
  | 'POLICY'
  | 'PCR'
  | 'PCR_CHANGED'
  | 'UPGRADE'
  | 'TOO_MANY_CONTEXTS'
  | 'AUTH_UNAVAILABLE'
  | 'REBOOT'
  | 'UNBALANCED'
  | 'COMMAND_SIZE'
  | 'COMMAND_CODE'
  | 'AUTHSIZE'
  | 'AUTH_CONTEXT'
  | 'NV_RANGE'
  | 'NV_SIZE'
  | 'NV_LOCKED'
  | 'NV_AUTHORIZATION'
  | 'NV_UNINITIALIZED'
  | 'NV_SPACE'
  | 'NV_DEFINED'
  | 'BAD_CONTEXT'
  | 'CPHASH'
  | 'PARENT'
  | 'NEEDS_TEST'
  | 'NO_RESULT'
  | 'SENSITIVE'
  | 'ASYMMETRIC'
  | 'ATTRIBUTES'
  | 'HASH'
  | 'VALUE'
  | 'HIERARCHY'
  | 'KEY_SIZE'
  | 'MGF'
  | 'MODE'
  | 'TYPE'
  | 'HANDLE'
  | 'KDF'
  | 'RANGE'
  | 'AUTH_FAIL'
  | 'NONCE'
  | 'PP'
  | 'SCHEME'
  | 'SIZE'
  | 'SYMMETRIC'
  | 'TAG'
  | 'SELECTOR'
  | 'INSUFFICIENT'
  | 'SIGNATURE'
  | 'KEY'
  | 'POLICY_FAIL'
  | 'INTEGRITY'
  | 'TICKET'
  | 'RESERVED_BITS'
  | 'BAD_AUTH'
  | 'EXPIRED'
  | 'POLICY_CC'
  | 'BINDING'
  | 'CURVE'
  | 'ECC_POINT'
  | 'CONTEXT_GAP'
  | 'OBJECT_MEMORY'
  | 'SESSION_MEMORY'
  | 'MEMORY'
  | 'SESSION_HANDLES'
  | 'OBJECT_HANDLES'
  | 'LOCALITY'
  | 'YIELDED'
  | 'CANCELED'
  | 'TESTING'
  | `REFERENCE_H${0 | 1 | 2 | 3 | 4 | 5 | 6}`
  | `REFERENCE_S${0 | 1 | 2 | 3 | 4 | 5 | 6}`
  | 'NV_RATE'
  | 'LOCKOUT'
  | 'RETRY'
  | 'NV_UNAVAILABLE';

/** Numbers by name, without `TPM_RC_`; format 1 codes without the part that says whom they blame. */
export const TPM_RC = Object.fromEntries(CODES.map(({ name, rc }) => [name, rc])) as Readonly<Record<RcNames, number>>;

/** Every response code, for tables and `explain`. */
export const responseCodes: readonly ResponseCode[] = CODES;

const BY_RC = new Map<number, ResponseCode>(CODES.map(entry => [entry.rc, entry]));
const FORMAT_1 = 0x80;
const PARAMETER = 0x40;

export interface ExplainedRc {
  readonly rc: number;
  /** `TPM_RC_VALUE`, or `unknown`. */
  readonly name: string;
  /** `parameter 1`, `handle 2`, `session 1`; absent when the code blames nothing by number. */
  readonly blames?: string;
  readonly meaning: string;
  /** `TPM_RC_VALUE, parameter 1 (0x1c4)`. */
  readonly text: string;
}

/** Whether a code has room for the number of what it blames. */
export const isFormat1 = (rc: number): boolean => (rc & FORMAT_1) !== 0;

/** What a response code says: name, whom it blames, meaning (Part 2 §6.6.2). */
export function explainRc(rc: number): ExplainedRc {
  const shown = `0x${rc.toString(16).padStart(3, '0')}`;
  const layer = rc >>> 16;
  if (layer !== 0) {
    // The resource manager of Linux puts its layer number (0xB) above a TPM code that it made itself.
    const inner = explainRc(rc & 0xffff);
    const from = layer === 0xb ? 'from the resource manager' : `from layer ${layer.toString(16)}`;
    return { ...inner, rc, meaning: `${inner.meaning} (${from})`, text: `${inner.name} ${from} (${shown})` };
  }
  const base = isFormat1(rc) ? rc & 0xbf : rc;
  const entry = BY_RC.get(base);
  const name = entry ? (rc === 0 ? 'TPM_RC_SUCCESS' : `TPM_RC_${entry.name}`) : 'unknown';
  const meaning = entry?.meaning ?? 'no response code of TPM 2.0 has this number';
  const blames = isFormat1(rc) ? blamed(rc) : undefined;
  return { rc, name, ...(blames ? { blames } : {}), meaning, text: `${name}${blames ? `, ${blames}` : ''} (${shown})` };
}

function blamed(rc: number): string | undefined {
  const number = (rc >>> 8) & 0xf;
  if (rc & PARAMETER) return `parameter ${number}`;
  if (number === 0) return undefined;
  return number & 8 ? `session ${number & 7}` : `handle ${number}`;
}

/** The rc of a name: `VALUE` or `TPM_RC_VALUE`; undefined when there is none. */
export function rcOfName(name: string): number | undefined {
  return CODES.find(entry => entry.name === name.replace(/^TPM_RC_/, ''))?.rc;
}
