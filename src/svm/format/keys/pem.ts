import { SimulatorError } from '../../../sim/index.ts';

export interface Pem {
  /** `RSA PRIVATE KEY`, `PUBLIC KEY`, ... */
  readonly label: string;
  /** RFC 1421 headers, such as `Proc-Type` and `DEK-Info`. */
  readonly headers: ReadonlyMap<string, string>;
  readonly der: Uint8Array;
}

/** Far above any key; a search for the end of a block is not made in more. */
const MAX_FILE_BYTES = 0x1_0000;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)\r?\n-----END \1-----/;

/** The first PEM block of a file. @throws {SimulatorError} `key.malformed` */
export function readPem(file: Uint8Array, where: string): Pem {
  if (file.length > MAX_FILE_BYTES)
    throw new SimulatorError('key.malformed', { where, what: `${file.length} bytes are too many for a key file` });
  const text = Buffer.from(file.buffer, file.byteOffset, file.length).toString('latin1');
  const [, label, body] = BLOCK.exec(text) ?? [];
  if (label === undefined || body === undefined) {
    throw new SimulatorError('key.malformed', {
      where,
      what: 'the file holds no PEM block',
      hint: 'A key file begins with -----BEGIN ...-----.',
    });
  }
  const lines = body.split(/\r?\n/);
  const headers = new Map<string, string>();
  while (lines[0]?.includes(':')) {
    const [name = '', ...rest] = (lines.shift() ?? '').split(':');
    headers.set(name.trim(), rest.join(':').trim());
  }
  const digits = lines.join('').replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(digits)) throw new SimulatorError('key.malformed', { where, what: 'the PEM block is no base64' });
  return { label, headers, der: new Uint8Array(Buffer.from(digits, 'base64')) };
}

/** PEM text with 64 characters a line and a newline at its end. */
export function writePem(label: string, der: Uint8Array, headers: readonly string[] = []): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const head = headers.length > 0 ? [...headers, ''] : [];
  return [`-----BEGIN ${label}-----`, ...head, ...lines, `-----END ${label}-----`, ''].join('\n');
}
