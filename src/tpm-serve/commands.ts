const command = (code: number, type: number): Uint8Array => Uint8Array.of(0x80, 0x01, 0, 0, 0, 12, 0, 0, code >> 8, code & 0xff, 0, type);

/** What the platform itself tells the TPM. */
export const commandsFor = {
  startup: (kind: 'clear' | 'state'): Uint8Array => command(0x144, kind === 'clear' ? 0 : 1),
  shutdownClear: command(0x145, 0),
};
