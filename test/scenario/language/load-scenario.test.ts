import { expect } from 'chai';
import { loadScenario, parseScenario, ScenarioError, withOverrides } from '../../../src/scenario/index.ts';
import { SimulatorError } from '../../../src/sim/index.ts';

const ESM = '../observed/esm/01-minimal';
const GUEST = `{ name: vm, lpid: 1, memory: 64 MiB, kernel: ${ESM}/kernel.bin, initrd: ${ESM}/initrd.img, bootargs: quiet, rtas: ${ESM}/rtas.bin }`;
const FILE = 'fixtures/scenarios/test.yaml';

/** `line:column what | hint` of every problem. */
async function problems(text: string): Promise<readonly string[]> {
  const error = await parseScenario(text, FILE).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ScenarioError)) throw error ?? new Error('the scenario is valid');
  return error.problems.map(({ line, column, what, hint }) => `${line}:${column} ${what}${hint ? ` | ${hint}` : ''}`);
}

/** Its steps begin at line 5, or 4 without guests. */
const scenario = (steps: string, guests = `guests:\n  - ${GUEST}\n`): string => `version: 1\n${guests}steps:\n${steps}`;

describe('Loading a scenario', () => {
  for (const name of ['first-boot', 'fresh-host']) {
    it(`takes ${name}.yaml with every file that it names`, async () => {
      const { document, files } = await loadScenario(`fixtures/scenarios/${name}.yaml`);
      expect(document.steps.length).to.be.greaterThan(3);
      expect([...files.values()].every(({ length }) => length > 0)).to.equal(true);
    });
  }

  it('tells every problem of a file at once, in the order of the lines', async () => {
    const all = await problems(`version: 2\nseeed: 1\nhost: { profile: documentd }\nsteps:\n  - do: strat\n  - do: get-file\n`);
    // What is possible grows with the language: the words before it are what a person reads.
    expect(all.map(text => text.replace(/Possible: (version), .*/, 'Possible: $1, ...'))).to.deep.equal([
      '1:10 "2" is not allowed here | Did you mean "1"? Possible: 1.',
      '2:1 there is no field "seeed" here | Did you mean "seed"? Possible: version, ...',
      '3:18 "documentd" is not allowed here | Did you mean "documented"? Possible: documented, published, published-as-built, hardened.',
      '5:9 there is no "do: strat" | Did you mean "start"?',
      '6:5 the field "file" is missing',
    ]);
  });

  it('shows the source line', async () => {
    const error = await parseScenario('version: 1\nsteps: {}\n', FILE).catch((thrown: unknown) => thrown);
    expect((error as ScenarioError).problems[0]).to.include({
      file: FILE,
      line: 2,
      column: 8,
      source: 'steps: {}',
      what: 'this is a mapping, not a list',
    });
    expect(error)
      .to.be.instanceOf(SimulatorError)
      .that.includes({ blame: 'input', where: `${FILE}:2:8` });
  });

  it('does not call a field missing whose name is misspelt', async () => {
    const [only, ...more] = await problems(scenario('  - do: boot\n', `guests:\n  - ${GUEST.replace('kernel:', 'kernal:')}\n`));
    expect(only).to.match(/^3:\d+ there is no field "kernal" here \| Did you mean "kernel"\?/);
    expect(more).to.deep.equal([]);
  });

  it('names the nearest code, state and check', async () => {
    const expecting = (what: string) => problems(scenario(`  - do: enter-secure-mode\n    expect: { ${what} }\n`));
    expect(await expecting('result: U_SUCESS')).to.deep.equal(['6:23 "U_SUCESS" is not allowed here | Did you mean "U_SUCCESS"?']);
    expect((await expecting('state: securre'))[0]).to.contain('Did you mean "secure"?');
    expect((await expecting('refusedBy: digest-kernl'))[0]).to.contain('Did you mean "digest-kernel"?');
    expect((await expecting('bytes: { text: x }'))[0]).to.contain('there is no field "bytes" here');
  });

  it('refuses sizes that are none', async () => {
    const [problem] = await problems(scenario('  - do: boot\n', `guests:\n  - ${GUEST.replace('64 MiB', '64 MB')}\n`));
    expect(problem).to.contain('"64 MB" is no size: write a whole number and B, KiB, MiB, GiB or TiB');
  });

  it('names a file that is not there, and the one that may be meant', async () => {
    const [problem] = await problems(scenario('  - do: boot\n', `guests:\n  - ${GUEST.replace('initrd.img', 'initrd.imgg')}\n`));
    expect(problem).to.match(/initrd.imgg: there is no such file \| Did you mean "initrd.img"\?$/);
  });

  it('refuses names of guests, hosts and steps that do not exist or exist twice', async () => {
    expect(await problems(scenario('  - do: boot\n    host: hsot\n  - do: start\n    guest: mv\n'))).to.deep.equal([
      '6:11 there is no host "hsot" | Did you mean "host"? Possible: host.',
      '8:12 there is no guest "mv" | Did you mean "vm"? Possible: vm.',
    ]);
    expect(await problems(scenario('  - do: boot\n  - do: start\n', ''))).to.deep.equal(['4:5 the scenario has no guest']);
    expect(await problems(scenario('  - { do: boot, name: a }\n  - { do: start, name: a }\n'))).to.deep.equal([
      '6:24 there is another step "a"',
    ]);
    expect((await problems(scenario('  - do: boot\n', `guests:\n  - ${GUEST}\n  - ${GUEST}\n`))).join()).to.match(
      /another guest "vm".*has lpid 1 too/,
    );
    const two = 'hosts: [{ name: blue }, { name: red }]\n';
    expect(await problems(`version: 1\n${two}steps:\n  - do: boot\n`)).to.deep.equal(['4:5 which host? | Say "host: ..." (blue, red).']);
  });

  it('refuses a TPM that there is not', async () => {
    expect((await problems('version: 1\nhost: { tpm: embeded }\nsteps:\n  - do: boot\n'))[0]).to.match(
      /^2:14 "embeded" names no TPM \| Did you mean "embedded"\?/,
    );
  });

  it('refuses steps that come too early', async () => {
    expect(await problems(scenario('  - do: start\n'))).to.deep.equal([
      '5:5 host "host" has not booted yet | Put "do: boot" before this step.',
    ]);
    expect(await problems(scenario('  - do: boot\n  - do: enter-secure-mode\n'))).to.deep.equal([
      '6:5 guest "vm" does not run at this point | Put "do: start" before this step.',
    ]);
    expect((await problems(scenario('  - do: boot\n  - do: start\n  - { do: reboot, host: host }\n  - do: terminate\n')))[0]).to.contain(
      'does not run',
    );
  });

  it('refuses fields that exclude each other', async () => {
    const both = GUEST.replace('quiet,', 'quiet, esm: { blob: x, recipe: y },');
    expect((await problems(scenario('  - do: boot\n', `guests:\n  - ${both}\n`)))[0]).to.contain('"recipe" cannot stand beside "blob"');
    expect((await problems('version: 1\nhost: {}\nhosts: [{ name: a }]\nsteps:\n  - { do: boot, host: a }\n'))[0]).to.contain(
      'both "host" and "hosts"',
    );
  });

  it('tells every mistake in the strands of a parallel step at its place', async () => {
    const strands =
      '  - do: parallel\n    strands:\n      - - do: strat\n        - { do: start, gueest: vm }\n      - - do: boot\n          hots: x\n';
    expect((await problems(scenario(strands))).map(text => text.replace(/ Possible: .*/, ''))).to.deep.equal([
      '7:15 there is no "do: strat" | Did you mean "start"?',
      '8:24 there is no field "gueest" here | Did you mean "guest"?',
      '10:11 there is no field "hots" here | Did you mean "host"?',
    ]);
  });

  it('checks guests, keys and files of the steps in strands as those of others', async () => {
    const strand =
      '{ do: parallel, strands: [[{ do: terminate, guest: mv }], [{ do: unlock, disk: no.img }, { do: migrate, to: nowhere }]] }';
    expect((await problems(scenario(`  - do: boot\n  - do: start\n  - ${strand}\n`))).map(text => text.replace(/ \|.*/, ''))).to.deep.equal(
      ['7:56 there is no guest "mv"', '7:84 no.img: there is no such file', '7:113 there is no host "nowhere"'],
    );
  });

  it('tells what the YAML parser tells', async () => {
    expect((await problems('version: 1\nversion: 1\n'))[0]).to.match(/^2:1 Map keys must be unique/);
    expect((await problems('steps: [\n')).join()).to.match(/^2:1 /);
    expect((await problems(''))[0]).to.equal('1:1 this is empty, not a mapping');
  });

  it('tells that the file itself is not there', async () => {
    const error = await loadScenario('fixtures/scenarios/first-boot.yml').catch((thrown: unknown) => thrown);
    expect(error)
      .to.be.instanceOf(SimulatorError)
      .that.includes({ what: 'there is no such file', hint: 'Did you mean "first-boot.yaml"?' });
  });

  it('lets seed, TPM and profile be set from outside', async () => {
    const given = await loadScenario('fixtures/scenarios/first-boot.yaml');
    const { document } = withOverrides(given, { seed: '7', tpm: 'embedded', profile: 'published' });
    expect(document.seed).to.equal('7');
    expect(document.host).to.deep.include({ profile: 'published', firmware: given.document.host?.firmware });
    expect(() => withOverrides(given, { profile: 'publishd' }))
      .to.throw(SimulatorError)
      .with.property('hint')
      .that.contains('"published"');
  });
});
