/** One honest packet of each kind, for the stack at 192.0.2.1 and 2001:db8::1, to be bent. */
import {
  address,
  arp,
  type Bytes,
  be16,
  be32,
  DESTINATION_OPTIONS,
  FRAGMENT,
  HOP_BY_HOP,
  ICMP,
  ICMPV6,
  icmp,
  ip4,
  ip6,
  join,
  ROUTING,
  SYN,
  TCP,
  tcp,
  UDP,
  udp,
} from './packets.ts';

export const MAC: Bytes = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const OUR_MAC: Bytes = Uint8Array.of(2, 0, 0, 0, 0, 2);
const NO_MAC = [0, 0, 0, 0, 0, 0];

/** Ports of the programs: an echo over TCP and UDP, a sink, and nothing. */
export const ECHO = 7;
export const SINK = 80;
export const CLOSED = 81;

const data = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => i);
const SYN_OPTIONS = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 4, 0, 0, 0, 0, 0, 1, 3, 3, 7];
const syn = (from: number, to: number, options: readonly number[] = SYN_OPTIONS): Bytes =>
  tcp({ from, to, seq: 1_000, flags: SYN, options });

const mine4 = ip4({ protocol: UDP, source: '192.0.2.1', destination: '192.0.2.2' }, udp(ECHO, 9, data(8)));
const mine6 = ip6({ next: UDP, source: '2001:db8::1', destination: '2001:db8::2' }, udp(ECHO, 9, data(8)));

export const SYNS4: readonly Bytes[] = [
  ip4({ protocol: TCP }, syn(4_000, SINK)),
  ip4({ protocol: TCP }, syn(4_001, ECHO)),
  ip4({ protocol: TCP }, syn(4_002, SINK, [])),
  ip4({ protocol: TCP }, syn(4_003, ECHO, [2, 4, 5, 180])),
  ip4({ protocol: TCP }, tcp({ from: 4_004, to: SINK, seq: 1, flags: SYN | 0xc0, options: SYN_OPTIONS })),
  ip4({ protocol: TCP }, syn(4_005, CLOSED)),
  ip4({ protocol: TCP }, tcp({ from: 4_006, to: SINK, seq: 7, ack: 9, flags: 16 }, data(20))),
  ip4({ protocol: TCP, source: '192.0.2.1' }, syn(SINK, SINK)),
];

export const SYNS6: readonly Bytes[] = SYNS4.map((packet) => {
  const isOwn = packet[15] === 1;
  return ip6({ next: TCP, source: isOwn ? '2001:db8::1' : '2001:db8::2' }, packet.slice(20));
});

export const UDPS4: readonly Bytes[] = [
  ip4({ protocol: UDP }, udp(5_000, ECHO, data(32))),
  ip4({ protocol: UDP }, udp(5_000, CLOSED, data(4))),
  ip4({ protocol: UDP }, udp(5_001, ECHO)),
  ip4({ protocol: UDP, destination: '192.0.2.255' }, udp(5_000, ECHO, data(4))),
  ip4({ protocol: UDP, destination: '255.255.255.255' }, udp(5_000, ECHO, data(4))),
  ip4({ protocol: UDP, destination: '224.0.0.1' }, udp(5_000, ECHO, data(4))),
];

export const UDPS6: readonly Bytes[] = [
  ...UDPS4.slice(0, 3).map((packet) => ip6({ next: UDP }, packet.slice(20))),
  ip6({ next: UDP, destination: 'ff02::1' }, udp(5_000, ECHO, data(4))),
  ip6({ next: UDP, source: 'fe80::9', destination: 'ff02::1' }, udp(5_000, ECHO, data(4))),
];

const DATAGRAM = (protocol: number, body: Bytes): Bytes => ip4({ protocol }, body);

export const ICMPS4: readonly Bytes[] = [
  ip4({ protocol: ICMP }, icmp(8, 0, 0x0007_0001, data(32))),
  ip4({ protocol: ICMP }, icmp(0, 0, 0x0001_0001, data(8))),
  ip4({ protocol: ICMP }, icmp(3, 3, 0, mine4)),
  ip4({ protocol: ICMP }, icmp(3, 4, 600, mine4)),
  ip4({ protocol: ICMP }, icmp(11, 0, 0, mine4)),
  ip4({ protocol: ICMP }, icmp(12, 0, 0x1400_0000, mine4)),
  ip4({ protocol: ICMP }, icmp(5, 1, 0xc000_0209 | 0, mine4)),
  ip4({ protocol: ICMP }, icmp(13, 0, 0x0001_0001, data(12))),
  ip4({ protocol: ICMP, destination: '192.0.2.255' }, icmp(8, 0, 1, data(8))),
  ip4({ protocol: ICMP }, icmp(4, 0, 0, mine4)),
];

export const ODD4: readonly Bytes[] = [
  ip4({ protocol: UDP, options: [7, 7, 4, 0, 0, 0, 0, 0, 148, 4, 0, 0] }, udp(1, ECHO, data(4))),
  ip4({ protocol: ICMP, options: [68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0] }, icmp(8, 0, 1)),
  ip4({ protocol: ICMP, options: [131, 7, 4, 192, 0, 2, 9, 0] }, icmp(8, 0, 1)),
  ip4({ protocol: UDP, fragment: 0x2000 }, data(64)),
  ip4({ protocol: UDP, fragment: 8 }, data(64)),
  ip4({ protocol: 253 }, data(8)),
  ip4({ protocol: UDP, ttl: 1 }, udp(1, ECHO)),
  ip4({ protocol: UDP, destination: '198.51.100.7' }, udp(1, ECHO)),
  ip4({ protocol: UDP, source: '127.0.0.1' }, udp(1, ECHO)),
  ip4({ protocol: UDP, source: '224.0.0.1' }, udp(1, ECHO)),
];

const OPTIONS = (...list: number[]): number[] => list;

export const ODD6: readonly Bytes[] = [
  ip6({ next: HOP_BY_HOP }, join(OPTIONS(ICMPV6, 0, 5, 2, 0, 0, 1, 0), icmp(128, 0, 1, data(8)))),
  ip6(
    { next: HOP_BY_HOP },
    join(
      OPTIONS(FRAGMENT, 0, 5, 2, 0, 0, 1, 0),
      [60, 0, 0, 1, 0, 0, 0, 7],
      [ICMPV6, 0, 0x9e, 1, 0, 1, 1, 0],
      data(8),
    ),
  ),
  ip6({ next: FRAGMENT }, join([ICMPV6, 0, 0, 9, 0, 0, 0, 7], data(24))),
  ip6({ next: FRAGMENT }, join([UDP, 0, 0, 0, 0, 0, 0, 9], udp(5_000, ECHO, data(8)))),
  ip6(
    { next: DESTINATION_OPTIONS },
    join([ROUTING, 0, 1, 4, 0, 0, 0, 0], [ICMPV6, 0, 0, 0, 0, 0, 0, 0], icmp(128, 0, 1)),
  ),
  ip6({ next: ROUTING }, join([ICMPV6, 2, 0, 1, 0, 0, 0, 0], address('2001:db8::9'), icmp(128, 0, 1))),
  ip6({ next: DESTINATION_OPTIONS }, join([UDP, 0, 0xc2, 4, 0, 0, 0, 0], udp(1, ECHO, data(4)))),
  ip6({ next: 59 }, data(8)),
  ip6({ next: 253 }, data(8)),
  ip6({ next: UDP, hopLimit: 1, destination: '2001:db8:1::7' }, udp(1, ECHO)),
  ip6({ next: UDP, source: 'ff02::1' }, udp(1, ECHO)),
  ip6({ next: UDP, source: '::1' }, udp(1, ECHO)),
];

export const ICMPS6: readonly Bytes[] = [
  ip6({ next: ICMPV6 }, icmp(128, 0, 0x0007_0001, data(32))),
  ip6({ next: ICMPV6 }, icmp(129, 0, 0x0001_0001, data(8))),
  ip6({ next: ICMPV6 }, icmp(1, 4, 0, mine6)),
  ip6({ next: ICMPV6 }, icmp(2, 0, 1_300, mine6)),
  ip6({ next: ICMPV6 }, icmp(3, 0, 0, mine6)),
  ip6({ next: ICMPV6 }, icmp(4, 1, 40, mine6)),
  ip6({ next: ICMPV6, destination: 'ff02::1' }, icmp(128, 0, 1, data(8))),
  ip6({ next: ICMPV6 }, icmp(200, 0, 1, data(8))),
];

const nd = { next: ICMPV6, hopLimit: 255 } as const;
const router = { ...nd, source: 'fe80::9' } as const;
const slla = [1, 1, ...OUR_MAC];

export const NEIGHBOURS6: readonly Bytes[] = [
  ip6(nd, icmp(135, 0, 0, join(address('2001:db8::1'), slla))),
  ip6({ ...nd, source: '::', destination: 'ff02::1:ff00:1' }, icmp(135, 0, 0, address('2001:db8::1'))),
  ip6(nd, icmp(136, 0, 0x6000_0000, join(address('2001:db8::2'), [2, 1], OUR_MAC))),
  ip6(
    { ...nd, destination: 'ff02::1' },
    icmp(136, 0, 0x2000_0000, join(address('2001:db8::1'), [2, 1], OUR_MAC)),
  ),
  ip6({ ...router, destination: 'ff02::2' }, icmp(133, 0, 0, slla)),
  ip6(
    { ...router, destination: 'ff02::1' },
    icmp(
      134,
      0,
      0x4000_0708,
      join(
        [...be32(0), ...be32(0)],
        slla,
        [5, 1, 0, 0, 0, 0, 5, 220],
        [3, 4, 64, 0xc0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        address('2001:db8:7::'),
      ),
    ),
  ),
  ip6(router, icmp(137, 0, 0, join(address('fe80::8'), address('2001:db8:9::9'), [2, 1], OUR_MAC))),
  ip6({ ...router, destination: 'ff02::1', hopLimit: 1 }, icmp(130, 0, 100 << 16, data(20))),
  ip6(
    { ...router, destination: 'ff02::16', hopLimit: 1 },
    icmp(143, 0, 1, join([4, 0, 0, 0], address('ff02::fb'))),
  ),
];

export const NEIGHBOURS4: readonly Bytes[] = [
  arp(1, OUR_MAC, '192.0.2.2', NO_MAC, '192.0.2.1'),
  arp(2, OUR_MAC, '192.0.2.2', MAC, '192.0.2.1'),
  arp(1, OUR_MAC, '192.0.2.1', NO_MAC, '192.0.2.1'),
  arp(1, OUR_MAC, '192.0.2.9', NO_MAC, '192.0.2.9'),
  arp(1, OUR_MAC, '0.0.0.0', NO_MAC, '192.0.2.1'),
  arp(2, OUR_MAC, '192.0.2.1', NO_MAC, '192.0.2.1'),
];

/** What is worth cutting in pieces. */
export const WHOLE4: readonly Bytes[] = [
  DATAGRAM(UDP, udp(5_000, ECHO, data(120))),
  DATAGRAM(ICMP, icmp(8, 0, 1, data(200))),
  DATAGRAM(TCP, tcp({ from: 4_000, to: SINK, seq: 1_000, flags: SYN }, data(40))),
];
// A checksum is of the whole: it stands before the pieces are cut.
export const WHOLE6: readonly Bytes[] = [
  ip6({ next: UDP }, udp(5_000, ECHO, data(120))),
  ip6({ next: ICMPV6 }, icmp(128, 0, 1, data(200))),
  ip6({ next: TCP }, tcp({ from: 4_000, to: SINK, seq: 1_000, flags: SYN }, data(40))),
  ip6({ next: DESTINATION_OPTIONS }, join([UDP, 0, 1, 4, 0, 0, 0, 0], udp(5_000, ECHO, data(60)))),
];

/** For a router: to the other side and beyond, and back. */
export const THROUGH4: readonly Bytes[] = [
  ip4({ protocol: UDP, destination: '198.51.100.2' }, udp(5_000, ECHO, data(16))),
  ip4({ protocol: UDP, destination: '198.51.100.2' }, udp(5_000, ECHO, new Uint8Array(1_300))),
  ip4(
    { protocol: UDP, destination: '198.51.100.2', fragment: 0x4000 },
    udp(5_000, ECHO, new Uint8Array(1_300)),
  ),
  ip4({ protocol: ICMP, destination: '198.51.100.2', ttl: 1 }, icmp(8, 0, 1, data(8))),
  ip4({ protocol: ICMP, destination: '203.0.113.1' }, icmp(8, 0, 1, data(8))),
  ip4({ protocol: TCP, destination: '198.51.100.2' }, syn(4_000, SINK)),
  ip4(
    { protocol: UDP, destination: '198.51.100.2', options: [7, 7, 4, 0, 0, 0, 0, 0] },
    udp(1, 2, data(1_200)),
  ),
  ip4({ protocol: UDP, source: '198.51.100.2', destination: '192.0.2.2' }, udp(5_000, ECHO, data(16))),
  ip4({ protocol: UDP, destination: '198.51.100.255' }, udp(1, 2, data(8))),
];

export const THROUGH6: readonly Bytes[] = [
  ...THROUGH4.slice(0, 2).map((packet) => ip6({ next: UDP, destination: '2001:db8:1::2' }, packet.slice(20))),
  ip6({ next: UDP, destination: '2001:db8:1::2' }, udp(1, 2, new Uint8Array(1_440))),
  ip6({ next: ICMPV6, destination: '2001:db8:1::2', hopLimit: 1 }, icmp(128, 0, 1, data(8))),
  ip6({ next: ICMPV6, destination: '2001:db8:2::2' }, icmp(128, 0, 1, data(8))),
  ip6({ next: TCP, destination: '2001:db8:1::2' }, syn(4_000, SINK)),
  ip6(
    { next: HOP_BY_HOP, destination: '2001:db8:1::2' },
    join([UDP, 0, 5, 2, 0, 0, 1, 0], udp(1, 2, data(8))),
  ),
  ip6({ next: UDP, source: 'fe80::9', destination: '2001:db8:1::2' }, udp(1, 2, data(8))),
  ip6({ next: UDP, source: '2001:db8:1::2', destination: '2001:db8::2' }, udp(5_000, ECHO, data(16))),
  ip6({ next: ICMPV6, destination: 'fe80::1' }, icmp(128, 0, 1, be16(1))),
];
