import { expect } from 'chai';
import { citationsIn, type Library } from '../../scripts/citations/citations.ts';
import { anchorsOf, deadPath, linksOf } from '../../scripts/citations/markdown-links.ts';
import { linked, sourcesPage } from '../../scripts/citations/reference-pages.ts';
import { SOURCES } from '../../scripts/citations/sources.ts';
import { ROOT } from '../../scripts/layers.ts';

const library: Library = { root: ROOT, sources: SOURCES, threats: new Set([1, 2, 13]) };
/** Kinds of the citations in a text, each with a cross where it leads nowhere. */
const seen = (text: string): string[] => citationsIn(text, library).map(({ kind, dead }) => (dead === null ? kind : `${kind} ✗`));

describe('a citation', () => {
  const cases: readonly (readonly [text: string, citations: readonly string[]])[] = [
    ['(docs/reference/pef.md#digests)', ['page']],
    ['(docs/reference/pef.md#digests, #lockbox)', ['page']],
    ['(docs/reference/pef.md#digests, #locksmith)', ['page ✗']],
    ['(docs/reference/fep.md)', ['page ✗']],
    ['(threat 13), threats 1 and 2', ['threat', 'threat']],
    ['weakness 99; threats 1 and 77', ['threat ✗', 'threat ✗']],
    ['a threat to 9 people', []],
    ['fixtures/observed/h_tpm_comm.json#in-top-bits, #bit-59-set', ['recording']],
    ['fixtures/observed/libvirt.json#proxy-with-empty-path', ['recording']],
    ['fixtures/observed/h_tpm_comm.json#no-such-case', ['recording ✗']],
    ['fixtures/observed/nothing.json', ['recording ✗']],
    ['open-power/ultravisor core/uvcall.c uv_return, core/cookies.c', ['source', 'source']],
    ['open-power/ultravisor hw/xscom.c', ['source ✗']],
    ['QEMU core/uvcall.c', ['source ✗']],
    ['native/fd-relay.c', ['source']],
    ['lib/nobody.c', ['source ✗']],
    ['TPM 2.0 Part 3 §16.1', ['specification']],
    ['Part 5 §1', ['specification ✗']],
    ['as pef.md e.7 and decisions 9 say', ['unknown document ✗', 'unknown document ✗']],
    ['README.md says so, and *.md do', ['unknown document']],
  ];
  for (const [text, citations] of cases)
    it(`${text}: ${citations.join(', ') || 'none'}`, () => expect(seen(text)).to.deep.equal(citations));

  it('is reported with its line', () => {
    const [citation] = citationsIn('one\ntwo (threat 5)\n', library);
    expect(citation).to.include({ text: 'threat 5', line: 2, dead: 'there is no threat 5' });
  });
});

describe('links between the documents', () => {
  it("have GitHub's anchors, code apart", () => {
    const page = '# A page: of `code`, and [a link](x.md)\n\n```sh\n# no heading\n```\n\n## Twice\n\n## Twice\n\n## H_TPM_COMM\n';
    expect([...anchorsOf(page)]).to.deep.equal(['a-page-of-code-and-a-link', 'twice', 'twice-1', 'h_tpm_comm']);
  });

  it('are relative to their page, and the web is not looked at', () => {
    const links = linksOf('docs/a.md', '[one](b.md#x)\n[two](#here) [three](https://example.org/c.md) [four](../README.md)');
    expect(links).to.deep.equal([
      { line: 1, path: 'docs/b.md', anchor: 'x' },
      { line: 2, path: 'docs/a.md', anchor: 'here' },
      { line: 2, path: 'README.md', anchor: undefined },
    ]);
  });

  it('lead nowhere without the file or the heading', () => {
    expect(deadPath(ROOT, 'docs/reference/pef.md', 'digests')).to.equal(null);
    expect(deadPath(ROOT, 'docs/reference/pef.md', 'nowhere')).to.contain('no heading #nowhere');
    expect(deadPath(ROOT, 'docs/nothing.md', undefined)).to.contain('there is no docs/nothing.md');
  });

  it('are made of citations in pages that are generated, but not in code', () => {
    const page = 'See threat 13.\n```yaml\nsee threat 13\n```\n| docs/reference/pef.md#the-unwrap |';
    expect(linked(page, 'reference')).to.equal(
      'See [threat 13](reference/threats.md#threat-13).\n```yaml\nsee threat 13\n```\n| [reference: the unwrap](reference/pef.md#the-unwrap) |',
    );
  });

  it('lead from the page of sources to each file in the version that is meant', () => {
    const page = sourcesPage();
    for (const [name, { base, version, files }] of Object.entries(SOURCES)) {
      expect(page).to.contain(`## ${name}\n`).and.contain(version);
      for (const file of files) expect(page).to.contain(`[${file}](${base}${file})`);
      expect(new Set(files).size, name).to.equal(files.length);
    }
  });
});
