/** The packet of ours that an ICMPv6 error quotes, in the terms both families share: RFC 4443 §2.4(d), §3. */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { NetworkError } from '../address/network.ts';
import type { Packet } from '../packet/packet.ts';
import {
  BEYOND_SCOPE,
  DESTINATION_UNREACHABLE,
  FIRST_INFORMATIONAL,
  NO_ROUTE,
  PACKET_TOO_BIG,
  PARAMETER_PROBLEM,
  PORT_UNREACHABLE,
  PROHIBITED,
  TIME_EXCEEDED,
  UNKNOWN_NEXT_HEADER,
} from '../wire/icmp6.ts';
import { DESTINATION, HEADER_BYTES, type Skimmed, SOURCE, skim } from '../wire/ipv6.ts';

/** Of the quoted transport header: ports and sequence number, or what ICMPv6 has in their place. */
const TRANSPORT_BYTES = 8;

export interface Quote {
  readonly protocol: number;
  readonly error: NetworkError;
}

const skimmed: Skimmed = { protocol: -1, at: 0, fragment: 0, isFragment: false };

/**
 * Reads the packet whose IPv6 header is at `network`; link-local addresses in it belong to `zone`. Undefined when not
 * enough of it is there to tell whose it was, as with a later fragment.
 */
export function readQuote(
  packet: Packet,
  network: number,
  zone: number,
  kind: NetworkError['kind'],
  mtu: number,
  reporter: string,
): Quote | undefined {
  if (network + HEADER_BYTES > packet.end || packet.u8(network) >>> 4 !== 6) return undefined;
  skim(packet, network, packet.end, skimmed);
  const at = skimmed.at;
  if (skimmed.protocol < 0 || skimmed.fragment !== 0 || at + TRANSPORT_BYTES > packet.end) return undefined;
  const local = new Address();
  const remote = new Address();
  ipv6.read(packet.bytes, network + SOURCE, local);
  ipv6.read(packet.bytes, network + DESTINATION, remote);
  if (ipv6.isLinkLocal(local)) local.zone = zone;
  if (ipv6.isLinkLocal(remote) || ipv6.isMulticast(remote)) remote.zone = zone;
  const error: NetworkError = {
    kind,
    mtu,
    reporter,
    local,
    remote,
    localPort: packet.u16(at),
    remotePort: packet.u16(at + 2),
    sequence: packet.i32(at + 4),
  };
  return { protocol: skimmed.protocol, error };
}

/**
 * The family-neutral name of an ICMPv6 error; undefined for what is no error. Errors of a type that is not known go to
 * whoever sent the packet (RFC 4443 §2.4(a)).
 */
export function kindOf(type: number, code: number): NetworkError['kind'] | undefined {
  switch (type) {
    case DESTINATION_UNREACHABLE:
      if (code === PORT_UNREACHABLE) return 'port-unreachable';
      if (code === NO_ROUTE || code === BEYOND_SCOPE) return 'network-unreachable';
      // Codes 5 and 6 (RFC 4443 §3.1) are subsets of code 1.
      return code === PROHIBITED || code >= 5 ? 'prohibited' : 'host-unreachable';
    case PACKET_TOO_BIG:
      return 'too-big';
    case TIME_EXCEEDED:
      return 'time-exceeded';
    case PARAMETER_PROBLEM:
      return code === UNKNOWN_NEXT_HEADER ? 'protocol-unreachable' : 'parameter-problem';
    default:
      return type < FIRST_INFORMATIONAL ? 'unknown-error' : undefined;
  }
}
