import { resolve } from 'node:path';
import { utf8 } from '../../../bytes/index.ts';
import { SimulatorError } from '../../../sim/index.ts';
import { writeEsmBlob } from '../../../svm/format/index.ts';
import { explainedLater, generateKey, makeBlobFromRecipe, parseRecipe, readNamed } from '../../../svm/owner/index.ts';
import type { Io } from '../../io.ts';
import { refuseExisting } from './output.ts';
import { keyPassphrase, newPassphrase } from './passphrase.ts';
import { type CommonFlags, EsmSession, systemChance } from './session.ts';

interface MakeFlags extends CommonFlags {
  readonly blob: string;
  readonly config: string;
}

/** `esm make`: paths in the recipe are relative to the working directory, as svm-tool takes them. */
export async function make({ blob, config, ...common }: MakeFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  const recipe = parseRecipe(Buffer.from(await readNamed(config)).toString('utf8'), config);
  const passphrase = keyPassphrase(session.terminal, common.passphraseFile);
  const contents = await explainedLater(blob, async () => writeEsmBlob(await makeBlobFromRecipe(recipe, '.', systemChance, passphrase)));
  return session.write({ path: blob, contents, replace: true });
}

interface GenerateFlags extends CommonFlags {
  readonly pubkey: string;
  readonly seckey: string;
  readonly force?: boolean;
}

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
