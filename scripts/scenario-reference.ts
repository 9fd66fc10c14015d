import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scenarioJsonSchema } from '../src/scenario/index.ts';
import { ROOT } from './layers.ts';
import { pageOf, rows } from './markdown.ts';

/** What is used here of JSON Schema. */
interface Schema {
  readonly type?: string;
  readonly const?: string | number;
  readonly enum?: readonly (string | number)[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  /** `#/definitions/step`: a step has steps in it. */
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

const CATALOGUE = join(ROOT, 'fixtures/scenarios');
const FIELDS = ['field', 'what stands there', 'what it means'];
/** More values than these are not listed in a cell. */
const MOST_VALUES = 12;
/** Told once, in a section of their own. */
const APART = new Set(['host', 'hosts', 'guests', 'steps', 'adversary', 'faults']);

/** docs/scenarios.md: every field that a scenario file may have, from the schema that checks it. */
export function scenarioReference(): string {
  const { properties = {}, definitions } = scenarioJsonSchema() as Schema;
  const steps = kindsOf(definitions?.step);
  const actions = kindsOf(properties.adversary?.items);
  const common = (kinds: readonly Schema[]): ReadonlySet<string> =>
    new Set(Object.keys(kinds[0]?.properties ?? {}).filter(name => name !== 'do' && kinds.every(kind => kind.properties?.[name])));
  const ofSteps = common(steps);
  const ofActions = common(actions);
  const part = (schema: Schema | undefined): string => rows(FIELDS, fieldsOf(schema));
  const pick = ({ properties: all = {} }: Schema, names: (name: string) => boolean): Schema => ({
    properties: Object.fromEntries(Object.entries(all).filter(([name]) => names(name))),
  });
  const [aStep = {}, anAction = {}] = [steps[0], actions[0]];
  return pageOf([
    '# Scenarios',
    'Made by `npm run docs` from the schema in `src/scenario/`. `svm-sim init` writes a commented scenario to begin with, `svm-sim validate` checks one, and with `svm-sim schema` an editor completes and explains every field.',
    `\`\`\`yaml\n${example()}\n\`\`\``,
    '## The file',
    rows(
      FIELDS,
      Object.entries(properties).map(([name, schema]) => [
        `\`${name}\``,
        APART.has(name) ? `see [below](#${name === 'hosts' ? 'host' : name})` : typeOf(schema),
        schema.description ?? '',
      ]),
    ),
    '## host',
    'A scenario with several hosts has a list of them in `hosts`, each with a `name`.',
    part(properties.host),
    '## guests',
    part(properties.guests?.items),
    '## steps',
    'What every step may have:',
    part(pick(aStep, name => ofSteps.has(name) && name !== 'expect')),
    ...steps.flatMap(step =>
      kindSection(
        step,
        pick(step, name => name !== 'do' && !ofSteps.has(name)),
      ),
    ),
    '## expect',
    aStep.properties?.expect?.description ?? '',
    part(aStep.properties?.expect),
    '## adversary',
    properties.adversary?.description ?? 'What a hostile hypervisor does: a list of rules.',
    'What every rule may have. It says when the rule strikes:',
    rows(FIELDS, [
      [
        '`at` (needed)',
        [...new Set(actions.flatMap(({ properties: all }) => all?.at?.enum ?? []))].map(point => `\`${point}\``).join(', '),
        'The point at which it happens: one of those that its action names below.',
      ],
      ...fieldsOf(pick(anAction, name => ofActions.has(name) && name !== 'at')),
    ]),
    ...actions.flatMap(action =>
      kindSection(
        action,
        pick(action, name => name !== 'do' && !ofActions.has(name)),
        action.properties?.at,
      ),
    ),
    '## bytes',
    'Where bytes are wanted, one of these stands:',
    rows(
      FIELDS,
      (anAction.properties?.contents?.anyOf ?? []).flatMap(one => fieldsOf({ ...(one.properties && { properties: one.properties }) })),
    ),
    '`step` is not there for what is loaded before the first step.',
    '## faults',
    properties.faults?.description ?? '',
    part(properties.faults?.items),
  ]);
}

const kindsOf = (one: Schema | undefined): readonly Schema[] => one?.oneOf ?? one?.anyOf ?? [];

/** A kind of step or an action: what it does, where, its fields, and a scenario in which it stands. */
function kindSection(kind: Schema, own: Schema, at?: Schema): readonly string[] {
  const name = String(kind.properties?.do?.const ?? '');
  const where = at ? `At: ${typeOf(at)}. ` : '';
  const [found] = scenarioFiles.filter(([, text]) => new RegExp(`\\bdo: ${name}\\b(?!-)`).test(text));
  const link = found ? `Example: [${found[0]}](../fixtures/scenarios/${found[0]}).` : '';
  return [
    `### ${name}`,
    `${kind.description ?? kind.properties?.do?.description ?? ''} ${where}${link}`.trim(),
    rows(FIELDS, fieldsOf(own)),
  ];
}

/** A row for each field, inner ones by their path. */
function fieldsOf(schema: Schema | undefined, path = ''): readonly (readonly string[])[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, inner]) => {
    const whole = path + name;
    const must = schema?.required?.includes(name) && path === '' ? ' (needed)' : '';
    const list = inner.items?.properties;
    return [
      [`\`${whole}\`${must}`, typeOf(inner), inner.description ?? ''],
      ...fieldsOf(inner, `${whole}.`),
      ...(list ? fieldsOf(inner.items, `${whole}[].`) : []),
      ...(isContents(inner) ? [] : (inner.anyOf ?? [])).flatMap(one => (one.properties ? fieldsOf(one, `${whole}.`) : [])),
    ];
  });
}

/** Bytes may be given in several ways everywhere; they are told once. */
const BYTES = new Set(['text', 'hex', 'file', 'step']);
const firstField = ({ properties = {} }: Schema): string => Object.keys(properties)[0] ?? '';
const isContents = ({ anyOf = [] }: Schema): boolean => anyOf.some(one => one.properties?.text && one.required?.length === 1);

function typeOf(schema: Schema): string {
  const { type, const: constant, enum: values, items, anyOf, oneOf, properties, additionalProperties, $ref } = schema;
  if ($ref === '#/definitions/step') return '[steps](#steps)';
  if (constant !== undefined) return `\`${constant}\``;
  if (values) {
    const shown = values.slice(0, MOST_VALUES).map(value => `\`${value}\``);
    return values.length > MOST_VALUES ? `one of ${values.length}: ${shown.slice(0, 3).join(', ')}, ...` : shown.join(', ');
  }
  if (isContents(schema)) return ['[bytes](#bytes)', ...(anyOf ?? []).filter(one => !BYTES.has(firstField(one))).map(typeOf)].join(' or ');
  const choices = anyOf ?? oneOf;
  if (choices) return [...new Set(choices.map(typeOf))].join(' or ');
  if (type === 'array') return items ? `list of ${plural(typeOf(items))}` : 'list';
  if (properties) return `{ ${Object.keys(properties).slice(0, 6).join(', ')}${Object.keys(properties).length > 6 ? ', ...' : ''} }`;
  if (type === 'object')
    return additionalProperties && additionalProperties !== true ? `names with ${plural(typeOf(additionalProperties))}` : 'mapping';
  return { string: 'text', integer: 'number', number: 'number', boolean: '`true`, `false`' }[type ?? ''] ?? 'any value';
}

const plural = (type: string): string => (/^(text|number)$/.test(type) ? `${type}s` : type);

const scenarioFiles: readonly (readonly [string, string])[] = readdirSync(CATALOGUE, { recursive: true, encoding: 'utf8' })
  .map(path => path.replaceAll('\\', '/'))
  .filter(path => /\.ya?ml$/.test(path) && !/(^|\/)_/.test(path))
  .sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1))
  .map(path => [path, readFileSync(join(CATALOGUE, path), 'utf8')]);

/** A short scenario, without the comment for editors. */
function example(): string {
  const text = readFileSync(join(CATALOGUE, 'attacks/01-other-kernel.yaml'), 'utf8');
  return text.replace(/^#.*\n/gm, '').trim();
}
