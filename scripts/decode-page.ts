import { KNOWN_DUMPS, LINK_TYPES, MARKERS, PROTOCOLS, RULES } from '../src/traffic/index.ts';
import { pageOf, rows } from './markdown.ts';

/** TPM2_GetCapability, 22 bytes: a row and a bit. */
const EXAMPLE = Uint8Array.from(Buffer.from('8001000000160000017a00000006000001000000007f', 'hex'));

const HEAD = `# What \`svm-sim decode\` reads

Made by \`npm run docs\` from the declarations in \`src/traffic/\`.

\`svm-sim decode FILE...\` takes TPM commands and responses apart: in captures, in logs and dumps of other programs, and bytes as they are.
\`-\` is standard input, read as it grows: \`journalctl -f | svm-sim decode -\`. \`--follow\` does so with a file. What is not TPM is not
shown as TPM: a message begins with a tag and a possible size.

| to | say |
| --- | --- |
| see commands of one kind, with their responses | \`--only 'TPM2_NV_*'\` |
| see what failed, with its commands | \`--rc failed\`, \`--rc TPM_RC_LOCKOUT\`, \`--rc 0x922\` |
| see what is wrong with the use of the TPM | \`--check\` |
| go on in Wireshark | \`--pcap out.pcapng\` |
| go on in a program | \`--json\` |

Exit status 0: every message is whole. 1: one is broken, or the input is cut off; what could be read is shown. 2: there is none.`;

const TEXT = `## Text

A dump is recognised by its first row: how bytes are written, in which column, what stands in front (a time, a process, an offset) and
behind (text). Another row goes on with a message only if all of this is the same, and if its offset counts the bytes so far, in base 16,
10 or 8. So no date, address, process or letter of a text column becomes a byte. A message whose rows are lost ends where the next one
begins, and says what is missing. Other lines may stand between the rows. Colours are dropped; UTF-8, UTF-16 and CRLF are read. Two
processes of one log are two conversations.`;

const CAPTURE = `## Captures

pcap (microseconds, nanoseconds, both byte orders) and pcapng (enhanced, simple and obsolete packet blocks, several sections, clocks of any
resolution). Of a file that is cut off everything before the cut is shown, then where it is. TCP segments are put in order, repeated ones
count once, and bytes that the capture lacks break the message in which they lie and no other. Who is client the handshake tells, else
a known port, else the first command. Fragments of IP packets are passed over.`;

/** Seen with tshark 4.0.17 on the captures of fixtures/observed/decode; test/interop/tshark-decode.test.ts compares the streams. */
const COMPARED = `The same captures (\`fixtures/observed/decode\`) in tshark 4.0.17, whose streams (\`-z follow,tcp\`) are byte for byte the messages that
decode finds, and its TPM dissector, which reads packet by packet:`;
const COMPARISON: readonly (readonly string[])[] = [
  ['header-first.pcap', 'command and response', 'four packets: the second halves are messages of their own'],
  ['keep-alive.pcap', 'command and response', 'command and response'],
  ['segments.pcap', 'command, response of 2069 bytes', 'two packets of the response, and a bug of the dissector reported'],
  ['cut.pcap', 'command and response, then where it is cut', 'command and response, and that it is cut'],
  ['any.pcap', 'command and response', 'command and response'],
  ['mssim.pcap', 'four messages', 'seven packets and more: frames and the platform port among them'],
];

const JSON_PART = `## JSON

One object a line: \`number\`, counted from 1; \`where\` (line or packet); \`conversation\` (connection or process); \`timeNs\` since 1970, of
captures, as text; \`answers\`, of a response: the number of its command; \`bytes\` in hex; \`broken\`: what is missing, and why; \`kind\`,
\`command\` or \`response\`; \`tpm\`: \`1.2\` for such messages; \`name\` and \`code\` of the command; \`rc\` of a response, with \`code\` and
\`text\`; \`fields\`, each with \`path\`, \`type\`, \`offset\`, \`length\` and \`text\`; \`fault\`: why decoding stopped; \`remarks\`, such as what
this simulator's TPM would refuse.`;

const CHECK = `## What is wrong with it

\`--check\` looks at commands and responses in their order, conversation by conversation, and needs no keys. Of what was before the first
message it knows nothing, and says nothing. Each finding has the number of its message, and what helps.`;

const ANY_TPM = `## Any TPM

Fields are read as the TPM 2.0 library specification has them, up to revision 1.83, whatever the embedded TPM supports: SM3, SM4, SHA3,
RSA-4096, selections of any size, later capabilities and commands. What the embedded TPM would refuse is a remark. Commands and
capabilities of a manufacturer are shown as such, with their bytes. Of TPM 1.2 the header is read: ordinal, return code, tag.`;

export const decodePage = (): string =>
  pageOf([
    HEAD,
    TEXT,
    rows(
      ['program', 'layout', 'a message of 22 bytes'],
      KNOWN_DUMPS.map(({ program, layout, dump }) => [
        program,
        layout,
        dump(EXAMPLE, 'command')
          .filter(Boolean)
          .map(line => `\`${line.replaceAll('|', '\\|').replaceAll('`', "'").replaceAll('\t', '  ')}\``)
          .join('<br>'),
      ]),
    ),
    'Lines that announce a dump tell its length and its way:',
    rows(
      ['program', 'line', 'what follows'],
      MARKERS.map(({ program, line, direction }) => [program, `\`${line.source.replaceAll('|', '\\|')}\``, direction ?? 'no TPM message']),
    ),
    CAPTURE,
    rows(
      ['link type', 'name'],
      LINK_TYPES.map(({ number, name }) => [String(number), name]),
    ),
    `Packets of other link types are counted, and named. Protocols, found out for each connection: ${PROTOCOLS.map(({ name }) => name).join(', ')}; other connections are left alone.`,
    COMPARED,
    rows(['capture', 'decode', "tshark's TPM dissector"], COMPARISON),
    ANY_TPM,
    CHECK,
    rows(
      ['rule', 'finds', 'cure'],
      RULES.map(({ name, about, cure }) => [`\`${name}\``, about, cure]),
    ),
    JSON_PART,
  ]);
