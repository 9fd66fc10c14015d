import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startBoard } from '../frontends/boards.ts';

interface Recorded {
  readonly name: string;
  readonly machine: string;
  readonly tpm?: string;
  readonly deviceOptions?: string;
  readonly arguments?: readonly string[];
  readonly steps: readonly { readonly op: string; readonly devices?: readonly { readonly asl: readonly string[] }[] }[];
}

const { vectors } = JSON.parse(readFileSync(new URL('../../fixtures/observed/qemu-frontends.json', import.meta.url), 'utf8')) as {
  vectors: readonly Recorded[];
};
const MACHINES = { tis: ['q35', 'tpm-tis'], 'tis-pc': ['pc', 'tpm-tis'], crb: ['q35', 'tpm-crb'], 'crb-pc': ['pc', 'tpm-crb'] } as const;

/** The device's block of a disassembled table, without the margin. */
function deviceBlock(asl: string): readonly string[] {
  const lines = asl.split('\n');
  const from = lines.findIndex(line => /^\s*Device \(TPM0?\)$/.test(line));
  const margin = /^ */.exec(lines[from] ?? '')?.[0] ?? '';
  const to = lines.findIndex((line, i) => i > from && line === `${margin}}`);
  return lines.slice(from, to + 1).map(line => line.slice(margin.length).trimEnd());
}

describe('iasl reads our tables as it read those of the recorded QEMU', () => {
  before(function () {
    if (spawnSync('iasl', ['-v']).error) {
      console.log('      skipped: iasl not installed (apt-get install acpica-tools)');
      this.skip();
    }
  });

  // One with each device, over a TPM 2.0 with physical presence.
  for (const vector of vectors.filter(
    ({ tpm, deviceOptions, arguments: more, machine }) => tpm === '2.0' && !deviceOptions && !more && machine in MACHINES,
  )) {
    const asl = vector.steps.find(({ op, devices }) => op === 'acpi' && devices?.length === 1)?.devices?.[0]?.asl;
    if (!asl) continue;
    it(vector.name, async () => {
      const [machine, model] = MACHINES[vector.machine as keyof typeof MACHINES];
      const tables = (await startBoard(machine, model)).board.acpiTables();
      const folder = mkdtempSync(join(tmpdir(), 'svm-sim-iasl-'));
      try {
        for (const signature of ['DSDT', 'TPM2']) {
          writeFileSync(join(folder, `${signature}.dat`), tables.get(signature) ?? '');
          execFileSync('iasl', ['-d', `${signature}.dat`], { cwd: folder, stdio: 'pipe' });
        }
        expect(deviceBlock(readFileSync(join(folder, 'DSDT.dsl'), 'utf8'))).to.deep.equal(asl);
        expect(readFileSync(join(folder, 'TPM2.dsl'), 'utf8')).to.not.contain('Incorrect checksum');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
