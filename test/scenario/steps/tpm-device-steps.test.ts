import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { loadScenario, parseScenario, ScenarioError } from '../../../src/scenario/index.ts';
import { Session } from '../../../src/scenario/run/session.ts';
import type { AnyEvent } from '../../../src/sim/index.ts';

const FOLDER = resolve(import.meta.dirname, '../../../fixtures/scenarios/vtpm');

const scenario = (guest: string, steps: string, folder = FOLDER) =>
  parseScenario(`version: 1\ninclude: ${FOLDER}/_two-hosts.yaml\nguests:\n  - ${guest}\nsteps:\n${steps}`, join(folder, 'of-a-test.yaml'));
const BOOT = '  - { do: boot, name: a, host: here }\n  - { do: boot, name: b, host: there }\n';
const RANDOM = 'commands: [{ command: TPM2_GetRandom, parameters: { bytesRequested: 8 } }]';

async function problemsOf(guest: string, steps: string, folder?: string): Promise<string[]> {
  try {
    await scenario(guest, steps, folder);
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems.map(({ line, what, hint }) => `${line}: ${what}${hint ? ` ${hint}` : ''}`);
    throw error;
  }
  return [];
}

describe('TPM devices of a scenario’s guest', () => {
  it('problems are told before anything runs', async () => {
    const steps = `${BOOT}  - do: start\n  - { do: tpm, commands: [{ command: TPM2_GetRandon }] }\n  - { do: migrate, to: ther, key: 00ff }\n`;
    expect(await problemsOf('{ name: vm }', steps)).to.deep.equal([
      '9: guest "vm" has no vTPM Give it one ("vtpm: { backend: emulator }"), or say "by: proxy".',
      '9: there is no TPM command "TPM2_GetRandon": did you mean "TPM2_GetRandom"?',
      '10: there is no host "ther" Did you mean "there"? Possible: here, there.',
      '10: the key has 2 bytes, 32 are needed',
    ]);
  });

  describe('from a libvirt domain definition', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'svm-sim-domain-'));
    });
    after(() => rmSync(folder, { recursive: true }));
    const domain = (tpms: string, rest = '<memory>524288</memory>') =>
      writeFileSync(
        join(folder, 'domain.xml'),
        `<domain type='kvm'>\n<name>vm</name>${rest}<os><type arch='ppc64' machine='pseries'>hvm</type></os>\n<devices>\n${tpms}\n</devices></domain>`,
      );
    const files = ['kernel', 'initrd'].map(name => `${name}: ${resolve(FOLDER, `../../observed/esm/02-three-recipients/${name}`)}`);
    const problems = (guest: string) =>
      problemsOf(`{ name: vm, ${files[0]}.bin, ${files[1]}.img, ${guest} }`, `${BOOT}  - do: start\n`, folder);

    it('libvirt’s refusals are refusals here, with place and words', async () => {
      domain("<tpm model='spapr-tpm-proxy'><backend type='emulator'/></tpm>");
      expect((await problems('domain: domain.xml'))[0]).to.match(/^4: domain\.xml:4:\d+: unsupported configuration: .*passthrough/);
      domain("<tpm model='tpm-spapr'><backend type='emulator' version='1.2'/></tpm>");
      expect((await problems('domain: domain.xml')).join()).to.contain('TPM 1.2 is not supported');
      domain('', '<memory unit="pound">1</memory>');
      expect((await problems('domain: domain.xml'))[0]).to.contain("XML error: unknown suffix 'pound'");
      domain('', '<memory>0</memory>');
      expect((await problems('domain: domain.xml'))[0]).to.contain("Invalid value '0' for element 'memory'");
    });

    it('its devices are not named twice', async () => {
      domain("<tpm model='tpm-spapr'><backend type='emulator'/></tpm>");
      expect(await problems('domain: domain.xml')).to.deep.equal([]);
      expect((await problems('domain: domain.xml, vtpm: { backend: emulator }'))[0]).to.contain('those of the domain definition');
    });
  });

  it('a device of the host that somebody has already is refused when the guest starts, in QEMU’s words', async () => {
    const steps = `${BOOT}  - { do: start, guest: one }\n  - { do: start, guest: two }\n`;
    const device = 'tpmProxy: none, vtpm: { backend: passthrough }';
    const session = await Session.create(await scenario(`{ name: one, ${device} }\n  - { name: two, lpid: 2, ${device} }`, steps));
    try {
      for (let i = 0; i < 3; i++) expect((await session.next()).ok).to.equal(true);
      const refused = await session.next().catch((error: unknown) => error);
      expect(String(refused)).to.contain("Cannot access TPM device using '/dev/tpm0': EBUSY");
    } finally {
      await session.close();
    }
  });

  it('a run that goes back to a snapshot is the same run again, the TPM behind the vTPM included', async () => {
    const events: AnyEvent[] = [];
    const session = await Session.create(await loadScenario(join(FOLDER, 'moves-with-its-guest.yaml')), {
      onEvent: event => events.push(event),
    });
    const rest = async (): Promise<readonly AnyEvent[]> => {
      const from = events.length;
      while (!session.over) expect(await session.next()).to.have.property('ok', true);
      return events.slice(from);
    };
    try {
      for (let i = 0; i < 4; i++) await session.next(); // booted, started, measured
      const state = session.snapshot();
      const once = await rest();
      session.restore(state, []);
      expect(await rest()).to.deep.equal(once);
      expect(once.length).to.be.greaterThan(20);
    } finally {
      await session.close();
    }
  });

  it('a guest that moved is gone when its new host reboots, and the old host keeps nothing of it', async () => {
    const steps = `${BOOT}  - do: start\n  - { do: tpm, ${RANDOM} }\n  - { do: migrate, to: there }\n  - { do: reboot, name: c, host: here }\n  - { do: reboot, name: d, host: there }\n`;
    const session = await Session.create(await scenario('{ name: vm, vtpm: { backend: emulator } }', steps));
    try {
      while (!session.over) await session.next();
      expect(session.report().ok).to.equal(true);
      for (const { guests, vtpms, hypervisor } of session.snapshot().machine.hosts.values())
        expect([guests.size, vtpms.size, hypervisor.partitions.size, hypervisor.vio.size]).to.deep.equal([0, 0, 0, 0]);
    } finally {
      await session.close();
    }
  });
});
