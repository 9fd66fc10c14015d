import { Script } from 'node:vm';
import { inflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { toReport } from '../../src/trace/index.ts';
import { linkScripts } from '../../src/trace/report/link.ts';
import { event, everyKind } from './events.ts';

const about = { title: 'A <test> & more', seed: '1', hosts: [{ name: 'host', tpm: 'embedded', profile: 'documented' }] };
const header = { format: 'svm-sim trace', version: 1, simulator: '0' } as const;
const secret = Uint8Array.from({ length: 16 }, (_, i) => 0xb0 + i);
const birth = event('secret', { seq: 99, sights: [{ what: 'key', bytes: secret, seenBy: ['firmware'] }] });

/** The blocks of a page: who sees them, and what is in them. */
const blocksIn = (page: string): { mask: number; text: string }[] =>
  [...page.matchAll(/class="block" data-mask="(\d+)">([^<]*)</g)].map(([, mask, data = '']) => ({
    mask: Number(mask),
    text: inflateRawSync(Buffer.from(data, 'base64')).toString(),
  }));

describe('The HTML report', () => {
  const page = toReport({ header, runs: [{ about, ok: true, events: [...everyKind, birth] }] });

  it('asks nothing of any network', () => {
    expect(page).not.to.match(/(src|href)="(?!data:|#)/);
    expect(page).to.contain("default-src 'none'");
  });

  it('has titles as text', () => {
    expect(page).to.contain('A &#60;test&#62; &#38; more').and.not.to.contain('<test>');
  });

  it('puts a secret only into blocks of those who know it', () => {
    const value = Buffer.from(secret).toString('base64');
    const holding = blocksIn(page).filter(({ text }) => text.includes(value));
    expect(holding.map(({ mask }) => mask)).to.deep.equal([0b00001]);
  });

  it('keeps everything else out when it is made for one viewpoint', () => {
    const one = toReport({ header, runs: [{ about, events: [...everyKind, birth] }] }, { only: 'hypervisor' });
    const blocks = blocksIn(one);
    expect(blocks.length).to.be.greaterThan(0);
    for (const { text } of blocks) expect(text).not.to.contain('is born');
  });

  it('shows long bytes by their digest', () => {
    const long = event('proxy.file', { sights: [{ what: 'page', bytes: new Uint8Array(0x1_0000), seenBy: ['hypervisor'] }] });
    const [block] = blocksIn(toReport({ header, runs: [{ about, events: [long] }] }));
    expect(block?.text).to.match(/"n":65536,"d":"[0-9a-f]{64}"/);
  });

  it('is made of scripts that fit together', () => {
    const files: Record<string, string> = {
      'a.js': "import { b } from './b.js';\n\nexport const a = b + 1;\n",
      'b.js': 'export const b = 1;\n',
    };
    const script = linkScripts('a.js', name => files[name] ?? '');
    expect(script)
      .to.contain('const b = 1;\n\nconst a = b + 1;')
      .and.not.to.match(/^(import|export)/m);
    // A name declared twice would not even parse.
    for (const [, text = ''] of page.matchAll(/<script>([\s\S]*?)<\/script>/g)) expect(() => new Script(text)).not.to.throw();
  });
});
