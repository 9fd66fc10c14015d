import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const NEWLINE = 0x0a;

/** Asks on the terminal and waits for a line: the run stands still meanwhile, which only a blocking read can bring about. */
export function readLine(question: string): string | null {
  const terminal = openSync('/dev/tty', 'r+');
  try {
    writeSync(terminal, question);
    const line: number[] = [];
    const byte = new Uint8Array(1);
    while (readSync(terminal, byte) === 1) {
      if (byte[0] === NEWLINE) return Buffer.from(line).toString();
      line.push(byte[0] ?? 0);
    }
    return null;
  } finally {
    closeSync(terminal);
  }
}
