import { expect } from 'chai';
import fc from 'fast-check';
import { visible, visibleDeep, visibleLines } from '../../src/bytes/index.ts';

/** Any text, with many of the characters that a terminal obeys. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u001b[2J', '\u001b]0;x\u0007', '\u009b31m', '\r\n', '\u202e', '\u2028', '\u0000'),
    ),
  )
  .map(parts => parts.join(''));
const OBEYED = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\ufeff]/u;

describe('text from outside', () => {
  it('has nothing that a terminal obeys when it is shown, and is one line', () =>
    fc.assert(fc.property(hostile, text => void expect(visible(text)).not.to.match(OBEYED))));

  it('keeps line ends and tabs where it is shown as lines, and nothing else', () =>
    fc.assert(fc.property(hostile, text => void expect(visibleLines(text).replace(/[\n\t]/g, '')).not.to.match(OBEYED))));

  it('that is harmless stays as it is', () => {
    expect(visible('Straße \u{1f511} “x”')).to.equal('Straße \u{1f511} “x”');
    expect(visibleLines('a\n\tb')).to.equal('a\n\tb');
  });

  it('is shown by the escapes of C', () => {
    expect(visible('\u001b[31m\r\n\t\u009b\u202e')).to.equal('\\x1b[31m\\r\\n\\t\\x9b\\u202e');
  });

  it('is found at any depth of a value', () => {
    expect(visibleDeep({ a: ['\n', 1n, null], b: new Uint8Array(1) })).to.deep.equal({ a: ['\\n', 1n, null], b: new Uint8Array(1) });
  });
});
