import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { BUILT_PAGES, bundlePages } from '../../scripts/pages.ts';
import { toReport } from '../../src/trace/index.ts';
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

  it('allows its own script and style by their digests, and nothing else', () => {
    const { policy = '' } = page.match(/Content-Security-Policy" content="(?<policy>[^"]*)"/)?.groups ?? {};
    const digestOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const [, style = ''] = page.match(/<style>([\s\S]*?)<\/style>/) ?? [];
    const [, script = ''] = page.match(/<script>([\s\S]*?)<\/script>/) ?? [];
    expect(style.length).to.be.greaterThan(1000);
    expect(script.length).to.be.greaterThan(1000);
    expect(policy)
      .to.contain(`style-src ${digestOf(style)};`)
      .and.to.contain(`script-src ${digestOf(script)};`);
    expect(policy).not.to.contain('unsafe');
    expect(page).not.to.match(/ style="| on[a-z]+="/);
  });

  it('is built from report/ as it is now: else npm run build:pages', async () => {
    const built = await bundlePages();
    expect([...built.keys()]).to.have.members(['report.html', 'report.css', 'report.js', 'lesson.html', 'lesson.css', 'lesson.js']);
    for (const [name, text] of built) expect(readFileSync(join(BUILT_PAGES, name), 'utf8'), name).to.equal(text);
  });
});
