import { createPrivateKey } from 'node:crypto';
import { concat, encode, utf8 } from '../../bytes/index.ts';
import { digest, publicKeyObject, rsaKeyOf } from '../../crypto/index.ts';
import { SimulatorError, type World } from '../../sim/index.ts';
import { spkiPem } from '../../svm/format/index.ts';
import {
  PARENT_HANDLE,
  PARENT_TEMPLATE,
  selectPcr,
  WRAPPING_KEY_HANDLE,
  type WrappingKeyPolicies,
  wrappingKeyPolicies,
  wrappingKeyTemplate,
} from '../../svm/wrapping-key/index.ts';
import { duplicateForImport, NO_PASSWORD, rsaSensitive, TpmClient, type TpmTransport } from '../../tpm/client/index.ts';
import {
  TPM2_ContextSave,
  TPM2_Create,
  TPM2_CreatePrimary,
  TPM2_EvictControl,
  TPM2_FlushContext,
  TPM2_GetCapability,
  TPM2_GetRandom,
  TPM2_Import,
  TPM2_Load,
  TPM2_ObjectChangeAuth,
  TPM2_PCR_Extend,
  TPM2_PolicyCommandCode,
  TPM2_PolicyGetDigest,
  TPM2_PolicyOR,
  TPM2_PolicyPCR,
  TPM2_ReadPublic,
  TPM2_Startup,
} from '../../tpm/index.ts';
import { type Ticket, TPM_ALG, TPM_CAP, TPM_CC, TPM_RC, TPM_RH, TPM_SU, TPMS_CONTEXT, type TPMT_PUBLIC } from '../../tpm/wire/index.ts';
import type { Profile } from '../core/profile.ts';
import type { TpmNode } from '../core/tpm-node.ts';
import { hostBootFailed, modulusOf, must } from './host-boot-failed.ts';
import { writeUvFdt } from './uv-fdt.ts';

const { PLATFORM } = TPM_RH;
const EMPTY = new Uint8Array(0);
const WITH_NO_PASSWORD = { sessions: [NO_PASSWORD] } as const;
const PASSWORD_BYTES = 16;
const FIRST_PERSISTENT = 0x8100_0000;
const EXPONENT = 65537;

/** Public facts of the wrapping key. */
export interface WrappingKey {
  readonly pem: string;
  readonly name: Uint8Array;
}
export interface Handover {
  /** The flattened tree for the Ultravisor. */
  readonly uvFdt: Uint8Array;
  readonly wrappingKey: WrappingKey;
}

/** That the TPM made the wrapping key: TPM2_Create gives it once, and TPM2_CertifyCreation wants it. */
export interface CreationProof {
  readonly creationHash: Uint8Array;
  readonly creationTicket: Ticket;
}

/**
 * What firmware could do at its end, and the published one does not: have the TPM say what key that is. Only here is the password known,
 * which TPM2_Certify wants.
 * @param creation null when the key was there before.
 */
export type Attest = (client: TpmClient, password: Uint8Array, creation: CreationProof | null) => Promise<void>;

/**
 * What skiboot does before the hypervisor starts: makes or rotates the wrapping key and tells the Ultravisor of it
 * (docs/reference/pef.md#key-set-up-at-host-boot).
 */
export async function bootFirmware(
  world: World,
  transport: TpmTransport,
  profile: Profile,
  host: string,
  givenKeyPem?: string,
  attest?: Attest,
): Promise<Handover> {
  const random = world.random.fork(`firmware of ${host} at ${world.clock.nowNs}`);
  return new Firmware(world, transport, count => random.bytes(count), profile, host).boot(givenKeyPem, attest);
}

class Firmware {
  readonly #world: World;
  readonly #client: TpmClient;
  readonly #random: (count: number) => Uint8Array;
  readonly #profile: Profile;
  readonly #host: string;
  readonly #policies: WrappingKeyPolicies;
  #creation: CreationProof | null = null;

  constructor(world: World, transport: TpmTransport, random: (count: number) => Uint8Array, profile: Profile, host: string) {
    this.#world = world;
    this.#client = new TpmClient(transport, random);
    this.#random = random;
    this.#profile = profile;
    this.#host = host;
    this.#policies = wrappingKeyPolicies(profile);
  }

  async boot(givenKeyPem?: string, attest?: Attest): Promise<Handover> {
    const started = await this.#client.call(TPM2_Startup, {}, { startupType: TPM_SU.CLEAR });
    if (!started.ok && started.rc !== TPM_RC.INITIALIZE) must(started); // a TPM that others started is fine
    if (givenKeyPem && !(await this.#persistent()).includes(WRAPPING_KEY_HANDLE)) await this.#importKey(givenKeyPem);
    const password = await this.#password();
    const present = await this.#persistent();
    if (present.includes(WRAPPING_KEY_HANDLE)) await this.#rotate(password);
    else await this.#create(password, present.includes(PARENT_HANDLE));
    await attest?.(this.#client, password, this.#creation);
    return this.#handOver(password);
  }

  /** 16 bytes of the TPM's randomness without zero bytes. */
  async #password(): Promise<Uint8Array> {
    let password = EMPTY;
    while (password.length < PASSWORD_BYTES) {
      const { out } = must(await this.#client.call(TPM2_GetRandom, {}, { bytesRequested: PASSWORD_BYTES }));
      password = concat(
        password,
        out.randomBytes.filter(byte => byte !== 0),
      ).slice(0, PASSWORD_BYTES);
    }
    this.#world.secrets.register(`wrapping-key-passwd of ${this.#host}`, password, ['firmware', 'ultravisor', 'tpm'], { host: this.#host });
    return password;
  }

  async #persistent(): Promise<readonly number[]> {
    const { out } = must(
      await this.#client.call(TPM2_GetCapability, {}, { capability: TPM_CAP.HANDLES, property: FIRST_PERSISTENT, propertyCount: 64 }),
    );
    const { capabilityData } = out;
    return capabilityData.capability === TPM_CAP.HANDLES ? capabilityData.data : [];
  }

  async #makeParent(): Promise<void> {
    const input = { inSensitive: { userAuth: EMPTY, data: EMPTY }, inPublic: PARENT_TEMPLATE, outsideInfo: EMPTY, creationPCR: [] };
    const { handle } = must(await this.#client.call(TPM2_CreatePrimary, { primaryHandle: PLATFORM }, input, WITH_NO_PASSWORD));
    await this.#persist(handle, PARENT_HANDLE);
  }

  /** EvictControl of a transient object, which is then flushed. */
  async #persist(handle: number, persistentHandle: number): Promise<void> {
    must(await this.#client.call(TPM2_EvictControl, { auth: PLATFORM, objectHandle: handle }, { persistentHandle }, WITH_NO_PASSWORD));
    await this.#flush(handle);
  }

  async #flush(flushHandle: number): Promise<void> {
    must(await this.#client.call(TPM2_FlushContext, {}, { flushHandle }));
  }

  /** First boot (docs/reference/pef.md#commands-of-host-boot). */
  async #create(password: Uint8Array, hasParent: boolean): Promise<void> {
    if (!hasParent) await this.#makeParent();
    const input = {
      inSensitive: { userAuth: password, data: EMPTY },
      inPublic: wrappingKeyTemplate(this.#policies),
      outsideInfo: EMPTY,
      creationPCR: [],
    };
    const made = must(await this.#client.call(TPM2_Create, { parentHandle: PARENT_HANDLE }, input, WITH_NO_PASSWORD)).out;
    await this.#loadAndPersist(made.outPrivate, made.outPublic);
    this.#creation = { creationHash: made.creationHash, creationTicket: made.creationTicket };
    this.#note('made at first boot');
  }

  async #loadAndPersist(inPrivate: Uint8Array, inPublic: TPMT_PUBLIC): Promise<void> {
    const loaded = must(await this.#client.call(TPM2_Load, { parentHandle: PARENT_HANDLE }, { inPrivate, inPublic }, WITH_NO_PASSWORD));
    await this.#persist(loaded.handle, WRAPPING_KEY_HANDLE);
  }

  #note(what: string): void {
    this.#world.bus.emit('key', 'firmware', { name: 'wrapping key', what }, { place: { host: this.#host } });
  }

  /** Later boots: a new password by policy B, the key pair stays (docs/reference/pef.md#commands-of-host-boot). */
  async #rotate(password: Uint8Array): Promise<void> {
    const client = this.#client;
    const opened = await client.startSession({ kind: 'policy' });
    if (!opened.ok) throw hostBootFailed(opened.detail);
    const { session } = opened;
    const policySession = session.handle;
    must(await client.call(TPM2_PolicyCommandCode, { policySession }, { code: TPM_CC.ObjectChangeAuth }));
    await client.call(TPM2_PolicyGetDigest, { policySession }, {});
    const pcrs = selectPcr(this.#profile.policyPcr);
    must(await client.call(TPM2_PolicyPCR, { policySession }, { pcrDigest: EMPTY, pcrs }));
    await client.call(TPM2_PolicyGetDigest, { policySession }, {});
    must(await client.call(TPM2_PolicyOR, { policySession }, { pHashList: [this.#policies.a, this.#policies.b] }));
    await client.call(TPM2_PolicyGetDigest, { policySession }, {});
    const parent = must(await client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {})).out;
    const key = must(await client.call(TPM2_ReadPublic, { objectHandle: WRAPPING_KEY_HANDLE }, {})).out;
    const handles = { objectHandle: WRAPPING_KEY_HANDLE, parentHandle: PARENT_HANDLE };
    const changed = must(
      await client.call(TPM2_ObjectChangeAuth, handles, { newAuth: password }, { sessions: [{ session }], names: [key.name, parent.name] }),
    ).out;
    // A failure between here and the second EvictControl leaves no wrapping key: old lockboxes are lost then.
    must(
      await client.call(
        TPM2_EvictControl,
        { auth: PLATFORM, objectHandle: WRAPPING_KEY_HANDLE },
        { persistentHandle: WRAPPING_KEY_HANDLE },
        WITH_NO_PASSWORD,
      ),
    );
    await this.#loadAndPersist(changed.outPrivate, key.outPublic);
    await this.#flush(policySession);
    this.#note('kept, with a new password');
  }

  /** Decisions 11: a given private key comes in as a manufacturer would bring it, with both wrappers and a throw-away password. */
  async #importKey(pem: string): Promise<void> {
    if (!(await this.#persistent()).includes(PARENT_HANDLE)) await this.#makeParent();
    const parent = must(await this.#client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {})).out.outPublic;
    const rsa = readKey(pem);
    const objectPublic = wrappingKeyTemplate(this.#policies, rsa.n);
    const params = duplicateForImport(objectPublic, rsaSensitive(rsa, this.#random(PASSWORD_BYTES)), parent, this.#random);
    const { outPrivate } = must(await this.#client.call(TPM2_Import, { parentHandle: PARENT_HANDLE }, params, WITH_NO_PASSWORD)).out;
    await this.#loadAndPersist(outPrivate, objectPublic);
    this.#note('imported');
  }

  async #handOver(password: Uint8Array): Promise<Handover> {
    const key = must(await this.#client.call(TPM2_ReadPublic, { objectHandle: WRAPPING_KEY_HANDLE }, {})).out;
    const salted = this.#profile.sessionSalted;
    const parentPublic = salted ? must(await this.#client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {})).out.outPublic : null;
    const node: TpmNode = {
      wrappingKeyHandle: WRAPPING_KEY_HANDLE,
      wrappingKeyPasswd: password,
      wrappingKeyPublicname: key.name,
      policyA: this.#policies.a,
      policyB: this.#policies.b,
      parentPublic,
      session: this.#profile.session === 'host boot' ? await this.#setUpSession(parentPublic) : null,
    };
    if (this.#profile.closePolicyB) await this.#closePolicyB();
    return { uvFdt: writeUvFdt(node), wrappingKey: { pem: spkiPem(publicKeyObject(modulusOf(key.outPublic), EXPONENT)), name: key.name } };
  }

  /**
   * The session of `documented`: salted to the restricted parent, saved, its keys handed over in secure memory
   * (docs/reference/decisions.md#session-at-host-boot).
   */
  async #setUpSession(parentPublic: TPMT_PUBLIC | null): Promise<TpmNode['session']> {
    const salt = parentPublic ? { salt: { handle: PARENT_HANDLE, publicArea: parentPublic } } : {};
    const opened = await this.#client.startSession({ kind: 'policy', ...salt });
    if (!opened.ok) throw hostBootFailed(opened.detail);
    const { handle, sessionKey, nonceTPM } = opened.session;
    this.#world.secrets.register(`session key of ${this.#host}`, sessionKey, ['firmware', 'ultravisor', 'tpm'], { host: this.#host });
    const { out } = must(await this.#client.call(TPM2_ContextSave, { saveHandle: handle }, {}));
    return { context: encode(TPMS_CONTEXT, out.context), handle, sessionKey, nonceTPM, savedAtNs: this.#world.clock.nowNs };
  }

  /** Extends the PCR of branch B, so that nobody takes that branch until the next reset (threat 20). */
  async #closePolicyB(): Promise<void> {
    const digests = [{ hashAlg: TPM_ALG.SHA256, digest: digest('sha256', utf8('the hypervisor starts')) }] as const;
    must(await this.#client.call(TPM2_PCR_Extend, { pcrHandle: this.#profile.policyPcr }, { digests }, WITH_NO_PASSWORD));
  }
}

function readKey(pem: string): ReturnType<typeof rsaKeyOf> {
  try {
    const key = rsaKeyOf(createPrivateKey(pem));
    if (key.n.length === 256 && key.e === EXPONENT) return key;
  } catch {
    // told below: OpenSSL's own words do not say what is wanted
  }
  throw new SimulatorError('ultravisor.wrapping-key', {
    what: 'the given wrapping key is no RSA-2048 private key with exponent 65537',
    hint: 'Give the PEM file of such a key, without a passphrase: openssl genrsa 2048.',
  });
}
