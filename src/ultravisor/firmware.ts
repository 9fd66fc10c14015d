import { createPrivateKey } from 'node:crypto';
import { concat, encode, sameBytes, struct, sized, UINT16 } from '../bytes/index.ts';
import { digest, encryptCfb, hmac, kdfA, oaepLabel, padOaep, publicKeyObject, rsaKeyOf, rsaPublic } from '../crypto/index.ts';
import { SimulatorError, type World } from '../sim/index.ts';
import type { TpmTransport } from '../tpm/client/transport.ts';
import {
  nameOf,
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
  TPMS_CONTEXT,
  TpmClient,
} from '../tpmx/index.ts';
import { spkiPem } from '../svm/format/index.ts';
import { must, openPolicySession, PARENT_HANDLE, SHA256, WRAPPING_KEY_HANDLE } from './firmware-tpm.ts';
import { pcrSelect, type WrappingKeyPolicies, wrappingKeyPolicies } from './policies.ts';
import type { Profile } from './profile.ts';
import type { TpmNode } from './tpm-node.ts';
import { writeUvFdt } from './uv-fdt.ts';

const PLATFORM = 0x4000_000c;
const EMPTY = new Uint8Array(0);
const NO_PASSWORD = { password: EMPTY } as const;
const PASSWORD_BYTES = 16;
const CC_OBJECT_CHANGE_AUTH = 0x150;
const CONTINUE = 0x01;
const PERSISTENT_FIRST = 0x8100_0000;

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

const RSA_2048 = { keyBits: 2048, exponent: 0 } as const;
/** pef.md d.2 */
const PARENT_TEMPLATE = {
  type: 0x0001,
  nameAlg: SHA256,
  objectAttributes: 0x0003_0472,
  authPolicy: EMPTY,
  parameters: { symmetric: { algorithm: 0x0006, keyBits: 128, mode: 0x0043 }, scheme: { scheme: 0x0010 }, ...RSA_2048 },
  unique: EMPTY,
} as const;
const wrappingKeyTemplate = (policies: WrappingKeyPolicies, unique: Uint8Array = EMPTY) =>
  ({
    type: 0x0001,
    nameAlg: SHA256,
    objectAttributes: 0x0002_0c20,
    authPolicy: policies.or,
    parameters: { symmetric: { algorithm: 0x0010 }, scheme: { scheme: 0x0017, hashAlg: SHA256 }, ...RSA_2048 },
    unique,
  }) as const;

/** What skiboot does before the hypervisor starts: makes or rotates the wrapping key and tells the Ultravisor of it (pef.md d). */
export async function bootFirmware(world: World, transport: TpmTransport, profile: Profile, host: string, givenKeyPem?: string): Promise<Handover> {
  const random = world.random.fork(`firmware of ${host} at ${world.clock.nowNs}`);
  return new Firmware(world, new TpmClient(transport, n => random.bytes(n)), n => random.bytes(n), profile, host).boot(givenKeyPem);
}

class Firmware {
  readonly #world: World;
  readonly #client: TpmClient;
  readonly #random: (count: number) => Uint8Array;
  readonly #profile: Profile;
  readonly #host: string;
  readonly #policies: WrappingKeyPolicies;

  constructor(world: World, client: TpmClient, random: (count: number) => Uint8Array, profile: Profile, host: string) {
    this.#world = world;
    this.#client = client;
    this.#random = random;
    this.#profile = profile;
    this.#host = host;
    this.#policies = wrappingKeyPolicies(profile);
  }

  async boot(givenKeyPem?: string): Promise<Handover> {
    const started = await this.#client.call(TPM2_Startup, {}, { startupType: 0 });
    if (!started.ok && started.rc !== 0x100) must(started, 'TPM2_Startup'); // 0x100: it was started already
    if (givenKeyPem && !(await this.#persistent()).includes(WRAPPING_KEY_HANDLE)) await this.#importKey(givenKeyPem);
    const password = await this.#password();
    const present = await this.#persistent();
    if (present.includes(WRAPPING_KEY_HANDLE)) await this.#rotate(password);
    else await this.#create(password, present.includes(PARENT_HANDLE));
    return this.#handOver(password);
  }

  /** 16 bytes of the TPM's randomness without zero bytes. */
  async #password(): Promise<Uint8Array> {
    let password = EMPTY;
    while (password.length < PASSWORD_BYTES) {
      const { out } = must(await this.#client.call(TPM2_GetRandom, {}, { bytesRequested: PASSWORD_BYTES }), 'TPM2_GetRandom');
      password = concat(password, out.randomBytes.filter(byte => byte !== 0)).slice(0, PASSWORD_BYTES);
    }
    this.#world.secrets.register(`wrapping-key-passwd of ${this.#host}`, password, ['firmware', 'ultravisor', 'tpm'], { host: this.#host });
    return password;
  }

  async #persistent(): Promise<number[]> {
    const { out } = must(await this.#client.call(TPM2_GetCapability, {}, { capability: 1, property: PERSISTENT_FIRST, propertyCount: 64 }), 'TPM2_GetCapability');
    const view = new DataView(out.data.buffer, out.data.byteOffset, out.data.length);
    return Array.from({ length: view.getUint32(0) }, (_, i) => view.getUint32(4 + 4 * i));
  }

  async #makeParent(): Promise<void> {
    const input = { inSensitive: { userAuth: EMPTY, data: EMPTY }, inPublic: PARENT_TEMPLATE, outsideInfo: EMPTY, creationPCR: [] };
    const { handle } = must(await this.#client.call(TPM2_CreatePrimary, { primaryHandle: PLATFORM }, input, { auths: [NO_PASSWORD] }), 'TPM2_CreatePrimary');
    await this.#persist(handle, EMPTY, PARENT_HANDLE);
  }

  /** EvictControl of a transient object, which is then flushed. */
  async #persist(handle: number, _name: Uint8Array, persistentHandle: number): Promise<void> {
    must(await this.#client.call(TPM2_EvictControl, { auth: PLATFORM, objectHandle: handle }, { persistentHandle }, { auths: [NO_PASSWORD] }), 'TPM2_EvictControl');
    await this.#flush(handle);
  }

  async #flush(flushHandle: number): Promise<void> {
    must(await this.#client.call(TPM2_FlushContext, {}, { flushHandle }), 'TPM2_FlushContext');
  }

  /** First boot (pef.md d.1). */
  async #create(password: Uint8Array, hasParent: boolean): Promise<void> {
    if (!hasParent) await this.#makeParent();
    const input = { inSensitive: { userAuth: password, data: EMPTY }, inPublic: wrappingKeyTemplate(this.#policies), outsideInfo: EMPTY, creationPCR: [] };
    const made = must(await this.#client.call(TPM2_Create, { parentHandle: PARENT_HANDLE }, input, { auths: [NO_PASSWORD] }), 'TPM2_Create').out;
    await this.#loadAndPersist(made.outPrivate, made.outPublic);
    this.#note('made at first boot');
  }

  async #loadAndPersist(inPrivate: Uint8Array, inPublic: Parameters<typeof nameOf>[0]): Promise<void> {
    const loaded = must(await this.#client.call(TPM2_Load, { parentHandle: PARENT_HANDLE }, { inPrivate, inPublic }, { auths: [NO_PASSWORD] }), 'TPM2_Load');
    await this.#persist(loaded.handle, loaded.out.name, WRAPPING_KEY_HANDLE);
  }

  #note(what: string): void {
    this.#world.bus.emit('key', 'firmware', { name: 'wrapping key', what }, { place: { host: this.#host } });
  }

  /** Later boots: a new password by policy B, the key pair stays (pef.md d.1). */
  async #rotate(password: Uint8Array): Promise<void> {
    const client = this.#client;
    const opened = await openPolicySession(client, this.#random, null);
    must(opened, 'TPM2_StartAuthSession');
    const session = opened.session;
    if (!session) return;
    const policySession = session.handle;
    must(await client.call(TPM2_PolicyCommandCode, { policySession }, { code: CC_OBJECT_CHANGE_AUTH }), 'TPM2_PolicyCommandCode');
    await client.call(TPM2_PolicyGetDigest, { policySession }, {});
    const pcrs = [{ hash: SHA256 as 0x0b, pcrSelect: pcrSelect(this.#profile.policyPcr) }];
    must(await client.call(TPM2_PolicyPCR, { policySession }, { pcrDigest: EMPTY, pcrs }), 'TPM2_PolicyPCR');
    await client.call(TPM2_PolicyGetDigest, { policySession }, {});
    must(await client.call(TPM2_PolicyOR, { policySession }, { pHashList: [this.#policies.a, this.#policies.b] }), 'TPM2_PolicyOR');
    await client.call(TPM2_PolicyGetDigest, { policySession }, {});
    const parent = must(await client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {}), 'TPM2_ReadPublic').out;
    const key = must(await client.call(TPM2_ReadPublic, { objectHandle: WRAPPING_KEY_HANDLE }, {}), 'TPM2_ReadPublic').out;
    const auth = { session, authValue: EMPTY, attributes: CONTINUE, authValueInHmac: false };
    const handles = { objectHandle: WRAPPING_KEY_HANDLE, parentHandle: PARENT_HANDLE };
    const changed = must(
      await client.call(TPM2_ObjectChangeAuth, handles, { newAuth: password }, { auths: [auth], names: [key.name, parent.name] }),
      'TPM2_ObjectChangeAuth',
    ).out;
    // A failure between here and the second EvictControl leaves no wrapping key: old lockboxes are lost then.
    must(
      await client.call(TPM2_EvictControl, { auth: PLATFORM, objectHandle: WRAPPING_KEY_HANDLE }, { persistentHandle: WRAPPING_KEY_HANDLE }, { auths: [NO_PASSWORD] }),
      'TPM2_EvictControl',
    );
    await this.#loadAndPersist(changed.outPrivate, key.outPublic);
    await this.#flush(policySession);
    this.#note('kept, with a new password');
  }

  /** Decisions 11: a given private key comes in as a manufacturer would bring it, with both wrappers and a throw-away password. */
  async #importKey(pem: string): Promise<void> {
    if (!(await this.#persistent()).includes(PARENT_HANDLE)) await this.#makeParent();
    const parent = must(await this.#client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {}), 'TPM2_ReadPublic').out;
    if (parent.outPublic.type !== 0x0001) throw new SimulatorError('ultravisor.host-boot', { what: 'the parent is no RSA key', hint: 'Clear the TPM.' });
    const rsa = readKey(pem);
    const objectPublic = wrappingKeyTemplate(this.#policies, rsa.n);
    const wrapped = duplicate(objectPublic, rsa.p, this.#random(PASSWORD_BYTES), parent.outPublic.unique, this.#random);
    const imported = must(
      await this.#client.call(
        TPM2_Import,
        { parentHandle: PARENT_HANDLE },
        { ...wrapped, objectPublic, symmetricAlg: { algorithm: 0x0006, keyBits: 128, mode: 0x0043 } },
        { auths: [NO_PASSWORD] },
      ),
      'TPM2_Import',
    ).out;
    await this.#loadAndPersist(imported.outPrivate, objectPublic);
    this.#note('imported');
  }

  async #handOver(password: Uint8Array): Promise<Handover> {
    const client = this.#client;
    const key = must(await client.call(TPM2_ReadPublic, { objectHandle: WRAPPING_KEY_HANDLE }, {}), 'TPM2_ReadPublic').out;
    if (key.outPublic.type !== 0x0001) throw new SimulatorError('ultravisor.host-boot', { what: 'the wrapping key is no RSA key', hint: 'Clear the TPM.' });
    const parent = this.#profile.sessionSalted ? must(await client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {}), 'TPM2_ReadPublic').out : null;
    const parentModulus = parent?.outPublic.type === 0x0001 ? parent.outPublic.unique : null;
    const node: TpmNode = {
      wrappingKeyHandle: WRAPPING_KEY_HANDLE,
      wrappingKeyPasswd: password,
      wrappingKeyPublicname: key.name,
      policyA: this.#policies.a,
      policyB: this.#policies.b,
      parentModulus,
      session: this.#profile.session === 'host boot' ? await this.#setUpSession(parentModulus) : null,
    };
    if (this.#profile.closePolicyB) await this.#closePolicyB();
    return { uvFdt: writeUvFdt(node), wrappingKey: { pem: spkiPem(publicKeyObject(key.outPublic.unique, 65537)), name: key.name } };
  }

  /** The session of `documented`: salted to the restricted parent, saved, its keys handed over in secure memory (decisions 9). */
  async #setUpSession(parentModulus: Uint8Array | null): Promise<TpmNode['session']> {
    const salt = parentModulus ? { handle: PARENT_HANDLE, n: parentModulus } : null;
    const opened = await openPolicySession(this.#client, this.#random, salt);
    must(opened, 'TPM2_StartAuthSession');
    if (!opened.session) return null;
    const { handle, sessionKey, nonceTPM } = opened.session;
    this.#world.secrets.register(`session key of ${this.#host}`, sessionKey, ['firmware', 'ultravisor', 'tpm'], { host: this.#host });
    const { out } = must(await this.#client.call(TPM2_ContextSave, { saveHandle: handle }, {}), 'TPM2_ContextSave');
    return { context: encode(TPMS_CONTEXT, out.context), handle, sessionKey, nonceTPM };
  }

  /** Extends the PCR of branch B, so that nobody takes that branch until the next reset (threat 20). */
  async #closePolicyB(): Promise<void> {
    const digests = [{ hashAlg: SHA256 as 0x0b, digest: digest('sha256', new TextEncoder().encode('host started')) }];
    const pcr = this.#profile.policyPcr;
    must(await this.#client.call(TPM2_PCR_Extend, { pcrHandle: pcr }, { digests }, { auths: [NO_PASSWORD] }), 'TPM2_PCR_Extend');
  }
}

function readKey(pem: string): ReturnType<typeof rsaKeyOf> {
  try {
    const key = rsaKeyOf(createPrivateKey(pem));
    if (key.n.length === 256 && key.e === 65537) return key;
  } catch {
    // told below: OpenSSL's own words do not say what is wanted
  }
  throw new SimulatorError('ultravisor.wrapping-key', {
    what: 'the given wrapping key is no RSA-2048 private key with exponent 65537',
    hint: 'Give the PEM file of such a key, without a passphrase: openssl genrsa 2048.',
  });
}

const TPM2B = sized('TPM2B');
const SENSITIVE = struct('TPMT_SENSITIVE', 'Part 2 §12.3.2.4', { sensitiveType: UINT16, authValue: TPM2B, seedValue: TPM2B, sensitive: TPM2B });

/** The duplication blob with inner and outer wrapper (Part 1 §23.3). */
function duplicate(publicArea: Parameters<typeof nameOf>[0], prime: Uint8Array, authValue: Uint8Array, parentN: Uint8Array, random: (n: number) => Uint8Array) {
  const name = nameOf(publicArea);
  const sensitive = encode(TPM2B, encode(SENSITIVE, { sensitiveType: 0x0001, authValue, seedValue: EMPTY, sensitive: prime }));
  const encryptionKey = random(16);
  const inner = concat(encode(TPM2B, digest('sha256', sensitive, name)), sensitive);
  const innerEncrypted = encryptCfb(encryptionKey, new Uint8Array(16), inner);
  const seed = random(32);
  const inSymSeed = rsaPublic(publicKeyObject(parentN, 65537), padOaep('sha256', seed, parentN.length, oaepLabel('DUPLICATE'), random));
  const outer = encryptCfb(kdfA('sha256', seed, 'STORAGE', name, EMPTY, 128), new Uint8Array(16), innerEncrypted);
  const mac = hmac('sha256', kdfA('sha256', seed, 'INTEGRITY', EMPTY, EMPTY, 256), outer, name);
  return { encryptionKey, duplicate: concat(encode(TPM2B, mac), outer), inSymSeed };
}
void sameBytes;
