import { constants, createPrivateKey, privateDecrypt, publicEncrypt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Bench } from './harness.ts';

const pem = readFileSync(new URL('../fixtures/observed/esm/02-three-recipients/tpm1.pem', import.meta.url), 'utf8');
const key = createPrivateKey(pem);
const raw = { key, padding: constants.RSA_NO_PADDING };
const block = publicEncrypt(
  raw,
  Uint8Array.from({ length: 256 }, (_, i) => i),
);

/** The floor under every unwrap: nothing can be faster than the one private operation in it. */
export const benches: readonly Bench[] = [{ name: 'node:crypto RSA-2048 private', baseline: true, run: () => privateDecrypt(raw, block) }];
