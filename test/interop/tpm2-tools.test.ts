import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Flow } from './tpm2-tools/flow.ts';
import { attestation } from './tpm2-tools/flows/attestation.ts';
import { basics } from './tpm2-tools/flows/basics.ts';
import { keys } from './tpm2-tools/flows/keys.ts';
import { nv } from './tpm2-tools/flows/nv.ts';
import { policies } from './tpm2-tools/flows/policies.ts';
import { hierarchies, sessions } from './tpm2-tools/flows/sessions.ts';
import { tss } from './tpm2-tools/flows/tss.ts';
import { runFlow } from './tpm2-tools/run.ts';
import { embeddedSubject, type Subject, swtpmSubject } from './tpm2-tools/subjects.ts';

const flows: readonly Flow[] = [...basics, ...keys, ...attestation, ...nv, ...policies, ...sessions, ...hierarchies, ...tss];

const PROGRAMS = { swtpm: 'swtpm', tpm2_getrandom: 'tpm2-tools', tssgetrandom: 'tss2', openssl: 'openssl', xxd: 'xxd' } as const;
const missing = Object.entries(PROGRAMS).filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);

describe('flows of tpm2-tools and of the IBM TSS', function () {
  this.timeout(120_000);
  const subjects: Subject[] = [];
  let folder: string;
  before(async function () {
    if (missing.length > 0) {
      console.log(`      skipped: not installed: apt-get install ${missing.map(([, apt]) => apt).join(' ')}`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-flows-'));
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    openssl('genrsa', '-out', 'rsa.pem', '2048');
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'ec.pem');
    for (const kind of ['rsa', 'ec']) openssl('pkey', '-in', `${kind}.pem`, '-pubout', '-out', `${kind}.pub`);
    subjects.push(await embeddedSubject('swtpm'), await embeddedSubject('mssim'), await swtpmSubject());
  });
  after(async () => {
    for (const subject of subjects) await subject.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  it('are many', () => expect(flows.length).to.be.at.least(80));

  for (const flow of flows)
    it(flow.name, async () => {
      const results = subjects.map(async subject => {
        await subject.reset();
        const complaint = await runFlow(flow, subject, folder);
        return complaint === '' ? '' : `${subject.name}: ${complaint}`;
      });
      expect((await Promise.all(results)).filter(Boolean)).to.deep.equal([]);
    });
});
