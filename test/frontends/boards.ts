import { BOARDS, Board, EmulatorBackend, type EmulatorChannels, ServedChannels } from '../../src/frontends/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { ServedTpm } from '../../src/tpm-serve/index.ts';

export const MODELS = [
  ['q35', 'tpm-tis'],
  ['q35', 'tpm-crb'],
  ['virt', 'tpm-tis-device'],
  ['ast2600-evb', 'tpm-tis-i2c'],
] as const;

export const builtInTpm = (): ServedChannels =>
  new ServedChannels(new ServedTpm({ random: new Random('frontends'), clock: new Clock(), nowNs: () => 0n, startup: 'none' }));

export interface Started {
  readonly board: Board;
  /** What QEMU printed. */
  readonly messages: string[];
}

/** A machine with this TPM device; by default over the TPM that is built in. */
export async function startBoard(
  machine: keyof typeof BOARDS,
  model: string,
  { channels = builtInTpm(), incoming = false }: { readonly channels?: EmulatorChannels; readonly incoming?: boolean } = {},
): Promise<Started> {
  const messages: string[] = [];
  const backend = await EmulatorBackend.open(channels, line => messages.push(line));
  if ('refused' in backend) throw new Error(backend.refused.join('\n'));
  const board = await Board.start(BOARDS[machine], { incoming, tpm: { model, backend }, print: line => messages.push(line) });
  if ('refused' in board) throw new Error(board.refused.join('\n'));
  return { board, messages };
}

/** Lets everything go on that can. */
export const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
