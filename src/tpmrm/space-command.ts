import { getU32, setU32 } from '../bytes/index.ts';
import { codeOf, rcOf, sizeOf, TPM_HEADER_BYTES } from '../spec/index.ts';
import { handleType, TPM_CAP, TPM_CC, TPM_HT, TPM_RC } from '../tpm/wire/index.ts';
import type { CommandShape } from './command-table.ts';
import type { Driver } from './driver.ts';
import { Errno } from './errno.ts';
import type { Recorder } from './recorder.ts';
import { copySpace, FREE, flushSpace, forget, hasSessions, loadSpace, type SpaceState, saveSpace } from './space.ts';
import { mayHaveEnded, type Swapping } from './swapping.ts';

/**
 * One command of a space (Linux drivers/char/tpm/tpm2-space.c): its objects and sessions are loaded, handles translated, the command sent,
 * everything saved again. Works on a draft, which becomes the space's state only when all went well.
 */
export class SpaceCommand {
  readonly #driver: Driver;
  readonly #recorder: Recorder;
  readonly #space: SpaceState;
  readonly #draft: SpaceState;
  readonly #swapping: Swapping;

  constructor(driver: Driver, recorder: Recorder, space: SpaceState, swapping: Swapping) {
    this.#driver = driver;
    this.#recorder = recorder;
    this.#space = space;
    this.#draft = copySpace(space);
    this.#swapping = swapping;
  }

  /**
   * Runs the command in `buffer`; its transient handles are replaced there.
   * @throws {Errno} EINVAL for a transient handle that the space does not have, EFAULT when something does not load or save.
   */
  async run(buffer: Uint8Array, shape: CommandShape): Promise<Uint8Array> {
    const lazy = this.#swapping === 'lazy';
    // Eagerly it is the TPM that refuses to load what was lost.
    if (lazy && this.#space.ruined) throw new Errno('EFAULT');
    const code = codeOf(buffer);
    await this.#orGiveUp(async () => {
      if (!this.#draft.loaded) await loadSpace(this.#driver, this.#draft);
      this.#draft.loaded = true;
      this.#mapCommand(buffer, shape);
    });
    const response = await this.#orGiveUp(() => this.#driver.transmit(buffer));
    try {
      return await this.#orGiveUp(async () => {
        const stays = lazy && !mayHaveEnded(code, response, shape);
        await this.#mapNewHandle(response, shape);
        const mapped = code === TPM_CC.GetCapability ? this.#mapHandleList(response) : response;
        if (!stays) await this.#save();
        Object.assign(this.#space, this.#draft);
        return mapped;
      });
    } catch (error) {
      if (error instanceof Errno) this.#driver.warn(`tpm2_commit_space: error -${error.number}`);
      throw error;
    }
  }

  async #save(): Promise<void> {
    this.#draft.loaded = false;
    await saveSpace(this.#driver, this.#draft);
  }

  /**
   * Whoever gives up flushes all that is loaded, and the sessions, but the space's own tables stay: its sessions cannot be
   * loaded any more (`session_bad_handle`). Lazily there may be no saved contexts to go back to: what is loaded stays.
   */
  async #orGiveUp<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      if (this.#swapping === 'lazy' && this.#draft.loaded && !hasSessions(this.#draft)) {
        Object.assign(this.#space, this.#draft);
        throw error;
      }
      await flushSpace(this.#driver, this.#draft);
      if (!this.#space.ruined && (hasSessions(this.#space) || this.#space.loaded)) this.#ruin(error);
      throw error;
    }
  }

  #ruin({ code }: Errno): void {
    const space = this.#space;
    if (this.#swapping === 'lazy') forget(space);
    space.ruined = true;
    const kept = this.#swapping === 'lazy' ? '' : ', but keeps their contexts';
    this.#recorder.space(space.id, 'ruined', `the kernel gave up on a command (${code}) and flushed the sessions of the space${kept}`);
  }

  /** Handles beyond the size field are looked at too: it is the buffer that is read (`command_handles_beyond_size`). */
  #mapCommand(buffer: Uint8Array, { handles }: CommandShape): void {
    for (let at = TPM_HEADER_BYTES; at < TPM_HEADER_BYTES + 4 * handles; at += 4) {
      const handle = getU32(buffer, at);
      if (handleType(handle) !== TPM_HT.TRANSIENT) continue;
      const physical = this.#draft.objects[0xff_ffff - (handle & 0xff_ffff)] ?? FREE;
      if (physical === FREE) throw new Errno('EINVAL');
      setU32(buffer, at, physical);
    }
  }

  async #mapNewHandle(response: Uint8Array, { returnsHandle }: CommandShape): Promise<void> {
    if (rcOf(response) !== TPM_RC.SUCCESS || !returnsHandle) return;
    const handle = getU32(response, TPM_HEADER_BYTES);
    const type = handleType(handle);
    const { objects, sessions } = this.#draft;
    if (type !== TPM_HT.TRANSIENT && type !== TPM_HT.HMAC_SESSION && type !== TPM_HT.POLICY_SESSION) {
      this.#driver.warn(`tpm2_map_response_header: unknown handle 0x${handle.toString(16).toUpperCase().padStart(8, '0')}`);
      return;
    }
    const table = type === TPM_HT.TRANSIENT ? objects : sessions;
    if (table.includes(handle)) {
      // Only what was loaded all the time can be in the table: the TPM was reset behind our back, and all of it is gone.
      this.#draft.loaded = false;
      throw new Errno('EFAULT');
    }
    const slot = table.indexOf(FREE);
    if (slot < 0) {
      await this.#driver.flush(handle);
      this.#driver.warn(`tpm2_map_response_header: out of slots for 0x${handle.toString(16).toUpperCase().padStart(8, '0')}`);
      throw new Errno('ENOMEM');
    }
    table[slot] = handle;
    if (type === TPM_HT.TRANSIENT) setU32(response, TPM_HEADER_BYTES, virtualHandle(slot));
  }

  /** TPM_CAP_HANDLES: transient handles become the space's own; those of others go, after the TPM applied property and count. */
  #mapHandleList(response: Uint8Array): Uint8Array {
    if (rcOf(response) !== TPM_RC.SUCCESS) return response;
    if (response.length < LIST) throw new Errno('EFAULT');
    if (getU32(response, TPM_HEADER_BYTES + 1) !== TPM_CAP.HANDLES) return response;
    const count = getU32(response, TPM_HEADER_BYTES + 5);
    if (response.length !== LIST + 4 * count) throw new Errno('EFAULT');
    const others: number[] = [];
    const slots: number[] = [];
    for (let i = 0; i < count; i++) {
      const handle = getU32(response, LIST + 4 * i);
      if (handleType(handle) !== TPM_HT.TRANSIENT) others.push(handle);
      else if (this.#draft.objects.includes(handle)) slots.push(this.#draft.objects.indexOf(handle));
    }
    // The TPM's order is that of the slots, since they are loaded in this order; not so when they stay.
    const kept = [...others, ...slots.sort((a, b) => a - b).map(virtualHandle)];
    for (const [i, handle] of kept.entries()) setU32(response, LIST + 4 * i, handle);
    setU32(response, 2, LIST + 4 * kept.length);
    setU32(response, TPM_HEADER_BYTES + 5, kept.length);
    return response.slice(0, sizeOf(response));
  }
}

const LIST = TPM_HEADER_BYTES + 9; // moreData u8, capability u32, count u32
const virtualHandle = (slot: number): number => (0x80ff_ffff - slot) >>> 0;
