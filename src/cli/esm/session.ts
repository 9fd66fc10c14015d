import { randomBytes } from 'node:crypto';
import { SimulatorError } from '../../sim/index.ts';
import { type EsmBlob, type EsmPrivateKey, type EsmPublicKey, loadPublicKey, readEsmBlob, writeEsmBlob } from '../../svm/format/index.ts';
import { type Chance, explained, explainedLater, openPrivateKey, readNamed } from '../../svm/owner/index.ts';
import { type OutputFile, writeWhole } from '../files/output-file.ts';
import { EXIT, type Io } from '../io.ts';
import { keyPassphrase, type Terminal } from '../terminal/passphrase.ts';

/** What every sub-command takes. */
export interface CommonFlags {
  /** Everything is done, nothing is written. */
  readonly dryRun?: boolean | undefined;
  /** How often -v was given; true: once. */
  readonly verbose?: number | boolean | undefined;
  readonly passphraseFile?: string | undefined;
}

/** The owner's keys and encryption draw from the system, never from a seed. */
export const systemChance: Chance = { bytes: count => new Uint8Array(randomBytes(count)) };

/** One sub-command of `esm` at work: what it reads, writes and tells. */
export class EsmSession {
  readonly io: Io;
  readonly terminal: Terminal;
  readonly #flags: CommonFlags;

  constructor(flags: CommonFlags, io: Io) {
    this.#flags = flags;
    this.io = io;
    this.terminal = { input: process.stdin, tell: text => io.err(text) };
  }

  /** svm-tool's words on standard error with -v. */
  debug(level: 1 | 2, text: string): void {
    if (Number(this.#flags.verbose ?? 0) >= level) this.io.err(`esm: debug${level}: ${text}\n`);
  }

  async blob(file: string): Promise<EsmBlob> {
    const bytes = await readNamed(file);
    const blob = explained(file, () => readEsmBlob(bytes));
    for (const { name, fingerprint } of blob.lockboxes) this.debug(2, `${name}: SHA256: ${Buffer.from(fingerprint).toString('hex')}`);
    return blob;
  }

  async publicKey(file: string): Promise<EsmPublicKey> {
    const key = await loadPublicKey(await readNamed(file), file);
    this.debug(2, `${file}: SHA256: ${Buffer.from(key.fileFingerprint ?? key.fingerprint).toString('hex')}`);
    return key;
  }

  async privateKey(file: string): Promise<EsmPrivateKey> {
    const key = await openPrivateKey(await readNamed(file), file, keyPassphrase(this.terminal, this.#flags.passphraseFile));
    this.debug(2, `${file} (pubkey): SHA256: ${Buffer.from(key.fingerprint).toString('hex')}`);
    return key;
  }

  /** Reads the blob, changes it and puts it in its place. */
  async change(file: string, body: (blob: EsmBlob) => EsmBlob | Promise<EsmBlob>): Promise<number> {
    const blob = await this.blob(file);
    const changed = await placed(file, () => explainedLater(file, async () => writeEsmBlob(await body(blob))));
    return this.write({ path: file, contents: changed, replace: true });
  }

  async write(...files: readonly OutputFile[]): Promise<number> {
    if (this.#flags.dryRun) {
      for (const { path } of files) this.debug(1, `-n: ${path} is not written`);
      return EXIT.held;
    }
    await writeWhole(...files);
    for (const { path } of files) this.debug(1, `wrote ${path}`);
    return EXIT.held;
  }
}

/** What is wrong with a blob as a whole is told with its name. */
async function placed<T>(file: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof SimulatorError) || error.where !== undefined) throw error;
    const { code, what, hint, blame } = error;
    throw new SimulatorError(code, { where: file, what, ...(hint === undefined ? {} : { hint }), blame, cause: error });
  }
}
