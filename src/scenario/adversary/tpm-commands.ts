import { z } from 'zod';
import { type AnyCodec, type Fields, fromHex } from '../../bytes/index.ts';
import { nearest } from '../../sim/index.ts';
import { NO_PASSWORD, type TpmClient } from '../../tpm/client/index.ts';
import { type CommandRecord, commands } from '../../tpm/index.ts';
import { explainRc } from '../../tpm/wire/index.ts';
import { HEX } from '../language/values.ts';

const HANDLE = z.union([z.int().min(0), z.string().min(1)]);

/** A TPM command that the adversary sends, as the scenario writes it. */
export const OWN_COMMAND = z.strictObject({
  command: z.string().describe('Name of the command, such as `TPM2_PCR_Reset`.'),
  handles: z
    .record(z.string(), HANDLE)
    .optional()
    .describe('Its handles by name: numbers, or the `as` of an earlier command. Each that wants it is authorized by an empty password.'),
  parameters: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Its parameters by name: numbers, names of constants, hexadecimal for bytes, lists and mappings as Part 2 declares them.'),
  as: z.string().optional().describe('A name for the handle in its response, for commands that follow.'),
});
export type OwnCommand = z.infer<typeof OWN_COMMAND>;

/** A command with the values that its declaration wants. */
interface Built {
  readonly command: CommandRecord;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Finds the declaration and makes values of what the scenario writes.
 * @throws {RangeError} that says what is wrong, in words for whoever wrote it.
 */
export function buildOwn({ command: name, handles = {}, parameters = {} }: OwnCommand): Built {
  const command = byName.get(name);
  if (!command) throw new RangeError(`there is no TPM command "${name}"${meant(name, [...byName.keys()])}`);
  for (const handle of Object.keys(command.handles))
    if (handles[handle] === undefined) throw new RangeError(`${name} wants the handle "${handle}"`);
  for (const given of Object.keys(handles)) {
    if (!(given in command.handles)) throw new RangeError(`${name} has no handle "${given}"${meant(given, Object.keys(command.handles))}`);
  }
  return { command, params: record(name, command.params, parameters) };
}

const byName: ReadonlyMap<string, CommandRecord> = new Map([...commands.values()].map(command => [command.name, command]));
const meant = (word: string, known: readonly string[]): string => {
  const close = nearest(word, known);
  return close === undefined ? '' : `: did you mean "${close}"?`;
};

function record(path: string, fields: Fields, given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new RangeError(`${path} is a mapping`);
  const values = given as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(values))
    if (!(key in fields)) throw new RangeError(`${path} has no field "${key}"${meant(key, Object.keys(fields))}`);
  return Object.fromEntries(Object.entries(fields).map(([key, codec]) => [key, valueFor(`${path}.${key}`, codec, values[key])]));
}

function valueFor(path: string, codec: AnyCodec, given: unknown): unknown {
  const { shape } = codec;
  switch (shape.kind) {
    case 'uint':
    case 'bits':
      return shape.kind === 'uint' && shape.bytes === 8 ? BigInt(number(path, given)) : number(path, given);
    case 'enum': {
      const found = [...shape.names].find(([value, name]) => name === given || value === given);
      if (found) return found[0];
      throw new RangeError(`${path} is one of ${[...shape.names.values()].join(', ')}`);
    }
    case 'bytes':
      if (given === undefined) return new Uint8Array(shape.length ?? 0);
      if (typeof given === 'string' && HEX.safeParse(given).success) return fromHex(given);
      throw new RangeError(`${path} is written in hexadecimal`);
    case 'list':
      if (!Array.isArray(given)) throw new RangeError(`${path} is a list`);
      return given.map((item, i) => valueFor(`${path}[${i}]`, shape.item, item));
    case 'sizedOf':
      return given === undefined && shape.optional ? null : valueFor(path, shape.inner, given);
    case 'struct':
      return record(path, shape.fields, given ?? {});
    case 'tagged': {
      const values = (given ?? {}) as Readonly<Record<string, unknown>>;
      const tag = valueFor(`${path}.${shape.tag}`, shape.head[shape.tag] as AnyCodec, values[shape.tag]) as number;
      return record(path, { ...shape.head, ...shape.variants[tag] }, values);
    }
    default:
      throw new RangeError(`${path} cannot be written in a scenario`);
  }
}

function number(path: string, given: unknown): number {
  const value = typeof given === 'string' && given !== '' ? Number(given) : given;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new RangeError(given === undefined ? `${path} is missing` : `${path} is a whole number`);
}

/** What came of a command: the name of the response code, or why no response was had. */
export interface Sent {
  readonly command: string;
  readonly said: string;
  readonly fault?: string;
}

/** Sends them one after the other. */
export async function sendOwn(client: TpmClient, own: readonly OwnCommand[]): Promise<readonly Sent[]> {
  const named = new Map<string, number>();
  const sent: Sent[] = [];
  for (const one of own) {
    const { command, params } = buildOwn(one);
    const handles: Record<string, number> = {};
    for (const name of Object.keys(command.handles)) handles[name] = handleOf(one.handles?.[name], named);
    const sessions = Object.values(command.handles).flatMap(({ auth }) => (auth ? [NO_PASSWORD] : []));
    const answer = await client.call(command, handles, params, { sessions });
    if (answer.ok && one.as !== undefined) named.set(one.as, answer.handle);
    if (answer.ok) sent.push({ command: command.name, said: 'TPM_RC_SUCCESS' });
    else if (answer.rc === null) sent.push({ command: command.name, said: answer.fault, fault: `${command.name}: ${answer.detail}` });
    else sent.push({ command: command.name, said: explainRc(answer.rc).name });
  }
  return sent;
}

/** The same, in a line. */
export async function runOwn(client: TpmClient, own: readonly OwnCommand[]): Promise<string> {
  const sent = await sendOwn(client, own);
  return sent.map(({ command, said }) => `${command} ${said === 'TPM_RC_SUCCESS' ? 'done' : said}`).join(', ');
}

function handleOf(given: number | string | undefined, named: ReadonlyMap<string, number>): number {
  if (typeof given === 'number') return given;
  return named.get(given ?? '') ?? Number(given ?? 0);
}
