/** Which flow a packet belongs to, where routes share flows: RFC 6438 §3, RFC 6437 §2. */
import type { Address } from '../address/address.ts';
import { type Flow, hasPorts } from '../forward/flow.ts';
import type { Packet } from '../packet/packet.ts';
import { DESTINATION, type Skimmed, SOURCE, skim } from '../wire/ipv6.ts';

const FLOW_LABEL = 0xfffff;
const ADDRESS_WORDS = 8;

/** Of the packet named last; one instance serves them all, so a packet costs a few writes. */
export class Ipv6Flow implements Flow {
  readonly #skimmed: Skimmed = { protocol: -1, at: 0, fragment: 0, isFragment: false };
  #packet: Packet | undefined;
  /** Undefined: the packet has its header. */
  #source: Address | undefined;
  #destination: Address | undefined;
  #protocol = 0;

  /** A packet in transit, `network` at its header. */
  of(packet: Packet): this {
    this.#packet = packet;
    this.#source = undefined;
    return this;
  }

  /** A packet of ours that has no IP header yet; `start` is at its transport header. */
  ours(packet: Packet, source: Address, destination: Address, protocol: number): this {
    this.#packet = packet;
    this.#source = source;
    this.#destination = destination;
    this.#protocol = protocol;
    return this;
  }

  words(into: Int32Array): number {
    const packet = this.#packet!;
    if (this.#source !== undefined) {
      put(this.#source, into, 0);
      put(this.#destination!, into, 4);
      return this.#upper(packet, this.#protocol, packet.start, into, ADDRESS_WORDS);
    }
    const at = packet.network;
    for (let i = 0; i < 4; i++) {
      into[i] = packet.i32(at + SOURCE + 4 * i);
      into[i + 4] = packet.i32(at + DESTINATION + 4 * i);
    }
    into[ADDRESS_WORDS] = packet.i32(at) & FLOW_LABEL;
    const skimmed = this.#skimmed;
    skim(packet, at, packet.end, skimmed);
    // Only the first fragment has the ports, and all of them belong together.
    if (skimmed.protocol < 0 || skimmed.isFragment) return ADDRESS_WORDS + 1;
    return this.#upper(packet, skimmed.protocol, skimmed.at, into, ADDRESS_WORDS + 1);
  }

  #upper(packet: Packet, protocol: number, at: number, into: Int32Array, count: number): number {
    into[count] = protocol;
    if (!hasPorts(protocol) || at + 4 > packet.end) return count + 1;
    into[count + 1] = packet.i32(at);
    return count + 2;
  }
}

function put(address: Address, into: Int32Array, at: number): void {
  into[at] = address.w0;
  into[at + 1] = address.w1;
  into[at + 2] = address.w2;
  into[at + 3] = address.w3;
}
