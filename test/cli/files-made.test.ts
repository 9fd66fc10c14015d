import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readTrace } from '../../src/trace/index.ts';
import { svmSim } from './stand-in-io.ts';

const SCENARIO = new URL('../../fixtures/scenarios/first-boot.yaml', import.meta.url).pathname;

describe('a file that is made', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-made-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const every = () => ['--trace', at('x.trace'), '--report', at('y.html'), '--reporter', `junit=${at('z.xml')}`];

  it('is never written through a link: neither of its own name nor of one like it', async () => {
    writeFileSync(at('victim'), 'precious');
    for (const name of ['x.trace.part', 'y.html.part', 'z.xml.part', 'x.trace', 'y.html', 'z.xml']) symlinkSync('victim', at(name));
    await svmSim('run', '-q', SCENARIO, ...every());
    expect(readFileSync(at('victim'), 'utf8')).to.equal('precious');
    for (const name of ['x.trace', 'y.html', 'z.xml']) expect(lstatSync(at(name)).isFile(), name).to.equal(true);
  });

  it('is for its owner alone where it may hold secrets', async () => {
    await svmSim('run', '-q', SCENARIO, ...every());
    await svmSim('trace', 'export', at('x.trace'), '--pcap', at('x.pcapng'), '--json', at('x.json'));
    for (const name of ['x.trace', 'y.html', 'x.pcapng', 'x.json']) expect(statSync(at(name)).mode & 0o777, name).to.equal(0o600);
  });

  it('leaves nothing beside it', async () => {
    await svmSim('run', '-q', SCENARIO, ...every());
    expect(readdirSync(folder).sort()).to.deep.equal(['x.trace', 'y.html', 'z.xml']);
  });

  it('with --redact holds no secret of the run, and opens', async () => {
    await svmSim('run', '-q', SCENARIO, '--trace', at('whole.trace'));
    await svmSim('run', '-q', SCENARIO, '--redact', '--trace', at('x.trace'), '--report', at('y.html'));
    const { runs } = await readTrace(at('whole.trace'));
    const secrets = runs.flatMap(({ events }) =>
      events.flatMap(({ kind, sights }) => (kind === 'secret' ? sights.map(({ bytes }) => bytes) : [])),
    );
    expect(secrets.length).to.be.greaterThan(3);
    const [whole, trace, page] = [at('whole.trace'), at('x.trace'), at('y.html')].map(file => readFileSync(file));
    for (const secret of secrets) {
      expect(whole?.includes(Buffer.from(secret))).to.equal(true);
      expect(trace?.includes(Buffer.from(secret))).to.equal(false);
      expect(page?.includes(Buffer.from(secret).toString('base64').replace(/=+$/, ''))).to.equal(false);
    }
    const again = await readTrace(at('x.trace'));
    expect(again.runs[0]?.events.length).to.equal(runs[0]?.events.length);
    expect((await svmSim('trace', 'show', at('x.trace'))).status).to.equal(0);
    expect((await svmSim('report', at('whole.trace'), '--redact', '-o', at('z.html'))).status).to.equal(0);
    expect(readFileSync(at('z.html')).equals(page as Buffer)).to.equal(true);
  });
});
