import { expect } from 'chai';
import { type CaseResult, formatResult, formatSummary, RECORDING_KINDS, runConform } from '../../src/conform/index.ts';
import { SimulatorError } from '../../src/sim/index.ts';
import { H_TPM_COMM_FILE, OBSERVED, oneVector, withFiles } from './recordings.ts';

async function errorOf(run: Promise<unknown>): Promise<SimulatorError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof SimulatorError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('conform finds recordings', () => {
  it('by their content, whatever they are called', async () => {
    await withFiles({ 'newer-qemu.json': oneVector('insize-4097'), 'notes.txt': 'no recording' }, async directory => {
      const { results } = await runConform([directory]);
      expect(results.map(({ name, file }) => [name, file])).to.deep.equal([['insize-4097', `${directory}/newer-qemu.json`]]);
    });
  });

  it('and tells the kinds apart', () => {
    const json = oneVector('insize-4097');
    const kinds = RECORDING_KINDS.filter(({ recognises }) => recognises(json));
    expect(kinds.map(({ name }) => name)).to.deep.equal(['h_tpm_comm']);
    for (const strange of [
      undefined,
      null,
      5,
      'text',
      [],
      {},
      { vectors: [] },
      { cases: 3 },
      { vectors: [{ steps: [] }] },
      { steps: [{}] },
    ]) {
      for (const { name, recognises } of RECORDING_KINDS) {
        expect(recognises(strange), `${name} ${JSON.stringify(strange)}`).to.equal(false);
      }
    }
  });

  it('and says which file of a directory it passed over', async () => {
    await withFiles({ 'a.json': oneVector('insize-4097'), 'b.json': {}, 'c.jsonl': 'x' }, async directory => {
      const report = await runConform([directory]);
      expect(formatSummary(report)).to.equal('1 passed, 0 failed, 2 skipped');
    });
  });

  it('and teaches about a named file that is none', async () => {
    await withFiles({ 'package.json': { name: 'x' }, 'text.txt': '# hello' }, async directory => {
      const unknown = await errorOf(runConform([`${directory}/package.json`]));
      expect(unknown).to.include({ code: 'conform.unknown-format', where: `${directory}/package.json`, blame: 'input' });
      for (const { name } of RECORDING_KINDS) expect(unknown.hint).to.contain(name);
      expect((await errorOf(runConform([`${directory}/text.txt`]))).what).to.contain('neither JSON nor JSON lines');
      expect((await errorOf(runConform([`${directory}/missing`]))).what).to.contain('no such file');
    });
  });

  it('and never says that all is well when nothing was played', async () => {
    await withFiles({ 'b.json': {} }, async directory => {
      expect((await errorOf(runConform([directory]))).what).to.equal('there is no recording');
      expect((await errorOf(runConform([]))).what).to.equal('there is no recording');
    });
    expect((await errorOf(runConform([H_TPM_COMM_FILE], { filter: 'nothing like it' }))).what).to.contain('no case matches');
  });
});

describe('conform plays', () => {
  it('the cases that the filter names, in name or path, and tells each at once', async () => {
    const told: string[] = [];
    await runConform([H_TPM_COMM_FILE], { filter: 'insize-409', onResult: ({ name }) => told.push(name) });
    expect(told).to.deep.equal(['insize-4095', 'insize-4096-script', 'insize-4096-tpm', 'insize-4097']);
    const { results } = await runConform([H_TPM_COMM_FILE], { filter: /^.* insize-\d$/g });
    expect(results.map(({ name }) => name)).to.deep.equal(['insize-0', 'insize-1', 'insize-9']);
  });

  it('several files and directories, counted together', async () => {
    const { passed } = await runConform([H_TPM_COMM_FILE, H_TPM_COMM_FILE], { filter: 'write-' });
    expect(passed).to.equal(8);
    expect((await runConform([OBSERVED], { filter: 'h_tpm_comm' })).passed).to.equal(87);
  });
});

describe('a known difference', () => {
  const changed = oneVector('insize-huge');
  changed.vectors[0].steps[0].expected.r3 = '-58';
  changed.vectors[0].steps[1].messages = [];

  const played = (known: string | object) =>
    withFiles({ 'r.json': changed, 'known.yaml': typeof known === 'string' ? known : JSON.stringify(known) }, directory =>
      runConform([`${directory}/r.json`], { knownFile: `${directory}/known.yaml` }),
    );

  it('is counted apart and is no failure', async () => {
    const report = await played('- { case: insize-huge, reason: a newer QEMU }');
    expect(report).to.include({ passed: 0, failed: 0, known: 1 });
    expect(formatSummary(report)).to.equal('0 passed, 0 failed, 1 known');
    expect(formatResult(report.results[0] as CaseResult)).to.equal('known   r.json  insize-huge: a newer QEMU');
  });

  it('may be one field, or what begins with it; the rest still fails', async () => {
    const { results, failed } = await played([{ case: 'insize-*', field: 'steps[0]', reason: 'x' }]);
    expect(failed).to.equal(1);
    expect(results[0]?.differences.map(({ field }) => field)).to.deep.equal(['steps[1].messages']);
    const both = [
      { file: 'r.json', case: '*', field: 'steps[0].r3', reason: 'one' },
      { case: '*', field: 'steps[*].messages', reason: 'two' },
    ];
    expect((await played(both)).results[0]).to.include({ ok: true, known: 'one; two' });
  });

  it('of another file, case or field does not count', async () => {
    for (const entry of [{ file: 's.json', case: '*' }, { case: 'insize' }, { case: '*', field: 'steps[0].r' }]) {
      expect((await played([{ ...entry, reason: 'x' }])).failed, JSON.stringify(entry)).to.equal(1);
    }
  });

  it('that is no longer different is told', async () => {
    const report = await runOnce(oneVector('insize-4097'));
    expect(formatSummary(report)).to.equal('no longer different: insize-4097 (known as: old)\n1 passed, 0 failed');
  });
  const runOnce = (recording: object) =>
    withFiles(
      {
        'r.json': recording,
        'k.json': [
          { case: 'insize-4097', reason: 'old' },
          { case: 'other', reason: 'not played' },
        ],
      },
      directory => runConform([`${directory}/r.json`], { knownFile: `${directory}/k.json` }),
    );

  it('needs a case and a reason, and known words', async () => {
    const whatOf = async (known: string) => (await errorOf(played(known))).message;
    expect(await whatOf('- { case: x }')).to.match(/known.yaml: entry 1: gives no reason$/);
    expect(await whatOf('- { reason: x }')).to.contain('says no case');
    expect(await whatOf('- { case: x, reason: y, fields: z }')).to.contain('there is no field "fields"');
    expect((await errorOf(played('- { case: x, reason: y, fields: z }'))).hint).to.contain('Did you mean "field"?');
    expect(await whatOf('- { case: 5, reason: y }')).to.contain('"case" is no text');
    expect(await whatOf('a: b')).to.contain('is no list');
    expect(await whatOf('- text')).to.contain('is no mapping');
    expect(await whatOf('- [')).to.match(/known.yaml:\d+:\d+/);
    expect((await errorOf(runConform([H_TPM_COMM_FILE], { knownFile: 'missing.yaml' }))).where).to.equal('missing.yaml');
  });

  it('an empty list knows nothing', async () => expect((await played('')).failed).to.equal(1));
});

describe('the text of a result', () => {
  const base: CaseResult = { file: 'a/b/x.json', name: 'case', about: 'what it is about', ok: true, differences: [] };
  const failed = (...differences: CaseResult['differences']): readonly string[] =>
    formatResult({ ...base, ok: false, differences }).split('\n');

  it('is a line for a case that passed or was skipped', () => {
    expect(formatResult(base)).to.equal('passed  x.json  case: what it is about');
    expect(formatResult({ ...base, file: 'esm/01-minimal/manifest.json', skipped: 'no TPM' })).to.equal(
      'skipped 01-minimal/manifest.json  case: no TPM',
    );
  });

  it('shows expected and actual side by side', () => {
    expect(failed({ field: 'r3', expected: 'H_P3 (-56)', actual: '' }, { field: 'messages', expected: 'a\nb', actual: 'a' })).to.deep.equal(
      [
        'FAILED  x.json  case: what it is about',
        '        field     expected    actual',
        '        r3        H_P3 (-56)  (nothing)',
        '        messages  a | b       a',
      ],
    );
  });

  it('shows long bytes from shortly before the first that differs', () => {
    const [expected, actual] = [`${'00'.repeat(1000)}aa${'00'.repeat(100)}`, '00'.repeat(1050)];
    const [, , line = ''] = failed({ field: 'memory', expected, actual });
    expect(line).to.contain('memory (differs at byte 1000 of 1101 and 1050)');
    expect(line).to.contain('…00000000aa00');
    expect(line.length).to.be.below(160);
  });

  it('ends a long list', () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ field: `f${i}`, expected: '1', actual: '2' }));
    expect(failed(...many).at(-1)).to.equal('        and 10 more');
  });
});
