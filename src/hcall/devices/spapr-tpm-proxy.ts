import type { Place, Sight, Stateful, World } from '../../sim/index.ts';
import { H } from '../../spec/index.ts';
import type { HostFile, HostFiles, IoResult } from '../../tpmrm/index.ts';
import type { Partition } from '../kvm/partition.ts';
import { errnoNumber, reportOnStderr } from './qemu-stderr.ts';

/** TPM_SPAPR_BUFSIZE: both buffers, on QEMU's stack. */
export const PROXY_BUFFER_BYTES = 4096;
/** ppc64_phys_to_real(): the top nibble of an address is ignored (fixtures/observed/h_tpm_comm.json#in-top-bits, #bit-59-set). */
const PHYS_TO_REAL = 0x0fff_ffff_ffff_ffffn;
/** A loop that took so many turns is one without end: each turn is a millisecond of virtual time. */
const TURNS_BEFORE_FOR_EVER = 1000;
const TURN_NS = 1_000_000;
const FOR_EVER = 'loops for ever';

/** `observed`: as QEMU does. `strict`: H_P2 and H_P4 for buffers outside of RAM, as docs/specs/ppc-spapr-uv-hcalls.rst says. */
export type ProxyMode = 'observed' | 'strict';

export interface TpmProxyOptions {
  readonly mode?: ProxyMode;
  /** Whether QEMU's C library checks the size of a read() (_FORTIFY_SOURCE), as in all distributed builds. Default: true. */
  readonly fortify?: boolean;
}

export interface TpmProxyState {
  readonly hostPath: string;
  /** The open session, by its number since the device was made; null: none. */
  readonly session: number | null;
  readonly sessions: number;
}

/** Registers of EXECUTE. */
export interface ExecuteArguments {
  readonly in_buffer: bigint;
  readonly in_size: bigint;
  readonly out_buffer: bigint;
  readonly out_size: bigint;
}
export type ExecuteResult =
  | { readonly r3: number; readonly out?: { readonly size: bigint } }
  | { readonly never: string }
  | { readonly dies: string; readonly signal: string };

/** QEMU's spapr-tpm-proxy: one file descriptor to the host's TPM. */
export class SpaprTpmProxy implements Stateful<TpmProxyState> {
  readonly hostPath: string;
  readonly mode: ProxyMode;
  readonly fortify: boolean;
  readonly #world: World;
  readonly #files: HostFiles;
  readonly #place: Place;
  #file: HostFile | null = null;
  #sessions = 0;
  /** Open files that a snapshot names. */
  readonly #snapshotFiles = new Map<number, HostFile>();

  constructor(world: World, files: HostFiles, hostPath: string, place: Place, { mode = 'observed', fortify = true }: TpmProxyOptions = {}) {
    this.#world = world;
    this.#files = files;
    this.hostPath = hostPath;
    this.#place = place;
    this.mode = mode;
    this.fortify = fortify;
  }

  get isOpen(): boolean {
    return this.#file !== null;
  }

  /** tpm_execute() of QEMU hw/ppc/spapr_tpm_proxy.c, check by check. All 64 bits of the sizes count. */
  async execute(partition: Partition, { in_buffer, in_size, out_buffer, out_size }: ExecuteArguments): Promise<ExecuteResult> {
    const dataIn = in_buffer & PHYS_TO_REAL;
    const dataOut = out_buffer & PHYS_TO_REAL;
    if (in_size > PROXY_BUFFER_BYTES) return this.#refuse(H.P3, `invalid TPM input buffer size: ${in_size}`);
    if (out_size < PROXY_BUFFER_BYTES) return this.#refuse(H.P5, `invalid TPM output buffer size: ${out_size}`);
    if (this.mode === 'strict') {
      // After the sizes: without them there is no range to look at.
      if (dataIn + in_size > partition.ramBytes) return { r3: H.P2 };
      if (dataOut + out_size > partition.ramBytes) return { r3: H.P4 };
    }
    const opened = await this.#open();
    if (!('value' in opened)) return opened;
    const file = opened.value;
    const written = await this.#writeAll(file, partition.read(dataIn, Number(in_size), 'hypervisor'));
    if (written) return written;
    const answer = await this.#read(file, Number(out_size));
    if (!('value' in answer)) return answer;
    if (answer.value.length > PROXY_BUFFER_BYTES) {
      // The answer lies across the stack; the canary is looked at on return (fixtures/observed/h_tpm_comm.json#unfortified-overrun).
      return this.#abort('*** stack smashing detected ***: terminated');
    }
    partition.write(dataOut, answer.value, 'hypervisor');
    return { r3: H.SUCCESS, out: { size: BigInt(answer.value.length) } };
  }

  /** CLOSE_SESSION, and part of a machine reset. Nothing happens without an open session. */
  async close(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    this.#file = null;
    await file.close();
    this.#record('close', '0');
  }

  /** Machine reset closes the session (fixtures/observed/h_tpm_comm.json#reset-closes). */
  reset(): Promise<void> {
    return this.close();
  }

  /** The kernel closes the file of a QEMU that has ended: no call of QEMU's. */
  async closedByKernel(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #open(): Promise<{ readonly value: HostFile } | Exclude<ExecuteResult, { out: unknown }>> {
    if (this.#file) return { value: this.#file };
    const opened = await this.#files.open(this.hostPath);
    this.#record(
      'open',
      resultText(opened, () => '0'),
    );
    if ('blocks' in opened) return { never: 'blocked in open()' };
    // open() has no retry, and a failure is tried again by the next EXECUTE (fixtures/observed/h_tpm_comm.json#open-errors).
    if ('errno' in opened) return this.#refuse(H.RESOURCE, `failed to open TPM device ${this.hostPath}: ${errnoNumber(opened.errno)}`);
    this.#file = opened.value;
    this.#sessions++;
    return opened;
  }

  /** Undefined when all is written. in_size 0 is one write of nothing (fixtures/observed/h_tpm_comm.json#insize-0). */
  async #writeAll(file: HostFile, buffer: Uint8Array): Promise<ExecuteResult | undefined> {
    let left = buffer.length;
    for (let turn = 0; turn < TURNS_BEFORE_FOR_EVER; turn++) {
      // After a short write the rest is sent from the *start* of the buffer again (fixtures/observed/h_tpm_comm.json#write-short).
      const offered = buffer.subarray(0, left);
      const result = await file.write(offered);
      this.#record('write', resultText(result, String), 'in_buffer', offered);
      if ('blocks' in result) return { never: 'blocked in write()' };
      if ('value' in result) {
        left -= result.value;
        if (left <= 0) return undefined;
        if (result.value > 0) continue;
      } else if (result.errno !== 'EINTR') {
        return this.#refuse(H.RESOURCE, `failed to write to TPM device ${this.hostPath}: ${errnoNumber(result.errno)}`);
      }
      await this.#world.scheduler.turn(TURN_NS);
    }
    return { never: FOR_EVER };
  }

  /** End of file is tried again like EINTR (fixtures/observed/h_tpm_comm.json#read-eof-then-data, #read-eof-for-ever). */
  async #read(file: HostFile, count: number): Promise<{ readonly value: Uint8Array } | ExecuteResult> {
    if (this.fortify && count > PROXY_BUFFER_BYTES) {
      // __read_chk() knows the buffer's size; the command has gone to the TPM already (fixtures/observed/h_tpm_comm.json#outsize-4097).
      return this.#abort('*** buffer overflow detected ***: terminated');
    }
    for (let turn = 0; turn < TURNS_BEFORE_FOR_EVER; turn++) {
      const result = await file.read(count);
      const bytes = 'value' in result ? result.value : undefined;
      this.#record(
        'read',
        resultText(result, ({ length }) => String(length)),
        'response',
        bytes,
      );
      if ('blocks' in result) return { never: 'blocked in read()' };
      if ('value' in result) {
        if (result.value.length > 0) return result;
      } else if (result.errno !== 'EINTR') {
        return this.#refuse(H.RESOURCE, `failed to read from TPM device ${this.hostPath}: ${errnoNumber(result.errno)}`);
      }
      await this.#world.scheduler.turn(TURN_NS);
    }
    return { never: FOR_EVER };
  }

  #refuse(r3: number, message: string): { readonly r3: number } {
    reportOnStderr(this.#world, this.#place, message);
    return { r3 };
  }

  #abort(message: string): ExecuteResult {
    reportOnStderr(this.#world, this.#place, message);
    return { dies: message, signal: 'SIGABRT' };
  }

  /** All that passes lies in QEMU's memory: the hypervisor sees it. */
  #record(call: 'open' | 'write' | 'read' | 'close', result: string, what?: string, bytes?: Uint8Array): void {
    const { bus } = this.#world;
    if (!bus.active) return;
    const sights: readonly Sight[] =
      what && bytes?.length ? [{ what, bytes: bytes.slice(), seenBy: ['hypervisor', 'spapr-tpm-proxy'] }] : [];
    bus.emit('proxy.file', 'spapr-tpm-proxy', { call, path: this.hostPath, result }, { sights, place: this.#place });
  }

  snapshot(): TpmProxyState {
    if (this.#file) this.#snapshotFiles.set(this.#sessions, this.#file);
    return { hostPath: this.hostPath, session: this.#file ? this.#sessions : null, sessions: this.#sessions };
  }

  /** The host files must be restored too. A session of another run of the simulator is closed: there is no file to go with it. */
  restore({ session, sessions }: TpmProxyState): void {
    this.#sessions = sessions;
    this.#file = session === null ? null : (this.#snapshotFiles.get(session) ?? null);
  }
}

function resultText<T>(result: IoResult<T>, show: (value: T) => string): string {
  return 'value' in result ? show(result.value) : 'errno' in result ? result.errno : 'blocks';
}
