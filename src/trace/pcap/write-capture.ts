import { ACTORS, type Actor, type AnyEvent } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import { chain } from '../show/event-in-full.ts';
import { pcapngHead, pcapngPacket } from './pcapng.ts';
import { type Endpoint, TcpConnection } from './tcp.ts';

/** The port at which Wireshark expects a TPM's commands and responses, without any frame around them. */
export const TPM_PORT = 2321;
export const FIRST_CLIENT_PORT = 49152;

/**
 * The TPM traffic of runs as a pcapng file that Wireshark dissects as TPM 2.0 without any setting. Each actor of each host has an
 * address; a connection stands for each way to the TPM: firmware's, the resource manager's, and that of each of its spaces.
 */
export function toCapture(runs: readonly (readonly AnyEvent[])[], application: string): Uint8Array {
  const names = new Map<string, string>();
  const packets = runs.flatMap((events, run) => packetsOf(events, new Addresses(run, names)));
  return Buffer.concat([pcapngHead(application, names), ...packets]);
}

function packetsOf(events: readonly AnyEvent[], addresses: Addresses): Uint8Array[] {
  const connections = new Map<string, TcpConnection>();
  const packets: Uint8Array[] = [];
  for (const event of events) {
    if (event.kind !== 'tpm.command' && event.kind !== 'tpm.response') continue;
    const message = event.sights[0]?.bytes;
    if (!message) continue;
    const way = `${event.host ?? 'host'} ${event.data.via}`;
    const known = connections.get(way);
    const connection = known ?? new TcpConnection(...endsOf(event, addresses, connections.size));
    if (!known) {
      connections.set(way, connection);
      for (const bytes of connection.open()) packets.push(pcapngPacket({ timeNs: event.virtualTimeNs, bytes }));
    }
    const bytes = connection.send(event.kind === 'tpm.command' ? 0 : 1, message);
    packets.push(pcapngPacket({ timeNs: event.virtualTimeNs, bytes, comment: commentOf(event, events) }));
  }
  return packets;
}

function endsOf({ data, host = 'host' }: AnyEvent, addresses: Addresses, n: number): [Endpoint, Endpoint] {
  const via = 'via' in data ? data.via : '';
  const [client, server]: [Actor, Actor] =
    via === 'direct' ? ['firmware', 'tpm'] : via === 'resource manager' ? ['tpmrm', 'tpm'] : ['spapr-tpm-proxy', 'tpmrm'];
  return [
    { address: addresses.of(host, client), port: FIRST_CLIENT_PORT + n },
    { address: addresses.of(host, server), port: TPM_PORT },
  ];
}

/** The calls in whose course a message travelled. */
function commentOf(event: AnyEvent, events: readonly AnyEvent[]): string {
  const via = 'via' in event.data ? event.data.via : '';
  const causes = chain(event, events).filter(({ kind }) => kind.endsWith('.call') || kind === 'step.start');
  const told = causes.map(cause => `${cause.lpid === undefined ? '' : `lpid ${cause.lpid} `}${render(cause).text}`);
  return [`svm-sim event #${event.seq}, ${via}`, ...told].join('\n');
}

/** `10.run.host.actor`, with names for them. */
class Addresses {
  readonly #run: number;
  readonly #names: Map<string, string>;
  readonly #hosts: string[] = [];

  constructor(run: number, names: Map<string, string>) {
    this.#run = run;
    this.#names = names;
  }

  of(host: string, actor: Actor): string {
    if (!this.#hosts.includes(host)) this.#hosts.push(host);
    const address = `10.${this.#run & 0xff}.${this.#hosts.indexOf(host) & 0xff}.${ACTORS.indexOf(actor) + 1}`;
    this.#names.set(address, `${actor}.${host}`);
    return address;
  }
}
