import { dirname, relative, resolve, sep } from 'node:path';
import { stringify } from 'yaml';
import { SCENARIO, type ScenarioDocument } from '../language/scenario-schema.ts';
import { walk } from '../language/schema-walk.ts';
import { isPath } from '../language/values.ts';
import { showRule } from './candidates.ts';
import type { Exploration, Finding } from './explore.ts';

/** A violation as a scenario file that shows it again. */
export interface Found {
  readonly name: string;
  readonly text: string;
  readonly finding: Finding;
}

/** A file for each kind of violation: same action at the same place with the same end is one. */
export function foundScenarios({ scenario, findings }: Exploration, folder: string): readonly Found[] {
  const kinds = new Map<string, Found>();
  for (const finding of findings) {
    const { candidates, verdict } = finding;
    // An interruption is told by its event: what came after it is no part of the scenario.
    if (verdict.is !== 'violation' || candidates.some(one => 'interruption' in one)) continue;
    const name = [
      verdict.by,
      ...candidates.map(({ rule, label }) => `${rule.do} ${label}${typeof rule.frame === 'string' ? ` ${rule.frame}` : ''}`),
    ]
      .join(' ')
      .replace(/[^A-Za-z0-9]+/g, '-')
      .toLowerCase();
    if (!kinds.has(name)) kinds.set(name, { name, text: textOf(scenario.document, scenario.file, finding, folder), finding });
  }
  return [...kinds.values()];
}

function textOf(document: ScenarioDocument, file: string, { candidates, verdict }: Finding, folder: string): string {
  const rules = candidates.map(({ rule }) => rule);
  const steps = document.steps
    .slice(0, verdict.steps)
    .map((step, i) => (i === verdict.steps - 1 && verdict.state !== undefined ? { ...step, expect: { state: verdict.state } } : step));
  const found = structuredClone({
    ...document,
    title: `Found by explore: ${rules.map(showRule).join('; ')}`,
    about: `The adversary acts on ${document.title ?? file}: ${verdict.text}.`,
    violates: verdict.by.split(', '),
    adversary: [...(document.adversary ?? []), ...rules],
    steps,
  });
  const from = dirname(resolve(file));
  const edits: (() => void)[] = [];
  walk(SCENARIO, found, (schema, value, at) => {
    if (isPath(schema)) edits.push(() => put(found, at, portable(relative(resolve(folder), resolve(from, String(value))))));
  });
  for (const edit of edits) edit();
  return stringify(found, { lineWidth: 130 });
}

/** With `/`, which every system takes: the file may be read on another one. */
const portable = (path: string): string => path.split(sep).join('/');

function put(root: unknown, path: readonly (string | number)[], value: string): void {
  const last = path.at(-1) as string;
  const holder = path.slice(0, -1).reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], root);
  (holder as Record<string, unknown>)[last] = value;
}
