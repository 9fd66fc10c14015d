import { toHex } from '../../../bytes/index.ts';
import type { RecordedCase, RecordedStep } from './case-recording.ts';
import { recordedBytes } from './hex-notation.ts';

const CONTEXT_LOAD = '00000161';
const CONTEXT_SAVE = '00000162';
const FLUSH_CONTEXT = '00000165';
const SUCCESS = recordedBytes('80010000000a00000000');
const CONTEXT_GAP = recordedBytes('80010000000a00000901');
const UNKNOWN_HANDLE = recordedBytes('80010000000a000001cb');

const codeAt = (message: string): string => message.slice(12, 20);
const bodyOf = (message: string): string => message.slice(20);
/** savedHandle of a TPMS_CONTEXT. */
const savedHandleOf = (context: string): string => context.slice(16, 24);

/**
 * The TPM during a `repeat`, whose traffic is not recorded: contexts load and save, the request gets its recorded response. The
 * contexts it saves are those that later steps of the recording load.
 */
export class RepeatedTpm {
  /** The space whose context it is. */
  readonly #owners = new Map<string, string>();
  /** By space and handle. */
  readonly #laterContexts = new Map<string, Uint8Array>();
  readonly #responses = new Map<string, Uint8Array>();
  readonly #failing: RecordedStep | undefined;
  #current = '';
  #answered = 0;
  readonly #flushed = new Set<string>();

  constructor({ steps }: RecordedCase, from: number, repeats: readonly RecordedStep[]) {
    steps.forEach(({ space, tpm = [] }, index) => {
      for (const [request, response] of tpm) {
        const command = toHex(recordedBytes(request));
        if (codeAt(command) === CONTEXT_SAVE) this.#owners.set(bodyOf(toHex(recordedBytes(response))), space);
        if (codeAt(command) !== CONTEXT_LOAD) continue;
        const context = bodyOf(command);
        this.#owners.set(context, space);
        const key = `${space} ${savedHandleOf(context)}`;
        if (index > from && !this.#laterContexts.has(key)) this.#laterContexts.set(key, recordedBytes(context));
      }
    });
    for (const { space, expect } of repeats) if (expect?.response) this.#responses.set(space, recordedBytes(expect.response));
    this.#failing = repeats.find(({ expect }) => expect?.failed !== undefined);
  }

  execute(command: Uint8Array): Uint8Array {
    const text = toHex(command);
    const body = bodyOf(text);
    switch (codeAt(text)) {
      case CONTEXT_LOAD:
        this.#current = this.#owners.get(body) ?? this.#current;
        return recordedBytes(`80010000000e00000000${savedHandleOf(body)}`);
      case CONTEXT_SAVE:
        return this.#save(body);
      case FLUSH_CONTEXT:
        return this.#flush(body);
      default:
        this.#answered++;
        return (this.#responses.get(this.#current) ?? SUCCESS).slice();
    }
  }

  #save(handle: string): Uint8Array {
    if (this.#fails) return CONTEXT_GAP.slice();
    const context = toHex(this.#laterContexts.get(`${this.#current} ${handle}`) ?? new Uint8Array(0));
    return recordedBytes(`8001${(10 + context.length / 2).toString(16).padStart(8, '0')}00000000${context}`);
  }

  /** The recorded repeat failed after so many successes: because the TPM refused to save (`session_context_gap`, by its log). */
  get #fails(): boolean {
    return this.#failing !== undefined && this.#answered > (this.#failing.expect?.return ?? 0);
  }

  #flush(handle: string): Uint8Array {
    if (!this.#fails) return SUCCESS.slice();
    const again = this.#flushed.has(handle);
    this.#flushed.add(handle);
    return (again ? UNKNOWN_HANDLE : SUCCESS).slice();
  }
}
