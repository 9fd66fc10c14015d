import { concat } from '../../../src/bytes/index.ts';
import { digest, hmac } from '../../../src/crypto/index.ts';
import { type CommandRecord, encryptSecret } from '../../../src/tpm/index.ts';
import { u32 } from '../../../src/tpm/session-crypto.ts';
import { TPM_ALG, TPM_RH, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import type { Dice } from './dice.ts';
import { givenKey, HASHES, HMAC_KEY, POLICIES, partialCertificate, pointOn } from './gallery.ts';
import type { Both } from './pair.ts';
import { Twin } from './values.ts';
import { findIndex, findSession, findThing, is, type World } from './world.ts';

// Parameters that belong to each other, or to a handle.

type Values = Record<string, unknown>;
interface Joining {
  readonly world: World;
  readonly handles: readonly Both<number>[];
  readonly values: Values;
  readonly dice: Dice;
}

const EMPTY = new Uint8Array(0);
const digestBytesOf = (hashAlg: number): number => ({ [TPM_ALG.SHA1]: 20, [TPM_ALG.SHA384]: 48, [TPM_ALG.SHA512]: 64 })[hashAlg] ?? 32;
const first = ({ handles, world }: Joining) => findThing(world, handles[0]?.[0] ?? 0);

/** What a command gave before, to one that takes it: values, and perhaps a handle. */
function again(kind: string, { world, values, handles, dice }: Joining, place = 0): void {
  const deed = dice.some(world.deeds.get(kind) ?? []);
  if (!deed) return;
  const { handle, ...rest } = deed;
  Object.assign(values, rest);
  if (handle && findThing(world, (handle as Both<number>)[0])) (handles as Both<number>[])[place] = handle as Both<number>;
}

function schemeFor(area: TPMT_PUBLIC, dice: Dice, hashAlg: number): object {
  const own = (area.parameters as { scheme?: { scheme: number; hashAlg?: number } }).scheme;
  if (own && own.scheme !== TPM_ALG.NULL && own.scheme !== TPM_ALG.ECDAA) return dice.percent(50) ? { scheme: TPM_ALG.NULL } : own;
  switch (area.type) {
    case TPM_ALG.RSA:
      return { scheme: dice.pick([TPM_ALG.RSASSA, TPM_ALG.RSAPSS]), hashAlg };
    case TPM_ALG.ECC:
      if (own?.scheme === TPM_ALG.ECDAA) return { scheme: TPM_ALG.ECDAA, hashAlg: own.hashAlg, count: 0 };
      return { scheme: dice.pick([TPM_ALG.ECDSA, TPM_ALG.ECDSA, TPM_ALG.ECSCHNORR, TPM_ALG.SM2]), hashAlg };
    default:
      return { scheme: TPM_ALG.HMAC, hashAlg };
  }
}

function signing(joining: Joining, place: number): void {
  const { handles, world, values, dice } = joining;
  const key = findThing(world, handles[place]?.[0] ?? 0);
  if (key?.publicArea)
    values.inScheme = schemeFor(key.publicArea[0], dice, dice.pick([TPM_ALG.SHA1, TPM_ALG.SHA256, TPM_ALG.SHA256, TPM_ALG.SHA512]));
  const scheme = values.inScheme as { scheme: number; count?: unknown };
  if (scheme.scheme === TPM_ALG.ECDAA) {
    const counter = dice.some(world.pools.get('counter') ?? []);
    values.inScheme = { ...scheme, count: counter ? new Twin(counter) : 0 };
  }
}

function salted(joining: Joining): void {
  const { handles, values, dice } = joining;
  if (dice.percent(85)) {
    values.nonceCaller = dice.bytes(dice.pick([16, 20, 32, 32]));
    values.authHash = dice.percent(70) ? TPM_ALG.SHA256 : dice.pick(HASHES);
    values.symmetric = dice.pick<object>([
      { algorithm: TPM_ALG.NULL },
      { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB },
      { algorithm: TPM_ALG.AES, keyBits: 256, mode: TPM_ALG.CFB },
      { algorithm: TPM_ALG.CAMELLIA, keyBits: 128, mode: TPM_ALG.CFB },
      { algorithm: TPM_ALG.TDES, keyBits: dice.pick([128, 192]), mode: TPM_ALG.CFB },
      { algorithm: TPM_ALG.XOR, keyBits: TPM_ALG.SHA256 },
    ]);
  }
  const key = first(joining);
  if (handles[0]?.[0] === TPM_RH.NULL) values.encryptedSalt = dice.percent(95) ? EMPTY : dice.bytes(32);
  else if (key?.publicArea && is.asymmetricStorage(key)) {
    const [a, b] = key.publicArea.map(publicArea => encryptSecret(publicArea, 'SECRET', count => dice.bytes(count)));
    values.encryptedSalt = new Twin([a?.encrypted, b?.encrypted]);
    values.salt = new Twin([a?.secret, b?.secret]);
  }
}

/** An HMAC with the key that both TPMs know, over what PolicySigned wants signed. */
function signedPolicy(joining: Joining): void {
  const { values, handles, world } = joining;
  const session = findSession(world, handles[1]?.[0] ?? 0);
  const key = first(joining);
  if (!session || key?.publicArea?.[0].type !== TPM_ALG.KEYEDHASH || !key.same) return;
  const sides = session.sides.map(({ nonceTPM }) => {
    const nonce = values.nonceTPM instanceof Twin ? nonceTPM : (values.nonceTPM as Uint8Array);
    const aHash = digest(
      'sha256',
      concat(nonce, u32((values.expiration as number) >>> 0), values.cpHashA as Uint8Array, values.policyRef as Uint8Array),
    );
    return { sigAlg: TPM_ALG.HMAC, hmac: { hashAlg: TPM_ALG.SHA256, digest: Uint8Array.from(hmac('sha256', HMAC_KEY, aHash)) } };
  });
  values.auth = new Twin([sides[0], sides[1]]);
}

function nonceOfSession({ values, handles, world, dice }: Joining): void {
  const session = findSession(world, handles[1]?.[0] ?? 0);
  if (session && dice.percent(50)) values.nonceTPM = new Twin([session.sides[0].nonceTPM, session.sides[1].nonceTPM]);
  values.cpHashA = dice.percent(80) ? EMPTY : dice.bytes(32);
}

/** Points that are on the curve of the key. */
function onCurve(joining: Joining): void {
  const { values, dice } = joining;
  const area = first(joining)?.publicArea?.[0];
  if (area?.type !== TPM_ALG.ECC || dice.percent(20)) return;
  const { scheme } = area.parameters.scheme;
  for (const name of ['inPoint', 'inQsB', 'inQeB']) if (name in values) values[name] = pointOn(area.parameters.curveID);
  if ('inScheme' in values) values.inScheme = scheme === TPM_ALG.NULL ? dice.pick([TPM_ALG.ECDH, TPM_ALG.SM2]) : scheme;
}

const JOIN: Readonly<Record<string, (joining: Joining) => void>> = {
  TPM2_Load({ world, values, handles, dice }) {
    const parent = findThing(world, handles[0]?.[0] ?? 0);
    const mine = world.blobs.filter(blob => parent && String(blob.parent) === String(parent.name[0]));
    const blob = dice.some(mine.length > 0 && dice.percent(90) ? mine : world.blobs);
    if (blob) Object.assign(values, { inPrivate: new Twin(blob.inPrivate), inPublic: new Twin(blob.publicArea) });
  },
  TPM2_LoadExternal({ values, dice }) {
    const key = givenKey(dice, 0x440);
    const whole = dice.percent(70);
    Object.assign(values, { inPrivate: whole ? key.sensitive : null, inPublic: key.publicArea });
    if (dice.percent(85))
      values.hierarchy = whole ? TPM_RH.NULL : dice.pick([TPM_RH.OWNER, TPM_RH.ENDORSEMENT, TPM_RH.NULL, TPM_RH.PLATFORM]);
  },
  TPM2_StartAuthSession: salted,
  TPM2_NV_DefineSpace({ handles, values, dice }) {
    const info = values.publicInfo as { nameAlg: number; attributes: number; dataSize: number };
    const type = (info.attributes >> 4) & 15;
    const platform = handles[0]?.[0] === TPM_RH.PLATFORM;
    const pin = type === 8 || type === 9;
    let attributes = info.attributes & ~(0x10000800 | 0x20000000 | 0x40000000 | (platform ? 0 : 0x400) | (pin ? 0x4 : 0));
    attributes |= (platform ? 0x40000000 : 0) | 0x20002 | (type === 8 ? 0x2000000 : 0);
    if (type === 1 && (attributes & 0x4000000) === 0) attributes &= ~0x8000000;
    const nameAlg = TPM_ALG.SHA256;
    const dataSize = type === 4 ? 32 : info.dataSize;
    values.publicInfo = {
      ...info,
      nameAlg,
      attributes: attributes >>> 0,
      dataSize,
      authPolicy: dice.percent(50) ? EMPTY : dice.pick(POLICIES),
    };
  },
  TPM2_ECDH_ZGen: onCurve,
  TPM2_ZGen_2Phase: onCurve,
  TPM2_NV_Write({ world, handles, values, dice }) {
    const index = findIndex(world, handles[1]?.[0] ?? 0);
    if (index && dice.percent(70)) Object.assign(values, { data: dice.bytes(Math.min(index.size, 64)).fill(0, 0, 4), offset: 0 });
  },
  TPM2_NV_Read({ world, handles, values, dice }) {
    const index = findIndex(world, handles[1]?.[0] ?? 0);
    if (index && dice.percent(70)) Object.assign(values, { size: Math.min(index.size, 1024), offset: 0 });
  },
  TPM2_NV_Certify(joining) {
    const { world, handles, values, dice } = joining;
    signing(joining, 0);
    const index = findIndex(world, handles[2]?.[0] ?? 0);
    if (index && dice.percent(70)) Object.assign(values, { size: dice.percent(30) ? 0 : Math.min(index.size, 1024), offset: 0 });
  },
  TPM2_Sign(joining) {
    const { values, dice } = joining;
    signing(joining, 0);
    const own = first(joining)?.publicArea?.[0].parameters as { scheme?: { hashAlg?: number } } | undefined;
    const { hashAlg = own?.scheme?.hashAlg } = values.inScheme as { hashAlg?: number };
    if (dice.percent(85)) values.digest = new Uint8Array(digestBytesOf(hashAlg ?? TPM_ALG.SHA256)).fill(3);
    if (dice.percent(70)) values.validation = { tag: 0x8024, hierarchy: TPM_RH.NULL, digest: EMPTY };
  },
  TPM2_VerifySignature: joining => again('signed', joining),
  TPM2_Quote: joining => signing(joining, 0),
  TPM2_Certify: joining => signing(joining, 1),
  TPM2_CertifyX509(joining) {
    const { values, dice } = joining;
    signing(joining, 1);
    values.reserved = dice.percent(95) ? EMPTY : dice.bytes(2);
    if (dice.percent(85)) values.partialCertificate = partialCertificate(dice);
  },
  TPM2_CertifyCreation(joining) {
    again('created', joining, 1);
    signing(joining, 0);
  },
  TPM2_GetTime: joining => signing(joining, 1),
  TPM2_GetSessionAuditDigest: joining => signing(joining, 1),
  TPM2_GetCommandAuditDigest: joining => signing(joining, 1),
  TPM2_RSA_Decrypt(joining) {
    const { values, dice } = joining;
    const area = first(joining)?.publicArea?.[0];
    if (dice.percent(60)) return again('encrypted', joining);
    if (area?.type !== TPM_ALG.RSA) return;
    const bytes = dice.bytes(area.unique.length);
    bytes[0] = dice.below(60);
    values.cipherText = bytes;
  },
  TPM2_ActivateCredential: joining => again('credential', joining, 1),
  TPM2_PolicyTicket: joining => again('authorized', joining, 9),
  TPM2_PolicySecret: nonceOfSession,
  TPM2_PolicySigned(joining) {
    nonceOfSession(joining);
    if (joining.dice.percent(80)) signedPolicy(joining);
  },
  TPM2_PCR_SetAuthPolicy({ values, dice }) {
    if (dice.percent(80)) Object.assign(values, { pcrNum: dice.pick([20, 21, 22]), hashAlg: TPM_ALG.SHA256, authPolicy: dice.bytes(32) });
  },
  TPM2_SetPrimaryPolicy({ values, dice }) {
    if (dice.percent(70)) Object.assign(values, { hashAlg: TPM_ALG.SHA256, authPolicy: dice.bytes(32) });
  },
  TPM2_HashSequenceStart({ values, dice }) {
    if (dice.percent(40)) values.hashAlg = TPM_ALG.NULL;
  },
  TPM2_Duplicate({ values, dice }) {
    if (dice.percent(60)) Object.assign(values, { encryptionKeyIn: EMPTY, symmetricAlg: { algorithm: TPM_ALG.NULL } });
    else values.symmetricAlg = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB };
  },
  TPM2_Create({ values, dice }) {
    // Data to seal are given, keys are made.
    const area = values.inPublic as { objectAttributes: number } | null;
    const origin = area !== null && (area.objectAttributes & 0x20) !== 0;
    values.inSensitive = { ...(values.inSensitive as object), data: origin ? EMPTY : dice.bytes(16) };
    values.creationPCR = dice.percent(70) ? [] : values.creationPCR;
  },
};
const joinAs = (name: string, like: string): [string, (joining: Joining) => void] => [name, JOIN[like] as (joining: Joining) => void];
const ALIKE = Object.fromEntries([joinAs('TPM2_CreatePrimary', 'TPM2_Create'), joinAs('TPM2_NV_Extend', 'TPM2_NV_Write')]);

export function join(command: CommandRecord, joining: Joining): void {
  if (joining.dice.percent(7)) return;
  (JOIN[command.name] ?? ALIKE[command.name])?.(joining);
}
