import { z } from 'zod';
import { fromHex } from '../../bytes/index.ts';
import { decodeBits, FRONTENDS, type FrontendRegister } from '../../frontends/index.ts';
import { OWN_COMMAND } from '../adversary/index.ts';
import { type BoardEntry, boardFault } from '../language/board-entry.ts';
import { boardNamed, type Machines } from '../language/machines.ts';
import { type Complaint, didYouMean } from '../language/problem.ts';
import { HEX } from '../language/values.ts';
import type { Run } from '../run/run-state.ts';
import { OK, type StepOutcome } from '../run/step-outcome.ts';
import { sendByDriver } from './send-by-driver.ts';
import { OF_NOBODY, stepKind } from './step-kind.ts';

const OF_A_BOARD = { board: z.string().optional().describe('Name of the board. May be left out when the scenario has only one.') };
const LOCALITY = z.int().min(0).max(4).optional().describe('Locality. Default: 0.');
const LOCALITY_BYTES = 0x1000;

function* boardProblems(board: string | undefined, machines: Machines): Iterable<Complaint> {
  const names = (machines.boards ?? []).map(({ name }) => name);
  if (names.length === 0) yield { path: [], what: 'the scenario has no board', hint: 'Add one under "boards".' };
  else if (board !== undefined && !names.includes(board))
    yield { path: ['board'], what: `there is no board "${board}"`, hint: didYouMean(board, names) };
  const entry = boardNamed(machines, board);
  const fault = entry && boardFault(entry);
  if (fault !== undefined) yield { path: ['board'], what: fault, hint: 'docs/frontends.md lists the devices of each machine.' };
}

const registersOf = (entry: BoardEntry | undefined): readonly FrontendRegister[] =>
  FRONTENDS.find(({ model }) => model === entry?.model)?.registers ?? [];

const registerOf = (entry: BoardEntry | undefined, name: string): FrontendRegister | undefined =>
  registersOf(entry).find(register => register.name === name);

function* registerProblems(step: { board?: string | undefined; register?: string | undefined }, machines: Machines): Iterable<Complaint> {
  yield* boardProblems(step.board, machines);
  const entry = boardNamed(machines, step.board);
  if (step.register === undefined || !entry || registerOf(entry, step.register)) return;
  const names = registersOf(entry).map(({ name }) => name);
  yield { path: ['register'], what: `${entry.model} has no register "${step.register}"`, hint: didYouMean(step.register, names) };
}

/** What was read, and for people what its bits say. */
function read(run: Run, what: string, bytes: Uint8Array, register: FrontendRegister | undefined): StepOutcome {
  const value = bytes.reduceRight((all, byte) => all * 256 + byte, 0);
  const fields = register ? decodeBits(register, value) : '';
  run.world.bus.emit('note', 'guest', { text: `${what}: 0x${value.toString(16)}${fields && ` (${fields})`}` });
  return { result: OK, bytes };
}

const VALUE = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const mmio = stepKind({
  name: 'mmio',
  about:
    "The software of a board reads or writes a register of its TPM device, or any guest-physical address. Bytes are in the bus's order.",
  of: OF_NOBODY,
  fields: {
    ...OF_A_BOARD,
    register: z.string().optional().describe('Name of a register; docs/frontends.md lists them.'),
    locality: LOCALITY,
    address: VALUE.optional().describe('A guest-physical address, in place of a register.'),
    size: z
      .union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)])
      .optional()
      .describe("Bytes. Default: the register's, else 4."),
    write: VALUE.optional().describe('The value that is written. Without it: the register is read.'),
  },
  expects: ['result', 'bytes'],
  usual: { result: 'ok' },
  *problems(step, machines) {
    yield* registerProblems(step, machines);
    if ((step.register === undefined) === (step.address === undefined))
      yield { path: [], what: 'names a register or an address: one of them' };
    if (boardNamed(machines, step.board)?.model === 'tpm-tis-i2c')
      yield { path: [], what: 'the TPM of this board is on an I2C bus', hint: 'Use "do: i2c".' };
  },
  text: ({ board, register, locality = 0, address = 0, write }, run) => {
    const where = register === undefined ? `0x${address.toString(16)}` : `${register}@${locality}`;
    return `${run.boardName(board)} ${write === undefined ? `reads ${where}` : `writes 0x${write.toString(16)} to ${where}`}`;
  },
  async run({ board: name, register: wanted, locality = 0, address, size, write }, run) {
    const { board } = await run.board(name);
    const register = wanted === undefined ? undefined : registerOf(run.boardEntry(name), wanted);
    const at = address ?? board.definition.base + locality * LOCALITY_BYTES + (register?.offset ?? 0);
    const bytes = size ?? register?.bytes ?? 4;
    if (write === undefined) return read(run, `${wanted ?? `0x${at.toString(16)}`}@${locality}`, await board.bus.read(at, bytes), register);
    await board.write(at, bytes, BigInt(write));
    return { result: OK };
  },
});

export const i2c = stepKind({
  name: 'i2c',
  about: 'The software of a board reads or writes a register of a TPM on an I2C bus.',
  of: OF_NOBODY,
  fields: {
    ...OF_A_BOARD,
    register: z.string().describe('Name of a register; docs/frontends.md lists them.'),
    count: z.int().min(1).max(4096).optional().describe("Bytes to read. Default: the register's."),
    write: HEX.optional().describe('Bytes that are written. Without it: the register is read.'),
  },
  expects: ['result', 'bytes'],
  usual: { result: 'ok' },
  *problems(step, machines) {
    yield* registerProblems(step, machines);
    const entry = boardNamed(machines, step.board);
    if (entry && entry.model !== 'tpm-tis-i2c') yield { path: [], what: `${entry.model} is on no I2C bus`, hint: 'Use "do: mmio".' };
  },
  text: ({ board, register, write }, run) =>
    `${run.boardName(board)} ${write === undefined ? 'reads' : `writes ${write} to`} ${register} over I2C`,
  async run({ board: name, register: wanted, count, write }, run) {
    const { device } = (await run.board(name)).board;
    const register = registerOf(run.boardEntry(name), wanted);
    const offset = register?.offset ?? 0;
    if (write !== undefined) {
      await device?.i2cWrite?.(offset, fromHex(write));
      return { result: OK };
    }
    return read(run, wanted, (await device?.i2cRead?.(offset, count ?? register?.bytes ?? 1)) ?? new Uint8Array(0), register);
  },
});

export const fwCfg = stepKind({
  name: 'fw-cfg',
  about: 'The firmware of a board reads a file that QEMU gives it, such as `etc/tpm/config`.',
  of: OF_NOBODY,
  fields: { ...OF_A_BOARD, file: z.string().describe('Name of the file.') },
  expects: ['result', 'bytes'],
  usual: { result: 'ok' },
  problems: ({ board }, machines) => boardProblems(board, machines),
  text: ({ board, file }, run) => `${run.boardName(board)}'s firmware reads ${file} from fw_cfg`,
  async run({ board: name, file }, run) {
    const { fwCfg: items } = (await run.board(name)).board;
    const found = items?.file(file);
    if (!found) return { result: { kind: 'refused', why: `there is no file ${file}` } };
    return { result: OK, bytes: found.content };
  },
});

export const acpi = stepKind({
  name: 'acpi',
  about:
    "An operating system reads an ACPI table as it lies in memory once firmware has placed it, such as `TPM2`; `TPM` is the TPM's device in AML.",
  of: OF_NOBODY,
  fields: { ...OF_A_BOARD, table: z.string().describe('Signature of the table.') },
  expects: ['result', 'bytes'],
  usual: { result: 'ok' },
  problems: ({ board }, machines) => boardProblems(board, machines),
  text: ({ board, table }, run) => `${run.boardName(board)} reads the ACPI table ${table}`,
  async run({ board: name, table }, run) {
    const { board } = await run.board(name);
    const bytes = table === 'TPM' ? board.acpi?.device?.aml.bytes : board.acpiTables().get(table);
    if (!bytes) return { result: { kind: 'refused', why: `there is no table ${table}` } };
    return { result: OK, bytes };
  },
});

export const dsm = stepKind({
  name: 'dsm',
  about:
    "An operating system calls `_DSM` of the TPM's device: the Physical Presence Interface. An integer comes as 4 bytes, lists one after the other.",
  of: OF_NOBODY,
  fields: {
    ...OF_A_BOARD,
    uuid: z.string().optional().describe('Default: the Physical Presence Interface, 3dddfaa6-361b-4eb4-a424-8d10089d1653.'),
    revision: z.int().min(0).optional().describe('Default: 1.'),
    function: z.int().min(0).describe('Number of the function.'),
    arguments: z.array(z.int().min(0)).optional().describe('Integers of the package. Default: none.'),
  },
  expects: ['result', 'bytes'],
  usual: { result: 'ok' },
  problems: ({ board }, machines) => boardProblems(board, machines),
  text: ({ board, function: number }, run) => `${run.boardName(board)} calls _DSM, function ${number}`,
  async run({ board: name, uuid = '3dddfaa6-361b-4eb4-a424-8d10089d1653', revision = 1, function: number, arguments: args = [] }, run) {
    const { board } = await run.board(name);
    const value = board.dsm(uuid, revision, number, args);
    if (value === null) return { result: { kind: 'refused', why: 'no object comes' } };
    return { result: OK, bytes: flat(value) };
  },
});

function flat(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (typeof value === 'number') return fromHex(value.toString(16).padStart(8, '0'));
  return Uint8Array.from((value as readonly unknown[]).flatMap(one => [...flat(one)]));
}

export const resetBoard = stepKind({
  name: 'reset-board',
  about: 'A board is reset (`system_reset`): registers, and the TPM, which is switched off and on.',
  of: OF_NOBODY,
  fields: OF_A_BOARD,
  expects: ['result'],
  usual: { result: 'ok' },
  problems: ({ board }, machines) => boardProblems(board, machines),
  text: ({ board }, run) => `${run.boardName(board)} is reset`,
  async run({ board: name }, run) {
    const refused = await (await run.board(name)).board.reset();
    return { result: refused ? { kind: 'refused', why: refused.refused.join('; ') } : OK };
  },
});

export const boardTpm = stepKind({
  name: 'board-tpm',
  about: 'The software of a board sends TPM commands by the driver of its device: TIS, CRB, TIS over I2C.',
  of: OF_NOBODY,
  fields: {
    ...OF_A_BOARD,
    locality: LOCALITY,
    commands: z.array(OWN_COMMAND).min(1).describe('The commands, one after the other. Each is sent, whatever came of the one before.'),
  },
  expects: ['result', 'responses', 'bytes'],
  usual: { result: 'ok' },
  problems: ({ board }, machines) => boardProblems(board, machines),
  text: ({ board, commands }, run) => `${run.boardName(board)} sends ${commands.map(({ command }) => command).join(', ')} to its TPM`,
  async run({ board: name, locality = 0, commands }, run) {
    const board = await run.board(name);
    return sendByDriver(run, run.boardName(name), command => board.transmit(command, locality), commands);
  },
});
