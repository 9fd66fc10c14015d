import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { PAGE_BYTES, PAGE_SHIFT } from '../src/hcall/index.ts';
import { UV_PAGE_IN, UV_PAGE_OUT } from '../src/spec/index.ts';
import type { Bench } from './harness.ts';
import { secureGuest } from './secure-guest.ts';

/** Page-out and page-in as the hypervisor makes them, ultracall and all, against nothing but the cipher. */
const [GPA, OUT, BACK] = [0x0800_0000n, 0x7000_0000n, 0x7001_0000n];
/** The project promises 85 % of the cipher's own speed. */
const SHARE = 0.85;

const { host, guest } = await secureGuest('published');
await guest.write(GPA, randomBytes(PAGE_BYTES));
const frame = host.ultravisor.svm(1)!.frames.get(GPA >> 16n)!;
const call = async (page: typeof UV_PAGE_IN | typeof UV_PAGE_OUT, ra: bigint) =>
  (await host.hypervisor.ultracall(page, { lpid: 1, ra, gpa: GPA, flags: 0, order: PAGE_SHIFT })).r3;
const must = async (page: typeof UV_PAGE_IN | typeof UV_PAGE_OUT, ra: bigint): Promise<void> => {
  const r3 = await call(page, ra);
  if (r3 !== 0n) throw new Error(`${page.name} gave ${r3}`);
};
await must(UV_PAGE_OUT, BACK);
const { sealed } = frame;
// They do what they are said to do.
await must(UV_PAGE_IN, BACK);
await must(UV_PAGE_OUT, OUT);

const [key, iv, page] = [randomBytes(16), randomBytes(12), randomBytes(PAGE_BYTES)];
const encrypt = () => {
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  const ciphertext = cipher.update(page);
  cipher.final();
  return { ciphertext, tag: cipher.getAuthTag() };
};
const { ciphertext, tag } = encrypt();
const decrypt = () => {
  const decipher = createDecipheriv('aes-128-gcm', key, iv, { authTagLength: 16 });
  decipher.setAuthTag(tag);
  decipher.update(ciphertext);
  decipher.final();
};

export const benches: readonly Bench[] = [
  { name: 'AES-128-GCM, encrypt 64 KiB', bytes: PAGE_BYTES, run: encrypt },
  {
    name: 'UV_PAGE_OUT',
    bytes: PAGE_BYTES,
    run() {
      frame.state = 'SECURE'; // as if it had come in again
      return call(UV_PAGE_OUT, OUT);
    },
    limit: { times: 1 / SHARE, of: 'AES-128-GCM, encrypt 64 KiB' },
  },
  { name: 'AES-128-GCM, decrypt 64 KiB', bytes: PAGE_BYTES, run: decrypt },
  {
    name: 'UV_PAGE_IN',
    bytes: PAGE_BYTES,
    run() {
      // As if what went out first had just gone out.
      frame.state = 'PAGEDOUT';
      frame.sealed = sealed;
      return call(UV_PAGE_IN, BACK);
    },
    limit: { times: 1 / SHARE, of: 'AES-128-GCM, decrypt 64 KiB' },
  },
];
