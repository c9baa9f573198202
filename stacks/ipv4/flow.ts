/** Which flow a datagram belongs to, where routes share flows: RFC 2991 §2. */
import { type Flow, hasPorts } from '../forward/flow.ts';
import type { Packet } from '../packet/packet.ts';
import { destinationWord, isFragment, protocolOf, sourceWord } from '../wire/ipv4.ts';

/** Of the packet named last; one instance serves them all, so a packet costs a few writes. */
export class Ipv4Flow implements Flow {
  #packet: Packet | undefined;
  #hasHeader = false;
  #source = 0;
  #destination = 0;
  #protocol = 0;

  /** A validated datagram in transit. */
  of(packet: Packet): this {
    this.#packet = packet;
    this.#hasHeader = true;
    return this;
  }

  /** A packet of ours that has no IP header yet; `start` is at its transport header. */
  ours(packet: Packet, source: number, destination: number, protocol: number): this {
    this.#packet = packet;
    this.#hasHeader = false;
    this.#source = source;
    this.#destination = destination;
    this.#protocol = protocol;
    return this;
  }

  words(into: Int32Array): number {
    const packet = this.#packet!;
    const at = packet.network;
    into[0] = this.#hasHeader ? sourceWord(packet, at) : this.#source;
    into[1] = this.#hasHeader ? destinationWord(packet, at) : this.#destination;
    // Only the first fragment has the ports, and all of them belong together.
    if (this.#hasHeader && isFragment(packet, at)) return 2;
    const protocol = this.#hasHeader ? protocolOf(packet, at) : this.#protocol;
    const transport = this.#hasHeader ? packet.transport : packet.start;
    into[2] = protocol;
    if (!hasPorts(protocol) || transport + 4 > packet.end) return 3;
    into[3] = packet.i32(transport);
    return 4;
  }
}
