import { createPublicKey, KeyObject } from 'node:crypto';
import { concat, DecodeError, decode, encode, type Fields, Reader, readField, sized, type StructValue, Writer } from '../bytes/index.ts';
import { decryptCfb, digest, encryptCfb, equal, hmac, kdfA } from '../crypto/index.ts';
import type { Clock, Random } from '../sim/index.ts';
import { HASHES, hashName } from '../tpm/wire/algorithms.ts';
import { TPM_ALG, TPM_RH } from '../tpm/wire/constants.ts';
import { TPM_RC } from '../tpm/wire/response-codes.ts';
import { u32 } from './objects.ts';
import { FAULT_RC, inHandle, inParameter, inSession, Refused } from './rc.ts';
import type { Session, TpmObject } from './state.ts';
void createPublicKey; void KeyObject; void decode; void sized;

export type Role = 'USER' | 'ADMIN' | 'DUP';
export interface HandleUse { readonly codec: { read(r: Reader): number; write(w: Writer, v: number): void }; readonly auth?: Role }
export interface Entity { handle: number; name: Uint8Array; authValue: Uint8Array; authPolicy: Uint8Array; object: TpmObject | null }
export interface Command<H extends Readonly<Record<string, HandleUse>>, P extends Fields, R extends Fields> {
  readonly code: number; readonly name: string; readonly spec: string; readonly handles: H; readonly params: P;
  readonly responseHandle?: boolean; readonly returns: R; readonly nv?: boolean; readonly flushed?: boolean; readonly sessions?: false;
  /** The command takes no sessions */
  run(tpm: Tpm, handles: { readonly [K in keyof H]: number }, params: StructValue<P>, call: Call): StructValue<R> & { handle?: number };
}
export interface Call { readonly entities: readonly Entity[]; readonly sessions: readonly AuthUse[]; readonly locality: number }
export interface AuthUse { readonly handle: number; readonly session: Session | null; readonly nonceCaller: Uint8Array; readonly attributes: number; readonly hmac: Uint8Array; entity: Entity | null }

export const PCR_COUNT = 24;
export const HIERARCHIES = [TPM_RH.OWNER, TPM_RH.ENDORSEMENT, TPM_RH.PLATFORM, TPM_RH.NULL] as const;

export interface State {
  started: boolean;
  seeds: Map<number, Uint8Array>;
  proofs: Map<number, Uint8Array>;
  auths: Map<number, Uint8Array>;
  transient: (TpmObject | null)[];
  persistent: Map<number, TpmObject>;
  loaded: Map<number, Session>;
  /** nn -> sequence number of the saved context */
  saved: Map<number, { handle: number; sequence: bigint }>;
  pcrs: Map<number, Uint8Array[]>;
  pcrCounter: number;
  objectSequence: bigint;
  sessionSequence: bigint;
}
export const LIMITS = { transient: 3, loadedSessions: 3, activeSessions: 64, gap: 0xffffn };

export class Tpm {
  readonly random: Random;
  readonly clock: Clock;
  state: State;
  readonly commands: ReadonlyMap<number, Command<any, any, any>>;

  constructor({ random, clock, commands }: { random: Random; clock: Clock; commands: ReadonlyMap<number, Command<any, any, any>> }) {
    this.random = random;
    this.clock = clock;
    this.commands = commands;
    const bytes = (n: number) => random.bytes(n);
    this.state = {
      started: false,
      seeds: new Map(HIERARCHIES.map(h => [h, bytes(64)])), proofs: new Map(HIERARCHIES.map(h => [h, bytes(64)])),
      auths: new Map(), transient: [], persistent: new Map(), loaded: new Map(), saved: new Map(), pcrs: new Map(), pcrCounter: 0,
      objectSequence: 0n, sessionSequence: 0n,
    };
    this.reset();
  }
  /** Power off and on: what is volatile is gone. */
  reset(): void {
    const s = this.state;
    s.started = false;
    s.transient = new Array(LIMITS.transient).fill(null);
    s.loaded.clear(); s.saved.clear();
    s.seeds.set(TPM_RH.NULL, this.random.bytes(64)); s.proofs.set(TPM_RH.NULL, this.random.bytes(64));
    for (const h of HASHES) s.pcrs.set(h.id, Array.from({ length: PCR_COUNT }, (_, i) => new Uint8Array(h.digestBytes).fill(i >= 17 && i <= 22 ? 0xff : 0)));
  }
  snapshot(): State & { random: unknown } { return structuredClone({ ...this.state, random: this.random.snapshot() }); }
  restore(s: any): void { const { random, ...state } = structuredClone(s); this.state = state; this.random.restore(random); }

  execute(command: Uint8Array, locality = 0): Uint8Array {
    try {
      return this.#execute(command, locality);
    } catch (e) {
      const rc = e instanceof Refused ? e.rc : null;
      if (rc === null) throw e;
      const w = new Writer(10); w.u16(0x8001); w.u32(10); w.u32(rc); return w.done();
    }
  }
  entity(handle: number): Entity {
    const type = handle >>> 24;
    if (type === 0x80 || type === 0x81) {
      const object = this.object(handle)!;
      return { handle, name: object.name, authValue: object.sensitive?.authValue ?? new Uint8Array(0), authPolicy: object.publicArea.authPolicy, object };
    }
    return { handle, name: u32(handle), authValue: this.state.auths.get(handle) ?? new Uint8Array(0), authPolicy: new Uint8Array(0), object: null };
  }
  object(handle: number): TpmObject | null {
    return (handle >>> 24 === 0x81 ? this.state.persistent.get(handle) : this.state.transient[handle & 0xffffff]) ?? null;
  }
  #checkHandle(handle: number, n: number): void {
    const type = handle >>> 24;
    if (type === 0x80 && !this.object(handle)) throw (handle & 0xffffff) < LIMITS.transient ? new Refused(0x910 + n - 1) : inHandle(n, TPM_RC.VALUE);
    if (type === 0x81 && !this.object(handle)) throw inHandle(n, TPM_RC.HANDLE);
    if ((type === 2 || type === 3) && !this.state.loaded.get(handle)) throw new Refused(0x910 + n - 1);
  }
  #execute(bytes: Uint8Array, locality: number): Uint8Array {
    const r = new Reader(bytes);
    if (bytes.length < 10) throw new Refused(TPM_RC.COMMAND_SIZE!);
    const tag = r.u16(); const size = r.u32(); const code = r.u32();
    if (tag !== 0x8001 && tag !== 0x8002) throw new Refused(TPM_RC.VALUE); // observed: 06 bad-tag
    if (size !== bytes.length) throw new Refused(TPM_RC.COMMAND_SIZE);
    const cmd = this.commands.get(code);
    if (!this.state.started && code !== 0x144) throw new Refused(TPM_RC.INITIALIZE);
    if (!cmd) throw new Refused(TPM_RC.COMMAND_CODE);
    const uses = Object.entries(cmd.handles) as [string, HandleUse][];
    const handles: Record<string, number> = {};
    uses.forEach(([name, use], i) => {
      try { handles[name] = use.codec.read(r); } catch (e) { if (e instanceof DecodeError) throw inHandle(i + 1, FAULT_RC[e.fault]!); throw e; }
    });
    uses.forEach(([name], i) => this.#checkHandle(handles[name]!, i + 1));
    const entities = uses.map(([name]) => this.entity(handles[name]!));
    const auths = tag === 0x8002 ? this.#readAuths(r, cmd) : [];
    const need = uses.filter(([, use]) => use.auth).length;
    if (need > auths.length) throw new Refused(TPM_RC.AUTH_MISSING);
    let params = r.rest();
    const cpHashes = new Map<number, Uint8Array>();
    const cpHash = (alg: number) => {
      let d = cpHashes.get(alg);
      if (!d) cpHashes.set(alg, (d = digest(hashName(alg), u32(code), ...entities.map(e => e.name), params)));
      return d;
    };
    const decrypting = auths.find(a => a.attributes & 0x20) ?? null;
    const encrypting = auths.find(a => a.attributes & 0x40) ?? null;
    let n = 0;
    uses.forEach(([, use], i) => { if (use.auth) auths[n++]!.entity = entities[i]!; });
    auths.forEach((auth, i) => {
      if (auth.entity) this.#authorize(auth, i + 1, uses.find((_, j) => entities[j] === auth.entity)![1].auth!, code, cpHash, auths, decrypting, encrypting);
      else if (auth.session) this.#checkHmac(auth, i + 1, cpHash(auth.session.authHash), auths, decrypting, encrypting, auth.session.sessionKey);
      else throw inSession(i + 1, TPM_RC.HANDLE);
    });
    if (decrypting?.session) params = this.#crypt(params, decrypting, decrypting.nonceCaller, decrypting.session.nonceTPM, false);
    const value: Record<string, unknown> = {};
    const pr = new Reader(params);
    Object.entries(cmd.params as Fields).forEach(([name, codec], i) => {
      try { value[name] = readField(pr, name, codec); } catch (e) { if (e instanceof DecodeError) throw inParameter(i + 1, FAULT_RC[e.fault] ?? TPM_RC.VALUE); throw e; }
    });
    if (pr.remaining) throw new Refused(TPM_RC.SIZE);
    const result = cmd.run(this, handles as any, value as any, { entities, sessions: auths, locality });
    const w = new Writer();
    for (const [name, codec] of Object.entries(cmd.returns as Fields)) codec.write(w, (result as any)[name]);
    return this.#respond(code, w.done(), result.handle, auths, tag, encrypting, decrypting);
  }
  #readAuths(r: Reader, cmd: Command<any, any, any>): AuthUse[] {
    if (cmd.sessions === false) throw new Refused(TPM_RC.AUTH_CONTEXT);
    let size: number;
    try { size = r.u32(); } catch { throw new Refused(TPM_RC.INSUFFICIENT); }
    if (size < 9 || size > r.remaining) throw new Refused(TPM_RC.SIZE);
    const auths: AuthUse[] = [];
    const end = r.offset + size;
    while (r.offset < end) {
      const n = auths.length + 1;
      if (n > 3) throw inSession(4, TPM_RC.SIZE);
      try {
        const handle = r.u32();
        const isPw = handle === TPM_RH.PW;
        const type = handle >>> 24;
        if (!isPw && type !== 2 && type !== 3) throw inSession(n, TPM_RC.VALUE);
        const session = isPw ? null : (this.state.loaded.get(handle) ?? null);
        if (!isPw && !session) throw new Refused(0x918 + n - 1);
        const nonceCaller = r.take(r.u16()); const attributes = r.u8(); const mac = r.take(r.u16());
        if (attributes & 0x18) throw inSession(n, TPM_RC.RESERVED_BITS);
        if (auths.some(a => a.session && a.handle === handle)) throw inSession(n, TPM_RC.HANDLE);
        auths.push({ handle, session, nonceCaller, attributes, hmac: mac, entity: null });
      } catch (e) { if (e instanceof DecodeError) throw inSession(n, TPM_RC.SIZE); throw e; }
    }
    if (r.offset !== end) throw new Refused(TPM_RC.SIZE);
    return auths;
  }
  #authorize(auth: AuthUse, n: number, role: Role, code: number, cpHash: (alg: number) => Uint8Array, auths: AuthUse[], dec: AuthUse | null, enc: AuthUse | null): void {
    const { session } = auth; const entity = auth.entity!;
    const attrs = entity.object?.publicArea.objectAttributes;
    const policyOnly = attrs !== undefined && ((role === 'USER' && !(attrs & 0x40)) || (role === 'ADMIN' && (attrs & 0x80) !== 0) || role === 'DUP');
    if (session?.kind === 'TRIAL') throw inSession(n, TPM_RC.ATTRIBUTES);
    if (session?.kind === 'POLICY') {
      const { policy } = session;
      if (entity.authPolicy.length === 0 || !equal(policy.digest, entity.authPolicy)) throw inSession(n, TPM_RC.POLICY_FAIL);
      if (policy.commandCode && policy.commandCode !== code) throw inSession(n, TPM_RC.POLICY_CC);
      if (role !== 'USER' && !policy.commandCode) throw inSession(n, TPM_RC.POLICY_FAIL);
      if (policy.pcrCounter !== null && policy.pcrCounter !== this.state.pcrCounter) throw new Refused(TPM_RC.PCR_CHANGED);
      if (policy.password) { if (!equal(auth.hmac, entity.authValue)) throw inSession(n, TPM_RC.BAD_AUTH); return; }
      const key = concat(session.sessionKey, policy.authValue ? entity.authValue : new Uint8Array(0));
      this.#checkHmac(auth, n, cpHash(session.authHash), auths, dec, enc, key);
      return;
    }
    if (policyOnly) throw new Refused(role === 'USER' ? TPM_RC.AUTH_UNAVAILABLE : TPM_RC.AUTH_TYPE);
    if (!session) { if (!equal(auth.hmac, entity.authValue)) throw inSession(n, TPM_RC.BAD_AUTH); return; }
    const b = session.bound;
    const isBound = b && equal(b.name, entity.name) && equal(b.authValue, entity.authValue);
    this.#checkHmac(auth, n, cpHash(session.authHash), auths, dec, enc, concat(session.sessionKey, isBound ? new Uint8Array(0) : entity.authValue));
  }
  #extra(auth: AuthUse, auths: AuthUse[], dec: AuthUse | null, enc: AuthUse | null): Uint8Array {
    if (auth !== auths[0]) return new Uint8Array(0);
    const parts: Uint8Array[] = [];
    if (dec && dec !== auth) parts.push(dec.session!.nonceTPM);
    if (enc && enc !== auth && enc !== dec) parts.push(enc.session!.nonceTPM);
    return concat(...parts);
  }
  #checkHmac(auth: AuthUse, n: number, cpHash: Uint8Array, auths: AuthUse[], dec: AuthUse | null, enc: AuthUse | null, key: Uint8Array): void {
    const s = auth.session!;
    if (key.length === 0 && auth.hmac.length === 0) return;
    const good = hmac(hashName(s.authHash), key, cpHash, auth.nonceCaller, s.nonceTPM, this.#extra(auth, auths, dec, enc), Uint8Array.of(auth.attributes));
    if (!equal(good, auth.hmac)) throw inSession(n, TPM_RC.BAD_AUTH);
  }
  #crypt(params: Uint8Array, auth: AuthUse, newer: Uint8Array, older: Uint8Array, toWire: boolean): Uint8Array {
    const s = auth.session!;
    const size = ((params[0] ?? 0) << 8) | (params[1] ?? 0);
    const data = params.subarray(2, 2 + size);
    const key = concat(s.sessionKey, auth.entity?.authValue ?? new Uint8Array(0));
    const bits = s.symmetric.keyBits ?? 128;
    const k = kdfA(hashName(s.authHash), key, 'CFB', newer, older, bits + 128);
    const out = (toWire ? encryptCfb : decryptCfb)(k.subarray(0, bits / 8), k.subarray(bits / 8), data);
    return concat(params.subarray(0, 2), out, params.subarray(2 + size));
  }
  #respond(code: number, body: Uint8Array, handle: number | undefined, auths: AuthUse[], tag: number, enc: AuthUse | null, dec: AuthUse | null): Uint8Array {
    for (const a of auths) if (a.session) a.session.nonceTPM = this.random.bytes(a.session.nonceTPM.length);
    let params = body;
    if (enc?.session) params = this.#crypt(params, enc, enc.session.nonceTPM, enc.nonceCaller, true);
    const w = new Writer();
    w.u16(tag); w.u32(0); w.u32(0);
    if (handle !== undefined) w.u32(handle);
    if (tag === 0x8002) {
      w.u32(params.length); w.raw(params);
      for (const a of auths) {
        if (!a.session) { w.u16(0); w.u8(1); w.u16(0); continue; }
        const s = a.session;
        const rp = digest(hashName(s.authHash), u32(0), u32(code), params);
        const b = s.bound;
        const e = a.entity ? this.#fresh(a.entity) : null;
        const isBound = b && e && equal(b.name, e.name) && equal(b.authValue, e.authValue);
        const withAuth = e && (s.kind === 'HMAC' ? !isBound : s.policy.authValue);
        const key = concat(s.sessionKey, withAuth ? e.authValue : new Uint8Array(0));
        const noMac = s.policy.password || (key.length === 0 && a.hmac.length === 0);
        const mac = noMac ? new Uint8Array(0) : hmac(hashName(s.authHash), key, rp, s.nonceTPM, a.nonceCaller, this.#extra(a, auths, dec, enc), Uint8Array.of(a.attributes));
        w.sized(2, () => w.raw(s.nonceTPM)); w.u8(a.attributes); w.sized(2, () => w.raw(mac));
        if (!(a.attributes & 1)) this.state.loaded.delete(s.handle);
        else if (s.kind === 'POLICY' && a.entity) Object.assign(s.policy, { digest: new Uint8Array(s.policy.digest.length), commandCode: 0, authValue: false, password: false, pcrCounter: null });
      }
    } else w.raw(params);
    const out = w.done(); new DataView(out.buffer).setUint32(2, out.length); return out;
  }
  #fresh(e: Entity): Entity { return e.object ? e : { ...e, authValue: this.state.auths.get(e.handle) ?? new Uint8Array(0) }; }
}
void encode; void TPM_ALG;
