import { concat } from '../bytes/index.ts';
import type { CommandShape } from './command-table.ts';
import type { Driver } from './driver.ts';
import { Errno } from './errno.ts';
import type { Recorder } from './recorder.ts';
import { CAP, CC, codeOf, getU32, HANDLE_TYPE, HEADER_SIZE, handleType, RC, setU32, sizeOf } from './wire.ts';

const SLOTS = [0, 1, 2] as const;
const CONTEXTS_SIZE = 16384; // TPM2_SPACE_BUFFER_SIZE, each for objects and sessions
const FREE = 0;
const SAVED = 0xffff_ffff;

/** What one open of /dev/tpmrm0 owns. Plain data. */
export interface SpaceState {
  readonly id: number;
  /** Slot i is the virtual handle 0x80FFFFFF - i: free, saved, or (during a command) the TPM's handle. */
  objects: number[];
  /** The TPM's handles; sessions are not virtual. */
  sessions: number[];
  /** TPMS_CONTEXTs one after the other, in the order of the slots. */
  objectContexts: Uint8Array;
  sessionContexts: Uint8Array;
  /** The kernel lost what it holds saved contexts of: each later command fails. */
  ruined: boolean;
}

export function newSpace(id: number): SpaceState {
  const none = new Uint8Array(0);
  return { id, objects: [0, 0, 0], sessions: [0, 0, 0], objectContexts: none, sessionContexts: none, ruined: false };
}

export const copySpace = (space: SpaceState): SpaceState => ({
  ...space,
  objects: [...space.objects],
  sessions: [...space.sessions],
});

/**
 * One command of a space (Linux tpm2-space.c): its objects and sessions are loaded, handles translated, the command sent,
 * everything saved again. Works on a draft, which becomes the space's state only when all went well.
 */
export class SpaceCommand {
  readonly #driver: Driver;
  readonly #recorder: Recorder;
  readonly #space: SpaceState;
  readonly #draft: SpaceState;

  constructor(driver: Driver, recorder: Recorder, space: SpaceState) {
    this.#driver = driver;
    this.#recorder = recorder;
    this.#space = space;
    this.#draft = copySpace(space);
  }

  /**
   * Runs the command in `buffer`; its transient handles are replaced there.
   * @throws {Errno} EINVAL for a transient handle that the space does not have, EFAULT when something does not load or save.
   */
  async run(buffer: Uint8Array, shape: CommandShape): Promise<Uint8Array> {
    const code = codeOf(buffer);
    await this.#orGiveUp(async () => {
      await this.#load();
      this.#mapCommand(buffer, shape);
    });
    const response = await this.#orGiveUp(() => this.#driver.transmit(buffer));
    try {
      return await this.#orGiveUp(async () => {
        await this.#mapNewHandle(response, shape);
        const mapped = code === CC.GetCapability ? this.#mapHandleList(response) : response;
        await this.#save();
        Object.assign(this.#space, this.#draft);
        return mapped;
      });
    } catch (error) {
      if (error instanceof Errno) this.#driver.warn(`tpm2_commit_space: error -${error.number}`);
      throw error;
    }
  }

  /**
   * Whoever gives up flushes all that is loaded, and the sessions, but the space's own tables stay: its sessions cannot be
   * loaded any more (`session_bad_handle`).
   */
  async #orGiveUp<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      await this.#flush();
      if (!this.#space.ruined && this.#space.sessions.some(session => session !== FREE)) {
        this.#space.ruined = true;
        const detail = `the kernel gave up on a command (${error.code}) and flushed the sessions of the space, but keeps their contexts`;
        this.#recorder.space(this.#space.id, 'ruined', detail);
      }
      throw error;
    }
  }

  async #flush(): Promise<void> {
    for (const object of this.#draft.objects) {
      if (object !== FREE && object !== SAVED) await this.#driver.flush(object);
    }
    for (const session of this.#draft.sessions) if (session !== FREE) await this.#driver.flush(session);
  }

  async #load(): Promise<void> {
    const { objects, sessions, objectContexts, sessionContexts } = this.#draft;
    let at = 0;
    for (const slot of SLOTS) {
      if (objects[slot] === FREE) continue;
      const loaded = await this.#driver.loadContext(objectContexts, at);
      objects[slot] = loaded === 'gone' ? FREE : loaded.handle;
      if (loaded === 'gone') throw new Errno('ENOENT');
      at += loaded.size;
    }
    at = 0;
    for (const slot of SLOTS) {
      if (sessions[slot] === FREE) continue;
      // Linux flushes here, and once more where it gives up: both are on the wire (`session_foreign_flush`).
      const loaded = await this.#orFlush(() => this.#driver.loadContext(sessionContexts, at));
      if (loaded === 'gone') {
        sessions[slot] = FREE; // the next session is then looked for at the same place
        continue;
      }
      at += loaded.size;
      if (loaded.handle === sessions[slot]) continue;
      this.#driver.warn('session restored to wrong handle');
      await this.#flush();
      throw new Errno('EFAULT');
    }
  }

  async #orFlush<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (error instanceof Errno) await this.#flush();
      throw error;
    }
  }

  /** Handles beyond the size field are looked at too: it is the buffer that is read (`command_handles_beyond_size`). */
  #mapCommand(buffer: Uint8Array, { handles }: CommandShape): void {
    for (let at = HEADER_SIZE; at < HEADER_SIZE + 4 * handles; at += 4) {
      const handle = getU32(buffer, at);
      if (handleType(handle) !== HANDLE_TYPE.transient) continue;
      const physical = this.#draft.objects[0xff_ffff - (handle & 0xff_ffff)] ?? FREE;
      if (physical === FREE) throw new Errno('EINVAL');
      setU32(buffer, at, physical);
    }
  }

  async #mapNewHandle(response: Uint8Array, { returnsHandle }: CommandShape): Promise<void> {
    if (codeOf(response) !== RC.success || !returnsHandle) return;
    const handle = getU32(response, HEADER_SIZE);
    const type = handleType(handle);
    const { objects, sessions } = this.#draft;
    if (type !== HANDLE_TYPE.transient && type !== HANDLE_TYPE.hmacSession && type !== HANDLE_TYPE.policySession) {
      this.#driver.warn(`tpm2_map_response_header: unknown handle 0x${handle.toString(16).toUpperCase().padStart(8, '0')}`);
      return;
    }
    const table = type === HANDLE_TYPE.transient ? objects : sessions;
    const slot = table.indexOf(FREE);
    if (slot < 0) {
      await this.#driver.flush(handle);
      this.#driver.warn(`tpm2_map_response_header: out of slots for 0x${handle.toString(16).toUpperCase().padStart(8, '0')}`);
      throw new Errno('ENOMEM');
    }
    table[slot] = handle;
    if (type === HANDLE_TYPE.transient) setU32(response, HEADER_SIZE, virtualHandle(slot));
  }

  /** TPM_CAP_HANDLES: transient handles become the space's own; those of others go, after the TPM applied property and count. */
  #mapHandleList(response: Uint8Array): Uint8Array {
    if (codeOf(response) !== RC.success) return response;
    if (response.length < LIST) throw new Errno('EFAULT');
    if (getU32(response, HEADER_SIZE + 1) !== CAP.handles) return response;
    const count = getU32(response, HEADER_SIZE + 5);
    if (response.length !== LIST + 4 * count) throw new Errno('EFAULT');
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const handle = getU32(response, LIST + 4 * i);
      const slot = handleType(handle) === HANDLE_TYPE.transient ? this.#draft.objects.indexOf(handle) : undefined;
      if (slot === -1) continue;
      setU32(response, LIST + 4 * kept++, slot === undefined ? handle : virtualHandle(slot));
    }
    setU32(response, 2, LIST + 4 * kept);
    setU32(response, HEADER_SIZE + 5, kept);
    return response.slice(0, sizeOf(response));
  }

  async #save(): Promise<void> {
    const draft = this.#draft;
    const objectContexts: Uint8Array[] = [];
    for (const slot of SLOTS) {
      const handle = draft.objects[slot];
      if (handle === undefined || handle === FREE || handle === SAVED) continue;
      const saved = await this.#saveInto(objectContexts, handle);
      draft.objects[slot] = saved ? SAVED : FREE;
      if (saved) await this.#driver.flush(handle);
    }
    const sessionContexts: Uint8Array[] = [];
    for (const slot of SLOTS) {
      const handle = draft.sessions[slot];
      if (handle === undefined || handle === FREE) continue;
      // Linux flushes here, and once more where it gives up (`session_context_gap`, by its log).
      const saved = await this.#orFlush(() => this.#saveInto(sessionContexts, handle));
      if (!saved) draft.sessions[slot] = FREE;
    }
    draft.objectContexts = concat(...objectContexts);
    draft.sessionContexts = concat(...sessionContexts);
  }

  async #saveInto(contexts: Uint8Array[], handle: number): Promise<boolean> {
    const context = await this.#driver.saveContext(handle);
    if (context === 'gone') return false;
    const used = contexts.reduce((sum, { length }) => sum + length, 0);
    if (used + context.length > CONTEXTS_SIZE) {
      this.#driver.warn('tpm2_save_context: out of backing storage');
      throw new Errno('ENOMEM');
    }
    contexts.push(context);
    return true;
  }
}

const LIST = HEADER_SIZE + 9; // moreData u8, capability u32, count u32
const virtualHandle = (slot: number): number => (0x80ff_ffff - slot) >>> 0;

/** The space ends: its sessions are flushed, in slot order. Its objects exist only as contexts in the kernel's memory. */
export async function flushSessions(driver: Driver, space: SpaceState): Promise<void> {
  for (const session of space.sessions) if (session !== FREE) await driver.flush(session);
}
