import { toHex } from '../../bytes/index.ts';
import { type EsmBlob, ORIGIN_LOCKBOX } from '../format/index.ts';

/** The text of `svm-tool esm display`: origin, then recipients by number. Attachments are not in it. */
export function display(blob: EsmBlob): string {
  return blob.lockboxes
    .toSorted((a, b) => a.number - b.number)
    .map(({ name, fingerprint, comment }) => {
      const role = name === ORIGIN_LOCKBOX ? 'origin' : 'recipient';
      return `${role} ${toHex(fingerprint)} untrusted-comment ${comment}\n`;
    })
    .join('');
}
