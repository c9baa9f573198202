/** What a frame says, read by a decoder of our own. */
import { type Bytes, checksum, get16, get32, macText, text } from './bytes.ts';
import { FRAGMENT, HOP_BY_HOP, ICMPV6, ROUTING, upperChecksum } from './ipv6-packet.ts';

/** Names that both families share for messages that mean the same. */
const ICMP_NAMES: Record<string, string> = {
  '0': 'echo-reply',
  '3.0': 'net-unreachable',
  '3.1': 'host-unreachable',
  '3.2': 'protocol-unreachable',
  '3.3': 'port-unreachable',
  '3.4': 'too-big',
  '3.5': 'source-route-failed',
  '3.13': 'prohibited',
  '4': 'source-quench',
  '5': 'redirect',
  '8': 'echo-request',
  '11.0': 'time-exceeded',
  '11.1': 'reassembly-exceeded',
  '12.0': 'parameter-problem',
};
const ICMPV6_NAMES: Record<string, string> = {
  '1.0': 'net-unreachable',
  '1.1': 'prohibited',
  '1.2': 'beyond-scope',
  '1.3': 'host-unreachable',
  '1.4': 'port-unreachable',
  '1.5': 'source-policy',
  '1.6': 'reject-route',
  '2': 'too-big',
  '3.0': 'time-exceeded',
  '3.1': 'reassembly-exceeded',
  '4.0': 'parameter-problem',
  '4.1': 'protocol-unreachable',
  '4.2': 'unknown-option',
  '4.3': 'incomplete-chain',
  '128': 'echo-request',
  '129': 'echo-reply',
  '130': 'mld-query',
  '131': 'mld1-report',
  '132': 'mld1-done',
  '133': 'router-solicitation',
  '134': 'router-advertisement',
  '135': 'neighbour-solicitation',
  '136': 'neighbour-advertisement',
  '137': 'redirect',
  '143': 'mld2-report',
};

export interface Icmp {
  readonly type: number;
  readonly code: number;
  /** The four bytes behind the checksum. */
  readonly word: number;
  readonly body: Bytes;
}

export interface Seen {
  /** µs */
  readonly at: number;
  readonly link: number;
  /** Of the Ethernet header; empty on a bare link. */
  readonly toMac: string;
  readonly fromMac: string;
  /** `arp`, `udp`, `tcp`, `igmp`, an ICMP name, `fragment` for all but whole datagrams, or a protocol number. */
  readonly kind: string;
  /** The IP packet, or the ARP packet. */
  readonly bytes: Bytes;
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly protocol: number;
  readonly id: number;
  readonly df: boolean;
  readonly more: boolean;
  readonly offset: number;
  /** Options of the IPv4 header, or all extension headers. */
  readonly options: Bytes;
  /** Behind the IP header and extension headers. */
  readonly payload: Bytes;
  /** Do all checksums in it verify? */
  readonly sound: boolean;
  readonly icmp: Icmp;
}

const NO_ICMP: Icmp = { type: -1, code: -1, word: 0, body: new Uint8Array() };

export function decode(frame: Bytes, medium: 'ethernet' | 'ip', link: number, at: number): Seen {
  const bare = medium === 'ip';
  const packet = bare ? frame : frame.subarray(14);
  const etherType = bare ? 0 : get16(frame, 12);
  const common = {
    at,
    link,
    toMac: bare ? '' : macText(frame.subarray(0, 6)),
    fromMac: bare ? '' : macText(frame.subarray(6, 12)),
  };
  if (etherType === 0x0806) return { ...common, ...readArp(packet) };
  return { ...common, ...(packet[0]! >>> 4 === 4 ? readIpv4(packet) : readIpv6(packet)) };
}

type Content = Omit<Seen, 'at' | 'link' | 'toMac' | 'fromMac'>;

const NOTHING = {
  hopLimit: 0,
  trafficClass: 0,
  flowLabel: 0,
  protocol: -1,
  id: 0,
  df: false,
  more: false,
  offset: 0,
  options: new Uint8Array(),
  icmp: NO_ICMP,
};

function readArp(packet: Bytes): Content {
  const body = packet.subarray(0, 28);
  const source = text(body.subarray(14, 18));
  const destination = text(body.subarray(24, 28));
  const sound = [...body.subarray(0, 6)].join() === '0,1,8,0,6,4';
  return { ...NOTHING, kind: 'arp', bytes: body, source, destination, payload: body, sound };
}

function readIpv4(whole: Bytes): Content {
  const bytes = whole.slice(0, get16(whole, 2));
  const header = (bytes[0]! & 15) * 4;
  const payload = bytes.subarray(header);
  const flags = get16(bytes, 6);
  const more = (flags & 0x2000) !== 0;
  const offset = (flags & 0x1fff) * 8;
  const protocol = bytes[9]!;
  const isWhole = !more && offset === 0;
  const icmp = protocol === 1 && offset === 0 ? readIcmp(payload) : NO_ICMP;
  let sound = checksum(bytes.subarray(0, header)) === 0;
  if (isWhole && (protocol === 1 || protocol === 2)) sound &&= checksum(payload) === 0;
  if (isWhole && (protocol === 17 || protocol === 6)) {
    const unused = protocol === 17 && get16(payload, 6) === 0;
    sound &&= unused || checksum(bytes.subarray(12, 20), [0, protocol], lengthOf(payload), payload) === 0;
  }
  return {
    kind: isWhole ? kindOf(protocol, icmp, ICMP_NAMES) : 'fragment',
    bytes,
    source: text(bytes.subarray(12, 16)),
    destination: text(bytes.subarray(16, 20)),
    hopLimit: bytes[8]!,
    trafficClass: bytes[1]!,
    flowLabel: 0,
    protocol,
    id: get16(bytes, 4),
    df: (flags & 0x4000) !== 0,
    more,
    offset,
    options: bytes.subarray(20, header),
    payload,
    sound,
    icmp,
  };
}

function readIpv6(whole: Bytes): Content {
  const bytes = whole.slice(0, 40 + get16(whole, 4));
  const source = text(bytes.subarray(8, 24));
  const destination = text(bytes.subarray(24, 40));
  let protocol = bytes[6]!;
  let at = 40;
  let id = 0;
  let more = false;
  let offset = 0;
  while (protocol === HOP_BY_HOP || protocol === ROUTING || protocol === FRAGMENT || protocol === 60) {
    if (protocol === FRAGMENT) {
      const word = get16(bytes, at + 2);
      more = (word & 1) !== 0;
      offset = word & ~7;
      id = get32(bytes, at + 4);
    }
    const length = protocol === FRAGMENT ? 8 : (bytes[at + 1]! + 1) * 8;
    protocol = bytes[at]!;
    at += length;
    if (offset !== 0) break;
  }
  const payload = bytes.subarray(at);
  const isWhole = !more && offset === 0;
  const icmp = protocol === ICMPV6 && offset === 0 ? readIcmp(payload) : NO_ICMP;
  const summed = protocol === ICMPV6 || protocol === 17 || protocol === 6;
  return {
    kind: isWhole ? kindOf(protocol, icmp, ICMPV6_NAMES) : 'fragment',
    bytes,
    source,
    destination,
    hopLimit: bytes[7]!,
    trafficClass: (get16(bytes, 0) >>> 4) & 255,
    flowLabel: get32(bytes, 0) % 0x100000,
    protocol,
    id,
    df: true,
    more,
    offset,
    options: bytes.subarray(40, at),
    payload,
    sound: !isWhole || !summed || upperChecksum(source, destination, protocol, payload) === 0,
    icmp,
  };
}

function readIcmp(message: Bytes): Icmp {
  return { type: message[0]!, code: message[1]!, word: get32(message, 4), body: message.subarray(8) };
}

function lengthOf(payload: Bytes): number[] {
  return [payload.length >>> 8, payload.length & 255];
}

function kindOf(protocol: number, icmp: Icmp, names: Record<string, string>): string {
  if (protocol === 2) return 'igmp';
  if (protocol === 6) return 'tcp';
  if (protocol === 17) return 'udp';
  if (icmp.type < 0) return String(protocol);
  return names[`${icmp.type}.${icmp.code}`] ?? names[`${icmp.type}`] ?? `icmp ${icmp.type}.${icmp.code}`;
}

/** How links find each other; left out when a test looks at what it asked for. */
const CHATTER = new Set([
  'arp',
  'igmp',
  'mld2-report',
  'mld1-report',
  'mld1-done',
  'router-solicitation',
  'router-advertisement',
  'neighbour-solicitation',
  'neighbour-advertisement',
]);

export function isChatter({ kind }: Seen): boolean {
  return CHATTER.has(kind);
}
