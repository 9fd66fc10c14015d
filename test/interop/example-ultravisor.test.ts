import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadScenario, runScenario, withOverrides } from '../../src/scenario/index.ts';
import { answers } from '../own-firmware/helpers.ts';

const FLAGS = ['-std=c11', '-D_POSIX_C_SOURCE=200809L', '-Wall', '-Wextra', '-Werror', '-O2'];

const works = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Compilers, and what runs their programs here. */
const MACHINES = [
  { name: 'the compiler of this machine', cc: 'cc', flags: [], run: [] },
  { name: 'powerpc64-linux-gnu-gcc, big-endian, under qemu-ppc64', cc: 'powerpc64-linux-gnu-gcc', flags: ['-static'], run: ['qemu-ppc64'] },
] as const;

for (const { name, cc, flags, run } of MACHINES) {
  describe(`native/example-ultravisor.c, built with ${name}`, () => {
    const missing = [cc, ...run].filter(program => !works(program));
    let folder = '';
    let firmware: ChildProcess | undefined;
    let socket = '';

    before(async function () {
      this.timeout(120_000);
      if (missing.length > 0) {
        console.log(`      not here: ${missing.join(', ')}`);
        this.skip();
      }
      folder = mkdtempSync(join(tmpdir(), 'svm-sim-example-'));
      const program = join(folder, 'example-ultravisor');
      execFileSync(cc, [...FLAGS, ...flags, '-o', program, 'native/example-ultravisor.c']);
      socket = join(folder, 'uv.sock');
      const [first = program, ...rest] = [...run, program, '--listen', socket];
      firmware = spawn(first, rest, { stdio: 'inherit' });
      for (let tries = 0; tries < 200 && !(await answers(socket)); tries++) await new Promise(resolve => setTimeout(resolve, 50));
    });

    after(() => {
      firmware?.kill('SIGKILL');
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    const play = async (file: string) =>
      runScenario(withOverrides(await loadScenario(`fixtures/scenarios/${file}`), { ultravisor: `unix:${socket}` }));

    it('takes the guest of first-boot to its passphrase', async () => {
      const report = await play('first-boot.yaml');
      expect(report.ok, report.steps.at(-1)?.text).to.equal(true);
      expect(report.invariants.map(({ ok }) => ok)).to.deep.equal([true, true, true]);
    });

    for (const [attack, check] of [
      ['attacks/01-other-kernel.yaml', 'digest-kernel'],
      ['attacks/14-changed-response.yaml', 'response-hmac'],
      ['attacks/07-other-rtas.yaml', 'digest-rtas'],
    ] as const) {
      it(`refuses ${attack} by ${check}`, async () => {
        const events: string[] = [];
        const scenario = withOverrides(await loadScenario(`fixtures/scenarios/${attack}`), { ultravisor: `unix:${socket}` });
        const report = await runScenario(scenario, {
          onEvent: event => void (event.kind === 'check' && !event.data.ok && events.push(event.data.name)),
        });
        expect(events).to.include(check);
        expect(report.invariants.map(({ ok }) => ok)).to.deep.equal([true, true, true]);
      });
    }

    it('survives a loss of power in the midst of the transition', async () => {
      const report = await play('faults/power-loss-in-transition.yaml');
      expect(report.ok, report.steps.at(-1)?.text).to.equal(true);
    });
  });
}
