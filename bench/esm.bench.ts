import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Random } from '../src/sim/index.ts';
import { loadPrivateKey, loadPublicKey, writeEsmBlob } from '../src/svm/format/index.ts';
import { makeBlob } from '../src/svm/owner/index.ts';
import type { Bench } from './harness.ts';

const MIB = 100;
const initrd = new Uint8Array(randomBytes(MIB << 20));
const target = new Uint8Array(initrd.length);

const folder = new URL('../fixtures/observed/esm/02-three-recipients/', import.meta.url);
const read = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, folder)));
const origin = await loadPrivateKey(read('origin.key'), 'origin.key');
const recipient = { key: await loadPublicKey(read('tpm1.pub.pem'), 'tpm1.pub.pem') };
const [kernel, rootd] = [read('vmlinux'), read('attachments/rootd')];
const random = new Random('bench');

const raw = `SHA-512 and copy of ${MIB} MiB`;

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
];
