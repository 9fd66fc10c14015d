import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseScenario, runScenario } from '../../src/scenario/index.ts';

/** A text in the catalogue's folder of vTPMs, with what its scenarios share. */
const HERE = fileURLToPath(new URL('../../fixtures/scenarios/vtpm/none.yaml', import.meta.url));
const GUEST = 'include: _two-hosts.yaml\nguests: [{ name: vm, vtpm: { backend: emulator, tpm: swtpm } }]\n';
const BOOT = 'steps:\n  - { do: boot, name: a, host: here }\n  - { do: boot, name: b, host: there }\n  - do: start\n';
const startup = (name: string) =>
  `  - { do: tpm, name: ${name}, commands: [{ command: TPM2_Startup, parameters: { startupType: 0 } }], expect: { responses: [TPM_RC_SUCCESS] } }\n`;
/** The owner's value, empty at first, is set; or is found to be set already. */
const takeOwnership = (name: string, said: string) => `  - do: tpm
    name: ${name}
    commands: [{ command: TPM2_HierarchyChangeAuth, handles: { authHandle: 0x40000001 }, parameters: { newAuth: "6d696e65" } }]
    expect: { responses: [${said}] }
`;
const owned = (name: string) => takeOwnership(name, 'TPM_RC_BAD_AUTH');
const own = takeOwnership('own', 'TPM_RC_SUCCESS');

async function held(steps: string, machines = GUEST): Promise<void> {
  const report = await runScenario(await parseScenario(`version: 1\n${machines}${BOOT}${steps}`, HERE));
  expect(report.steps.filter(({ ok }) => !ok).map(({ text, why }) => why?.sentence ?? text)).to.deep.equal([]);
  expect(report.ok).to.equal(true);
}

describe('a vTPM with a real swtpm behind it', function () {
  this.timeout(60_000);
  before(function () {
    try {
      execFileSync('swtpm', ['--version'], { stdio: 'ignore' });
    } catch {
      console.log('    skipped: swtpm is not installed (apt install swtpm)');
      this.skip();
    }
  });

  it('keeps its owner when the machine is reset, and when it moves', async () => {
    await held(
      startup('first') +
        own +
        '  - { do: reboot, guest: vm }\n' +
        startup('after-the-reset') +
        owned('still-there') +
        '  - { do: migrate, to: there }\n' +
        owned('there-too'),
    );
  });

  it('does not take the state of another kind of TPM: the guest stays and goes on', async () => {
    const steps = `${startup('first')}${own}  - { do: migrate, to: there, expect: { result: refused, state: running } }\n${owned('goes-on')}`;
    const hosts = 'hosts: [{ name: here }, { name: there, tpm: swtpm }]\n';
    await held(steps, `${hosts}include: _two-hosts.yaml\nguests: [{ name: vm, vtpm: { backend: emulator } }]\n`);
  });

  it('keeps it when QEMU dies and is started again', async () => {
    const dies =
      '  - { do: hypercall, name: dies, call: H_TPM_COMM, args: { op: 1, in_buffer: 0x8000000, in_size: 12, out_buffer: 0x8001000, out_size: 4097 }, expect: { result: never returns } }\n';
    const command = '  - { do: write, gpa: 0x8000000, contents: { hex: "80010000000c0000017b0008" } }\n';
    await held(`${startup('first')}${own}${command}${dies}  - { do: start, name: again }\n${startup('second')}${owned('still-there')}`);
  });
});
