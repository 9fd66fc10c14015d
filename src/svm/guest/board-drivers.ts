import type { Board } from '../../frontends/index.ts';
import { sizeOf, TPM_HEADER_BYTES } from '../../spec/index.ts';
import { TpmDriverError } from './tpm-drivers.ts';

// What an operating system's drivers do with the TPM devices of a board (Linux
// drivers/char/tpm/tpm_tis_core.c, drivers/char/tpm/tpm_crb.c, drivers/char/tpm/tpm_tis_i2c.c): registers alone, polling.

const ACCESS = { request: 0x02, active: 0x20 } as const;
const STS = { commandReady: 0x40, go: 0x20, dataAvailable: 0x10, expect: 0x08, valid: 0x80 } as const;
const TIS = { access: 0x00, sts: 0x18, fifo: 0x24 } as const;
const I2C = { locality: 0x00, access: 0x04, sts: 0x18, fifo: 0x24 } as const;
const CRB = { locCtrl: 0x08, locSts: 0x0c, ctrlReq: 0x40, ctrlSts: 0x44, start: 0x4c, data: 0x80 } as const;

/** A command by the driver of the board's device. @throws {TpmDriverError} in words of what the driver waited for in vain. */
export async function boardCommand(board: Board, command: Uint8Array, locality = 0): Promise<Uint8Array> {
  switch (board.tpm?.model) {
    case undefined:
      throw new TpmDriverError('the board has no TPM');
    case 'tpm-crb':
      return byCrb(board, command);
    case 'tpm-tis-i2c':
      return byFifo(board, i2cPort(board, locality), command);
    default:
      return byFifo(board, tisPort(board, locality), command);
  }
}

/** The registers of a FIFO interface, wherever they are. */
interface FifoPort {
  readAccess(): Promise<number>;
  writeAccess(value: number): Promise<void>;
  readStatus(): Promise<number>;
  writeStatus(value: number): Promise<void>;
  readFifo(count: number): Promise<Uint8Array>;
  writeFifo(bytes: Uint8Array): Promise<void>;
}

function tisPort({ bus, definition }: Board, locality: number): FifoPort {
  const at = (offset: number) => definition.base + locality * 0x1000 + offset;
  const byte = async (offset: number) => (await bus.read(at(offset), 1))[0] ?? 0;
  const each = (bytes: Uint8Array) => Array.from(bytes, value => Uint8Array.of(value));
  return {
    readAccess: () => byte(TIS.access),
    writeAccess: value => bus.write(at(TIS.access), Uint8Array.of(value)),
    readStatus: () => byte(TIS.sts),
    writeStatus: value => bus.write(at(TIS.sts), Uint8Array.of(value)),
    async readFifo(count) {
      return Uint8Array.from(await inTurn(count, () => byte(TIS.fifo)));
    },
    async writeFifo(bytes) {
      for (const one of each(bytes)) await bus.write(at(TIS.fifo), one);
    },
  };
}

function i2cPort({ device }: Board, locality: number): FifoPort {
  const byte = async (register: number) => (await device?.i2cRead?.(register, 1))?.[0] ?? 0xff;
  const write = async (register: number, bytes: Uint8Array) => device?.i2cWrite?.(register, bytes);
  return {
    readAccess: () => byte(I2C.access),
    async writeAccess(value) {
      await write(I2C.locality, Uint8Array.of(locality));
      await write(I2C.access, Uint8Array.of(value));
    },
    readStatus: () => byte(I2C.sts),
    writeStatus: value => write(I2C.sts, Uint8Array.of(value)),
    readFifo: async count => (await device?.i2cRead?.(I2C.fifo, count)) ?? new Uint8Array(count),
    writeFifo: bytes => write(I2C.fifo, bytes),
  };
}

async function inTurn<T>(count: number, body: () => Promise<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(await body());
  return list;
}

async function byFifo(board: Board, port: FifoPort, command: Uint8Array): Promise<Uint8Array> {
  await port.writeAccess(ACCESS.request);
  if (((await port.readAccess()) & ACCESS.active) === 0) throw new TpmDriverError('the locality is not granted');
  await port.writeStatus(STS.commandReady);
  if (((await port.readStatus()) & STS.commandReady) === 0) throw new TpmDriverError('the TPM does not become ready');
  await port.writeFifo(command);
  if (((await port.readStatus()) & STS.expect) !== 0) throw new TpmDriverError('the TPM expects more than the command has');
  await port.writeStatus(STS.go);
  await board.device?.finish();
  if (((await port.readStatus()) & STS.dataAvailable) === 0) throw new TpmDriverError('no response comes');
  const header = await port.readFifo(TPM_HEADER_BYTES);
  const rest = await port.readFifo(Math.max(0, sizeOf(header) - TPM_HEADER_BYTES));
  await port.writeStatus(STS.commandReady);
  await port.writeAccess(ACCESS.active);
  return Uint8Array.from([...header, ...rest]);
}

async function byCrb(board: Board, command: Uint8Array): Promise<Uint8Array> {
  const at = (offset: number) => board.definition.base + offset;
  const word = (offset: number) => board.read(at(offset), 4);
  const write = (offset: number, value: bigint) => board.write(at(offset), 4, value);
  await write(CRB.locCtrl, 1n);
  if (((await word(CRB.locSts)) & 1n) === 0n) throw new TpmDriverError('the locality is not granted');
  await write(CRB.ctrlReq, 1n);
  await board.bus.write(at(CRB.data), command);
  await write(CRB.start, 1n);
  await board.device?.finish();
  if ((await word(CRB.start)) !== 0n) throw new TpmDriverError('no response comes');
  if (((await word(CRB.ctrlSts)) & 1n) !== 0n) throw new TpmDriverError('the TPM reports a fatal error (tpmSts)');
  const header = await board.bus.read(at(CRB.data), TPM_HEADER_BYTES);
  const response = await board.bus.read(at(CRB.data), sizeOf(header));
  await write(CRB.ctrlReq, 2n);
  await write(CRB.locCtrl, 2n);
  return response;
}
