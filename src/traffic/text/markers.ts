import type { Direction } from '../message.ts';

/** A line with which a program announces the dump that follows. */
export interface Marker {
  readonly program: string;
  /** `length` is a group of it. */
  readonly line: RegExp;
  readonly direction?: Direction;
}

/** Who says how many bytes follow, and which way they travelled. */
export const MARKERS: readonly Marker[] = [
  { program: 'swtpm --log level=20', line: /SWTPM_IO_Read: length (?<length>\d+)/, direction: 'command' },
  { program: 'swtpm --log level=20', line: /SWTPM_IO_Write: length (?<length>\d+)/, direction: 'response' },
  { program: 'swtpm --log level=20', line: /Ctrl (?:Cmd|Rsp): length (?<length>\d+)/ },
  { program: 'tpm2-tss, TSS2_LOG', line: /(?:[Ss]ending|[Ww]riting|[Tt]ransmit).*\(size=(?<length>\d+)\)/, direction: 'command' },
  { program: 'tpm2-tss, TSS2_LOG', line: /(?:[Rr]eceived|[Rr]esponse|read ).*\(size=(?<length>\d+)\)/, direction: 'response' },
  { program: 'IBM TSS, TPM_TRACE_LEVEL', line: /SendCommand:? length (?<length>\d+)/, direction: 'command' },
  { program: 'IBM TSS, TPM_TRACE_LEVEL', line: /ReceiveCommand:? length (?<length>\d+)/, direction: 'response' },
  { program: 'U-Boot', line: /TPM request \[size:(?<length>\d+)\]/, direction: 'command' },
  { program: 'U-Boot', line: /TPM response \[ret:/, direction: 'response' },
  { program: 'wolfTPM', line: /^\s*Command: ?(?<length>\d+)\s*$/, direction: 'command' },
  { program: 'wolfTPM', line: /^\s*Response: ?(?<length>\d+)\s*$/, direction: 'response' },
  { program: 'socat -x', line: /^> .*\blength=(?<length>\d+)\b/, direction: 'command' },
  { program: 'socat -x', line: /^< .*\blength=(?<length>\d+)\b/, direction: 'response' },
];

/** One look before all of them. */
export const MAY_MARK = /length|size[=:]|\[ret:|Command: ?\d|Response: ?\d/;

/** What the line itself says about the way of the bytes behind it. */
export const DIRECTIONS: readonly { readonly says: RegExp; readonly direction: Direction }[] = [
  {
    says: /\b(?:write|writev|send|sendto|sendmsg)\(\d+(?:<[^>]*>)?, *$|\b(?:write|send|sendto)\(\d+[^"]*"$|iov_base="$/,
    direction: 'command',
  },
  { says: /\b(?:read|readv|recv|recvfrom)\(\d+[^"]*"$/, direction: 'response' },
  { says: /\b(?:TPM request|cmd|command|send|sending|sent|tx|request)\b[^a-z]*$/i, direction: 'command' },
  { says: /\b(?:TPM response|rsp|resp|response|recv|receive|received|rx|reply)\b[^a-z]*$/i, direction: 'response' },
];
