import { hex } from '../../bytes/index.ts';
import type { AnyEvent } from '../../sim/index.ts';
import { type Inspected, inspectCommand } from '../inspect/tpm-message.ts';

/** Something that a TPM holds came, changed or went (`text` null). */
export interface TpmChange {
  readonly host: string;
  /** `object`, `session`, `persistent`, `nv`, `pcr`. */
  readonly kind: TpmThing;
  /** Handle, with the space whose number it is, when it is a virtual one. */
  readonly id: string;
  readonly text: string | null;
}
export type TpmThing = 'object' | 'session' | 'persistent' | 'nv' | 'pcr';

interface Session {
  readonly what: string;
  readonly policy: string[];
  where: 'loaded' | 'saved';
}

interface Exchange {
  readonly bytes: Uint8Array;
  readonly via: string;
  readonly host: string;
  readonly code: number;
}

const NULL_HANDLE = 0x4000_0007;
const SESSION_TYPES: Readonly<Record<number, string>> = { 0: 'HMAC session', 1: 'policy session', 3: 'trial session' };

/** Follows what a TPM holds, as far as its traffic tells. Events must be shown in order. */
export class TpmFollower {
  readonly #open: Exchange[] = [];
  readonly #things = new Map<string, TpmChange>();
  readonly #sessions = new Map<string, Session>();
  #out: TpmChange[] = [];

  /** What changes with an event. */
  follow(event: AnyEvent): readonly TpmChange[] {
    this.#out = [];
    const host = event.host ?? 'host';
    const bytes = event.sights[0]?.bytes;
    if (event.kind === 'tpm.command' && bytes) this.#open.push({ bytes, via: event.data.via, host, code: event.data.code });
    if (event.kind === 'tpmrm.space' && event.data.what === 'close') this.#closeSpace(host, `space ${event.data.space}`);
    if (event.kind === 'tpm.response' && bytes) {
      const { code, via, rc } = event.data;
      const at = this.#open.findLastIndex(one => one.code === code && one.via === via && one.host === host);
      const [command] = at < 0 ? [] : this.#open.splice(at);
      if (command && rc === 0) this.#done(command, bytes);
    }
    return this.#out;
  }

  #done(command: Exchange, response: Uint8Array): void {
    const inspected = inspectCommand(command.bytes);
    const name = inspected.name?.replace('TPM2_', '') ?? '';
    const effect = EFFECTS[name];
    if (effect) this[effect](command, response, inspected);
    else if (name.startsWith('Policy')) this.#policyStep(command, name);
    this.#endSessions(command, inspected);
  }

  loads({ host, via, bytes, code }: Exchange, response: Uint8Array, { name }: Inspected): void {
    const handle = u32(response, 10);
    if (handle >>> 24 !== 0x80) {
      const session = this.#sessions.get(`${host} ${hex(handle, 8)}`) ?? { what: 'session', policy: [], where: 'loaded' };
      session.where = 'loaded';
      this.#session(host, handle, session);
      return;
    }
    if (via === 'resource manager') return; // the same object that its space shows under its own number
    const of = code === 0x131 ? `primary of ${hex(u32(bytes, 10), 8)}` : (name ?? 'loaded');
    this.#set({ host, kind: 'object', id: idOf(handle, via), text: of });
  }

  starts({ host, bytes, via }: Exchange, response: Uint8Array, { fields }: Inspected): void {
    const type = fields.find(({ path }) => path === 'sessionType');
    const salted = u32(bytes, 10) === NULL_HANDLE ? 'not salted' : `salted to ${hex(u32(bytes, 10), 8)}`;
    const bound = u32(bytes, 14) === NULL_HANDLE ? '' : `, bound to ${hex(u32(bytes, 14), 8)}`;
    const kind = SESSION_TYPES[type ? (bytes[type.offset] ?? -1) : -1] ?? 'session';
    const owner = via === 'direct' ? '' : `, ${via}`;
    this.#session(host, u32(response, 10), { what: `${kind}, ${salted}${bound}${owner}`, policy: [], where: 'loaded' });
  }

  flushes({ host, via, bytes }: Exchange): void {
    const handle = u32(bytes, 10);
    if (handle >>> 24 === 0x80) this.#remove(host, 'object', idOf(handle, via));
    else this.#endSession(host, handle);
  }

  evicts({ host, bytes }: Exchange): void {
    const [object, persistent] = [u32(bytes, 14), u32(bytes, bytes.length - 4)];
    const id = hex(persistent, 8);
    if (object === persistent) this.#remove(host, 'persistent', id);
    else this.#set({ host, kind: 'persistent', id, text: `made persistent from ${hex(object, 8)}` });
  }

  saves({ host, bytes }: Exchange): void {
    const handle = u32(bytes, 10);
    const session = this.#sessions.get(`${host} ${hex(handle, 8)}`);
    if (handle >>> 24 === 0x80 || !session) return;
    session.where = 'saved';
    this.#session(host, handle, session);
  }

  extends({ host, bytes }: Exchange): void {
    const id = `PCR ${u32(bytes, 10)}`;
    const before = Number(this.#things.get(`${host} ${id}`)?.text?.match(/\d+/)?.[0] ?? 0);
    this.#set({ host, kind: 'pcr', id, text: `extended ${before + 1} times` });
  }

  defines({ host }: Exchange, _response: Uint8Array, { fields }: Inspected): void {
    const index = fields.find(({ path }) => path.endsWith('nvIndex'));
    if (index) this.#set({ host, kind: 'nv', id: index.text ?? 'NV', text: 'defined' });
  }

  undefines({ host, bytes }: Exchange): void {
    this.#remove(host, 'nv', hex(u32(bytes, 14), 8));
  }

  startsUp({ host }: Exchange): void {
    for (const [key, { kind, id, host: where }] of this.#things) {
      if (where !== host || kind === 'persistent' || kind === 'nv') continue;
      this.#remove(host, kind, id);
      this.#sessions.delete(key);
    }
  }

  #policyStep({ host, bytes }: Exchange, name: string): void {
    const handle = u32(bytes, 10);
    const session = this.#sessions.get(`${host} ${hex(handle, 8)}`);
    if (!session || name === 'PolicyGetDigest') return;
    if (name === 'PolicyRestart') session.policy.length = 0;
    else session.policy.push(name);
    this.#session(host, handle, session);
  }

  /** A session that is not to go on ends with the command that it authorized. */
  #endSessions({ host, bytes }: Exchange, { fields }: Inspected): void {
    for (const { path, offset } of fields) {
      const attributes = fields.find(field => field.path === path.replace(/sessionHandle$/, 'sessionAttributes'));
      if (!path.endsWith('.sessionHandle') || !attributes) continue;
      if (((bytes[attributes.offset] ?? 0) & 1) === 0) this.#endSession(host, u32(bytes, offset));
    }
  }

  #closeSpace(host: string, space: string): void {
    for (const { host: where, kind, id, text } of [...this.#things.values()]) {
      if (where !== host) continue;
      if (kind === 'object' && id.endsWith(` in ${space}`)) this.#remove(host, kind, id);
      if (kind === 'session' && text?.includes(`, ${space}`)) this.#endSession(host, Number(id));
    }
  }

  #session(host: string, handle: number, session: Session): void {
    const id = hex(handle, 8);
    this.#sessions.set(`${host} ${id}`, session);
    const policy = session.policy.length > 0 ? `: ${session.policy.join(', ')}` : '';
    this.#set({ host, kind: 'session', id, text: `${session.what}, ${session.where}${policy}` });
  }

  #endSession(host: string, handle: number): void {
    const id = hex(handle, 8);
    this.#sessions.delete(`${host} ${id}`);
    this.#remove(host, 'session', id);
  }

  #set(change: TpmChange): void {
    const key = `${change.host} ${change.id}`;
    if (this.#things.get(key)?.text === change.text) return;
    this.#things.set(key, change);
    this.#out.push(change);
  }

  #remove(host: string, kind: TpmThing, id: string): void {
    if (this.#things.delete(`${host} ${id}`)) this.#out.push({ host, kind, id, text: null });
  }
}

type Effect = 'loads' | 'starts' | 'flushes' | 'evicts' | 'saves' | 'extends' | 'defines' | 'undefines' | 'startsUp';

/** What a command that succeeds does to what the TPM holds. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  CreatePrimary: 'loads',
  CreateLoaded: 'loads',
  Load: 'loads',
  LoadExternal: 'loads',
  ContextLoad: 'loads',
  HashSequenceStart: 'loads',
  HMAC_Start: 'loads',
  StartAuthSession: 'starts',
  FlushContext: 'flushes',
  SequenceComplete: 'flushes',
  EvictControl: 'evicts',
  ContextSave: 'saves',
  PCR_Extend: 'extends',
  PCR_Event: 'extends',
  NV_DefineSpace: 'defines',
  NV_UndefineSpace: 'undefines',
  Startup: 'startsUp',
};

const idOf = (handle: number, via: string): string => (via.startsWith('space') ? `${hex(handle, 8)} in ${via}` : hex(handle, 8));
const u32 = (bytes: Uint8Array, at: number): number =>
  bytes.length >= at + 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(at) : 0;
