import { concat, DecodeError, decode, tagged } from '../../../bytes/index.ts';
import { hmac, type RandomBytes } from '../../../crypto/index.ts';
import { rcOfFault, refuse } from '../../refusal.ts';
import { u32 } from '../../session-crypto.ts';
import {
  hashName,
  TPM_ALG,
  TPM_RC,
  TPM2B_DIGEST,
  TPMA_OBJECT,
  TPMI_ALG_HASH,
  TPMI_ALG_PUBLIC,
  TPMS_DERIVE,
  TPMS_ECC_PARMS,
  TPMS_KEYEDHASH_PARMS,
  TPMS_RSA_PARMS,
  TPMS_SYMCIPHER_PARMS,
  TPMT_PUBLIC,
} from '../../wire/index.ts';
import type { Core } from '../core.ts';
import type { KeyObject } from '../state.ts';

// Part 1 §28: objects that are a function of their parent's key, a label and a context.

/** The template of a derived object: label and context stand where the key will be. */
const TEMPLATE = tagged(
  'TPMT_TEMPLATE',
  'Part 3 §12.9',
  { type: TPMI_ALG_PUBLIC, nameAlg: TPMI_ALG_HASH, objectAttributes: TPMA_OBJECT, authPolicy: TPM2B_DIGEST },
  'type',
  {
    [TPM_ALG.RSA]: { parameters: TPMS_RSA_PARMS, unique: TPMS_DERIVE },
    [TPM_ALG.ECC]: { parameters: TPMS_ECC_PARMS, unique: TPMS_DERIVE },
    [TPM_ALG.KEYEDHASH]: { parameters: TPMS_KEYEDHASH_PARMS, unique: TPMS_DERIVE },
    [TPM_ALG.SYMCIPHER]: { parameters: TPMS_SYMCIPHER_PARMS, unique: TPMS_DERIVE },
  },
);

export interface LabelAndContext {
  readonly label: Uint8Array;
  readonly context: Uint8Array;
}
const NOTHING: LabelAndContext = { label: new Uint8Array(0), context: new Uint8Array(0) };

function reading<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof DecodeError) refuse(rcOfFault(error));
    throw error;
  }
}

/** The template's public area, and for a derived object label and context. Codes without a number. */
export function readTemplate(
  { behaviour }: Core,
  template: Uint8Array,
  derives: boolean,
): { publicArea: TPMT_PUBLIC; derive: LabelAndContext } {
  if (!derives) return { publicArea: reading(() => decode(TPMT_PUBLIC, template, undefined, behaviour.lacksValues)), derive: NOTHING };
  const { unique, ...rest } = reading(() => decode(TEMPLATE, template, undefined, behaviour.lacksValues));
  const empty = rest.type === TPM_ALG.ECC ? { x: NOTHING.label, y: NOTHING.label } : NOTHING.label;
  return { publicArea: { ...rest, unique: empty } as TPMT_PUBLIC, derive: unique };
}

/** What the template leaves empty the caller's sensitive data may give. */
export function completed({ label, context }: LabelAndContext, data: Uint8Array): LabelAndContext {
  const given = data.length === 0 ? NOTHING : reading(() => decode(TPMS_DERIVE, data));
  return { label: label.length > 0 ? label : given.label, context: context.length > 0 ? context : given.context };
}

const MAX_DERIVATION_BITS = 8192;

/** The source of the object's numbers: KDFa with the parent's key (Part 1 §28.2). What asks for more than it has gets NO_RESULT. */
export function derivedRandom({ publicArea, sensitive }: KeyObject, { label, context }: LabelAndContext): RandomBytes {
  if (publicArea.type !== TPM_ALG.KEYEDHASH || publicArea.parameters.scheme.scheme === TPM_ALG.NULL || !sensitive) {
    throw new RangeError('no derivation parent');
  }
  const hash = hashName(publicArea.parameters.scheme.hashAlg);
  const end = label.at(-1) === 0 ? label : concat(label, Uint8Array.of(0));
  let stream: Uint8Array = new Uint8Array(0);
  let counter = 0;
  let given = 0;
  return count => {
    if ((given + count) * 8 > MAX_DERIVATION_BITS) refuse(TPM_RC.NO_RESULT);
    while (stream.length < given + count) {
      stream = concat(stream, hmac(hash, sensitive.sensitive, u32(++counter), end, context, u32(MAX_DERIVATION_BITS)));
    }
    given += count;
    return stream.slice(given - count, given);
  };
}
