import { expect } from 'chai';
import { parseScenario, runScenario } from '../../src/scenario/index.ts';

const scenario = (board: string, ...steps: readonly string[]): string =>
  `version: 1\nboards:\n  - ${board}\nsteps:\n${steps.map(step => `  - ${step}\n`).join('')}`;
const run = async (text: string) => runScenario(await parseScenario(text, 'boards.yaml'));
const refusal = (text: string): Promise<string> =>
  parseScenario(text, 'boards.yaml').then(
    () => 'valid',
    (error: Error) => error.message,
  );

describe('boards of a scenario', () => {
  it('read and write registers by name, by address, and over I2C', async () => {
    const pc = await run(
      scenario(
        '{ name: pc, model: tpm-crb }',
        '{ do: mmio, register: LOC_STS, expect: { bytes: { hex: "00000000" } } }',
        '{ do: mmio, register: LOC_CTRL, write: 1 }',
        '{ do: mmio, address: 0xfed4000c, size: 1, expect: { bytes: { hex: "01" } } }',
      ),
    );
    expect(pc.ok).to.equal(true);
    const bmc = await run(
      scenario(
        '{ name: bmc, model: tpm-tis-i2c }',
        '{ do: i2c, register: LOC_SEL, write: "02" }',
        '{ do: i2c, register: LOC_SEL, expect: { bytes: { hex: "02" } } }',
        '{ do: i2c, register: DID_VID, count: 2, expect: { bytes: { hex: "1410" } } }',
      ),
    );
    expect(bmc.ok).to.equal(true);
  });

  it('say what fw_cfg and ACPI do not have', async () => {
    const virt = await run(
      scenario(
        '{ name: virt, model: tpm-tis-device }',
        '{ do: fw-cfg, file: etc/tpm/config, expect: { result: refused } }',
        '{ do: acpi, table: TCPA, expect: { result: refused } }',
        '{ do: dsm, function: 1, expect: { result: refused } }',
        '{ do: acpi, table: TPM2 }',
      ),
    );
    expect(virt.steps.map(({ ok }) => ok)).to.deep.equal([true, true, true, true]);
  });

  it('use one locality at a time: a driver whose locality is taken says so', async () => {
    const pc = await run(
      scenario(
        '{ name: pc, model: tpm-tis }',
        '{ do: mmio, register: ACCESS, locality: 3, write: 2 }',
        '{ do: board-tpm, commands: [{ command: TPM2_GetRandom, parameters: { bytesRequested: 1 } }], expect: { result: refused } }',
        '{ do: board-tpm, locality: 3, commands: [{ command: TPM2_Startup, parameters: { startupType: 0 } }], expect: { responses: [TPM_RC_SUCCESS] } }',
      ),
    );
    expect(pc.ok).to.equal(true);
  });

  it('lose registers and the TPM’s start at a reset', async () => {
    const pc = await run(
      scenario(
        '{ name: pc, model: tpm-crb }',
        '{ do: mmio, register: LOC_CTRL, write: 1 }',
        '{ do: board-tpm, commands: [{ command: TPM2_Startup, parameters: { startupType: 0 } }] }',
        '{ do: reset-board }',
        '{ do: mmio, register: LOC_STS, expect: { bytes: { hex: "00000000" } } }',
        '{ do: board-tpm, commands: [{ command: TPM2_GetRandom, parameters: { bytesRequested: 1 } }], expect: { responses: [TPM_RC_INITIALIZE] } }',
      ),
    );
    expect(pc.ok).to.equal(true);
  });

  it('are checked when the scenario is read', async () => {
    const crb = (step: string) => refusal(scenario('{ name: pc, model: tpm-crb }', step));
    expect(await crb('{ do: mmio, register: ACESS }')).to.contain('tpm-crb has no register "ACESS"');
    expect(await crb('{ do: mmio }')).to.contain('names a register or an address');
    expect(await crb('{ do: i2c, register: LOC_STS }')).to.contain('tpm-crb is on no I2C bus');
    expect(await crb('{ do: reset-board, board: other }')).to.contain('there is no board "other"');
    expect(await refusal('version: 1\nsteps:\n  - { do: reset-board }\n')).to.contain('the scenario has no board');
    expect(await refusal(scenario('{ name: a, machine: virt, model: tpm-crb }', '{ do: reset-board }'))).to.contain('virt has no tpm-crb');
    expect(await refusal(scenario('{ name: bmc, model: tpm-tis-i2c }', '{ do: mmio, register: STS }'))).to.contain('on an I2C bus');
  });
});
