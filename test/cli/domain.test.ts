import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim } from './stand-in-io.ts';

const domain = (tpm: string) =>
  `<domain><name>svm1</name><os><type arch='ppc64' machine='pseries'>hvm</type></os>\n<devices>${tpm}</devices></domain>\n`;

describe('svm-sim domain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-domain-'));
  const good = join(folder, 'good.xml');
  const bad = join(folder, 'bad.xml');
  before(() => {
    const vtpm = `<tpm><backend type='emulator'/></tpm>`;
    writeFileSync(good, domain(`<tpm model='spapr-tpm-proxy'><backend type='passthrough'><device path=''/></backend></tpm>${vtpm}`));
    writeFileSync(bad, domain(`<tpm model='spapr-tpm-proxy'><backend type='emulator'/></tpm>`));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('check: says what libvirt makes of the devices, or its refusal with the place', async () => {
    const { status, out, err } = await svmSim('domain', 'check', good, bad);
    expect(status).to.equal(2);
    expect(out.split('\n')).to.deep.equal([
      `${good}: accepted (svm1, ppc64 pseries, 2 TPM devices)`,
      '  tpm0: spapr-tpm-proxy, /dev/tpm0 of the host',
      '  tpm1: tpm-spapr at unit 0x4000, an emulated TPM 2.0',
      `${good}:2:67: libvirt takes it, but its schema demands a path that is not empty`,
      '',
    ]);
    expect(err.split('\n')[0]).to.equal(
      `${bad}:2:10: unsupported configuration: TPM Proxy model spapr-tpm-proxy requires 'Passthrough' backend`,
    );
  });

  it('qemu-args: prints options that a shell can take', async () => {
    const { status, out } = await svmSim('domain', 'qemu-args', good, '--tpm-socket', '/run/swtpm.sock');
    expect(status).to.equal(0);
    expect(out).to.equal(
      [
        `-device '{"driver":"spapr-tpm-proxy","id":"tpm0","host-path":"/dev/tpm0"}'`,
        '-chardev socket,id=chrtpm,path=/run/swtpm.sock',
        '-tpmdev emulator,id=tpm-tpm1,chardev=chrtpm',
        `-device '{"driver":"tpm-spapr","tpmdev":"tpm-tpm1","id":"tpm1","reg":16384}'`,
        '',
      ].join('\n'),
    );
    expect(await svmSim('domain', 'qemu-args', join(folder, 'none.xml'))).to.include({ status: 2, out: '' });
  });
});
