import type { Address, Listener } from '../../protocols/index.ts';
import { listenFor } from '../../protocols/index.ts';
import type { TpmChip } from '../chip.ts';
import { fileChannel } from './connection.ts';

export interface ServeOptions {
  /** Connections at the same time. Default: 256. */
  readonly mostConnections?: number;
  /** How long half a command is waited for. Default: 30 s. */
  readonly patienceMs?: number;
  /** Told what happens, in a line. */
  readonly onLine?: (line: string) => void;
  /** What the kernel logged last, and no client was told of yet: why a system call failed. */
  readonly reason?: () => string | undefined;
}

/**
 * Serves a TPM as /dev/tpmrm0: each connection is a space, as each open of the device is. Commands and responses go as they are.
 * `close` ends all connections, waits for the commands under way, and flushes the sessions of the spaces.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export function serveResourceManager(chip: TpmChip, address: Address, options: ServeOptions = {}): Promise<Listener> {
  const { mostConnections = 256, patienceMs, onLine = () => {}, reason } = options;
  return listenFor(address, {
    name: 'connection',
    onLine,
    mostConnections,
    ...(patienceMs === undefined ? {} : { patienceMs }),
    async channel() {
      const opened = await chip.open('/dev/tpmrm0');
      return 'value' in opened
        ? fileChannel(opened.value, reason)
        : { refused: `open gave ${'errno' in opened ? opened.errno : 'no result'}` };
    },
  });
}
