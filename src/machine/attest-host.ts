import { createHash } from 'node:crypto';
import { fromHex, sameBytes } from '../bytes/index.ts';
import { publicKeyObject } from '../crypto/index.ts';
import { SimulatorError, type World } from '../sim/index.ts';
import {
  type Attestation,
  encodeAkEvidence,
  encodeKeyEvidence,
  type HostCa,
  issue,
  KEY_USAGE,
  type Name,
  OID,
  type Validity,
} from '../svm/owner/host-certificate/index.ts';
import { PARENT_HANDLE, WRAPPING_KEY_HANDLE } from '../svm/wrapping-key/index.ts';
import { type Answer, NO_PASSWORD, type TpmClient } from '../tpm/client/index.ts';
import {
  makeCredential,
  nameOf,
  TPM2_ActivateCredential,
  TPM2_Certify,
  TPM2_CertifyCreation,
  TPM2_CreatePrimary,
  TPM2_FlushContext,
  TPM2_GetCapability,
  TPM2_PolicySecret,
  TPM2_ReadPublic,
} from '../tpm/index.ts';
import { TPM_ALG, TPM_CAP, TPM_RH, TPMA_OBJECT, type TPMT_PUBLIC } from '../tpm/wire/index.ts';
import type { Attest } from '../ultravisor/index.ts';

const EMPTY = new Uint8Array(0);
const A = TPMA_OBJECT.bit;
const RSA_2048 = { keyBits: 2048, exponent: 0 } as const;
const EXPONENT = 65537;
const { ENDORSEMENT } = TPM_RH;
const RSASSA = { scheme: TPM_ALG.RSASSA, hashAlg: TPM_ALG.SHA256 } as const;

/** TCG EK Credential Profile §B.3.3, template L-1: RSA 2048, PolicySecret(TPM_RH_ENDORSEMENT). */
const EK_TEMPLATE: TPMT_PUBLIC = {
  type: TPM_ALG.RSA,
  nameAlg: TPM_ALG.SHA256,
  objectAttributes: A.fixedTPM | A.fixedParent | A.sensitiveDataOrigin | A.adminWithPolicy | A.restricted | A.decrypt,
  authPolicy: fromHex('837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa'),
  parameters: { symmetric: { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB }, scheme: { scheme: TPM_ALG.NULL }, ...RSA_2048 },
  unique: new Uint8Array(256),
};

/** An attestation key: restricted, so that it signs nothing but what the TPM itself made. */
const AK_TEMPLATE: TPMT_PUBLIC = {
  type: TPM_ALG.RSA,
  nameAlg: TPM_ALG.SHA256,
  objectAttributes: A.fixedTPM | A.fixedParent | A.sensitiveDataOrigin | A.userWithAuth | A.noDA | A.restricted | A.sign,
  authPolicy: EMPTY,
  parameters: { symmetric: { algorithm: TPM_ALG.NULL }, scheme: RSASSA, ...RSA_2048 },
  unique: EMPTY,
};

/** Certificates of a host's keys, DER. */
export interface HostCertificates {
  readonly wrappingKey: Uint8Array;
  readonly attestationKey: Uint8Array;
  readonly endorsementKey: Uint8Array;
  /** Whether the TPM says that it made the wrapping key; a key that it had before, or that was imported, goes without. */
  readonly made: boolean;
}

/**
 * Has the TPM of a host attest its wrapping key at the end of host boot, and the host CA certify what that proves (see
 * `svm/owner/host-certificate/check.ts` for how the chain is built).
 */
export function certifyHost(world: World, ca: HostCa, host: string, validity: Validity): { attest: Attest; done: () => HostCertificates } {
  let certificates: HostCertificates | undefined;
  const attest: Attest = async (client, password, creation) => {
    const made = await new HostAttestation(world, client, ca, host, validity).run(password, creation);
    certificates = { ...made, made: creation !== null };
  };
  const done = (): HostCertificates => {
    if (certificates) return certificates;
    throw new RangeError('the host has not booted');
  };
  return { attest, done };
}

interface Primary {
  readonly handle: number;
  readonly area: TPMT_PUBLIC;
}

class HostAttestation {
  readonly #client: TpmClient;
  readonly #ca: HostCa;
  readonly #host: string;
  readonly #validity: Validity;
  readonly #random: (count: number) => Uint8Array;

  constructor(world: World, client: TpmClient, ca: HostCa, host: string, validity: Validity) {
    this.#client = client;
    this.#ca = ca;
    this.#host = host;
    this.#validity = validity;
    const random = world.random.fork(`host CA and ${host}`);
    this.#random = count => random.bytes(count);
  }

  async run(password: Uint8Array, creation: Parameters<Attest>[2]): Promise<Omit<HostCertificates, 'made'>> {
    const ek = await this.#primary(EK_TEMPLATE);
    const ak = await this.#primary(AK_TEMPLATE);
    await this.#activate(ek, ak);
    const endorsementKey = await this.#endorsementCertificate(ek.area);
    const ekCertificate = sha256(endorsementKey);
    const attestationKey = await issue(this.#ca, {
      subject: this.#name('attestation key'),
      publicKey: keyOf(ak.area),
      validity: this.#validity,
      keyUsage: KEY_USAGE.digitalSignature,
      extendedKeyUsage: OID.aikCertificate,
      evidence: [[OID.akEvidence, await encodeAkEvidence({ key: ak.area, ekCertificate })]],
    });
    const parent = accepted(await this.#client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {})).outPublic;
    const key = accepted(await this.#client.call(TPM2_ReadPublic, { objectHandle: WRAPPING_KEY_HANDLE }, {})).outPublic;
    const evidence = {
      key,
      parent,
      certify: await this.#certify(ak, password, ekCertificate),
      creation: creation && (await this.#certifyCreation(ak, creation, ekCertificate)),
    };
    for (const { handle } of [ak, ek]) accepted(await this.#client.call(TPM2_FlushContext, {}, { flushHandle: handle }));
    const wrappingKey = await issue(this.#ca, {
      subject: this.#name('wrapping key'),
      publicKey: keyOf(key),
      validity: this.#validity,
      keyUsage: KEY_USAGE.keyEncipherment,
      evidence: [[OID.keyEvidence, await encodeKeyEvidence(evidence)]],
    });
    return { wrappingKey, attestationKey, endorsementKey };
  }

  #name(what: string): Name {
    return [[OID.commonName, `${what} of ${this.#host}`]];
  }

  async #primary(inPublic: TPMT_PUBLIC): Promise<Primary> {
    const input = { inSensitive: { userAuth: EMPTY, data: EMPTY }, inPublic, outsideInfo: EMPTY, creationPCR: [] };
    const answer = await this.#client.call(TPM2_CreatePrimary, { primaryHandle: ENDORSEMENT }, input, { sessions: [NO_PASSWORD] });
    return { area: accepted(answer).outPublic, handle: answer.ok ? answer.handle : 0 };
  }

  /** The host CA sends a secret that only a TPM with both keys can read (Part 1 §24): that is what it goes by. */
  async #activate(ek: Primary, ak: Primary): Promise<void> {
    const secret = this.#random(32);
    const credential = makeCredential(ek.area, nameOf(ak.area), secret, this.#random);
    const opened = await this.#client.startSession({ kind: 'policy' });
    if (!opened.ok) throw failed(opened.detail);
    const { session } = opened;
    const input = { nonceTPM: EMPTY, cpHashA: EMPTY, policyRef: EMPTY, expiration: 0 };
    const handles = { authHandle: ENDORSEMENT, policySession: session.handle };
    accepted(await this.#client.call(TPM2_PolicySecret, handles, input, { sessions: [NO_PASSWORD] }));
    const { certInfo } = accepted(
      await this.#client.call(TPM2_ActivateCredential, { activateHandle: ak.handle, keyHandle: ek.handle }, credential, {
        sessions: [NO_PASSWORD, { session, attributes: 0 }],
        names: [nameOf(ak.area), nameOf(ek.area)],
      }),
    );
    if (!sameBytes(certInfo, secret)) throw failed('the TPM does not know the secret of its credential');
  }

  async #certify(ak: Primary, password: Uint8Array, qualifyingData: Uint8Array): Promise<Attestation> {
    const handles = { objectHandle: WRAPPING_KEY_HANDLE, signHandle: ak.handle };
    const params = { qualifyingData, inScheme: { scheme: TPM_ALG.NULL } } as const;
    return attestation(accepted(await this.#client.call(TPM2_Certify, handles, params, { sessions: [{ password }, NO_PASSWORD] })));
  }

  async #certifyCreation(ak: Primary, proof: NonNullable<Parameters<Attest>[2]>, qualifyingData: Uint8Array): Promise<Attestation> {
    const handles = { signHandle: ak.handle, objectHandle: WRAPPING_KEY_HANDLE };
    const params = { qualifyingData, inScheme: { scheme: TPM_ALG.NULL }, ...proof } as const;
    return attestation(accepted(await this.#client.call(TPM2_CertifyCreation, handles, params, { sessions: [NO_PASSWORD] })));
  }

  /** TCG EK Credential Profile §3.2: no subject; manufacturer, model and version stand in the subjectAltName. */
  async #endorsementCertificate(ek: TPMT_PUBLIC): Promise<Uint8Array> {
    const [manufacturer, version] = [await this.#property(PT_MANUFACTURER), await this.#property(PT_FIRMWARE_VERSION_1)];
    const id = (value: number) => `id:${value.toString(16).toUpperCase().padStart(8, '0')}`;
    return issue(this.#ca, {
      subject: [],
      alternativeName: [
        [OID.tpmManufacturer, id(manufacturer)],
        [OID.tpmModel, `TPM of ${this.#host}`],
        [OID.tpmVersion, id(version)],
      ],
      publicKey: keyOf(ek),
      validity: this.#validity,
      keyUsage: KEY_USAGE.keyEncipherment,
      extendedKeyUsage: OID.ekCertificate,
    });
  }

  async #property(property: number): Promise<number> {
    const params = { capability: TPM_CAP.TPM_PROPERTIES, property, propertyCount: 1 };
    const { capabilityData } = accepted(await this.#client.call(TPM2_GetCapability, {}, params));
    return capabilityData.capability === TPM_CAP.TPM_PROPERTIES ? (capabilityData.data[0]?.value ?? 0) : 0;
  }
}

/** Part 2 §6.13. */
const PT_MANUFACTURER = 0x105;
const PT_FIRMWARE_VERSION_1 = 0x10b;

const failed = (detail: string): SimulatorError =>
  new SimulatorError('machine.attestation', {
    what: `the TPM does not attest the wrapping key: ${detail}`,
    hint: 'The endorsement hierarchy must have an empty authorization.',
    blame: 'environment',
  });

function accepted<R>(answer: Answer<R>): R {
  if (answer.ok) return answer.out;
  throw failed(answer.detail);
}

function attestation({
  certifyInfo,
  signature,
}: {
  readonly certifyInfo: Uint8Array;
  readonly signature: { readonly sigAlg: number };
}): Attestation {
  if (signature.sigAlg === TPM_ALG.NULL) throw failed('it answers without a signature');
  return { bytes: certifyInfo, signature: signature as Attestation['signature'] };
}

function keyOf(area: TPMT_PUBLIC): ReturnType<typeof publicKeyObject> {
  if (area.type === TPM_ALG.RSA) return publicKeyObject(area.unique, EXPONENT);
  throw failed('a key is no RSA key');
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
