import { fromHex } from '../../../bytes/index.ts';

// The format of fixtures/observed/tpm/README.md: one JSON object a line, commands and responses of a real TPM, with what was recomputed.

/** What was recomputed of one session of a command. */
export interface RecordedSession {
  readonly handle: string;
  readonly password?: string;
  readonly sessionKey?: string;
  readonly authValue?: string;
  readonly hmacKey?: string;
  readonly cpHash?: string;
  readonly rpHash?: string;
  readonly nonceCaller?: string;
  readonly nonceTPM?: string;
  readonly extraNonces?: string;
  readonly attributes?: string;
  readonly hmac?: string;
}

export interface TranscriptLine {
  readonly seq: number;
  readonly dir: 'command' | 'response' | 'meta';
  readonly name?: string;
  readonly hex?: string;
  readonly rc?: string;
  readonly case?: string;
  readonly step?: 'setup' | 'error' | 'cleanup' | 'success';
  readonly names?: readonly string[];
  readonly sessions?: readonly RecordedSession[];
  readonly decryptedParam?: string;
  readonly encryptedParam?: string;
  readonly salt?: string;
  readonly bindAuth?: string;
  readonly sessionKey?: string;
  /** What RSA_Decrypt is to give. */
  readonly plaintext?: string;
  /** Byte ranges of the response that differ from TPM to TPM. */
  readonly mask?: readonly (readonly [number, number])[];
  readonly channel?: string;
}

/** A command with its response. */
export interface Exchange {
  readonly command: TranscriptLine;
  readonly response: TranscriptLine;
}

export const transcriptLines = (text: string): TranscriptLine[] =>
  text.split('\n').flatMap(line => (line.trim() === '' ? [] : [JSON.parse(line) as TranscriptLine]));

/** Whether a file's first line is that of a transcript of TPM commands. */
export function isTranscriptLine(json: unknown): json is TranscriptLine {
  return typeof json === 'object' && json !== null && 'seq' in json && 'dir' in json && !('channel' in json);
}

export function exchanges(lines: readonly TranscriptLine[]): Exchange[] {
  const found: Exchange[] = [];
  lines.forEach((line, i) => {
    const next = lines[i + 1];
    if (line.dir === 'command' && line.hex !== undefined && next?.dir === 'response' && next.hex !== undefined)
      found.push({ command: line, response: next });
  });
  return found;
}

export const bytesOf = (text: string | undefined): Uint8Array => fromHex(text ?? '');
