import { createPrivateKey } from 'node:crypto';
import { dirname } from 'node:path';
import { rsaKeyOf } from '../../../crypto/index.ts';
import { UV_ESM } from '../../../spec/index.ts';
import type { Tpm, TpmState } from '../../../tpm/index.ts';
import { profiles } from '../../../ultravisor/index.ts';
import { guestInput } from './guest-input.ts';
import { PlayedMachine } from './played-machine.ts';
import { tpmWithKey } from './played-tpm.ts';
import { RecordedFiles } from './recorded-files.ts';
import type { Base, EsmInput, Recording } from './ultravisor-recording.ts';

/** The key that the TPM of a case holds. */
export interface CaseKey {
  readonly name: Uint8Array;
  readonly modulus: Uint8Array;
  /** The TPM as it was before any case. */
  fresh(): Tpm;
}

/** A recording with the files beside it; what several cases need is made once. */
export class Recorded {
  readonly files: RecordedFiles;
  readonly #recording: Recording;
  readonly #keys = new Map<string, Promise<CaseKey>>();
  readonly #earlier = new Map<string, Promise<readonly Uint8Array[]>>();

  constructor(file: string, recording: Recording) {
    this.files = new RecordedFiles(dirname(file));
    this.#recording = recording;
  }

  base(name: string): Base {
    const base = this.#recording.bases[name];
    if (base) return base;
    throw new RangeError(`the recording has no base "${name}"`);
  }

  key(base: Base, file: string): Promise<CaseKey> {
    const id = `${base.folder}/${file}`;
    const known = this.#keys.get(id) ?? this.#makeKey(base, file);
    this.#keys.set(id, known);
    return known;
  }

  async #makeKey(base: Base, file: string): Promise<CaseKey> {
    const pem = Buffer.from(await this.files.read(base.folder, file)).toString('utf8');
    const { tpm, name } = await tpmWithKey(pem, base.handover['wrapping-key-passwd'] ?? '');
    const state: TpmState = tpm.snapshot();
    const modulus = rsaKeyOf(createPrivateKey(pem)).n;
    return {
      name,
      modulus,
      fresh: () => {
        tpm.restore(state);
        return tpm;
      },
    };
  }

  /** A machine whose guest became secure from the untouched input, or with another files tree. */
  async secured(name = '01-minimal.wrapper', input: EsmInput = {}): Promise<PlayedMachine> {
    const base = this.base(name);
    const key = await this.key(base, base.tpmKey);
    const given = await guestInput(base, input, this.files, key);
    const { published } = profiles;
    if (!published) throw new RangeError('there is no profile published');
    const machine = new PlayedMachine({ profile: published, ramBytes: BigInt(base.ram), tpm: key.fresh(), seed: name });
    machine.load(given);
    machine.arrange(UV_ESM.number, [given.kbase, given.fdt]);
    await machine.sc2();
    return machine;
  }

  /** The TPM's answers in an unwrap of the untouched input. */
  earlierUnwrap(name: string): Promise<readonly Uint8Array[]> {
    const known = this.#earlier.get(name) ?? this.#unwrap(name);
    this.#earlier.set(name, known);
    return known;
  }

  async #unwrap(name: string): Promise<readonly Uint8Array[]> {
    return (await this.secured(name)).host.answers;
  }
}
