/** How a program prints the bytes of a message: what the documentation shows, and what tests read back. */
export interface KnownDump {
  readonly program: string;
  /** What its rows look like, in words. */
  readonly layout: string;
  dump(message: Uint8Array, direction: 'command' | 'response'): readonly string[];
}

const pair = (byte: number): string => byte.toString(16).padStart(2, '0');
const printable = (bytes: Uint8Array): string =>
  [...bytes].map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');

function rows(message: Uint8Array, bytes: number, row: (part: Uint8Array, offset: number) => string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < message.length; at += bytes) lines.push(row(message.subarray(at, at + bytes), at));
  return lines;
}

const pairs = (bytes: Uint8Array, separator = ' '): string => [...bytes].map(pair).join(separator);
const groups = (bytes: Uint8Array, size: number, separator = ' '): string =>
  (pairs(bytes, '').match(new RegExp(`.{1,${size * 2}}`, 'g')) ?? []).join(separator);
const offset = (at: number, digits: number, base: 8 | 10 | 16 = 16): string => at.toString(base).padStart(digits, '0');
/** With a wider gap in the middle of 16 bytes. */
const halves = (bytes: Uint8Array): string => [pairs(bytes.subarray(0, 8)), pairs(bytes.subarray(8))].join('  ').trimEnd();
const words = (bytes: Uint8Array): string => rows(bytes, 2, part => pair(part[1] ?? 0) + pair(part[0] ?? 0)).join(' ');
const escaped = (bytes: Uint8Array): string => [...bytes].map(byte => `\\x${pair(byte)}`).join('');
const LETTERS: ReadonlyMap<number, string> = new Map([
  [9, '\\t'],
  [10, '\\n'],
  [13, '\\r'],
  [0x27, "\\'"],
  [0x5c, '\\\\'],
]);
const python = (bytes: Uint8Array): string =>
  [...bytes].map(byte => LETTERS.get(byte) ?? (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${pair(byte)}`)).join('');
/** As strace writes without -xx: octal, with as few digits as the next character allows. */
const octal = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte, i) => {
      if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
      if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
      const next = bytes[i + 1] ?? 0;
      return `\\${byte.toString(8).padStart(next >= 0x30 && next <= 0x39 ? 3 : 1, '0')}`;
    })
    .join('');
const numbers = (bytes: Uint8Array, separator = ', '): string => [...bytes].join(separator);

/** Dumps that are read. */
export const KNOWN_DUMPS: readonly KnownDump[] = [
  {
    program: 'swtpm --log level=20',
    layout: 'a line that tells the length; pairs of digits',
    dump: (message, direction) => [
      ` SWTPM_IO_${direction === 'command' ? 'Read' : 'Write'}: length ${message.length}`,
      ...rows(message, 16, part => ` ${pairs(part).toUpperCase()} `),
    ],
  },
  {
    program: 'tpm2-tss, TSS2_LOG=all+trace',
    layout: 'offset, digits without gaps, text',
    dump: (message, direction) => [
      direction === 'command'
        ? `debug:tcti:tcti_device_transmit() sending ${message.length} byte command buffer: (size=${message.length}): `
        : `debug:tcti:tcti_device_receive() Response Received (size=${message.length}): `,
      ...rows(message, 16, (part, at) => `${offset(at, 4)}: ${pairs(part, '').padEnd(32)}  ${printable(part)}`),
    ],
  },
  {
    program: 'tpm2-abrmd, G_MESSAGES_DEBUG=all',
    layout: 'prefix of GLib, pairs of digits',
    dump: message => rows(message, 16, part => `** (tpm2-abrmd:700): DEBUG: 19:20:18.533:     ${pairs(part)}`),
  },
  {
    program: 'IBM TSS, TPM_TRACE_LEVEL=2',
    layout: 'a line that tells the length; pairs of digits',
    dump: (message, direction) => [
      `TSS_Socket_${direction === 'command' ? 'Send' : 'Receive'}Command: length ${message.length}`,
      ...rows(message, 16, part => ` ${pairs(part)} `),
    ],
  },
  {
    program: 'U-Boot',
    layout: 'one line of pairs of digits behind the size',
    dump: (message, direction) => [
      `TPM ${direction === 'command' ? `request [size:${message.length}]` : 'response [ret:0]'}: ${pairs(message)} `,
    ],
  },
  {
    program: 'wolfTPM, TPM2_PrintBin',
    layout: 'pairs of digits, a bar, text',
    dump: (message, direction) => [
      `${direction === 'command' ? 'Command' : 'Response'}: ${message.length}`,
      ...rows(message, 16, part => `\t${`${pairs(part)} `.padEnd(48)}| ${printable(part)}`),
    ],
  },
  {
    program: 'Linux print_hex_dump in dmesg',
    layout: 'time, prefix, offset, pairs of digits, text',
    dump: message =>
      rows(
        message,
        16,
        (part, at) => `[   12.34567${(at / 16) % 10}] tpm tpm0: ${offset(at, 8)}: ${pairs(part).padEnd(47)}  ${printable(part)}`,
      ),
  },
  {
    program: 'Linux print_hex_dump with addresses',
    layout: 'time, prefix, address, pairs of digits, text',
    dump: message =>
      rows(
        message,
        16,
        (part, at) => `[  812.${100000 + at}] cmd: ${offset(0xbeef1240 + at, 16)}: ${pairs(part).padEnd(47)}  ${printable(part)}`,
      ),
  },
  {
    program: 'journald, syslog',
    layout: 'date, host, program, pairs of digits',
    dump: message => rows(message, 16, part => `Jan 27 21:20:15 host1 swtpm[700]:  ${pairs(part)} `),
  },
  {
    program: 'xxd',
    layout: 'offset, groups of two bytes, text',
    dump: message => rows(message, 16, (part, at) => `${offset(at, 8)}: ${groups(part, 2).padEnd(39)}  ${printable(part)}`),
  },
  {
    program: 'xxd -g1',
    layout: 'offset, pairs of digits, text',
    dump: message => rows(message, 16, (part, at) => `${offset(at, 8)}: ${pairs(part).padEnd(47)}  ${printable(part)}`),
  },
  { program: 'xxd -p', layout: 'digits without gaps', dump: message => rows(message, 30, part => pairs(part, '')) },
  {
    program: 'xxd -i',
    layout: 'numbers with 0x',
    dump: message => [
      'unsigned char cmd_bin[] = {',
      ...rows(message, 12, part => `  ${[...part].map(byte => `0x${pair(byte)}`).join(', ')},`),
      '};',
    ],
  },
  {
    program: 'hexdump -C',
    layout: 'offset, pairs of digits in two halves, text in bars',
    dump: message => [
      ...rows(message, 16, (part, at) => `${offset(at, 8)}  ${halves(part).padEnd(48)}  |${printable(part)}|`),
      offset(message.length, 8),
    ],
  },
  {
    program: 'hexdump',
    layout: 'offset, words with the low byte first',
    dump: message => [...rows(message, 16, (part, at) => `${offset(at, 7)} ${words(part)}`), offset(message.length, 7)],
  },
  {
    program: 'od -Ax -tx1',
    layout: 'hexadecimal offset, pairs of digits',
    dump: message => [...rows(message, 16, (part, at) => `${offset(at, 6)} ${pairs(part)}`), offset(message.length, 6)],
  },
  {
    program: 'od -Ad -tx1',
    layout: 'decimal offset, pairs of digits',
    dump: message => [...rows(message, 16, (part, at) => `${offset(at, 7, 10)} ${pairs(part)}`), offset(message.length, 7, 10)],
  },
  {
    program: 'od -tx1',
    layout: 'octal offset, pairs of digits',
    dump: message => [...rows(message, 16, (part, at) => `${offset(at, 7, 8)} ${pairs(part)}`), offset(message.length, 7, 8)],
  },
  { program: 'od -An -tx1', layout: 'pairs of digits', dump: message => rows(message, 16, part => ` ${pairs(part)}`) },
  {
    program: 'od -tx1z',
    layout: 'octal offset, pairs of digits, text',
    dump: message => [
      ...rows(message, 16, (part, at) => `${offset(at, 7, 8)} ${pairs(part).padEnd(47)}  >${printable(part)}<`),
      offset(message.length, 7, 8),
    ],
  },
  {
    program: 'od -to1',
    layout: 'octal offset, octal bytes',
    dump: message => [
      ...rows(message, 16, (part, at) => `${offset(at, 7, 8)} ${[...part].map(byte => offset(byte, 3, 8)).join(' ')}`),
      offset(message.length, 7, 8),
    ],
  },
  {
    program: 'od -tu1',
    layout: 'octal offset, decimal bytes',
    dump: message => [
      ...rows(message, 16, (part, at) => `${offset(at, 7, 8)} ${[...part].map(byte => String(byte).padStart(3)).join(' ')}`),
      offset(message.length, 7, 8),
    ],
  },
  {
    program: 'od -x',
    layout: 'octal offset, words with the low byte first',
    dump: message => [...rows(message, 16, (part, at) => `${offset(at, 7, 8)} ${words(part)}`), offset(message.length, 7, 8)],
  },
  {
    program: 'Wireshark, copy as hex dump',
    layout: 'offset, pairs of digits, text',
    dump: message => rows(message, 16, (part, at) => `${offset(at, 4)}   ${pairs(part).padEnd(47)}   ${printable(part)}`),
  },
  {
    program: 'tshark -x',
    layout: 'offset, pairs of digits, text',
    dump: message => rows(message, 16, (part, at) => `${offset(at, 4)}  ${pairs(part).padEnd(47)}   ${printable(part)}`),
  },
  {
    program: 'PowerShell Format-Hex',
    layout: 'a line of column numbers; offset, pairs of digits, text',
    dump: message => [
      '           00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F',
      '',
      ...rows(message, 16, (part, at) => `${offset(at, 8)}   ${pairs(part).toUpperCase().padEnd(47)}  ${printable(part)}`),
    ],
  },
  {
    program: 'strace -xx',
    layout: 'a string of \\x escapes',
    dump: (message, direction) =>
      direction === 'command'
        ? [`write(3, "${escaped(message)}", ${message.length}) = ${message.length}`]
        : [`read(3, "${escaped(message)}", 4096) = ${message.length}`],
  },
  {
    program: 'strace',
    layout: 'a string of octal escapes and letters',
    dump: (message, direction) =>
      direction === 'command'
        ? [`write(3, "${octal(message)}", ${message.length}) = ${message.length}`]
        : [`read(3, "${octal(message)}", 4096) = ${message.length}`],
  },
  {
    program: 'strace -e write=3',
    layout: 'bar, offset, pairs of digits in two halves, text, bar',
    dump: message => rows(message, 16, (part, at) => ` | ${offset(at, 5)}  ${halves(part).padEnd(49)} ${printable(part).padEnd(16)} |`),
  },
  {
    program: 'C, strings',
    layout: 'strings of \\x escapes, one a line',
    dump: message => ['static const char cmd[] =', ...rows(message, 12, part => `    "${escaped(part)}"`), ';'],
  },
  {
    program: 'C, C#, Java, JavaScript',
    layout: 'numbers with 0x',
    dump: message => rows(message, 8, part => `    ${[...part].map(byte => `0x${pair(byte).toUpperCase()}`).join(', ')},`),
  },
  { program: 'Python, bytes', layout: 'a string of \\x escapes and letters', dump: message => [`>>> b'${python(message)}'`] },
  { program: 'Python, list; JSON; Rust {:?}', layout: 'decimal numbers', dump: message => [`data = [${numbers(message)}]`] },
  {
    program: 'Java, byte[]',
    layout: 'decimal numbers, negative from 128 on',
    dump: message => [`[${numbers(Uint8Array.from(message)).replace(/\d+/g, text => String((Number(text) << 24) >> 24))}]`],
  },
  { program: 'Go %v', layout: 'decimal numbers', dump: message => [`2026/01/27 21:20:15 sent [${numbers(message, ' ')}]`] },
  {
    program: 'Go %#v',
    layout: 'numbers with 0x',
    dump: message => [`[]byte{${[...message].map(byte => `0x${byte.toString(16)}`).join(', ')}}`],
  },
  { program: '.NET BitConverter', layout: 'pairs of digits with dashes', dump: message => [`cmd ${pairs(message, '-').toUpperCase()}`] },
  { program: 'pairs with colons', layout: 'pairs of digits with colons', dump: message => [`tpm: ${pairs(message, ':')}`] },
  { program: 'pairs with commas', layout: 'pairs of digits with commas', dump: message => [pairs(message, ', ')] },
  {
    program: 'one line of digits',
    layout: 'digits without gaps',
    dump: message => [`2026-01-27T21:20:15.123Z DEBUG send ${pairs(message, '')}`],
  },
  { program: 'base64', layout: 'one line', dump: message => [`{"cmd":"${Buffer.from(message).toString('base64')}"}`] },
  {
    program: 'PEM',
    layout: 'base64, 64 letters a line',
    dump: message => [
      '-----BEGIN TPM MESSAGE-----',
      ...(Buffer.from(message)
        .toString('base64')
        .match(/.{1,64}/g) ?? []),
      '-----END TPM MESSAGE-----',
    ],
  },
];
