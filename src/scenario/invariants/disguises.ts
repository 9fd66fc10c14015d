import { toHex, utf8 } from '../../bytes/index.ts';

/** A form in which a secret may be written. */
export interface Disguise {
  /** Absent: as it is. */
  readonly as?: string;
  readonly bytes: Uint8Array;
  /** So many bytes in a row count as seen: as much as eight bytes of the secret. */
  readonly run: number;
  /** Byte of the secret at which a run begins. */
  secretOffset(at: number): number;
}

/** A secret as it is, reversed, and in the texts in which bytes are written down. */
export function disguises(secret: Uint8Array): readonly Disguise[] {
  const hex = toHex(secret);
  const halved = (at: number): number => at >> 1;
  return [
    { bytes: secret, run: 8, secretOffset: at => at },
    { as: 'reversed', bytes: secret.toReversed(), run: 8, secretOffset: at => secret.length - at - 8 },
    { as: 'in hexadecimal', bytes: utf8(hex), run: 16, secretOffset: halved },
    ...(/[a-f]/.test(hex) ? [{ as: 'in hexadecimal', bytes: utf8(hex.toUpperCase()), run: 16, secretOffset: halved }] : []),
    ...[0, 1, 2].map(shift => base64From(secret, shift)),
  ];
}

/** Base64 looks different by where in its groups of three bytes the secret begins. */
function base64From(secret: Uint8Array, shift: number): Disguise {
  const whole = secret.subarray(shift, secret.length - ((secret.length - shift) % 3));
  return {
    as: 'in base64',
    bytes: utf8(Buffer.from(whole).toString('base64')),
    run: 12,
    secretOffset: at => shift + Math.floor((at * 3) / 4),
  };
}
