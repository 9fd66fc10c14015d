import { BOARDS, Board, type BoardName, type BoardState, EmulatorBackend, ServedChannels } from '../frontends/index.ts';
import { SimulatorError, type World } from '../sim/index.ts';
import { boardCommand } from '../svm/guest/index.ts';
import { describeTpm } from '../tpm/index.ts';
import { ServedTpm } from '../tpm-serve/index.ts';
import { recordExchange } from '../tpmrm/index.ts';

/** A machine that is there for its TPM device alone. */
export interface BoardSpec {
  readonly name: string;
  readonly machine: BoardName;
  readonly model: string;
  readonly ppi?: boolean;
  readonly irq?: number;
}

/** What a board is, to go on from. */
export interface BoardMachineState {
  readonly board: BoardState;
  readonly permanent: Uint8Array;
  readonly volatile: Uint8Array;
  /** The TPM was started. */
  readonly locality: number;
}

/** A board with a TPM of its own, built in, behind an emulator's channels. */
export class BoardMachine {
  readonly board: Board;
  readonly #world: World;
  readonly #spec: BoardSpec;
  readonly #tpm: ServedTpm;

  private constructor(world: World, spec: BoardSpec, tpm: ServedTpm, board: Board) {
    this.#world = world;
    this.#spec = spec;
    this.#tpm = tpm;
    this.board = board;
  }

  /** Switched on, firmware has not run. @throws {SimulatorError} `machine.board` in QEMU's words when it does not start. */
  static async start(world: World, spec: BoardSpec): Promise<BoardMachine> {
    const { clock, random, bus } = world;
    const tpm = new ServedTpm({ random: random.fork(`tpm of ${spec.name}`), clock, nowNs: () => clock.nowNs, startup: 'none' });
    const definition = BOARDS[spec.machine];
    const print = (line: string) => bus.emit('note', 'hypervisor', { text: `${spec.name}: QEMU prints: ${line}` });
    const backend = await EmulatorBackend.open(new ServedChannels(tpm), print);
    const refused = (lines: readonly string[]) =>
      new SimulatorError('machine.board', {
        where: spec.name,
        what: lines.join('\n'),
        hint: 'See docs/frontends.md for boards and devices.',
      });
    if ('refused' in backend) throw refused(backend.refused);
    const { model, ppi, irq } = spec;
    const tpmOptions = { model, backend, ...(ppi === undefined ? {} : { ppi }), ...(irq === undefined ? {} : { irq }) };
    const board = await Board.start(definition, { tpm: tpmOptions, print });
    if ('refused' in board) throw refused(board.refused);
    return new BoardMachine(world, spec, tpm, board);
  }

  /** A command by the driver of its device. @throws {TpmDriverError} */
  transmit(command: Uint8Array, locality: number): Promise<Uint8Array> {
    const route = {
      via: this.#spec.model,
      from: 'guest',
      seenBy: ['hypervisor', 'tpm'],
      place: {},
      describe: describeTpm,
      causes: 'answer',
    } as const;
    return recordExchange(this.#world.bus, route, command, () => boardCommand(this.board, command, locality));
  }

  snapshot(): BoardMachineState {
    return {
      board: this.board.snapshot(),
      permanent: this.#tpm.stateOf('permanent'),
      volatile: this.#tpm.stateOf('volatile'),
      locality: this.#tpm.locality,
    };
  }

  restore({ board, permanent, volatile, locality }: BoardMachineState): void {
    this.board.restore(board);
    this.#tpm.setState('permanent', permanent);
    this.#tpm.setState('volatile', volatile);
    this.#tpm.init({ forget: true });
    this.#tpm.locality = locality;
  }
}
