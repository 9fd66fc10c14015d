import { expect } from 'chai';
import { launchQemu, type QemuHost, QemuMonitor, shellWords } from '../../../src/machine/index.ts';
import { REFUSED } from './command-lines.ts';

const HOST: QemuHost = {
  connect: path => (path === '/run/swtpm.sock' ? null : 'No such file or directory'),
  openTpm: path => (path === '/dev/tpm0' ? null : path === '/dev/null' ? { noTpm: true } : 'No such file or directory'),
};
const qemu = (...options: readonly string[]) => launchQemu(['/usr/bin/qemu-system-ppc64', '-machine', 'pseries', ...options], HOST);
const PROXY = ['-device', 'spapr-tpm-proxy,id=p,host-path=/dev/tpmrm0'];

describe('a QEMU command line with TPM devices', () => {
  for (const [options, [first = '', ...below]] of REFUSED) {
    it(`is refused: ${options.join(' ')}`, () => {
      const { accepted, stderr } = qemu(...options);
      expect(stderr).to.deep.equal([`qemu-system-ppc64: ${first}`, ...below]);
      expect(accepted).to.equal(false);
    });
  }

  it('may have commas in values, where they stand twice', () => {
    const { machine } = qemu('-device', 'spapr-tpm-proxy,host-path=/dev/a,,b,id=p');
    expect(machine?.devices).to.deep.equal([{ driver: 'spapr-tpm-proxy', id: 'p', properties: new Map([['host-path', '/dev/a,b']]) }]);
  });

  it('may have other devices, which are not looked at', () => {
    const { machine } = qemu('-netdev', 'user,id=n', '-device', 'virtio-net-pci,netdev=n', ...PROXY);
    expect(machine?.devices.map(({ driver }) => driver)).to.deep.equal(['spapr-tpm-proxy']);
  });

  it('gives the vTPM of a passthrough TPM its unit address', () => {
    const { machine } = qemu('-tpmdev', 'passthrough,id=t', '-device', 'tpm-spapr,tpmdev=t', ...PROXY);
    if (!machine) throw new Error('refused');
    const monitor = new QemuMonitor(machine);
    expect(monitor.hmp('info tpm')).to.deep.equal(['TPM device:', ' tpm0: model=tpm-spapr', '  \\ t: type=passthrough,path=/dev/tpm0']);
    expect(monitor.hmp('info qtree')[0]).to.equal('      dev: tpm-spapr, id "vtpm@71000001"');
  });

  it('cannot have a vTPM plugged in while the machine runs', () => {
    const { machine } = qemu('-tpmdev', 'passthrough,id=t');
    if (!machine) throw new Error('refused');
    expect(new QemuMonitor(machine).qmp('device_add', { driver: 'tpm-spapr', tpmdev: 't' })).to.deep.equal({
      error: { class: 'GenericError', desc: "Bus 'spapr-vio' does not support hotplugging" },
    });
  });

  it('has no VIO bus on other machines, and counts no proxies there', () => {
    const none = (...options: readonly string[]) => launchQemu(['qemu-system-ppc64', '-machine', 'none', ...options], HOST);
    expect(none('-device', 'tpm-spapr').stderr).to.deep.equal([
      "qemu-system-ppc64: -device tpm-spapr: No 'spapr-vio-bus' bus found for device 'tpm-spapr'",
    ]);
    const proxy = ['-device', 'spapr-tpm-proxy,host-path=x'];
    expect(none(...proxy, ...proxy).accepted).to.equal(true);
  });
});

describe('words of a command line', () => {
  it('are those of a shell', () => {
    expect(shellWords(`a  'b c' "d \\"e\\"" f\\ g h'i'"j" ''`)).to.deep.equal(['a', 'b c', 'd "e"', 'f g', 'hij', '']);
  });
});
