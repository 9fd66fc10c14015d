import { concat } from '../bytes/index.ts';
import type { Driver } from './driver.ts';
import { Errno } from './errno.ts';

const SLOTS = [0, 1, 2] as const;
const CONTEXTS_SIZE = 16384; // TPM2_SPACE_BUFFER_SIZE, each for objects and sessions
export const FREE = 0;
export const SAVED = 0xffff_ffff;

/** What one open of /dev/tpmrm0 owns. Plain data. */
export interface SpaceState {
  readonly id: number;
  /** Slot i is the virtual handle 0x80FFFFFF - i: free, saved, or (while loaded) the TPM's handle. */
  objects: number[];
  /** The TPM's handles; sessions are not virtual. */
  sessions: number[];
  /** TPMS_CONTEXTs one after the other, in the order of the slots. */
  objectContexts: Uint8Array;
  sessionContexts: Uint8Array;
  /** Its objects and sessions are in the TPM. Between commands only with lazy swapping, and of one space at a time. */
  loaded: boolean;
  /** The kernel lost what it holds saved contexts of: each later command fails. */
  ruined: boolean;
}

const NONE = new Uint8Array(0);

export function newSpace(id: number): SpaceState {
  return { id, objects: [0, 0, 0], sessions: [0, 0, 0], objectContexts: NONE, sessionContexts: NONE, loaded: false, ruined: false };
}

export const copySpace = (space: SpaceState): SpaceState => ({
  ...space,
  objects: [...space.objects],
  sessions: [...space.sessions],
});

export const hasSessions = ({ sessions }: SpaceState): boolean => sessions.some(session => session !== FREE);

/** The space has nothing any more. */
export function forget(space: SpaceState): void {
  Object.assign(space, { ...newSpace(space.id), ruined: space.ruined });
}

/** TPM2_ContextLoad of all that the space has (Linux tpm2_load_space). */
export async function loadSpace(driver: Driver, draft: SpaceState): Promise<void> {
  const { objects, sessions, objectContexts, sessionContexts } = draft;
  let at = 0;
  for (const slot of SLOTS) {
    if (objects[slot] === FREE) continue;
    const loaded = await driver.loadContext(objectContexts, at);
    objects[slot] = loaded === 'gone' ? FREE : loaded.handle;
    if (loaded === 'gone') throw new Errno('ENOENT');
    at += loaded.size;
  }
  at = 0;
  for (const slot of SLOTS) {
    if (sessions[slot] === FREE) continue;
    // Linux flushes here, and once more where it gives up: both are on the wire (`session_foreign_flush`).
    const loaded = await orFlush(driver, draft, () => driver.loadContext(sessionContexts, at));
    if (loaded === 'gone') {
      sessions[slot] = FREE; // the next session is then looked for at the same place
      continue;
    }
    at += loaded.size;
    if (loaded.handle === sessions[slot]) continue;
    driver.warn('session restored to wrong handle');
    await flushSpace(driver, draft);
    throw new Errno('EFAULT');
  }
}

/** TPM2_ContextSave of all that is left of the space, and TPM2_FlushContext of its objects (Linux tpm2_save_space). */
export async function saveSpace(driver: Driver, draft: SpaceState): Promise<void> {
  const objectContexts: Uint8Array[] = [];
  for (const slot of SLOTS) {
    const handle = draft.objects[slot];
    if (handle === undefined || handle === FREE || handle === SAVED) continue;
    const saved = await saveInto(driver, objectContexts, handle);
    draft.objects[slot] = saved ? SAVED : FREE;
    if (saved) await driver.flush(handle);
  }
  const sessionContexts: Uint8Array[] = [];
  for (const slot of SLOTS) {
    const handle = draft.sessions[slot];
    if (handle === undefined || handle === FREE) continue;
    // Linux flushes here, and once more where it gives up (`session_context_gap`, by its log).
    const saved = await orFlush(driver, draft, () => saveInto(driver, sessionContexts, handle));
    if (!saved) draft.sessions[slot] = FREE;
  }
  draft.objectContexts = concat(...objectContexts);
  draft.sessionContexts = concat(...sessionContexts);
}

/** TPM2_FlushContext of what is in the TPM, and of the sessions wherever they are. */
export async function flushSpace(driver: Driver, { objects, sessions }: SpaceState): Promise<void> {
  for (const object of objects) if (object !== FREE && object !== SAVED) await driver.flush(object);
  for (const session of sessions) if (session !== FREE) await driver.flush(session);
}

async function orFlush<T>(driver: Driver, draft: SpaceState, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof Errno) await flushSpace(driver, draft);
    throw error;
  }
}

async function saveInto(driver: Driver, contexts: Uint8Array[], handle: number): Promise<boolean> {
  const context = await driver.saveContext(handle);
  if (context === 'gone') return false;
  const used = contexts.reduce((sum, { length }) => sum + length, 0);
  if (used + context.length > CONTEXTS_SIZE) {
    driver.warn('tpm2_save_context: out of backing storage');
    throw new Errno('ENOMEM');
  }
  contexts.push(context);
  return true;
}
