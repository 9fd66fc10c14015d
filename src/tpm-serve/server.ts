import type { Address } from '../protocols/index.ts';
import { type Listener, type ListenerOptions, listenFor, showAddress } from '../protocols/index.ts';
import { SimulatorError } from '../sim/index.ts';
import { controlChannel } from './channels/control.ts';
import { dataChannel } from './channels/data.ts';
import { mssimChannel } from './channels/mssim.ts';
import { type Relay, relayProgram, startRelay } from './relay.ts';
import type { ServedTpm } from './served-tpm.ts';

export const PROTOCOLS = ['swtpm', 'mssim'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface TpmServerOptions {
  readonly protocol: Protocol;
  /** Where commands come in; null when they come by a descriptor that is handed over only. */
  readonly listen: Address | null;
  /** swtpm's control channel, or the simulator's platform port; `next`: the TCP port after that of `listen`; null: none. */
  readonly control: Address | 'next' | null;
  readonly onLine: (line: string) => void;
}

export interface TpmServer {
  readonly data: Address | null;
  readonly control: Address | null;
  /** Whether SET_DATAFD is possible: the relay is built, and the control channel is a Unix socket. */
  readonly takesDescriptors: boolean;
  /** Settles when a client asks the server to end; why. */
  readonly asked: Promise<string>;
  /** Ends all connections. The TPM is left on. */
  close(): Promise<void>;
}

/**
 * Serves one TPM to real programs.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export async function serveTpm(tpm: ServedTpm, options: TpmServerOptions): Promise<TpmServer> {
  const { protocol, onLine } = options;
  let ask: (why: string) => void = () => {};
  const asked = new Promise<string>(resolve => {
    ask = resolve;
  });
  let clients = 0;
  let commandsAt = 'commands go to the data channel';
  const side = (name: string, channel: ListenerOptions['channel']): ListenerOptions => ({ name, onLine, channel });
  const stop = () => ask('a client asked for it');
  const data = side('data', () => (protocol === 'mssim' ? mssimChannel(tpm, ++clients, 'command', stop) : dataChannel(tpm, ++clients)));
  const control = (takesDescriptors: boolean) =>
    side('control', () =>
      protocol === 'mssim'
        ? mssimChannel(tpm, ++clients, 'platform', stop)
        : controlChannel(tpm, { takesDescriptors, commandsAt: () => commandsAt, onShutdown: () => ask('SHUTDOWN on the control channel') }),
    );

  const program = protocol === 'swtpm' && isPath(options.control) ? relayProgram() : null;
  const listeners: Listener[] = [];
  let relay: Relay | null = null;
  const close = async () => {
    await relay?.close();
    await Promise.all(listeners.map(listener => listener.close()));
  };
  try {
    const pair = await listenBoth(options, data, control(false), program !== null);
    if (pair.data) commandsAt = `commands go to ${showAddress(pair.data.address).text}`;
    listeners.push(...[pair.data, pair.control].filter(listener => listener !== null));
    if (program && isPath(options.control)) {
      relay = await startRelay(program, options.control.path, {
        control: path => listenFor({ path }, control(true)),
        data: path => listenFor({ path }, data),
        onLine,
      });
    }
    const at = pair.control?.address ?? (relay ? (options.control as Address) : null);
    return { data: pair.data?.address ?? null, control: at, takesDescriptors: relay !== null, asked, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const isPath = (control: TpmServerOptions['control']): control is { readonly path: string } =>
  control !== null && control !== 'next' && 'path' in control;

interface Pair {
  readonly data: Listener | null;
  readonly control: Listener | null;
}

const TRIES = 20;

/** The two ports. Where the first may be any, its neighbour may be taken: then another pair is tried. */
async function listenBoth(
  { listen, control }: TpmServerOptions,
  dataSide: ListenerOptions,
  controlSide: ListenerOptions,
  byRelay: boolean,
): Promise<Pair> {
  for (let attempt = 1; ; attempt++) {
    const data = listen && (await listenFor(listen, dataSide));
    const at = control === 'next' ? nextPort(data) : control;
    if (!at || byRelay) return { data, control: null };
    try {
      return { data, control: await listenFor(at, controlSide) };
    } catch (error) {
      await data?.close();
      const anyPort = listen !== null && 'port' in listen && listen.port === 0 && control === 'next';
      if (!(error instanceof SimulatorError) || !anyPort || attempt === TRIES) throw error;
    }
  }
}

function nextPort(data: Listener | null): Address | null {
  if (!data || 'path' in data.address) return null;
  return { host: data.address.host, port: data.address.port + 1 };
}
