import { concat } from '../../bytes/index.ts';

/** A program of svm-tools that reads the passphrase of a disk out of the ESM blob, in the initramfs. */
export interface PassphraseClient {
  /** The attachment that it asks for. */
  readonly file: string;
  readonly about: string;
  /** LUKS versions that it answers for; another volume is left to whoever sits at the console. */
  readonly luks: readonly number[];
  /** What cryptsetup gets, of what is attached. */
  passphrase(contents: Uint8Array): Uint8Array;
}

const NEWLINE = 0x0a;
/** UV_ESMB_GET_FILE gives 64 bytes a call. */
const PIECE_BYTES = 64;

/** svm-tools svm-password-agent/src/esmb-get-file.c `dump_buf`: every piece is printed with a newline behind it. */
function printed(contents: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < contents.length; at += PIECE_BYTES) pieces.push(contents.subarray(at, at + PIECE_BYTES), Uint8Array.of(NEWLINE));
  return concat(...pieces);
}

/** `$(...)` of a shell: NULs are dropped, and the newlines at the end. */
function substituted(output: Uint8Array): Uint8Array {
  const kept = output.filter(byte => byte !== 0);
  let end = kept.length;
  while (end > 0 && kept[end - 1] === NEWLINE) end--;
  return kept.slice(0, end);
}

/** The real clients, by the initramfs generator that brings them (svm-tools svm-password-agent). */
export const passphraseClients = {
  dracut: {
    file: 'rootd',
    about: '`dracut` (svm-rootfs-askpass) reads rootd, leaves newlines at the end out, and answers for LUKS2 only',
    luks: [2],
    passphrase: contents => substituted(printed(contents)),
  },
  'initramfs-tools': {
    file: 'crypttab',
    about: '`initramfs-tools` (pef_svm_keyscript) reads crypttab and leaves every newline out',
    luks: [1, 2],
    passphrase: contents => substituted(printed(contents)).filter(byte => byte !== NEWLINE),
  },
} as const satisfies Readonly<Record<string, PassphraseClient>>;

export type PassphraseClientName = keyof typeof passphraseClients;
