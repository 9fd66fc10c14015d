import { readFile } from 'node:fs/promises';
import { hexDump, toHex } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { fieldLines, findMessages, painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { DecodeFlags } from './flags.ts';

/** Shows the messages with their fields; exit status 1 when one of them cannot be decoded to its end. */
export async function decode(what: readonly string[], { json, bytes: dump }: DecodeFlags, io: Io): Promise<number> {
  const paint = painter(io.colors);
  let status: number = EXIT.held;
  for (const { name, bytes } of await bytesOf(what)) {
    const messages = findMessages(bytes);
    if (messages.length === 0) throw new SimulatorError('decode.nothing', { where: name, what: 'no TPM command or response is in it' });
    for (const { where, bytes, inspected } of messages) {
      if (inspected.fault) status = EXIT.failed;
      if (json) {
        io.out(`${JSON.stringify({ ...(where && { where }), bytes: toHex(bytes), ...inspected })}\n`);
        continue;
      }
      const { kind, name: command, rc } = inspected;
      const title = `${command ?? 'unknown command'} ${kind}${rc ? `, ${rc.text}` : ''}, ${bytes.length} bytes`;
      io.out(`${paint(title, rc && rc.code !== 0 ? 'bad' : 'heading')}${where ? paint(`  (${where})`, 'quiet') : ''}\n`);
      io.out(`${fieldLines(inspected).join('\n')}\n${dump ? `${hexDump(bytes)}\n` : ''}\n`);
    }
  }
  return status;
}

/** Arguments that are hex digits are put together: a message may be pasted with its blanks. */
async function bytesOf(what: readonly string[]): Promise<{ name: string; bytes: Uint8Array }[]> {
  const pasted = what.join(' ');
  const digits = pasted.replace(/0x|[\s,:_]/gi, '');
  if (/^[0-9a-f]+$/i.test(digits) && (digits.length >= 20 || digits.length % 2 === 0)) {
    if (digits.length % 2 === 0) return [{ name: 'hex digits', bytes: new Uint8Array(Buffer.from(digits, 'hex')) }];
    throw new SimulatorError('decode.odd', { where: 'hex digits', what: `there is an odd number of them (${digits.length})` });
  }
  return Promise.all(what.map(async name => ({ name, bytes: await fileOf(name) })));
}

async function fileOf(name: string): Promise<Uint8Array> {
  if (name === '-') {
    const parts: Uint8Array[] = [];
    for await (const part of process.stdin) parts.push(part as Uint8Array);
    return Buffer.concat(parts);
  }
  try {
    return await readFile(name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const hint = 'Give hex digits, or the name of a file.';
    throw new SimulatorError('decode.file', { where: name, what: code === 'ENOENT' ? 'neither hex digits nor a file' : message, hint });
  }
}
