import type { Sighting } from '../message.ts';
import { Connection } from './connection.ts';
import { isKnownLink, segmentOf } from './ip.ts';
import { OTHER_LINKS } from './link-types.ts';
import { PacketReader } from './packets.ts';

/** Finds TPM messages in a capture, connection by connection. */
export class CaptureReader {
  readonly #packets = new PacketReader();
  readonly #connections = new Map<string, Connection>();
  readonly #otherLinks = new Map<number, number>();

  push(part: Uint8Array): readonly Sighting[] {
    const found: Sighting[] = [];
    for (const packet of this.#packets.push(part)) {
      if (!isKnownLink(packet.link)) this.#otherLinks.set(packet.link, (this.#otherLinks.get(packet.link) ?? 0) + 1);
      const segment = segmentOf(packet);
      if (!segment) continue;
      const key = [segment.from, segment.to].toSorted().join(' ');
      let connection = this.#connections.get(key);
      if (connection?.isReused(segment)) {
        found.push(...connection.end());
        connection = undefined;
      }
      if (!connection) {
        connection = new Connection(segment);
        this.#connections.set(key, connection);
      }
      found.push(...connection.push(segment));
    }
    return found;
  }

  end(): { readonly found: readonly Sighting[]; readonly problems: readonly string[] } {
    const found = [...this.#connections.values()].flatMap(connection => connection.end());
    const cut = this.#packets.end();
    const links = [...this.#otherLinks].map(([link, packets]) => {
      const name = OTHER_LINKS.get(link);
      return `${packets} ${packets === 1 ? 'packet has' : 'packets have'} link type ${link}${name ? ` (${name})` : ''}, which is not read`;
    });
    return { found, problems: [...(cut ? [cut] : []), ...links] };
  }
}
