import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { launchQemu } from '../../src/machine/index.ts';
import { REFUSED } from '../machine/definition/command-lines.ts';

const QEMU = 'qemu-system-ppc64';
const BASE = ['-machine', 'pseries', '-cpu', 'power9', '-accel', 'tcg', '-m', '512', '-nodefaults', '-display', 'none', '-S'];
const host = {
  connect: () => 'No such file or directory',
  openTpm: (path: string) => (path === '/dev/null' ? ({ noTpm: true } as const) : 'No such file or directory'),
};

describe('command lines, as the installed QEMU takes them', () => {
  before(function () {
    if (spawnSync(QEMU, ['--version']).status === 0) return;
    console.log(`      skipped: ${QEMU} not installed (apt-get install qemu-system-ppc)`);
    this.skip();
  });

  for (const [options] of REFUSED) {
    it(options.join(' '), () => {
      const real = spawnSync(QEMU, [...BASE, ...options], { encoding: 'utf8', timeout: 20_000 });
      const lines = real.stderr.split('\n').filter(line => line !== '' && !line.includes("TCG doesn't support requested feature"));
      const simulated = launchQemu([QEMU, ...BASE, ...options], host);
      expect(simulated.stderr).to.deep.equal(lines);
      expect(simulated.machine ? 0 : simulated.exitStatus).to.equal(real.status);
    });
  }
});
