import { expect } from 'chai';
import { doctor } from '../../src/cli/doctor/examine.ts';
import type { System } from '../../src/cli/doctor/system.ts';
import { svmSim } from './stand-in-io.ts';

function said(system: Partial<System>): string {
  let out = '';
  const write = (text: string) => {
    out += text;
  };
  const io = { out: write, err: () => {}, colors: false, errColors: false, columns: undefined };
  const nothing: System = { firstLine: () => null, device: () => 'missing', user: 'ada', isRoot: false, nodeVersion: 'v20.19.0' };
  expect(doctor({ ...io, signal: new AbortController().signal }, { ...nothing, ...system })).to.equal(0);
  return out;
}

describe('svm-sim doctor', () => {
  it('names what is missing with the command that would mend it, and ends with status 0', () => {
    const out = said({});
    expect(out).to.match(/^usable {4}embedded TPM {6}with Node v20\.19\.0\n/);
    for (const packages of ['swtpm', 'qemu-system-ppc', 'socat', 'gcc libc6-dev', 'device-tree-compiler', 'cryptsetup-bin', 'tshark']) {
      expect(out).to.contain(`: sudo apt-get install ${packages}\n`);
    }
    expect(out).to.contain('10 of 11 cannot be used; a simulation needs none of them.');
  });

  it('tells a device that may not be opened from one that is not there', () => {
    const out = said({ device: path => (path === '/dev/tpmrm0' ? 'refused' : 'missing') });
    expect(out).to.match(/unusable {2}\/dev\/tpmrm0 {7}ada may not open it\n .*usermod -aG tss ada/);
    expect(out).to.match(/unusable {2}\/dev\/tpm0 {9}this machine has no TPM/);
  });

  it('tells a device that another program has open', () => {
    const out = said({ device: path => (path === '/dev/tpm0' ? 'busy' : 'usable') });
    expect(out).to.match(/unusable {2}\/dev\/tpm0 {9}another program has it open\n .*: sudo fuser -v \/dev\/tpm0 .*\/dev\/tpmrm0\n/);
  });

  it('shows versions, takes any of several compilers, and asks root for no sudo', () => {
    const firstLine = (program: string) => (program === 'clang' || program === 'swtpm' ? `${program} version 1` : null);
    const out = said({ firstLine, isRoot: true, device: () => 'usable' });
    expect(out).to.match(/usable {4}C compiler {8}clang version 1\n/);
    expect(out).to.match(/usable {4}swtpm {13}swtpm version 1\n/);
    expect(out).to.contain(': apt-get install socat\n').and.not.to.contain('sudo');
  });

  it('looks at this machine', async () => {
    const { status, out, err } = await svmSim('doctor');
    expect({ status, err }).to.deep.equal({ status: 0, err: '' });
    expect(out).to.contain('embedded TPM').and.to.contain('/dev/tpmrm0');
  }).timeout(20_000);
});
