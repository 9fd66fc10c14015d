import { scenariosOf, stateOf, weaknesses } from '../../src/cli/profiles/profile-entries.ts';
import { pageOf, rows } from '../markdown.ts';
import { SOURCES } from './sources.ts';

const THREATS = 'Made by `npm run docs` from the records in `src/ultravisor/weaknesses/`; `svm-sim profiles` shows the same.';
const MEANING =
  'Rows 1 to 31 are those that the project set out with; those behind were found while the simulator was made. A scenario that *succeeds* shows the attack, one that *fails* shows the same attack against `hardened`.';

/** Every weakness under a heading of its own, so that "threat 13" leads to #threat-13. */
export function threatsPage(): string {
  const sections = weaknesses.map(weakness => {
    const scenarios = scenariosOf(weakness).map(
      ({ file, shows }) => `* [${file.split('/').at(-1)}](../../fixtures/scenarios/${file}.yaml): ${shows}`,
    );
    return pageOf([
      `## Threat ${weakness.number}`,
      capital(weakness.attempt),
      `What answers it: ${weakness.answer}.`,
      `State: ${stateOf(weakness)}.`,
      weakness.rest === undefined ? '' : `What is left: ${weakness.rest}.`,
      scenarios.join('\n'),
    ]).trimEnd();
  });
  return linked(pageOf(['# Threats', THREATS, MEANING, ...sections]), '.');
}

const SOURCES_HEAD =
  'Made by `npm run docs` from `scripts/citations/sources.ts`. A citation names a source and a file in it, often a function behind that: "open-power/ultravisor core/uvcall.c uv_return". A list of files behind one name goes on in the same source. Names without a file mean the release that is named here. Nothing of these sources is copied into this project.';

export function sourcesPage(): string {
  const sections = Object.entries(SOURCES).map(([name, { about, version, base, files }]) =>
    pageOf([
      `## ${name}`,
      `${capital(about)} Version: ${version}.`,
      rows(
        ['file that is cited'],
        files.map(file => [`[${file}](${base}${file})`]),
      ),
    ]).trimEnd(),
  );
  const standards =
    'Standards are cited by clause: the TPM 2.0 library specification in [the revision that is named here](tpm.md#which-specification), RFC, FIPS and NIST publications in their current edition, PAPR+ as *Power Architecture Platform Requirements*, "LUKS1" and "LUKS2 On-Disk Format" as the documents in the cryptsetup project.';
  return pageOf(['# Sources', SOURCES_HEAD, standards, ...sections]);
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

/** Makes links of the citations in a generated page, code apart; `reference` is the way from the page's folder to `docs/reference`. */
export function linked(page: string, reference: string): string {
  return page
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, i) => (i % 2 === 1 ? part : linkedText(part, reference)))
    .join('');
}

const linkedText = (text: string, reference: string): string =>
  text
    .replace(
      /docs\/reference\/(\w+)\.md#([\w-]+)/g,
      (_, name: string, anchor: string) => `[reference: ${anchor.replace(/[-_]/g, ' ')}](${reference}/${name}.md#${anchor})`,
    )
    .replace(/(?<![[\w])(threat|weakness) (\d+)\b/g, `[$1 $2](${reference}/threats.md#threat-$2)`);
