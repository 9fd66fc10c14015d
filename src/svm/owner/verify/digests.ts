import { DecodeError, toHex, utf8 } from '../../../bytes/index.ts';
import {
  compareMeasured,
  ESM_LIMITS,
  type EsmBlob,
  type EsmDigests,
  EsmError,
  filesDigest,
  filesFdt,
  findEsmBlob,
  MEASURED_ITEMS,
  type MeasuredItem,
  type MeasuredOutcome,
  openDigests,
  refusesMeasured,
} from '../../format/index.ts';
import { RTAS_CODE } from '../measure.ts';
import { INITRD_GPA, type MeasuredInitrd } from './initrd.ts';
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
    const why = (item === 'kernel' ? kernelTooShort(measured.kernel, digests) : undefined) ?? mismatch(outcome, bytes, input);
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

function mismatch({ item, found, expected }: MeasuredOutcome, bytes: Uint8Array, { measured: { initrd } }: VerifyInput): string {
  const text = `this ${NAMES[item]} has SHA-512 ${toHex(found).slice(0, 16)}..., ${toHex(expected).slice(0, 16)}... was measured`;
  const near = nearMiss(item, item === 'initrd' ? initrd : bytes, expected);
  if (near) return `${text}: they would be the same ${near.how}`;
  return item === 'bootargs' ? `${text}; every blank counts` : text;
}

/** What somebody else may have measured in the place of these bytes. */
export interface NearMiss {
  readonly changed: Uint8Array;
  /** As the end of "they would be the same". */
  readonly how: string;
}

/** The variant of what lies in memory that has the owner's digest; of an initrd `bytes` is the whole file. */
export function nearMiss(item: MeasuredItem, bytes: Uint8Array, expected: Uint8Array): NearMiss | undefined {
  return (VARIANTS[item]?.(bytes) ?? []).find(({ changed }) => compareMeasured(item, changed, expected).same);
}

const VARIANTS: Partial<Record<MeasuredItem, (bytes: Uint8Array) => readonly NearMiss[]>> = {
  bootargs: bytes => commandLines(Buffer.from(bytes).toString('utf8')).map(({ text, how }) => ({ changed: utf8(text), how })),
  initrd: initrds,
  rtas: bytes => [{ changed: RTAS_CODE, how: 'with the RTAS code that svm-tool has built in' }, ...withoutZeros(bytes)],
  kernel: withoutZeros,
};

/** What goes wrong with a command line on its way through files and shells. */
const commandLines = (text: string): readonly { readonly text: string; readonly how: string }[] => [
  { text: text.replace(/\r?\n$/, ''), how: 'without the newline at the end' },
  { text: text.replace(/\0$/, ''), how: 'without the NUL at the end' },
  { text: text.trim(), how: 'without the blanks at both ends' },
  { text: `${text} `, how: 'with a blank at the end' },
  { text: `${text}\n`, how: 'with a newline at the end' },
  { text: text.replace(/ +/g, ' ').trim(), how: 'with single blanks' },
  { text: text.replace(/^(["'])(.*)\1$/s, '$2'), how: 'without the quotes around it' },
];

/** The Ultravisor measures what lies behind the archive of the blob: with or without it is what people mistake. */
function initrds(initrd: Uint8Array): readonly NearMiss[] {
  const search = findEsmBlob(initrd, INITRD_GPA);
  const behind = initrd.subarray(search.archiveBytes);
  const inner = findEsmBlob(behind, INITRD_GPA);
  return [
    { changed: initrd, how: 'together with the blob in front: it was measured after `svm add`, and is to be measured before' },
    { changed: initrd.subarray(search.endOffset), how: 'without the blob in front, whose archive has no end' },
    { changed: behind.subarray(inner.archiveBytes), how: 'without the second blob behind the first: `svm add` was run twice' },
    { changed: behind.subarray(0, -1), how: 'without the last byte' },
    ...withoutZeros(behind),
  ];
}

function withoutZeros(bytes: Uint8Array): readonly NearMiss[] {
  const end = bytes.findLastIndex(byte => byte !== 0) + 1;
  return [{ changed: bytes.subarray(0, end), how: 'without the zeros at the end' }];
}
