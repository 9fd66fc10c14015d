import { concat, decode, encode, type Fields, fixed, list, sameBytes, sized, UINT16, UINT32, UINT8, DecodeError } from '../bytes/index.ts';
import { decryptCfb, digest, encryptCfb, equal, hmac, kdfA, oaepLabel, padOaep, publicKeyObject, rsaPrivate, rsaPublic, unpadOaep } from '../crypto/index.ts';
import { Random } from '../sim/index.ts';
import { digestBytes, HASHES, hashName } from '../tpm/wire/algorithms.ts';
import { TPMA_OBJECT } from '../tpm/wire/attributes.ts';
import * as B from '../tpm/wire/buffers.ts';
import { TPM_ALG, TPM_RH } from '../tpm/wire/constants.ts';
import * as I from '../tpm/wire/interface-types.ts';
import { TPM_RC } from '../tpm/wire/response-codes.ts';
import { exponentOf, isParent, makeObject, nameOf, privateKeyOf, type Public, qualified, sensitiveOf, trim, u16, u32, unwrapPrivate, wrapPrivate } from './objects.ts';
import { inHandle, inParameter, Refused } from './rc.ts';
import type { Session, TpmObject } from './state.ts';
import * as S from './structures.ts';
import { type Command, type HandleUse, LIMITS, type Tpm } from './tpm.ts';
void sized; void fixed; void decryptCfb; void digestBytes;

const command = <const H extends Readonly<Record<string, HandleUse>>, const P extends Fields, const R extends Fields>(c: Command<H, P, R>): Command<H, P, R> => c;
const EMPTY = new Uint8Array(0);
const { bit } = TPMA_OBJECT;
const user = (codec: HandleUse['codec']) => ({ codec, auth: 'USER' as const });

export const TPM2_Startup = command({ code: 0x144, name: 'TPM2_Startup', spec: 'Part 3 §9.3', handles: {}, params: { startupType: I.TPM_SU_TYPE }, returns: {}, sessions: false, run(tpm) { if (tpm.state.started) throw new Refused(TPM_RC.INITIALIZE); tpm.state.started = true; return {}; } });
export const TPM2_Shutdown = command({ code: 0x145, name: 'TPM2_Shutdown', spec: 'Part 3 §9.4', handles: {}, params: { shutdownType: I.TPM_SU_TYPE }, returns: {}, run: () => ({}) });
export const TPM2_SelfTest = command({ code: 0x143, name: 'TPM2_SelfTest', spec: 'Part 3 §10.2', handles: {}, params: { fullTest: I.TPMI_YES_NO }, returns: {}, run: () => ({}) });
export const TPM2_GetRandom = command({ code: 0x17b, name: 'TPM2_GetRandom', spec: 'Part 3 §16.1', handles: {}, params: { bytesRequested: UINT16 }, returns: { randomBytes: B.TPM2B_DIGEST }, run: (tpm, { }, { bytesRequested }) => ({ randomBytes: tpm.random.bytes(Math.min(bytesRequested, 48)) }) });
const raw = { name: 'raw', shape: { kind: 'opaque' as const }, write: (w: any, v: Uint8Array) => w.raw(v), read: (r: any) => r.rest() as Uint8Array };
export const TPM2_GetCapability = command({
  code: 0x17a, name: 'TPM2_GetCapability', spec: 'Part 3 §30.2', handles: {}, params: { capability: UINT32, property: UINT32, propertyCount: UINT32 }, returns: { moreData: UINT8, capability: UINT32, data: raw },
  run(tpm, {}, { capability, property, propertyCount }) {
    const s = tpm.state;
    const page = (all: number[]) => { const from = all.filter(x => x >= property); const some = from.slice(0, propertyCount); return { moreData: from.length > some.length ? 1 : 0, data: encode(list('l', UINT32), some) }; };
    let r: { moreData: number; data: Uint8Array };
    if (capability === 1) {
      const type = property >>> 24;
      const all = type === 0x80 ? s.transient.flatMap((o, i) => (o ? [0x80000000 + i] : [])) : type === 0x81 ? [...s.persistent.keys()].sort((a, b) => a - b)
        : type === 2 ? [...s.loaded.keys()].sort() : type === 3 ? [...s.saved.values()].map(x => x.handle).sort() : [];
      r = page(all);
    } else if (capability === 2) r = page([...tpm.commands.values()].sort((a, b) => a.code - b.code).map(c => cca(c)).filter(a => (a & 0xffff) >= property).map(a => a >>> 0)), r = ((all: number[]) => { const some = all.slice(0, propertyCount); return { moreData: all.length > some.length ? 1 : 0, data: encode(list('l', UINT32), some) }; })([...tpm.commands.values()].sort((a, b) => a.code - b.code).filter(c => c.code >= property).map(cca));
    else if (capability === 6) {
      const all: [number, number][] = [[0x100, 0x322e3000], [0x10d, 1024], [0x10e, 3], [0x111, 64], [0x112, 24], [0x11e, 4096], [0x11f, 4096], [0x120, 64], [0x129, tpm.commands.size], [0x12c, 1024]];
      const from = all.filter(([p]) => p >= property); const some = from.slice(0, propertyCount);
      r = { moreData: from.length > some.length ? 1 : 0, data: concat(u32(some.length), ...some.flatMap(([a, b]) => [u32(a), u32(b)])) };
    } else throw inParameter(1, TPM_RC.VALUE);
    return { ...r, capability };
  },
});
const cca = (c: Command<any, any, any>): number => (c.code | (c.nv ? 1 << 22 : 0) | (c.flushed ? 1 << 24 : 0) | (Object.keys(c.handles).length << 25) | (c.responseHandle ? 1 << 28 : 0)) >>> 0;

function parentOf(tpm: Tpm, handle: number, n: number): TpmObject {
  const p = tpm.object(handle)!;
  if (!isParent(p.publicArea)) throw inHandle(n, TPM_RC.TYPE);
  return p;
}
const symBits = (p: Public): number => (p.type === TPM_ALG.RSA && p.parameters.symmetric.algorithm === TPM_ALG.AES ? (p.parameters.symmetric as any).keyBits : 128);
function slot(tpm: Tpm, object: TpmObject): number {
  const i = tpm.state.transient.indexOf(null);
  if (i < 0) throw new Refused(TPM_RC.OBJECT_MEMORY);
  tpm.state.transient[i] = object;
  return 0x80000000 + i;
}
const freeSlot = (tpm: Tpm): void => { if (!tpm.state.transient.includes(null)) throw new Refused(TPM_RC.OBJECT_MEMORY); };
function checkTemplate(p: Public, n: number): void {
  const a = p.objectAttributes;
  if (p.authPolicy.length && p.authPolicy.length !== digestBytes(p.nameAlg)) throw inParameter(n, TPM_RC.SIZE);
  if ((a & bit.restricted) && (a & bit.decrypt) && (a & bit.sign)) throw inParameter(n, TPM_RC.ATTRIBUTES);
  if (p.type === TPM_ALG.RSA) {
    const restrictedDecrypt = (a & bit.restricted) && (a & bit.decrypt);
    if (restrictedDecrypt && p.parameters.symmetric.algorithm === TPM_ALG.NULL) throw inParameter(n, TPM_RC.SYMMETRIC);
  }
}
const creation = (hierarchy: number, tpm: Tpm, name: Uint8Array, p: Public, outsideInfo: Uint8Array, parentNameAlg: number, parentName: Uint8Array, parentQN: Uint8Array) => {
  const creationData = concat(u32(0), u16(0), Uint8Array.of(1), u16(parentNameAlg), encode(B.TPM2B_NAME, parentName), encode(B.TPM2B_NAME, parentQN), encode(B.TPM2B_DATA, outsideInfo));
  const creationHash = digest(hashName(p.nameAlg), creationData);
  const ticket = concat(u16(0x8021), u32(hierarchy), encode(B.TPM2B_DIGEST, hmac('sha512', tpm.state.proofs.get(hierarchy)!, u16(0x8021), name, creationHash)));
  return { creationData, creationHash, creationTicket: ticket };
};
const created = { outPublic: S.TPM2B_PUBLIC, creationData: B.TPM2B_TEMPLATE, creationHash: B.TPM2B_DIGEST, creationTicket: fixed('TPMT_TK_CREATION', 72) };
export const TPM2_CreatePrimary = command({
  code: 0x131, name: 'TPM2_CreatePrimary', spec: 'Part 3 §24.1', handles: { primaryHandle: user(I.TPMI_RH_HIERARCHY_NULL) }, responseHandle: true,
  params: { inSensitive: S.TPM2B_SENSITIVE_CREATE, inPublic: S.TPM2B_PUBLIC, outsideInfo: B.TPM2B_DATA, creationPCR: B.TPML_PCR_SELECTION }, returns: { ...created, name: B.TPM2B_NAME },
  run(tpm, { primaryHandle }, { inSensitive, inPublic, outsideInfo }) {
    checkTemplate(inPublic, 2); freeSlot(tpm);
    const seed = tpm.state.seeds.get(primaryHandle)!;
    const rnd = new Random(digest('sha512', seed, encode(S.TPMT_PUBLIC, inPublic), encode(S.TPMS_SENSITIVE_CREATE, inSensitive)));
    const { publicArea, sensitive } = makeObject(inPublic, inSensitive.userAuth, inSensitive.data, n => rnd.bytes(n));
    const name = nameOf(publicArea);
    const handle = slot(tpm, { publicArea, name, qualifiedName: qualified(publicArea.nameAlg, u32(primaryHandle), name), hierarchy: primaryHandle, sensitive, primary: true, external: false });
    return { handle, outPublic: publicArea, name, ...creation(primaryHandle, tpm, name, publicArea, outsideInfo, TPM_ALG.NULL, u32(primaryHandle), u32(primaryHandle)) };
  },
});
export const TPM2_Create = command({
  code: 0x153, name: 'TPM2_Create', spec: 'Part 3 §12.1', handles: { parentHandle: user(I.TPMI_DH_OBJECT) },
  params: { inSensitive: S.TPM2B_SENSITIVE_CREATE, inPublic: S.TPM2B_PUBLIC, outsideInfo: B.TPM2B_DATA, creationPCR: B.TPML_PCR_SELECTION }, returns: { outPrivate: B.TPM2B_PRIVATE, ...created },
  run(tpm, { parentHandle }, { inSensitive, inPublic, outsideInfo }) {
    const parent = parentOf(tpm, parentHandle, 1);
    checkTemplate(inPublic, 2);
    const { publicArea, sensitive } = makeObject(inPublic, inSensitive.userAuth, inSensitive.data, n => tpm.random.bytes(n));
    const name = nameOf(publicArea);
    const outPrivate = wrapPrivate({ publicArea, name, sensitive }, parent.publicArea.nameAlg, parent.sensitive!.seedValue, symBits(parent.publicArea), n => tpm.random.bytes(n));
    return { outPrivate, outPublic: publicArea, ...creation(parent.hierarchy, tpm, name, publicArea, outsideInfo, parent.publicArea.nameAlg, parent.name, parent.qualifiedName) };
  },
});
export const TPM2_Load = command({
  code: 0x157, name: 'TPM2_Load', spec: 'Part 3 §12.2', handles: { parentHandle: user(I.TPMI_DH_OBJECT) }, responseHandle: true,
  params: { inPrivate: B.TPM2B_PRIVATE, inPublic: S.TPM2B_PUBLIC }, returns: { name: B.TPM2B_NAME },
  run(tpm, { parentHandle }, { inPrivate, inPublic }) {
    const parent = parentOf(tpm, parentHandle, 1);
    const name = nameOf(inPublic); freeSlot(tpm);
    const sensitive = unwrapPrivate(inPrivate, inPublic, name, parent.publicArea.nameAlg, parent.sensitive!.seedValue, symBits(parent.publicArea), true);
    return { handle: slot(tpm, { publicArea: inPublic, name, qualifiedName: qualified(inPublic.nameAlg, parent.qualifiedName, name), hierarchy: parent.hierarchy, sensitive, primary: false, external: false }), name };
  },
});
export const TPM2_Import = command({
  code: 0x156, name: 'TPM2_Import', spec: 'Part 3 §13.3', handles: { parentHandle: user(I.TPMI_DH_OBJECT) },
  params: { encryptionKey: B.TPM2B_DATA, objectPublic: S.TPM2B_PUBLIC, duplicate: B.TPM2B_PRIVATE, inSymSeed: B.TPM2B_ENCRYPTED_SECRET, symmetricAlg: S.TPMT_SYM_DEF_OBJECT }, returns: { outPrivate: B.TPM2B_PRIVATE },
  run(tpm, { parentHandle }, { encryptionKey, objectPublic, duplicate, inSymSeed, symmetricAlg }) {
    const parent = parentOf(tpm, parentHandle, 1);
    const name = nameOf(objectPublic);
    if (objectPublic.objectAttributes & (bit.fixedTPM | bit.fixedParent)) throw inParameter(2, TPM_RC.ATTRIBUTES);
    if (objectPublic.objectAttributes & bit.encryptedDuplication && (symmetricAlg.algorithm === TPM_ALG.NULL || inSymSeed.length === 0)) throw inParameter(1, TPM_RC.ATTRIBUTES);
    let data = duplicate;
    const ph = hashName(parent.publicArea.nameAlg);
    if (inSymSeed.length) {
      const block = rsaPrivate(privateKeyOf(parent), inSymSeed);
      const seed = unpadOaep(ph, block, oaepLabel('DUPLICATE'));
      if (!seed) throw inParameter(4, TPM_RC.VALUE);
      const size = digestBytes(parent.publicArea.nameAlg);
      const mac = data.subarray(2, 2 + size); const body = data.subarray(2 + size);
      const hkey = kdfA(ph, seed, 'INTEGRITY', EMPTY, EMPTY, size * 8);
      if (!equal(mac, hmac(ph, hkey, body, name))) throw inParameter(3, TPM_RC.INTEGRITY);
      data = decryptCfb(kdfA(ph, seed, 'STORAGE', name, EMPTY, symBits(parent.publicArea)), new Uint8Array(16), body);
    }
    if (symmetricAlg.algorithm !== TPM_ALG.NULL) {
      const plain = decryptCfb(encryptionKey, new Uint8Array(16), data);
      const size = digestBytes(objectPublic.nameAlg);
      const inner = plain.subarray(2, 2 + size); data = plain.subarray(2 + size);
      if (!equal(inner, digest(hashName(objectPublic.nameAlg), data, name))) throw inParameter(3, TPM_RC.INTEGRITY);
    }
    let sensitive;
    try { sensitive = sensitiveOf(data, objectPublic); } catch (e) { if (e instanceof DecodeError) throw inParameter(3, TPM_RC.SIZE); throw e; }
    return { outPrivate: wrapPrivate({ publicArea: objectPublic, name, sensitive }, parent.publicArea.nameAlg, parent.sensitive!.seedValue, symBits(parent.publicArea), n => tpm.random.bytes(n)) };
  },
});
export const TPM2_ReadPublic = command({ code: 0x173, name: 'TPM2_ReadPublic', spec: 'Part 3 §12.4', handles: { objectHandle: { codec: I.TPMI_DH_OBJECT } }, params: {}, returns: { outPublic: S.TPM2B_PUBLIC, name: B.TPM2B_NAME, qualifiedName: B.TPM2B_NAME }, run(tpm, { objectHandle }) { const o = tpm.object(objectHandle)!; return { outPublic: o.publicArea, name: o.name, qualifiedName: o.qualifiedName }; } });
export const TPM2_EvictControl = command({
  code: 0x120, name: 'TPM2_EvictControl', spec: 'Part 3 §28.5', handles: { auth: user(I.TPMI_RH_PROVISION), objectHandle: { codec: I.TPMI_DH_OBJECT } }, nv: true, params: { persistentHandle: I.TPMI_DH_PERSISTENT }, returns: {},
  run(tpm, { auth, objectHandle }, { persistentHandle }) {
    const o = tpm.object(objectHandle)!; const s = tpm.state;
    const platform = persistentHandle >= 0x81800000;
    if ((auth === TPM_RH.PLATFORM) !== platform) throw inParameter(1, TPM_RC.RANGE);
    if (objectHandle >>> 24 === 0x81) { if (objectHandle !== persistentHandle) throw inHandle(2, TPM_RC.HANDLE); s.persistent.delete(objectHandle); return {}; }
    if (auth === TPM_RH.OWNER && o.hierarchy === TPM_RH.PLATFORM) throw inHandle(2, TPM_RC.HIERARCHY);
    if (s.persistent.has(persistentHandle)) throw new Refused(TPM_RC.NV_DEFINED);
    s.persistent.set(persistentHandle, o); return {};
  },
});
export const TPM2_FlushContext = command({
  code: 0x165, name: 'TPM2_FlushContext', spec: 'Part 3 §28.4', handles: {}, params: { flushHandle: I.TPMI_DH_CONTEXT }, returns: {}, sessions: false,
  run(tpm, {}, { flushHandle }) {
    const type = flushHandle >>> 24; const s = tpm.state;
    if (type === 0x80) { const i = flushHandle & 0xffffff; if (i >= LIMITS.transient) throw inParameter(1, TPM_RC.VALUE); if (!s.transient[i]) throw inParameter(1, TPM_RC.HANDLE); s.transient[i] = null; return {}; }
    const nn = flushHandle & 0xffffff;
    if (s.loaded.delete(flushHandle)) return {};
    if (s.saved.get(nn)?.handle === flushHandle) { s.saved.delete(nn); return {}; }
    throw inParameter(1, TPM_RC.HANDLE);
  },
});
const contextKeys = (tpm: Tpm, hierarchy: number, sequence: bigint) => {
  const proof = tpm.state.proofs.get(hierarchy)!;
  const k = kdfA('sha512', proof, 'CONTEXT', new Uint8Array(0), Uint8Array.from(Buffer.from(sequence.toString(16).padStart(16, '0'), 'hex')), 256 + 128);
  return { key: k.subarray(0, 32), iv: k.subarray(32), proof };
};
const store = new WeakMap<object, never>(); void store;
const pack = (value: unknown): Uint8Array => Uint8Array.from(Buffer.from(JSON.stringify(value, (_k, v) => (v instanceof Uint8Array ? { $: Buffer.from(v).toString('base64') } : v))));
const unpack = (bytes: Uint8Array): any => JSON.parse(Buffer.from(bytes).toString(), (_k, v) => (v && typeof v === 'object' && '$' in v ? Uint8Array.from(Buffer.from(v.$, 'base64')) : v));
export const TPM2_ContextSave = command({
  code: 0x162, name: 'TPM2_ContextSave', spec: 'Part 3 §28.2', handles: { saveHandle: { codec: I.TPMI_DH_CONTEXT } }, params: {}, returns: { context: S.TPMS_CONTEXT }, sessions: false,
  run(tpm, { saveHandle }) {
    const s = tpm.state; const isObj = saveHandle >>> 24 === 0x80;
    const thing = isObj ? tpm.object(saveHandle)! : s.loaded.get(saveHandle)!;
    const hierarchy = isObj ? (thing as TpmObject).hierarchy : TPM_RH.NULL;
    const sequence = isObj ? ++s.objectSequence : ++s.sessionSequence;
    const { key, iv, proof } = contextKeys(tpm, hierarchy, sequence);
    const enc = encryptCfb(key, iv, pack(thing));
    const mac = hmac('sha512', proof, enc, u32(saveHandle));
    if (!isObj) { s.loaded.delete(saveHandle); s.saved.set(saveHandle & 0xffffff, { handle: saveHandle, sequence }); }
    return { context: { sequence, savedHandle: isObj ? 0x80000000 : saveHandle, hierarchy, contextBlob: concat(u16(64), mac, enc) } };
  },
});
export const TPM2_ContextLoad = command({
  code: 0x161, name: 'TPM2_ContextLoad', spec: 'Part 3 §28.3', handles: {}, responseHandle: true, params: { context: S.TPMS_CONTEXT }, returns: {}, sessions: false,
  run(tpm, {}, { context }) {
    const s = tpm.state; const { sequence, savedHandle, hierarchy, contextBlob } = context;
    const isObj = savedHandle >>> 24 === 0x80;
    const { key, iv, proof } = contextKeys(tpm, hierarchy, sequence);
    const mac = contextBlob.subarray(2, 66); const enc = contextBlob.subarray(66);
    const known = s.saved.get(savedHandle & 0xffffff);
    if (!isObj && (known?.handle !== savedHandle || known.sequence !== sequence)) throw inParameter(1, TPM_RC.HANDLE);
    const ok = [0, 1, 2].some(i => equal(mac, hmac('sha512', proof, enc, u32(isObj ? 0x80000000 + i : savedHandle))));
    if (!ok) throw inParameter(1, TPM_RC.INTEGRITY);
    if (isObj) { freeSlot(tpm); return { handle: slot(tpm, unpack(decryptCfb(key, iv, enc))) }; }
    if (s.loaded.size >= LIMITS.loadedSessions) throw new Refused(TPM_RC.SESSION_MEMORY);
    s.saved.delete(savedHandle & 0xffffff); s.loaded.set(savedHandle, unpack(decryptCfb(key, iv, enc)));
    return { handle: savedHandle };
  },
});
export const TPM2_ObjectChangeAuth = command({
  code: 0x150, name: 'TPM2_ObjectChangeAuth', spec: 'Part 3 §12.8', handles: { objectHandle: { codec: I.TPMI_DH_OBJECT, auth: 'ADMIN' }, parentHandle: { codec: I.TPMI_DH_OBJECT } }, params: { newAuth: B.TPM2B_AUTH }, returns: { outPrivate: B.TPM2B_PRIVATE },
  run(tpm, { objectHandle, parentHandle }, { newAuth }) {
    const o = tpm.object(objectHandle)!; const parent = tpm.object(parentHandle)!;
    if (!sameBytes(o.qualifiedName, qualified(o.publicArea.nameAlg, parent.qualifiedName, o.name))) throw inHandle(2, TPM_RC.TYPE);
    if (newAuth.length > digestBytes(o.publicArea.nameAlg)) throw inParameter(1, TPM_RC.SIZE);
    return { outPrivate: wrapPrivate({ publicArea: o.publicArea, name: o.name, sensitive: { ...o.sensitive!, authValue: trim(newAuth) } }, parent.publicArea.nameAlg, parent.sensitive!.seedValue, symBits(parent.publicArea), n => tpm.random.bytes(n)) };
  },
});
export const TPM2_StartAuthSession = command({
  code: 0x176, name: 'TPM2_StartAuthSession', spec: 'Part 3 §11.1', handles: { tpmKey: { codec: I.TPMI_DH_OBJECT_NULL }, bind: { codec: I.TPMI_DH_ENTITY_NULL } }, responseHandle: true,
  params: { nonceCaller: B.TPM2B_NONCE, encryptedSalt: B.TPM2B_ENCRYPTED_SECRET, sessionType: I.TPM_SE_TYPE, symmetric: S.TPMT_SYM_DEF, authHash: I.TPMI_ALG_HASH }, returns: { nonceTPM: B.TPM2B_NONCE },
  run(tpm, { tpmKey, bind }, { nonceCaller, encryptedSalt, sessionType, symmetric, authHash }, call) {
    const s = tpm.state; const size = digestBytes(authHash);
    if (nonceCaller.length < 16 || nonceCaller.length > size) throw inParameter(1, TPM_RC.SIZE);
    let salt: Uint8Array = EMPTY;
    if (tpmKey === TPM_RH.NULL) { if (encryptedSalt.length) throw inParameter(2, TPM_RC.VALUE); }
    else {
      const k = tpm.object(tpmKey)!;
      if (!(k.publicArea.objectAttributes & bit.decrypt)) throw inHandle(1, TPM_RC.ATTRIBUTES);
      if (encryptedSalt.length !== 256) throw inParameter(2, TPM_RC.VALUE);
      const opened = unpadOaep(hashName(k.publicArea.nameAlg), rsaPrivate(privateKeyOf(k), encryptedSalt), oaepLabel('SECRET'));
      if (!opened) throw inParameter(2, TPM_RC.VALUE);
      salt = opened;
    }
    if (s.loaded.size >= LIMITS.loadedSessions) throw new Refused(TPM_RC.SESSION_MEMORY);
    if (s.loaded.size + s.saved.size >= LIMITS.activeSessions) throw new Refused(TPM_RC.SESSION_HANDLES);
    const used = new Set([...[...s.loaded.keys()].map(h => h & 0xffffff), ...s.saved.keys()]);
    let nn = 0; while (used.has(nn)) nn++;
    const handle = ((sessionType === 0 ? 0x02000000 : 0x03000000) + nn) >>> 0;
    const nonceTPM = tpm.random.bytes(nonceCaller.length);
    const bound = bind === TPM_RH.NULL ? null : call.entities[1]!;
    const keyIn = concat(bound ? bound.authValue : EMPTY, salt);
    const sessionKey = !bound && tpmKey === TPM_RH.NULL ? EMPTY : kdfA(hashName(authHash), keyIn, 'ATH', nonceTPM, nonceCaller, size * 8);
    const session: Session = { handle, kind: sessionType === 0 ? 'HMAC' : sessionType === 1 ? 'POLICY' : 'TRIAL', authHash, symmetric: symmetric as Session['symmetric'], sessionKey, nonceTPM,
      bound: bound ? { name: bound.name, authValue: bound.authValue } : null, policy: { digest: new Uint8Array(size), commandCode: 0, authValue: false, password: false, pcrCounter: null } };
    s.loaded.set(handle, session);
    return { handle, nonceTPM };
  },
});
const policySession = { policySession: { codec: I.TPMI_SH_POLICY } };
const sess = (tpm: Tpm, h: number): Session => tpm.state.loaded.get(h)!;
const extend = (s: Session, ...parts: Uint8Array[]): void => { s.policy.digest = digest(hashName(s.authHash), s.policy.digest, ...parts); };
export const TPM2_PolicyCommandCode = command({ code: 0x16c, name: 'TPM2_PolicyCommandCode', spec: 'Part 3 §23.11', handles: policySession, params: { code: UINT32 }, returns: {}, run(tpm, { policySession: h }, { code }) { const s = sess(tpm, h); if (!tpm.commands.has(code)) throw inParameter(1, TPM_RC.POLICY_CC); if (s.policy.commandCode && s.policy.commandCode !== code) throw inParameter(1, TPM_RC.VALUE); extend(s, u32(0x16c), u32(code)); s.policy.commandCode = code; return {}; } });
export const TPM2_PolicyAuthValue = command({ code: 0x16b, name: 'TPM2_PolicyAuthValue', spec: 'Part 3 §23.17', handles: policySession, params: {}, returns: {}, run(tpm, { policySession: h }) { const s = sess(tpm, h); extend(s, u32(0x16b)); s.policy.authValue = true; s.policy.password = false; return {}; } });
export const TPM2_PolicyPassword = command({ code: 0x18c, name: 'TPM2_PolicyPassword', spec: 'Part 3 §23.18', handles: policySession, params: {}, returns: {}, run(tpm, { policySession: h }) { const s = sess(tpm, h); extend(s, u32(0x16b)); s.policy.password = true; s.policy.authValue = false; return {}; } });
export const TPM2_PolicyOR = command({ code: 0x171, name: 'TPM2_PolicyOR', spec: 'Part 3 §23.6', handles: policySession, params: { pHashList: B.TPML_DIGEST_BRANCHES }, returns: {}, run(tpm, { policySession: h }, { pHashList }) { const s = sess(tpm, h); if (s.kind !== 'TRIAL' && !pHashList.some(d => sameBytes(d, s.policy.digest))) throw inParameter(1, TPM_RC.VALUE); s.policy.digest = new Uint8Array(s.policy.digest.length); extend(s, u32(0x171), ...pHashList); return {}; } });
export const TPM2_PolicyGetDigest = command({ code: 0x189, name: 'TPM2_PolicyGetDigest', spec: 'Part 3 §23.19', handles: policySession, params: {}, returns: { policyDigest: B.TPM2B_DIGEST }, run: (tpm, { policySession: h }) => ({ policyDigest: sess(tpm, h).policy.digest }) });
export const TPM2_PolicyRestart = command({ code: 0x180, name: 'TPM2_PolicyRestart', spec: 'Part 3 §11.2', handles: { sessionHandle: { codec: I.TPMI_SH_POLICY } }, params: {}, returns: {}, run(tpm, { sessionHandle: h }) { const s = sess(tpm, h); s.policy = { digest: new Uint8Array(s.policy.digest.length), commandCode: 0, authValue: false, password: false, pcrCounter: null }; return {}; } });
const selected = (tpm: Tpm, sel: readonly { hash: number; pcrSelect: Uint8Array }[]): Uint8Array[] => sel.flatMap(({ hash, pcrSelect }) => Array.from({ length: 24 }, (_, i) => i).filter(i => ((pcrSelect[i >> 3] ?? 0) >> (i & 7)) & 1).map(i => tpm.state.pcrs.get(hash)![i]!));
export const TPM2_PolicyPCR = command({ code: 0x17f, name: 'TPM2_PolicyPCR', spec: 'Part 3 §23.7', handles: policySession, params: { pcrDigest: B.TPM2B_DIGEST, pcrs: B.TPML_PCR_SELECTION }, returns: {}, run(tpm, { policySession: h }, { pcrDigest, pcrs }) { const s = sess(tpm, h); const d = digest(hashName(s.authHash), ...selected(tpm, pcrs)); if (s.kind !== 'TRIAL' && pcrDigest.length && !sameBytes(d, pcrDigest)) throw inParameter(1, TPM_RC.VALUE); extend(s, u32(0x17f), encode(B.TPML_PCR_SELECTION, pcrs), s.kind === 'TRIAL' && pcrDigest.length ? pcrDigest : d); s.policy.pcrCounter = tpm.state.pcrCounter; return {}; } });
export const TPM2_RSA_Decrypt = command({
  code: 0x159, name: 'TPM2_RSA_Decrypt', spec: 'Part 3 §14.3', handles: { keyHandle: user(I.TPMI_DH_OBJECT) }, params: { cipherText: B.TPM2B_PUBLIC_KEY_RSA, inScheme: S.TPMT_RSA_DECRYPT, label: B.TPM2B_DATA }, returns: { message: B.TPM2B_PUBLIC_KEY_RSA },
  run(tpm, { keyHandle }, { cipherText, inScheme, label }) {
    const o = tpm.object(keyHandle)!; const p = o.publicArea;
    if (p.type !== TPM_ALG.RSA) throw inHandle(1, TPM_RC.KEY);
    if (p.objectAttributes & bit.restricted || !(p.objectAttributes & bit.decrypt)) throw inHandle(1, TPM_RC.ATTRIBUTES);
    const keyScheme = p.parameters.scheme;
    if (keyScheme.scheme !== TPM_ALG.NULL && inScheme.scheme !== TPM_ALG.NULL && inScheme.scheme !== keyScheme.scheme) throw inParameter(2, TPM_RC.SCHEME);
    const scheme = (keyScheme.scheme !== TPM_ALG.NULL ? keyScheme : inScheme) as { scheme: number; hashAlg?: number };
    if (cipherText.length !== p.unique.length) throw inParameter(1, TPM_RC.SIZE);
    if (label.length && label[label.length - 1] !== 0) throw inParameter(3, TPM_RC.VALUE);
    const block = rsaPrivate(privateKeyOf(o), cipherText);
    const message = scheme.scheme === TPM_ALG.OAEP ? unpadOaep(hashName(scheme.hashAlg!), block, label) : block;
    if (!message) throw new Refused(TPM_RC.FAILURE);
    return { message };
  },
});
export const TPM2_PCR_Read = command({ code: 0x17e, name: 'TPM2_PCR_Read', spec: 'Part 3 §22.4', handles: {}, params: { pcrSelectionIn: B.TPML_PCR_SELECTION }, returns: { pcrUpdateCounter: UINT32, pcrSelectionOut: B.TPML_PCR_SELECTION, pcrValues: B.TPML_DIGEST }, run: (tpm, {}, { pcrSelectionIn }) => ({ pcrUpdateCounter: tpm.state.pcrCounter, pcrSelectionOut: pcrSelectionIn, pcrValues: selected(tpm, pcrSelectionIn).slice(0, 8) }) });
export const TPM2_PCR_Extend = command({ code: 0x182, name: 'TPM2_PCR_Extend', spec: 'Part 3 §22.2', handles: { pcrHandle: user(I.TPMI_DH_PCR_NULL) }, params: { digests: B.TPML_DIGEST_VALUES }, returns: {}, run(tpm, { pcrHandle }, { digests }) { for (const d of digests) { const bank = tpm.state.pcrs.get(d.hashAlg)!; bank[pcrHandle] = digest(hashName(d.hashAlg), bank[pcrHandle]!, d.digest); } if (pcrHandle !== 16) tpm.state.pcrCounter++; return {}; } });
void HASHES; void inParameter; void padOaep; void publicKeyObject; void rsaPublic; void exponentOf; void decode;
