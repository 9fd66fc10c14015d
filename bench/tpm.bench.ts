import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encode, fromHex } from '../src/bytes/index.ts';
import { Clock, Random } from '../src/sim/index.ts';
import { NO_PASSWORD, TpmClient } from '../src/tpm/client/index.ts';
import {
  TPM2_Create,
  TPM2_CreatePrimary,
  TPM2_Load,
  TPM2_NV_DefineSpace,
  TPM2_NV_Write,
  TPM2_PolicyPCR,
  TPM2_StartAuthSession,
  Tpm,
} from '../src/tpm/index.ts';
import { TPM_ALG, TPM_RH, type TPMT_PUBLIC } from '../src/tpm/wire/index.ts';
import { openBackend, SwtpmProcess } from '../src/tpmrm/index.ts';
import type { Bench } from './harness.ts';

// Twelve commands on the embedded TPM in this process, on the embedded TPM in another process over a Unix socket, and on swtpm over
// a Unix socket; the sockets by the same client.

type Answer = Uint8Array | Promise<Uint8Array>;
interface Target {
  readonly name: string;
  send(command: Uint8Array): Answer;
}

const folder = mkdtempSync(join(tmpdir(), 'svm-sim-bench-'));

async function served(): Promise<Target> {
  const path = join(folder, 'tpm.sock');
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, 'tpm', 'serve', '--listen', `unix:${path}`, '--quiet', '--seed', '1'], { stdio: 'ignore' });
  child.unref();
  process.once('exit', () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  while (!existsSync(path)) await sleep(20);
  const backend = await openBackend(
    { kind: 'swtpm-unix', path },
    {
      embedded: () => {
        throw new Error('not this one');
      },
    },
  );
  return { name: 'embedded, socket', send: command => backend.transmit(command) };
}

function inProcess(): Target {
  const tpm = new Tpm({ random: new Random('bench'), clock: new Clock() });
  tpm.execute(fromHex('80010000000c000001440000'));
  return { name: 'in process', send: command => tpm.execute(command) };
}

/** None where it is not installed: then nothing can be compared with it. */
async function swtpm(): Promise<Target | null> {
  try {
    const backend = await SwtpmProcess.start({ startup: 'clear' });
    return { name: 'swtpm, socket', send: command => backend.transmit(command) };
  } catch {
    console.error('swtpm cannot be started: nothing to compare the TPM with');
    return null;
  }
}

const EMPTY = new Uint8Array(0);
const SHA256 = TPM_ALG.SHA256;
const NONE = { algorithm: TPM_ALG.NULL } as const;
const AES = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB } as const;
const area = (objectAttributes: number) => ({ nameAlg: SHA256, objectAttributes, authPolicy: EMPTY }) as const;
const STORAGE: TPMT_PUBLIC = {
  type: TPM_ALG.ECC,
  ...area(0x30472),
  parameters: { symmetric: AES, scheme: { scheme: TPM_ALG.NULL }, curveID: 3, kdf: { scheme: TPM_ALG.NULL } },
  unique: { x: EMPTY, y: EMPTY },
};
const rsa = (attributes: number, scheme: object): TPMT_PUBLIC =>
  ({
    type: TPM_ALG.RSA,
    ...area(attributes),
    parameters: { symmetric: NONE, scheme, keyBits: 2048, exponent: 0 },
    unique: EMPTY,
  }) as TPMT_PUBLIC;
const create = (inPublic: TPMT_PUBLIC) => ({
  inSensitive: { userAuth: EMPTY, data: EMPTY },
  inPublic,
  outsideInfo: EMPTY,
  creationPCR: [],
});
const INDEX = 0x01500000;

/** A command with one empty password. */
const authorized = (code: string, handles: string, parameters: string): Uint8Array =>
  sized(`8002${'0'.repeat(8)}${code}${handles}00000009400000090000010000${parameters}`);
const plain = (code: string, rest: string): Uint8Array => sized(`8001${'0'.repeat(8)}${code}${rest}`);
function sized(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  new DataView(bytes.buffer).setUint32(2, bytes.length);
  return bytes;
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const flush = (handle: string): Uint8Array => plain('00000165', handle);
const handleOf = (answer: Uint8Array): string => hex(answer.subarray(10, 14));

/** Sends one command after another, each made from the answer before; synchronous as long as the target is. */
function chain(target: Target, ...steps: readonly ((before: Uint8Array) => Uint8Array)[]): Answer {
  const from = (i: number, before: Uint8Array): Answer => {
    const step = steps[i];
    if (!step) return before;
    const answer = target.send(step(before));
    return answer instanceof Promise ? answer.then(bytes => from(i + 1, checked(bytes))) : from(i + 1, checked(answer));
  };
  return from(0, EMPTY);
}
function checked(answer: Uint8Array): Uint8Array {
  if (answer[6] || answer[7] || answer[8] || answer[9])
    throw new Error(`a TPM refused a command of the benchmark: ${hex(answer.subarray(6, 10))}`);
  return answer;
}

interface Measured {
  readonly name: string;
  /** An RSA or ECC operation takes most of its time. */
  readonly publicKey?: true;
  readonly operations?: number;
  run(): Answer;
}

async function commandsOf(target: Target): Promise<readonly Measured[]> {
  const client = new TpmClient({ transmit: async command => checked(await target.send(command)) }, count => new Uint8Array(count).fill(1));
  const sessions = [NO_PASSWORD];
  const must = async <T extends { ok: boolean }>(answer: Promise<T>): Promise<Extract<T, { ok: true }>> => {
    const given = await answer;
    if (!given.ok) throw new Error(`${target.name}: ${JSON.stringify(given)}`);
    return given as Extract<T, { ok: true }>;
  };
  const parent = await must(client.call(TPM2_CreatePrimary, { primaryHandle: TPM_RH.OWNER }, create(STORAGE), { sessions }));
  const parentHandle = parent.handle;
  const made = async (inPublic: TPMT_PUBLIC) =>
    (await must(client.call(TPM2_Create, { parentHandle }, create(inPublic), { sessions }))).out;
  const both = await made(rsa(0x60472, { scheme: TPM_ALG.NULL }));
  const key = await must(client.call(TPM2_Load, { parentHandle }, { inPrivate: both.outPrivate, inPublic: both.outPublic }, { sessions }));
  await must(
    client.call(
      TPM2_NV_DefineSpace,
      { authHandle: TPM_RH.OWNER },
      { auth: EMPTY, publicInfo: { nvIndex: INDEX, nameAlg: SHA256, attributes: 0x02060006, authPolicy: EMPTY, dataSize: 32 } },
      { sessions },
    ),
  );
  await must(client.call(TPM2_NV_Write, { authHandle: INDEX, nvIndex: INDEX }, { data: new Uint8Array(32), offset: 0 }, { sessions }));
  const start = { nonceCaller: new Uint8Array(32), encryptedSalt: EMPTY, sessionType: 1, symmetric: NONE, authHash: SHA256 } as const;
  const policySession = (await must(client.call(TPM2_StartAuthSession, { tpmKey: TPM_RH.NULL, bind: TPM_RH.NULL }, start))).handle;
  const pcrs = [{ hash: SHA256, pcrSelect: Uint8Array.of(0, 0, 1) }];
  await must(client.call(TPM2_PolicyPCR, { policySession }, { pcrDigest: EMPTY, pcrs }));

  const word = (handle: number): string => handle.toString(16).padStart(8, '0');
  const startSession = plain('00000176', `4000000740000007${'0020'}${'00'.repeat(32)}0000010010000b`);
  const template = (inPublic: TPMT_PUBLIC): string => {
    const written = encode(TPM2_Create.params.inPublic, inPublic);
    return `000400000000${hex(written)}000000000000`;
  };
  const createPrimary = authorized('00000131', '40000001', template(STORAGE));
  const createRsa = authorized('00000153', word(parentHandle), template(rsa(0x20472, { scheme: TPM_ALG.NULL })));
  const load = authorized(
    '00000157',
    word(parentHandle),
    hex(encode(TPM2_Load.params.inPrivate, both.outPrivate)) + hex(encode(TPM2_Load.params.inPublic, both.outPublic)),
  );
  const cipherText = `0100${'00'.repeat(8)}${'5a'.repeat(248)}`;
  const decrypt = authorized('00000159', word(key.handle), `${cipherText}00100000`);
  const sign = authorized('0000015d', word(key.handle), `0020${'11'.repeat(32)}0014000b8024400000070000`);
  const save = plain('00000162', word(key.handle));
  const random = plain('0000017b', '0020');
  const extend = authorized('00000182', '00000010', `00000001000b${'22'.repeat(32)}`);
  const policyPcr = plain('0000017f', `${word(policySession)}000000000001000b03000001`);
  const read = authorized('0000014e', word(INDEX) + word(INDEX), '00200000');
  const hash = plain('0000017d', `0400${'33'.repeat(1024)}000b40000007`);
  return [
    { name: 'GetRandom', run: () => chain(target, () => random) },
    { name: 'PCR_Extend', run: () => chain(target, () => extend) },
    {
      name: 'StartAuthSession',
      operations: 2,
      run: () =>
        chain(
          target,
          () => startSession,
          session => flush(handleOf(session)),
        ),
    },
    { name: 'PolicyPCR', run: () => chain(target, () => policyPcr) },
    {
      name: 'CreatePrimary ECC',
      publicKey: true,
      run: () =>
        chain(
          target,
          () => createPrimary,
          made => flush(handleOf(made)),
        ),
    },
    { name: 'Create RSA', publicKey: true, run: () => chain(target, () => createRsa) },
    {
      name: 'Load',
      operations: 2,
      run: () =>
        chain(
          target,
          () => load,
          loaded => flush(handleOf(loaded)),
        ),
    },
    { name: 'RSA_Decrypt', publicKey: true, run: () => chain(target, () => decrypt) },
    { name: 'Sign', publicKey: true, run: () => chain(target, () => sign) },
    { name: 'NV_Read', run: () => chain(target, () => read) },
    {
      name: 'ContextSave+Load',
      operations: 3,
      run: () =>
        chain(
          target,
          () => save,
          saved => plain('00000161', hex(saved.subarray(10))),
          loaded => flush(handleOf(loaded)),
        ),
    },
    { name: 'Hash 1 KB', run: () => chain(target, () => hash) },
  ];
}

const real = await swtpm();
const targets = [inProcess(), await served(), ...(real ? [real] : [])];
const measured = await Promise.all(targets.map(async target => ({ target, commands: await commandsOf(target) })));

/** In process at least as fast as swtpm over its socket; three times as fast where public keys do not decide. */
const limitOf = (target: Target, { name, publicKey }: Measured) =>
  real && target === targets[0] ? { limit: { times: publicKey ? 1 : 1 / 3, of: `TPM ${name}, ${real.name}` } } : {};

export const benches: readonly Bench[] = (measured[0]?.commands ?? []).flatMap((_, i) =>
  measured.flatMap(({ target, commands }) => {
    const command = commands[i];
    if (!command) return [];
    return {
      name: `TPM ${command.name}, ${target.name}`,
      run: () => command.run(),
      operations: command.operations ?? 1,
      ...limitOf(target, command),
    };
  }),
);
