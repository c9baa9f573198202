/**
 * The headers of one captured frame, for people. Reads bytes that may be damaged or cut short, outside the packet
 * path: what does not fit comes out as undefined.
 */
import { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { ARP_BYTES, ARP_REQUEST } from '../../stacks/wire/arp.ts';
import {
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
} from '../../stacks/wire/ethernet.ts';
import * as icmp4 from '../../stacks/wire/icmp.ts';
import * as icmp6 from '../../stacks/wire/icmp6.ts';
import { PROTOCOL_ICMP } from '../../stacks/wire/ipv4.ts';
import * as v6 from '../../stacks/wire/ipv6.ts';
import * as wireTcp from '../../stacks/wire/tcp.ts';
import { PROTOCOL_UDP, UDP_HEADER } from '../../stacks/wire/udp.ts';

export interface Headers {
  /** Addresses as text: of the IP header, or the protocol addresses of an ARP packet. */
  readonly source: string;
  readonly destination: string;
  /** The number in the IP header, behind extension headers; 'ARP' when it is no IP packet. */
  readonly protocol: number | 'ARP';
  /** Of ICMP and ICMPv6 messages. */
  readonly icmp: { readonly type: number; readonly code: number } | undefined;
  /** 0 when there are none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly tcp: TcpFields | undefined;
  /** What it is, when it is not TCP. */
  readonly text: string;
}

export interface TcpFields {
  /** As in the header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32. */
  readonly flags: number;
  /** int32 */
  readonly sequence: number;
  readonly acknowledgment: number;
  /** Bytes of data. */
  readonly length: number;
}

export function readHeaders(medium: 'ethernet' | 'ip', bytes: Uint8Array): Headers | undefined {
  if (medium === 'ip') return readIp(bytes, 0);
  if (bytes.length < ETHERNET_HEADER) return undefined;
  switch (u16(bytes, 12)) {
    case ETHERTYPE_IPV4:
    case ETHERTYPE_IPV6:
      return readIp(bytes, ETHERNET_HEADER);
    case ETHERTYPE_ARP:
      return readArp(bytes, ETHERNET_HEADER);
    default:
      return undefined;
  }
}

/** RFC 826: the protocol addresses stand at 14 and 24. */
function readArp(bytes: Uint8Array, at: number): Headers | undefined {
  if (bytes.length < at + ARP_BYTES) return undefined;
  const isRequest = u16(bytes, at + 6) === ARP_REQUEST;
  return plain(
    text(ipv4, bytes, at + 14),
    text(ipv4, bytes, at + 24),
    'ARP',
    isRequest ? 'ARP who has' : `ARP is at ${macText(bytes, at + 8)}`,
  );
}

function readIp(bytes: Uint8Array, at: number): Headers | undefined {
  const version = (bytes[at] ?? 0) >>> 4;
  if (version === 4) return readIpv4(bytes, at);
  return version === 6 ? readIpv6(bytes, at) : undefined;
}

/** RFC 791 §3.1. */
function readIpv4(bytes: Uint8Array, at: number): Headers | undefined {
  if (bytes.length < at + 20) return undefined;
  const source = text(ipv4, bytes, at + 12);
  const destination = text(ipv4, bytes, at + 16);
  const offset = (u16(bytes, at + 6) & 0x1fff) * 8;
  if (offset > 0) return plain(source, destination, bytes[at + 9]!, `fragment at ${offset}`);
  const header = (bytes[at]! & 15) * 4;
  const end = Math.min(bytes.length, at + u16(bytes, at + 2));
  return readTransport(bytes, at + header, end, bytes[at + 9]!, source, destination);
}

/** RFC 8200 §3 and §4: the extension headers before the transport are passed over. */
function readIpv6(bytes: Uint8Array, at: number): Headers | undefined {
  if (bytes.length < at + v6.HEADER_BYTES) return undefined;
  const source = text(ipv6, bytes, at + v6.SOURCE);
  const destination = text(ipv6, bytes, at + v6.DESTINATION);
  const end = Math.min(bytes.length, at + v6.HEADER_BYTES + u16(bytes, at + v6.PAYLOAD_LENGTH));
  let next = bytes[at + v6.NEXT_HEADER]!;
  at += v6.HEADER_BYTES;
  while (at + 8 <= end) {
    if (next === v6.FRAGMENT) {
      const offset = u16(bytes, at + v6.FRAGMENT_OFFSET) & 0xfff8;
      next = bytes[at]!;
      if (offset > 0) return plain(source, destination, next, `fragment at ${offset}`);
      at += v6.FRAGMENT_BYTES;
    } else if (next === v6.HOP_BY_HOP || next === v6.ROUTING || next === v6.DESTINATION_OPTIONS) {
      next = bytes[at]!;
      at += (bytes[at + 1]! + 1) * 8;
    } else {
      break;
    }
  }
  return readTransport(bytes, at, end, next, source, destination);
}

function readTransport(
  bytes: Uint8Array,
  at: number,
  end: number,
  protocol: number,
  source: string,
  destination: string,
): Headers | undefined {
  if (protocol === wireTcp.TCP && at + wireTcp.HEADER <= end) {
    return {
      source,
      destination,
      protocol,
      icmp: undefined,
      sourcePort: u16(bytes, at),
      destinationPort: u16(bytes, at + wireTcp.DESTINATION_PORT),
      tcp: {
        flags: bytes[at + wireTcp.FLAGS]!,
        sequence: i32(bytes, at + wireTcp.SEQUENCE),
        acknowledgment: i32(bytes, at + wireTcp.ACKNOWLEDGMENT),
        length: Math.max(0, end - at - (bytes[at + wireTcp.DATA_OFFSET]! >>> 4) * 4),
      },
      text: '',
    };
  }
  if (protocol === PROTOCOL_UDP && at + UDP_HEADER <= end) {
    const sourcePort = u16(bytes, at);
    const destinationPort = u16(bytes, at + 2);
    const label = `UDP ${sourcePort} to ${destinationPort} len=${end - at - UDP_HEADER}`;
    return { ...plain(source, destination, protocol, label), sourcePort, destinationPort };
  }
  if ((protocol === PROTOCOL_ICMP || protocol === v6.ICMPV6) && at + icmp6.ICMP_BYTES <= end) {
    const names = protocol === PROTOCOL_ICMP ? ICMP_NAMES : ICMPV6_NAMES;
    const icmp = { type: bytes[at]!, code: bytes[at + 1]! };
    const name = names.get(icmp.type) ?? `ICMP type ${icmp.type} code ${icmp.code}`;
    const isEcho = name.startsWith('echo');
    const label = isEcho ? `${name} seq=${u16(bytes, at + icmp6.SEQUENCE)}` : name;
    return { ...plain(source, destination, protocol, label), icmp };
  }
  return plain(source, destination, protocol, `protocol ${protocol}`);
}

const ICMP_NAMES: ReadonlyMap<number, string> = new Map([
  [icmp4.ECHO_REPLY, 'echo reply'],
  [icmp4.DESTINATION_UNREACHABLE, 'unreachable'],
  [icmp4.ECHO_REQUEST, 'echo request'],
  [icmp4.TIME_EXCEEDED, 'time exceeded'],
  [icmp4.PARAMETER_PROBLEM, 'parameter problem'],
]);

const ICMPV6_NAMES: ReadonlyMap<number, string> = new Map([
  [icmp6.DESTINATION_UNREACHABLE, 'unreachable'],
  [icmp6.PACKET_TOO_BIG, 'packet too big'],
  [icmp6.TIME_EXCEEDED, 'time exceeded'],
  [icmp6.PARAMETER_PROBLEM, 'parameter problem'],
  [icmp6.ECHO_REQUEST, 'echo request'],
  [icmp6.ECHO_REPLY, 'echo reply'],
  [icmp6.LISTENER_REPORT_V2, 'listener report'],
  [icmp6.ROUTER_SOLICITATION, 'router solicitation'],
  [icmp6.ROUTER_ADVERTISEMENT, 'router advertisement'],
  [icmp6.NEIGHBOUR_SOLICITATION, 'neighbour solicitation'],
  [icmp6.NEIGHBOUR_ADVERTISEMENT, 'neighbour advertisement'],
  [icmp6.REDIRECT, 'redirect'],
]);

function plain(source: string, destination: string, protocol: Headers['protocol'], label: string): Headers {
  const none = { icmp: undefined, sourcePort: 0, destinationPort: 0, tcp: undefined };
  return { source, destination, protocol, ...none, text: label };
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function i32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) << 16) | u16(bytes, at + 2);
}

function text(family: Family, bytes: Uint8Array, at: number): string {
  const address = new Address();
  family.read(bytes, at, address);
  return family.format(address);
}

function macText(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
