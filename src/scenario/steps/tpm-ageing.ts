import type { Host } from '../../machine/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import type { Tpm } from '../../tpm/index.ts';
import type { Backend } from '../../tpmrm/index.ts';

/** Loaded sessions of the embedded TPM: smaller numbers in its table are slots, larger ones saved contexts. */
const SLOTS = 3;
const LOW_BITS = 0xffffn;
const CONTEXT_GAP = 0x901;
const HEADER_BYTES = 10;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const START_SESSION = hex(`8001 0000002b 00000176 40000007 40000007 0010 ${'00'.repeat(16)} 0000 01 0010 000b`);

/**
 * Other software saves so many session contexts: the TPM's counter moves on, up to the oldest context that is saved, where a TPM refuses
 * (TPM_RC_CONTEXT_GAP). How many it were. The embedded TPM's counter is moved on from inside, any other saves them one by one.
 */
export function saveContextsOfOthers({ tpm, chip }: Host, contexts: number): Promise<number> {
  return tpm ? Promise.resolve(moveCounter(tpm, contexts)) : saveAndLoad(chip.backend, contexts);
}

function moveCounter(tpm: Tpm, contexts: number): number {
  const snapshot = tpm.snapshot();
  const { reset } = snapshot.state;
  const saved = new Set(reset.contextArray.filter(entry => entry > SLOTS));
  let made = 0;
  while (made < contexts && !saved.has(Number(reset.contextCounter & LOW_BITS))) {
    made++;
    reset.contextCounter++;
    if ((reset.contextCounter & LOW_BITS) === 0n) reset.contextCounter += BigInt(SLOTS + 1);
  }
  tpm.restore(snapshot);
  return made;
}

async function saveAndLoad(backend: Backend, contexts: number): Promise<number> {
  const started = await backend.transmit(START_SESSION);
  if (codeOf(started) !== 0) return refused(backend, 'TPM2_StartAuthSession', started);
  const handle = started.subarray(HEADER_BYTES, HEADER_BYTES + 4);
  const save = command(0x162, handle);
  let made = 0;
  for (; made < contexts; made++) {
    const saved = await backend.transmit(save);
    if (codeOf(saved) === CONTEXT_GAP) break;
    if (codeOf(saved) !== 0) return refused(backend, 'TPM2_ContextSave', saved);
    const loaded = await backend.transmit(command(0x161, saved.subarray(HEADER_BYTES)));
    if (codeOf(loaded) !== 0) return refused(backend, 'TPM2_ContextLoad', loaded);
  }
  await backend.transmit(command(0x165, handle));
  return made;
}

const codeOf = (response: Uint8Array): number => new DataView(response.buffer, response.byteOffset).getUint32(6);

function command(code: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  bytes.set([0x80, 0x01]);
  const view = new DataView(bytes.buffer);
  view.setUint32(2, bytes.length);
  view.setUint32(6, code);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

function refused({ name }: Backend, what: string, response: Uint8Array): never {
  throw new SimulatorError('scenario.age-tpm', {
    what: `${name} refuses ${what} (0x${codeOf(response).toString(16)}): others cannot save contexts with it`,
    hint: 'Put the step where a session is free, or use the embedded TPM.',
    blame: 'environment',
  });
}
