import { DecodeError, sameBytes, toHex, utf8 } from '../../bytes/index.ts';
import { digest } from '../../crypto/index.ts';
import type { CheckName } from '../../ultravisor/index.ts';
import { ESM_LIMITS, type EsmBlob, type EsmDigests, EsmError, openDigests } from '../format/index.ts';
import type { Outcome, VerifiedCheck, VerifyInput } from './verify.ts';
import type { MeasuredInitrd } from './verify-initrd.ts';

const said = (check: string, outcome: Outcome, text: string): VerifiedCheck => ({ call: 'UV_ESM', check, outcome, text });

/** RTAS, kernel, initrd, bootargs, in this order (pef.md e.7.3). A mismatch is counted and the next is looked at. */
export function checkDigests(input: VerifyInput, initrd: MeasuredInitrd): VerifiedCheck[] {
  const { blob, symmetricKey, measured, profile } = input;
  if (!blob.digests) return [said('digests', 'fails', 'the blob has no digests')];
  const { length } = blob.digests.ciphertext;
  if (length > ESM_LIMITS.digestsBytes)
    return [said('digests', 'fails', `the digests have ${length} bytes, the Ultravisor's buffer ${ESM_LIMITS.digestsBytes}`)];
  if (!symmetricKey) return [said('digests', 'unknown', 'the digests cannot be read without a private key that opens a lockbox')];
  const expected = readDigests(blob, symmetricKey);
  if ('outcome' in expected) return [expected];
  const check = (item: 'rtas' | 'kernel' | 'initrd' | 'bootargs', bytes: Uint8Array, wrong?: string): VerifiedCheck => {
    const name = `digest-${item}` as const satisfies CheckName;
    const same = wrong === undefined && sameBytes(digest('sha512', bytes), expected[item]);
    if (same) return said(name, 'holds', `the ${item} is the one that was measured (${bytes.length} bytes)`);
    const goesOn = profile.digestMismatch === 'logged' || profile.without.includes(name);
    return said(name, goesOn ? 'ignored' : 'fails', wrong ?? mismatch(item, bytes, expected));
  };
  return [
    said('digests-tag', 'holds', 'the digests are authentic'),
    check('rtas', measured.rtas),
    check('kernel', measured.kernel.subarray(0, expected.kernelSize), kernelTooShort(measured.kernel, expected)),
    check('initrd', initrd.bytes),
    check('bootargs', utf8(measured.bootargs)),
  ];
}

/** The digests, or why they cannot be read. */
function readDigests(blob: EsmBlob, symmetricKey: Uint8Array): EsmDigests | VerifiedCheck {
  try {
    return openDigests(blob, symmetricKey);
  } catch (error) {
    if (error instanceof EsmError && error.fault === 'tampered') return said('digests-tag', 'fails', error.message);
    if (error instanceof EsmError || error instanceof DecodeError) return said('digests', 'fails', error.message);
    throw error;
  }
}

function kernelTooShort({ length }: Uint8Array, { kernelSize }: EsmDigests): string | undefined {
  return length < kernelSize ? `the kernel has ${length} bytes in memory, the one that was measured ${kernelSize}` : undefined;
}

function mismatch(item: 'rtas' | 'kernel' | 'initrd' | 'bootargs', bytes: Uint8Array, expected: EsmDigests): string {
  const found = digest('sha512', bytes);
  const text = `this ${item} has SHA-512 ${toHex(found).slice(0, 16)}..., ${toHex(expected[item]).slice(0, 16)}... was measured`;
  if (item !== 'bootargs') return text;
  const near = nearMisses(Buffer.from(bytes).toString('utf8')).find(({ changed }) =>
    sameBytes(digest('sha512', utf8(changed)), expected.bootargs),
  );
  return near ? `${text}: they would be the same ${near.how}` : `${text}; every blank counts`;
}

/** What goes wrong with a command line on its way through files and shells. */
const nearMisses = (text: string): readonly { readonly changed: string; readonly how: string }[] => [
  { changed: text.replace(/\r?\n$/, ''), how: 'without the newline at the end' },
  { changed: text.replace(/\0$/, ''), how: 'without the NUL at the end' },
  { changed: text.trim(), how: 'without the blanks at both ends' },
  { changed: `${text} `, how: 'with a blank at the end' },
  { changed: text.replace(/ +/g, ' ').trim(), how: 'with single blanks' },
];
