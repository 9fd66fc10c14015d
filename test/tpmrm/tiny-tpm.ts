import { getU32, setU32 } from '../../src/bytes/index.ts';
import { codeOf, sizeOf, TPM_HEADER_BYTES } from '../../src/spec/index.ts';
import { message } from '../../src/tpmrm/wire.ts';

export const CODE = { createPrimary: 0x131, readPublic: 0x173, startSession: 0x176, policyGetDigest: 0x189 } as const;
const ATTRIBUTES = [
  0x1200_0131, // CreatePrimary: one handle (the hierarchy), returns a handle
  0x0000_0144, // Startup
  0x1000_0161, // ContextLoad
  0x0200_0162, // ContextSave
  0x0000_0165, // FlushContext
  0x0200_0173, // ReadPublic
  0x1400_0176, // StartAuthSession: two handles, returns a handle
  0x0000_017a, // GetCapability
  0x0200_0189, // PolicyGetDigest
];

/**
 * Just enough of a TPM for a resource manager: objects and sessions that are made, named, saved and loaded, with the limits and
 * codes of libtpms (3 objects, 3 loaded and 64 active sessions; 0x902, 0x903, 0x905, 0x910, 0x1CB).
 */
export class TinyTpm {
  /** What each loaded object is: a number that ReadPublic gives. */
  readonly objects = new Map<number, number>();
  readonly sessions = new Map<number, 'loaded' | 'saved'>();
  #made = 0;
  #sequence = 1;
  readonly #sessionSequence = new Map<number, number>();

  execute(command: Uint8Array): Uint8Array {
    const handle = getU32(command, TPM_HEADER_BYTES);
    switch (codeOf(command)) {
      case CODE.createPrimary:
        return this.#newObject(++this.#made, true);
      case CODE.readPublic:
        return this.objects.has(handle) ? message(0, [this.objects.get(handle) ?? 0]) : message(0x910);
      case CODE.startSession:
        return this.#newSession();
      case CODE.policyGetDigest:
        return this.sessions.get(handle) === 'loaded' ? message(0, [handle]) : message(0x910);
      case 0x161:
        return this.#load(command);
      case 0x162:
        return this.#save(handle);
      case 0x165:
        return this.objects.delete(handle) || this.sessions.delete(handle) ? message(0) : message(0x1cb);
      case 0x17a:
        return this.#capability(handle, getU32(command, TPM_HEADER_BYTES + 4), getU32(command, TPM_HEADER_BYTES + 8));
      default:
        return message(0x143);
    }
  }

  #newObject(number: number, tell: boolean): Uint8Array {
    const handle = [0x80000000, 0x80000001, 0x80000002].find(free => !this.objects.has(free));
    if (handle === undefined) return message(0x902);
    this.objects.set(handle, number);
    return message(0, tell ? [handle, number] : [handle]);
  }

  #newSession(): Uint8Array {
    if (this.#loaded >= 3) return message(0x903);
    let handle = 0x03000000;
    while (this.sessions.has(handle)) handle++;
    if (handle >= 0x03000000 + 64) return message(0x905);
    this.sessions.set(handle, 'loaded');
    return message(0, [handle]);
  }

  get #loaded(): number {
    return [...this.sessions.values()].filter(state => state === 'loaded').length;
  }

  #save(handle: number): Uint8Array {
    const sequence = this.#sequence++;
    if (this.objects.has(handle)) return message(0, context(sequence, 0x80000000, this.objects.get(handle) ?? 0));
    if (this.sessions.get(handle) !== 'loaded') return message(0x910);
    this.sessions.set(handle, 'saved');
    this.#sessionSequence.set(handle, sequence);
    return message(0, context(sequence, handle, handle));
  }

  #load(command: Uint8Array): Uint8Array {
    const saved = getU32(command, TPM_HEADER_BYTES + 8);
    if (saved === 0x80000000) return this.#newObject(getU32(command, TPM_HEADER_BYTES + 18), false);
    const current = this.#sessionSequence.get(saved) === getU32(command, TPM_HEADER_BYTES + 4);
    if (this.sessions.get(saved) !== 'saved' || !current) return message(0x1cb);
    if (this.#loaded >= 3) return message(0x903);
    this.sessions.set(saved, 'loaded');
    return message(0, [saved]);
  }

  #capability(capability: number, property: number, count: number): Uint8Array {
    if (capability === 6) return list(6, [0x129, ATTRIBUTES.length], 1);
    if (capability === 2) return list(2, ATTRIBUTES.slice(0, count));
    const handles = property >>> 24 === 0x80 ? [...this.objects.keys()].sort((a, b) => a - b) : [...this.sessions.keys()];
    return list(1, handles.filter(handle => handle >= property).slice(0, count));
  }
}

/** A TPMS_CONTEXT whose blob is one number. */
function context(sequence: number, savedHandle: number, content: number): Uint8Array {
  const bytes = new Uint8Array(22);
  setU32(bytes, 4, sequence);
  setU32(bytes, 8, savedHandle);
  bytes[17] = 4;
  setU32(bytes, 18, content);
  return bytes;
}

function list(capability: number, words: readonly number[], count = words.length): Uint8Array {
  const response = message(0, new Uint8Array(9 + 4 * words.length));
  setU32(response, TPM_HEADER_BYTES + 1, capability);
  setU32(response, TPM_HEADER_BYTES + 5, count);
  for (const [i, word] of words.entries()) setU32(response, TPM_HEADER_BYTES + 9 + 4 * i, word);
  setU32(response, 2, sizeOf(response));
  return response;
}
