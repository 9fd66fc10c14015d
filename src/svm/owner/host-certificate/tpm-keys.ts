import { hex, sameBytes, toHex } from '../../../bytes/index.ts';
import { TPM_ALG, TPMA_OBJECT, type TPMT_PUBLIC } from '../../../tpm/wire/index.ts';
import { PARENT_TEMPLATE, POLICY_PCRS, type PolicyPcr, wrappingKeyPolicies, wrappingKeyTemplate } from '../../wrapping-key/index.ts';

type Attribute = keyof typeof TPMA_OBJECT.bit;

/** What it means when an attribute is not as a wrapping key has it. */
const MEANING: Readonly<Partial<Record<`${Attribute} ${'set' | 'clear'}`, string>>> = {
  'userWithAuth set': 'who knows the password decrypts, past the policy',
  'adminWithPolicy set': 'the administrator is asked for the policy',
  'sign set': 'the key signs as well',
  'restricted set': 'the TPM would decrypt its own structures only, no lockbox',
  'decrypt clear': 'the key does not decrypt',
  'sensitiveDataOrigin clear': 'somebody else chose the private half',
  'encryptedDuplication clear': 'the private half may leave the TPM in clear',
  'fixedTPM clear': 'the key may be moved to another TPM',
  'fixedParent clear': 'the key may be moved below another key',
  'restricted clear': 'it signs whatever it is given, or decrypts for anybody',
  'sign clear': 'the key does not sign',
};

/** The first attribute that is not as expected, and what that means; undefined: all are. */
function attributeProblem(given: number, expected: number): string | undefined {
  for (const [name, bit] of Object.entries(TPMA_OBJECT.bit) as [Attribute, number][]) {
    if ((given & bit) === (expected & bit)) continue;
    const state = given & bit ? 'set' : 'clear';
    const meaning = MEANING[`${name} ${state}`];
    return `${name} is ${state}${meaning ? `: ${meaning}` : ''} (objectAttributes ${hex(given, 8)}, expected ${hex(expected, 8)})`;
  }
  return undefined;
}

/** Why this is not the public area of a wrapping key (docs/reference/pef.md#wrapping-key); undefined: it is. */
export function wrappingKeyProblem(given: TPMT_PUBLIC): string | undefined {
  const { or } = wrappingKeyPolicies({ policyPcr: 16 });
  const expected = wrappingKeyTemplate({ a: or, b: or, or });
  if (given.type !== TPM_ALG.RSA || expected.type !== TPM_ALG.RSA) return 'it is no RSA key';
  if (given.nameAlg !== expected.nameAlg) return 'its name algorithm is not SHA-256';
  const attributes = attributeProblem(given.objectAttributes, expected.objectAttributes);
  if (attributes) return attributes;
  // Both branches of the policy name a command, neither of them TPM2_Duplicate: with fixedTPM clear it is the policy that keeps it here.
  if (policyPcrOf(given) === undefined)
    return `its authPolicy is ${toHex(given.authPolicy) || 'empty'}, not that of a wrapping key: others may use or move it`;
  const { scheme, keyBits, exponent } = given.parameters;
  if (scheme.scheme !== TPM_ALG.OAEP || scheme.hashAlg !== TPM_ALG.SHA256) return 'its scheme is not OAEP with SHA-256';
  return keyBits === 2048 && (exponent === 0 || exponent === 65537)
    ? undefined
    : `${keyBits} bits with exponent ${exponent}, not 2048 with 65537`;
}

/** The PCR of policy B. With PCR 16 the host's root opens lockboxes (threat 20). */
export const policyPcrOf = ({ authPolicy }: TPMT_PUBLIC): PolicyPcr | undefined =>
  POLICY_PCRS.find(policyPcr => sameBytes(wrappingKeyPolicies({ policyPcr }).or, authPolicy));

/** Why the key above is none that keeps what lies below it in its TPM. */
export function parentProblem(given: TPMT_PUBLIC): string | undefined {
  if (given.type !== TPM_ALG.RSA || given.nameAlg !== TPM_ALG.SHA256) return 'it is no RSA key with a SHA-256 name';
  return attributeProblem(given.objectAttributes, PARENT_TEMPLATE.objectAttributes);
}

const A = TPMA_OBJECT.bit;
/** An attestation key signs only what the TPM itself says. */
const AK_MUST = A.fixedTPM | A.fixedParent | A.sensitiveDataOrigin | A.restricted | A.sign;
const AK_MUST_NOT = A.decrypt | A.encryptedDuplication;

export function akProblem(given: TPMT_PUBLIC): string | undefined {
  if (given.type !== TPM_ALG.RSA || given.nameAlg !== TPM_ALG.SHA256) return 'it is no RSA key with a SHA-256 name';
  return attributeProblem(given.objectAttributes & (AK_MUST | AK_MUST_NOT), AK_MUST);
}
