import { expect } from 'chai';
import { utf8 } from '../../../src/bytes/index.ts';
import { passphraseClients } from '../../../src/svm/guest/index.ts';

const LONG = '0123456789'.repeat(7);

/**
 * Attached contents, what cryptsetup gets of dracut's client, and of initramfs-tools' (svm-tools svm-password-agent,
 * docs/reference/pef.md#uv_esmb_get_file).
 */
const observed: readonly (readonly [what: string, attached: string, dracut: string, initramfsTools: string])[] = [
  ['a plain passphrase', 'secret', 'secret', 'secret'],
  ['newlines at the end', 'secret\n\n', 'secret', 'secret'],
  ['a newline inside', 'sec\nret', 'sec\nret', 'secret'],
  ['blanks at the end', 'secret  ', 'secret  ', 'secret  '],
  ['a NUL, which no shell variable holds', 'sec\0ret', 'secret', 'secret'],
  ['exactly 64 bytes', LONG.slice(0, 64), LONG.slice(0, 64), LONG.slice(0, 64)],
  ['more than 64 bytes', LONG, `${LONG.slice(0, 64)}\n${LONG.slice(64)}`, LONG],
  ['nothing', '', '', ''],
];

describe("the initramfs' clients hand over", () => {
  for (const [what, attached, dracut, initramfsTools] of observed) {
    it(what, () => {
      const given = (client: keyof typeof passphraseClients) =>
        Buffer.from(passphraseClients[client].passphrase(utf8(attached))).toString();
      expect({ dracut: given('dracut'), initramfsTools: given('initramfs-tools') }).to.deep.equal({ dracut, initramfsTools });
    });
  }
});
