import { DecodeError, toHex, utf8 } from '../../../bytes/index.ts';
import {
  compareMeasured,
  ESM_LIMITS,
  type EsmBlob,
  type EsmDigests,
  EsmError,
  filesDigest,
  filesFdt,
  MEASURED_ITEMS,
  type MeasuredItem,
  type MeasuredOutcome,
  openDigests,
  refusesMeasured,
} from '../../format/index.ts';
import type { MeasuredInitrd } from './initrd.ts';
import { inEsm, type VerifiedCheck, type VerifyInput } from './verified-check.ts';

/** What the firmware would compare, in its order. */
export function checkDigests(input: VerifyInput, initrd: MeasuredInitrd): VerifiedCheck[] {
  const { blob, symmetricKey, measured, profile } = input;
  if (!blob.digests) return [inEsm('digests', 'fails', 'the blob has no digests')];
  const { length } = blob.digests.ciphertext;
  if (length > ESM_LIMITS.digestsBytes)
    return [inEsm('digests', 'fails', `the digests have ${length} bytes, the Ultravisor's buffer ${ESM_LIMITS.digestsBytes}`)];
  if (!symmetricKey) return [inEsm('digests', 'unknown', 'the digests cannot be read without a private key that opens a lockbox')];
  const digests = readDigests(blob, symmetricKey);
  if ('outcome' in digests) return [digests];
  const there: Readonly<Record<MeasuredItem, Uint8Array>> = {
    rtas: measured.rtas,
    kernel: measured.kernel.subarray(0, digests.kernelSize),
    initrd: initrd.bytes,
    bootargs: utf8(measured.bootargs),
    files: filesFdt(blob.tree) ?? new Uint8Array(0),
  };
  const check = (item: MeasuredItem, expected: Uint8Array): VerifiedCheck => {
    const bytes = there[item];
    const outcome = compareMeasured(item, bytes, expected);
    if (outcome.same) return inEsm(outcome.check, 'holds', `the ${NAMES[item]} is the one that was measured (${bytes.length} bytes)`);
    const why = (item === 'kernel' ? kernelTooShort(measured.kernel, digests) : undefined) ?? mismatch(outcome, bytes);
    return inEsm(outcome.check, refusesMeasured([outcome], profile) ? 'fails' : 'ignored', why);
  };
  const files = filesDigest(digests.files, profile);
  return [
    inEsm('digests-tag', 'holds', 'the digests are authentic'),
    ...MEASURED_ITEMS.map(item => check(item, digests[item])),
    ...(files ? [check('files', files)] : []),
  ];
}

const NAMES: Readonly<Record<MeasuredItem, string>> = {
  rtas: 'rtas',
  kernel: 'kernel',
  initrd: 'initrd',
  bootargs: 'bootargs',
  files: 'tree of attachments',
};

/** The digests, or why they cannot be read. */
function readDigests(blob: EsmBlob, symmetricKey: Uint8Array): EsmDigests | VerifiedCheck {
  try {
    return openDigests(blob, symmetricKey);
  } catch (error) {
    if (error instanceof EsmError && error.fault === 'tampered') return inEsm('digests-tag', 'fails', error.message);
    if (error instanceof EsmError || error instanceof DecodeError) return inEsm('digests', 'fails', error.message);
    throw error;
  }
}

function kernelTooShort({ length }: Uint8Array, { kernelSize }: EsmDigests): string | undefined {
  return length < kernelSize ? `the kernel has ${length} bytes in memory, the one that was measured ${kernelSize}` : undefined;
}

function mismatch({ item, found, expected }: MeasuredOutcome, bytes: Uint8Array): string {
  const text = `this ${NAMES[item]} has SHA-512 ${toHex(found).slice(0, 16)}..., ${toHex(expected).slice(0, 16)}... was measured`;
  if (item !== 'bootargs') return text;
  const near = nearMisses(Buffer.from(bytes).toString('utf8')).find(({ changed }) => compareMeasured(item, utf8(changed), expected).same);
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
