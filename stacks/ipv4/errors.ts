/** Errors about packets of ours, from ICMP or from our own links, on their way to the transport that sent them. */

import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { NetworkError } from '../address/network.ts';
import type { Packet } from '../packet/packet.ts';
import { ECHO_REQUEST, ICMP_IDENTIFIER, ICMP_SEQUENCE, icmpType } from '../wire/icmp.ts';
import {
  destinationWord,
  fragmentOffset,
  headerLength,
  IPV4_HEADER,
  PROTOCOL_ICMP,
  protocolOf,
  sourceWord,
} from '../wire/ipv4.ts';
import type { Host } from './host.ts';

/** RFC 792: an error quotes the header and the first 64 bits of the data. */
const QUOTED_BYTES = 8;

/** Does so much of a datagram stand from `at` to `packet.end`? */
export function isQuote(packet: Packet, at: number): boolean {
  if (packet.end - at < IPV4_HEADER || packet.u8(at) >> 4 !== 4) return false;
  const header = headerLength(packet, at);
  return header >= IPV4_HEADER && at + header + QUOTED_BYTES <= packet.end;
}

export interface ErrorTaker {
  readonly protocol: number;
  networkError(error: NetworkError): boolean;
}

export class Errors {
  readonly #host: Host;
  readonly #takers = new Map<number, ErrorTaker>();

  constructor(host: Host) {
    this.#host = host;
  }

  register(taker: ErrorTaker): void {
    this.#takers.set(taker.protocol, taker);
  }

  /**
   * Reads the packet of ours that stands (at least in part) from `at` to `packet.end`. Undefined when it cannot be
   * ours or is too short to say whose it was.
   */
  read(
    packet: Packet,
    at: number,
    kind: NetworkError['kind'],
    mtu: number,
    reporter: number,
  ): NetworkError | undefined {
    if (!isQuote(packet, at)) return undefined;
    const transport = at + headerLength(packet, at);
    // Later fragments do not hold the ports.
    if (fragmentOffset(packet, at) !== 0 || !this.#host.isOwn(sourceWord(packet, at))) return undefined;
    const isIcmp = protocolOf(packet, at) === PROTOCOL_ICMP;
    if (isIcmp && icmpType(packet, transport) !== ECHO_REQUEST) return undefined;
    return {
      kind,
      mtu,
      reporter: ipv4.format(new Address(0, 0, 0, reporter)),
      local: new Address(0, 0, 0, sourceWord(packet, at)),
      remote: new Address(0, 0, 0, destinationWord(packet, at)),
      // Of an echo request: identifier and sequence number.
      localPort: packet.u16(isIcmp ? transport + ICMP_IDENTIFIER : transport),
      remotePort: packet.u16(isIcmp ? transport + ICMP_SEQUENCE : transport + 2),
      sequence: packet.i32(transport + 4),
    };
  }

  /** To the transport whose packet it was; false when it knows nothing of it. */
  deliver(protocol: number, error: NetworkError): boolean {
    return this.#takers.get(protocol)?.networkError(error) === true;
  }
}
