import { resolve } from 'node:path';
import { utf8 } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { generateKey } from '../../svm/owner/index.ts';
import { refuseExisting } from '../files/output-file.ts';
import type { Io } from '../io.ts';
import { newPassphrase } from '../terminal/passphrase.ts';
import type { GenerateFlags } from './flags.ts';
import { EsmSession, systemChance } from './session.ts';

/** `esm generate`. Unlike svm-tool it does not write over a key: what was made for it would be lost. */
export async function generate({ pubkey, seckey, force = false, ...common }: GenerateFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  if (resolve(pubkey) === resolve(seckey)) {
    throw new SimulatorError('esm.same-file', { where: pubkey, what: 'public and private key cannot be the same file' });
  }
  const files = [
    { path: seckey, mode: 0o600, replace: force },
    { path: pubkey, replace: force },
  ];
  for (const file of files) await refuseExisting(file);
  const key = generateKey(systemChance, await newPassphrase(session.terminal, common.passphraseFile));
  const texts = [key.privatePem, key.publicPem];
  return session.write(...files.map((file, i) => ({ ...file, contents: utf8(texts[i] ?? '') })));
}
