import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../src/sim/index.ts';
import { loadPrivateKey, loadPublicKey, writeEsmBlob } from '../src/svm/format/index.ts';
import { makeBlob } from '../src/svm/owner/index.ts';
import type { Bench } from './harness.ts';

const MIB = 100;
const initrd = new Uint8Array(randomBytes(MIB << 20));
const target = new Uint8Array(initrd.length);

const recorded = new URL('../fixtures/observed/esm/02-three-recipients/', import.meta.url);
const read = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, recorded)));
const origin = await loadPrivateKey(read('origin.key'), 'origin.key');
const recipient = { key: await loadPublicKey(read('tpm1.pub.pem'), 'tpm1.pub.pem') };
const [kernel, rootd] = [read('vmlinux'), read('attachments/rootd')];
const random = new Random('bench');

/** The owner's folder with a large initrd, for whole commands. */
const folder = mkdtempSync(join(tmpdir(), 'svm-sim-bench-'));
cpSync(fileURLToPath(recorded), folder, { recursive: true });
writeFileSync(join(folder, 'initrd.img'), initrd);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const command = (program: string, ...args: string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', status => (status === 0 ? resolve() : reject(new Error(`${program} ${args.join(' ')} ended with status ${status}`))));
  });

const raw = `SHA-512 and copy of ${MIB} MiB`;
const wholeRaw = `sha512sum and cp of vmlinux and ${MIB} MiB`;
const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
if (!existsSync(cli)) console.log('esm make as a whole is not measured: run `npm run build` first');

const whole: readonly Bench[] = [
  {
    name: wholeRaw,
    async run() {
      await command('sha512sum', 'initrd.img', 'vmlinux');
      await command('cp', 'initrd.img', 'initrd.copy');
      await command('cp', 'vmlinux', 'vmlinux.copy');
    },
  },
  {
    // Start of Node included.
    name: `svm-sim esm make with ${MIB} MiB, the whole command`,
    run: () => command(process.execPath, cli, 'esm', 'make', '-b', 'made.dtb', '-y', 'svm_blob.yml'),
    limit: { times: 1.3, of: wholeRaw },
  },
];

export const benches: readonly Bench[] = [
  {
    name: raw,
    run() {
      target.set(initrd);
      return createHash('sha512').update(initrd).digest();
    },
  },
  {
    name: `esm make with an initrd of ${MIB} MiB`,
    run: () =>
      writeEsmBlob(
        makeBlob(
          { origin, recipients: [recipient], digest: { kernel, initrd, bootargs: 'ro' }, files: [{ name: 'rootd', bytes: rootd }] },
          random,
        ),
      ),
    limit: { times: 1.3, of: raw },
  },
  ...(existsSync(cli) ? whole : []),
];
