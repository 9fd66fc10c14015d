import { fromHex } from '../../src/bytes/index.ts';
import { emulatorBackend, type TpmSpapr, type VtpmBackend } from '../../src/hcall/index.ts';
import { type Backend, embeddedBackend } from '../../src/tpmrm/index.ts';
import { machine, type TestMachineOptions } from './machine.ts';

export const CALL = {
  REG_CRQ: 0xfc,
  FREE_CRQ: 0x100,
  VIO_SIGNAL: 0x104,
  SEND_CRQ: 0x108,
  ENABLE_CRQ: 0x2b0,
  PUT_TCE: 0x20,
  GET_TCE: 0x1c,
  STUFF_TCE: 0x138,
  PUT_TCE_INDIRECT: 0x13c,
};
export const QUEUE = { ioba: 0x1000, gpa: 0x10_0000n };
export const BUFFER = { ioba: 0x3000, gpa: 0x20_0000n };
const MAPPED = 3n; // the device may read and write
export const READ_PUBLIC = '8001000000 0e00000173 81800001'.replaceAll(' ', '');

/** A TPM that answers with the command it got behind a header of its own, and notes the commands. */
export function echoTpm(): Backend & { readonly commands: string[]; resets: number } {
  const commands: string[] = [];
  const tpm = { commands, resets: 0 };
  const backend = embeddedBackend({
    execute(command) {
      commands.push(Buffer.from(command).toString('hex'));
      const response = new Uint8Array(10 + command.length);
      response.set([0x80, 1, 0, 0, 0, response.length]);
      response.set(command, 10);
      return response;
    },
    reset: () => void tpm.resets++,
  });
  return Object.assign(tpm, backend);
}

/** A guest with a vTPM, and what a guest's driver does with it (Linux drivers/char/tpm/tpm_ibmvtpm.c). */
export function vtpmGuest(backend: Backend | VtpmBackend = echoTpm(), options: TestMachineOptions = {}) {
  const host = machine(options);
  const behind = 'type' in backend ? backend : emulatorBackend(backend);
  const vtpm = host.hypervisor.plugVtpm(host.guest, behind) as TpmSpapr;
  const { unit } = vtpm;
  let next = 0;

  const send = (word0: string, word1 = '00') =>
    host.hypercall(CALL.SEND_CRQ, unit, BigInt(`0x${word0.padEnd(16, '0')}`), BigInt(`0x${word1}`));
  /** Takes the next entry from the queue, as hex; empty when there is none. */
  function take(): string {
    const entry = host.guest.read(QUEUE.gpa + BigInt(next), 16, 'guest');
    if (entry[0] === 0) return '';
    host.guest.write(QUEUE.gpa + BigInt(next), new Uint8Array(16), 'guest');
    next = (next + 16) % 4096;
    return Buffer.from(entry.subarray(0, 8)).toString('hex');
  }
  /** The driver goes on at the entry where that of another machine was: it came from there. */
  function goOnAfter(entries: number): void {
    next = (entries * 16) % 4096;
  }
  async function start(): Promise<void> {
    await host.hypercall(CALL.PUT_TCE, unit, QUEUE.ioba, QUEUE.gpa | MAPPED);
    await host.hypercall(CALL.PUT_TCE, unit, BUFFER.ioba, BUFFER.gpa | MAPPED);
    await host.hypercall(CALL.REG_CRQ, unit, QUEUE.ioba, 4096);
  }
  /** Sends a TPM command; the answer in the buffer once it is there. */
  async function transmit(command: string): Promise<string> {
    host.guest.write(BUFFER.gpa, fromHex(command), 'guest');
    const r3 = await send(`8002${(command.length / 2).toString(16).padStart(4, '0')}${BUFFER.ioba.toString(16).padStart(8, '0')}`);
    if (r3 !== 0) return `r3 ${r3}`;
    await host.hypervisor.guestWaits(host.guest);
    const answer = take();
    if (!answer.startsWith('8082')) return answer;
    return Buffer.from(host.guest.read(BUFFER.gpa, Number.parseInt(answer.slice(4, 8), 16), 'guest')).toString('hex');
  }
  return { ...host, vtpm, unit, send, take, goOnAfter, start, transmit };
}
