import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parseScenario, ScenarioError } from '../../src/index.ts';
import { builtFile } from '../helpers/built.ts';

const run = promisify(execFile);

interface Package {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly files: readonly string[];
}
const { exports: entries, files } = JSON.parse(readFileSync('package.json', 'utf8')) as Package;

/** Entries by the name that a user imports, with the source that they are made of. */
const sources: ReadonlyMap<string, string> = new Map(
  Object.entries(entries).flatMap(([name, entry]) =>
    typeof entry === 'string'
      ? []
      : [[`svm-sim${name.slice(1)}`, entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')] as const],
  ),
);
const EXAMPLES = readdirSync('fixtures/examples').map(name => `fixtures/examples/${name}`);

describe('The library, used by another project', function () {
  this.timeout(120_000);

  it('has an entry for each room that can be used by itself, and an example for each entry', () => {
    expect([...sources.keys()]).to.deep.equal(['svm-sim', ...['tpm', 'esm', 'luks', 'trace', 'explore'].map(name => `svm-sim/${name}`)]);
    for (const source of sources.values()) expect(existsSync(source), source).to.equal(true);
    const imported = new Set(
      EXAMPLES.flatMap(file => [...readFileSync(file, 'utf8').matchAll(/from '(svm-sim[^']*)'/g)].map(([, from]) => from)),
    );
    expect(imported).to.deep.equal(new Set(sources.keys()));
  });

  it('runs its examples with mocha', async () => {
    builtFile('index.js'); // the package by its name is what was built
    const argv = ['node_modules/mocha/bin/mocha.js', '--no-config', '--timeout', '60000'];
    const { stdout } = await run(process.execPath, [...argv, ...EXAMPLES], { env: { ...process.env, NO_COLOR: '1' } });
    expect(stdout)
      .to.match(/^ +11 passing/m)
      .and.not.to.match(/failing/);
  });

  it('says where a disk image is that it comes without', async () => {
    const text = readFileSync('fixtures/scenarios/real-chain.yaml', 'utf8');
    const error = await parseScenario(text, '/nowhere/fixtures/scenarios/real-chain.yaml').catch((caught: unknown) => caught);
    if (!(error instanceof ScenarioError)) throw error;
    const disk = error.problems.find(({ what }) => what.includes('luks2-argon2id-rootd.img'));
    expect(disk?.hint).to.match(/^The npm package comes without the disk images\. Take luks2-argon2id-rootd\.img from /);
  });

  it('comes without source maps, sources and disk images; with what the examples need', () => {
    expect(files).to.include.members(['fixtures/examples', 'fixtures/scenarios', 'fixtures/observed', '!fixtures/observed/luks']);
    expect(files).to.not.include('src');
    expect(JSON.parse(readFileSync('tsconfig.json', 'utf8')).compilerOptions).to.not.have.property('sourceMap');
  });
});
