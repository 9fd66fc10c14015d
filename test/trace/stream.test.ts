import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Packr } from 'msgpackr';
import { SimulatorError } from '../../src/sim/index.ts';
import { decodeTrace, FORMAT_VERSION, jsonLine, readTrace, TraceWriter } from '../../src/trace/index.ts';
import { everyKind } from './events.ts';

const RUN = { title: 'a run', seed: '7', hosts: [{ name: 'host', tpm: 'embedded', profile: 'documented' }] };

describe('A trace file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-trace-'));
  after(() => rmSync(folder, { recursive: true }));
  let made = 0;

  function write(): string {
    const file = join(folder, `trace-${made++}`);
    const writer = new TraceWriter(file, '0.1.0');
    writer.run(RUN);
    for (const event of everyKind) writer.event(event);
    writer.verdict(true);
    writer.close();
    return file;
  }

  it('gives back every event as it was', async () => {
    const { header, runs } = await readTrace(write());
    expect(header).to.deep.equal({ format: 'svm-sim trace', version: FORMAT_VERSION, simulator: '0.1.0' });
    expect(runs).to.deep.equal([{ about: RUN, events: everyKind, ok: true }]);
  });

  it('is the same bytes for the same events', () => {
    expect(readFileSync(write())).to.deep.equal(readFileSync(write()));
  });

  it('stands under its name only when it is complete', () => {
    const file = join(folder, 'unfinished');
    const writer = new TraceWriter(file, '0.1.0');
    writer.run(RUN);
    expect(existsSync(file)).to.equal(false);
    writer.abandon();
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).to.deep.equal([]);
  });

  it('is refused when it is cut off or damaged, with the byte at which reading ended', () => {
    const whole = readFileSync(write());
    for (let length = 0; length < whole.length; length += 13) {
      expect(() => decodeTrace(whole.subarray(0, length)), `${length} bytes`).to.throw(SimulatorError, /cut off|is no trace/);
    }
    expect(() => decodeTrace(whole.subarray(0, whole.length - 1))).to.throw(/cut off at byte \d+: \d+ records could be read/);
    expect(() => decodeTrace(Buffer.concat([whole, whole]))).to.throw(/something stands behind its end/);
  });

  it('is refused when it is something else', async () => {
    for (const bytes of [Buffer.from('{"a": 1}'), Buffer.from('hello'), readFileSync('package.json')]) {
      expect(() => decodeTrace(bytes, 'x')).to.throw(SimulatorError, 'x: is no trace of svm-sim');
    }
    expect(await readTrace(join(folder, 'none')).catch(String)).to.contain('there is no such file');
  });

  it('is refused when a newer svm-sim wrote it', () => {
    const newer = new Packr({ useRecords: false }).pack({ format: 'svm-sim trace', version: FORMAT_VERSION + 1, simulator: '9.9.9' });
    expect(() => decodeTrace(newer, 'x')).to.throw(SimulatorError, /newer trace \(version 2, written by svm-sim 9.9.9\)/);
  });

  it('tells when it cannot be written', () => {
    writeFileSync(join(folder, 'a-file'), '');
    expect(() => new TraceWriter(join(folder, 'a-file', 'trace'), '0.1.0'))
      .to.throw(SimulatorError, /cannot be written/)
      .with.property('blame', 'environment');
  });
});

describe('JSON lines', () => {
  it('are one object a line, with numbers of 64 bits as 0x text and bytes as hex', () => {
    const lines = everyKind.map(event => jsonLine(event));
    expect(lines.join('')).not.to.contain('\n');
    const call = JSON.parse(lines[2] ?? '') as { virtualTimeNs: string; data: { args: { in_size: string } }; sights: { bytes: string }[] };
    expect(call.virtualTimeNs).to.equal('0x12d687');
    expect(call.data.args.in_size).to.equal('0x161');
    expect(call.sights[0]?.bytes).to.match(/^000102/);
    expect(JSON.parse(lines[3] ?? '').data.r3).to.equal('-0x3a');
  });
});
