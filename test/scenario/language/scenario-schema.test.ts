import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { parse } from 'yaml';
import { scenarioJsonSchema, stepKinds } from '../../../src/scenario/index.ts';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly [key: string]: unknown;
}

/** Every property anywhere in a schema. */
function properties(node: unknown, path = ''): { path: string; node: Node }[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = Object.entries((node as Node).properties ?? {}).map(([key, inner]) => ({ path: `${path}.${key}`, node: inner }));
  return [...own, ...Object.entries(node).flatMap(([key, inner]) => properties(inner, key === 'properties' ? path : `${path}.${key}`))];
}

describe('The JSON Schema of scenarios', () => {
  const schema = scenarioJsonSchema();

  it('is the one in fixtures/scenario.schema.json (else: svm-sim schema > fixtures/scenario.schema.json)', async () => {
    expect(JSON.parse(await readFile('fixtures/scenario.schema.json', 'utf8'))).to.deep.equal(schema);
  });

  it('describes every field', () => {
    const all = properties(schema);
    expect(all.length).to.be.greaterThan(60);
    expect(all.filter(({ node }) => !node.description).map(({ path }) => path)).to.deep.equal([]);
  });

  it('has every kind of step', () => {
    const text = JSON.stringify(schema);
    for (const name of stepKinds.keys()) expect(text).to.contain(`"const":"${name}"`);
  });

  const validate = new Ajv({ strict: false }).compile(schema);
  for (const name of ['first-boot', 'fresh-host']) {
    it(`takes ${name}.yaml`, async () => {
      validate(parse(await readFile(`fixtures/scenarios/${name}.yaml`, 'utf8')));
      expect(validate.errors).to.equal(null);
    });
  }

  it('refuses a misspelt field', () => {
    expect(validate({ version: 1, seeed: 1, steps: [{ do: 'boot' }] })).to.equal(false);
    expect(validate({ version: 1, seed: 1, steps: [{ do: 'boot' }] })).to.equal(true);
  });
});
