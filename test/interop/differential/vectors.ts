/**
 * Packets for a host at 192.0.2.1 and 2001:db8::1, from its neighbour .2: for each rule a host must follow one that
 * keeps it and those that break it. TCP listens at 80, UDP at 7.
 */

import { fragments } from '../../fuzz/craft.ts';
import {
  ACK,
  address,
  arp,
  type Bytes,
  be16,
  be32,
  checksum,
  DESTINATION_OPTIONS,
  FIN,
  FRAGMENT,
  fixSums,
  HOP_BY_HOP,
  ICMP,
  ICMPV6,
  i32,
  icmp,
  ip4,
  ip6,
  join,
  PSH,
  put16,
  ROUTING,
  RST,
  SYN,
  TCP,
  tcp,
  transportOf,
  UDP,
  URG,
  udp,
} from '../../fuzz/packets.ts';

/** A packet, or one made of what was answered so far. */
export type Step = Bytes | ((answers: readonly Bytes[]) => Bytes);

export interface Vector {
  readonly name: string;
  readonly link: 'tun' | 'tap';
  readonly steps: readonly Step[];
}

export const OPEN = 80;
export const BOUND = 7;
const CLOSED = 81;

const HOST4 = '192.0.2.1';
const HOST6 = '2001:db8::1';
const data = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => i);

/** One port for each vector, so that no connection is another's. */
let port = 20_000;

function named(prefix: string, vectors: Record<string, Step | readonly Step[]>): Vector[] {
  return Object.entries(vectors).map(([name, steps]) => ({
    name: `${prefix} ${name}`,
    link: 'tun',
    steps: Array.isArray(steps) ? (steps as readonly Step[]) : [steps as Step],
  }));
}

/** `change` works on a copy; the sums are made right again unless told not to be. */
function bent(packet: Bytes, change: (bytes: Bytes) => void, sums = true): Bytes {
  const copy = packet.slice();
  change(copy);
  if (sums) fixSums(copy, 0);
  return copy;
}

const echo4 = (fields: Parameters<typeof ip4>[0] | object = {}, size = 16): Bytes =>
  ip4({ protocol: ICMP, ...fields }, icmp(8, 0, 0x0102_0003, data(size)));
const echo6 = (fields: object = {}, size = 16): Bytes =>
  ip6({ next: ICMPV6, ...fields }, icmp(128, 0, 0x0102_0003, data(size)));
const udp4 = (to: number, fields: object = {}, size = 8): Bytes =>
  ip4({ protocol: UDP, ...fields }, udp(9_000, to, data(size)));
const udp6 = (to: number, fields: object = {}, size = 8): Bytes =>
  ip6({ next: UDP, ...fields }, udp(9_000, to, data(size)));

const STRANGE4 = [
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '127.9.9.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  HOST4,
  '192.0.2.255',
  '192.0.2.0',
  '169.254.1.1',
  '10.9.8.7',
];

function header4(): Vector[] {
  const whole = echo4();
  return [
    ...named('v4 header', {
      good: whole,
      'version 5': bent(whole, (b) => (b[0] = 0x55)),
      'header of 16 bytes': bent(whole, (b) => (b[0] = 0x44)),
      'header longer than the packet': bent(whole, (b) => (b[0] = 0x4f)),
      'header length 0': bent(whole, (b) => (b[0] = 0x40)),
      'total length 1 short': bent(whole, (b) => put16(b, 2, b.length - 1)),
      'total length 1 long': bent(whole, (b) => put16(b, 2, b.length + 1)),
      'total length 0': bent(whole, (b) => put16(b, 2, 0)),
      'total length 19': bent(whole, (b) => put16(b, 2, 19)),
      'total length 20': bent(whole, (b) => put16(b, 2, 20)),
      'total length 65535': bent(whole, (b) => put16(b, 2, 65_535)),
      'bytes behind the total length': join(whole, data(6)),
      'bad header checksum': bent(whole, (b) => put16(b, 10, 0x1234), false),
      'header checksum 0': bent(whole, (b) => put16(b, 10, 0), false),
      'ttl 0': echo4({ ttl: 0 }),
      'ttl 1': echo4({ ttl: 1 }),
      'ttl 255': echo4({ ttl: 255 }),
      'tos 0xff': echo4({ tos: 0xff }),
      'tos ect0': echo4({ tos: 2 }),
      'tos af11': echo4({ tos: 0x28 }),
      'reserved flag': echo4({ fragment: 0x8000 }),
      'dont fragment': echo4({ fragment: 0x4000 }),
      'empty payload': ip4({ protocol: ICMP }),
      '19 bytes': whole.slice(0, 19),
      '1 byte': whole.slice(0, 1),
    }),
    ...STRANGE4.flatMap((source) =>
      named('v4 source', { [source]: echo4({ source }), [`${source} udp`]: udp4(CLOSED, { source }) }),
    ),
    ...[...STRANGE4, '198.51.100.1', '224.0.0.251', '192.0.2.77'].flatMap((destination) =>
      named('v4 destination', {
        [destination]: echo4({ destination }),
        [`${destination} udp`]: udp4(CLOSED, { destination }),
        [`${destination} syn`]: syn4(OPEN, { destination }),
      }),
    ),
    ...[0, 2, 3, 4, 41, 47, 50, 51, 58, 59, 89, 103, 132, 136, 253, 255].flatMap((protocol) =>
      named('v4 protocol', { [protocol]: ip4({ protocol }, data(24)) }),
    ),
  ];
}

const OPTIONS4: Readonly<Record<string, readonly number[]>> = {
  'no operation': [1, 1, 1, 1],
  'end at once': [0, 0, 0, 0],
  'garbage behind the end': [0, 7, 255, 255],
  'record route': [7, 7, 4, 0, 0, 0, 0, 0],
  'record route full': [7, 7, 8, 1, 2, 3, 4, 0],
  'record route pointer 3': [7, 7, 3, 0, 0, 0, 0, 0],
  'record route pointer 5': [7, 7, 5, 0, 0, 0, 0, 0],
  'record route half an address': [7, 5, 4, 0, 0, 0, 0, 0],
  'record route length 2': [7, 2, 0, 0],
  timestamp: [68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  'timestamp with address': [68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  'timestamp full': [68, 8, 9, 0, 0, 0, 0, 0],
  'timestamp overflow 15': [68, 8, 9, 0xf0, 0, 0, 0, 0],
  'timestamp pointer 4': [68, 8, 4, 0, 0, 0, 0, 0],
  'timestamp length 3': [68, 3, 5, 0],
  'timestamp flag 2': [68, 8, 5, 2, 0, 0, 0, 0],
  'router alert': [148, 4, 0, 0],
  'router alert value 1': [148, 4, 0, 1],
  'router alert length 3': [148, 3, 0, 0],
  'loose source route, used up': [131, 7, 8, 192, 0, 2, 9, 0],
  'loose source route': [131, 7, 4, 192, 0, 2, 9, 0],
  'strict source route': [137, 7, 4, 192, 0, 2, 9, 0],
  'strict source route, used up': [137, 7, 8, 192, 0, 2, 9, 0],
  'length 0': [7, 0, 0, 0],
  'length 1': [7, 1, 0, 0],
  'length past the header': [7, 40, 4, 0],
  'only a kind': [1, 1, 1, 7],
  'unknown option': [30, 4, 0, 0],
  'unknown option, length 0': [30, 0, 0, 0],
  'unknown option past the header': [30, 9, 0, 0],
  security: [130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  'stream id': [136, 4, 0, 1],
};

function options4(): Vector[] {
  return Object.entries(OPTIONS4).flatMap(([name, options]) =>
    named('v4 option', { [name]: echo4({ options }), [`${name}, udp`]: udp4(CLOSED, { options }) }),
  );
}

function icmp4(): Vector[] {
  // To nobody else: the kernel remembers path MTUs, whoever tells it of them.
  const mine = ip4({ protocol: UDP, source: HOST4, destination: '192.0.2.4' }, udp(BOUND, 9, data(8)));
  const kinds = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 30, 40, 42, 255];
  return [
    ...kinds.flatMap((type) =>
      named('v4 icmp type', {
        [type]: ip4({ protocol: ICMP }, icmp(type, 0, 1, data(12))),
        [`${type} quoting`]: ip4({ protocol: ICMP }, icmp(type, 0, 0, mine)),
      }),
    ),
    ...named('v4 icmp', {
      'echo, code 1': ip4({ protocol: ICMP }, icmp(8, 1, 1, data(8))),
      'echo, bad checksum': bent(echo4(), (b) => put16(b, 22, 0x1111), false),
      'echo, checksum 0': bent(echo4(), (b) => put16(b, 22, 0), false),
      'echo without data': echo4({}, 0),
      'echo, odd data': echo4({}, 7),
      'echo, 1400 bytes': echo4({}, 1_400),
      '7 bytes': ip4({ protocol: ICMP }, icmp(8, 0, 1).slice(0, 7)),
      '4 bytes': ip4({ protocol: ICMP }, icmp(8, 0, 1).slice(0, 4)),
      '1 byte': ip4({ protocol: ICMP }, [8]),
      'error without quotation': ip4({ protocol: ICMP }, icmp(3, 3, 0)),
      'error with half a header': ip4({ protocol: ICMP }, icmp(3, 3, 0, mine.slice(0, 12))),
      'error with a header alone': ip4({ protocol: ICMP }, icmp(3, 3, 0, mine.slice(0, 20))),
      'error about a stranger': ip4(
        { protocol: ICMP },
        icmp(3, 3, 0, ip4({ protocol: UDP, source: '10.1.1.1', destination: '192.0.2.2' }, udp(BOUND, 9))),
      ),
      'too big, mtu 0': [ip4({ protocol: ICMP }, icmp(3, 4, 0, mine)), echo4({ source: '192.0.2.4' }, 1_400)],
      'too big, mtu 68': [
        ip4({ protocol: ICMP }, icmp(3, 4, 68, mine)),
        echo4({ source: '192.0.2.4' }, 1_400),
      ],
      'unreachable, code 200': ip4({ protocol: ICMP }, icmp(3, 200, 0, mine)),
      'timestamp, 12 bytes': ip4({ protocol: ICMP }, icmp(13, 0, 1, data(4))),
    }),
  ];
}

const udpBent = (version: 4 | 6, change: (b: Bytes, at: number) => void, sums = false): Bytes => {
  const whole = version === 4 ? udp4(CLOSED, {}, 12) : udp6(CLOSED, {}, 12);
  const at = version === 4 ? 20 : 40;
  return bent(whole, (b) => change(b, at), sums);
};

function udps(version: 4 | 6): Vector[] {
  const make = version === 4 ? udp4 : udp6;
  const protocol = version === 4 ? { protocol: UDP } : { next: UDP };
  const packet = (payload: Bytes): Bytes =>
    version === 4 ? ip4({ protocol: UDP }, payload) : ip6({ next: UDP, ...protocol }, payload);
  const bare = udp(9_000, CLOSED, data(8));
  return named(`v${version} udp`, {
    'closed port': make(CLOSED),
    'open port': make(BOUND),
    'port 0': make(0),
    'source port 0': packet(udp(0, BOUND, data(4))),
    'closed, no data': make(CLOSED, {}, 0),
    'open, no data': make(BOUND, {}, 0),
    'closed, 1000 bytes': make(CLOSED, {}, 1_000),
    'closed, checksum 0': udpBent(version, (b, at) => put16(b, at + 6, 0)),
    'open, checksum 0': bent(make(BOUND), (b) => put16(b, (version === 4 ? 20 : 40) + 6, 0), false),
    'closed, bad checksum': udpBent(version, (b, at) => put16(b, at + 6, 0x4242)),
    'open, bad checksum': bent(make(BOUND), (b) => put16(b, (version === 4 ? 20 : 40) + 6, 0x4242), false),
    'length 0': udpBent(version, (b, at) => put16(b, at + 4, 0), true),
    'length 7': udpBent(version, (b, at) => put16(b, at + 4, 7), true),
    'length 8 of 20': shortUdp(version, 8),
    'length 19 of 20': shortUdp(version, 19),
    'length 21 of 20': udpBent(version, (b, at) => put16(b, at + 4, 21), true),
    'length 65535': udpBent(version, (b, at) => put16(b, at + 4, 65_535), true),
    '7 bytes': packet(bare.slice(0, 7)),
    '4 bytes': packet(bare.slice(0, 4)),
    'no bytes': packet(new Uint8Array()),
  });
}

/** A length below the bytes that are there, with a checksum over what it says. */
function shortUdp(version: 4 | 6, length: number): Bytes {
  const whole = version === 4 ? udp4(CLOSED, {}, 12) : udp6(CLOSED, {}, 12);
  const at = version === 4 ? 20 : 40;
  const part = whole.slice(0, at + length);
  put16(part, at + 4, length);
  if (version === 4) put16(part, 2, part.length);
  else put16(part, 4, part.length - 40);
  fixSums(part, 0);
  const out = whole.slice();
  out.set(part.subarray(at), at);
  return out;
}

const flagText = (flags: number): string =>
  [...'FSRPAU'].filter((_, bit) => (flags & (1 << bit)) !== 0).join('') || 'none';

function segment(
  version: 4 | 6,
  fields: Partial<Parameters<typeof tcp>[0]> & { ip?: object },
  bytes: Bytes | number[] = [],
): Bytes {
  const { ip = {}, ...rest } = fields;
  const body = tcp({ from: port, to: OPEN, seq: 5_000, flags: SYN, ...rest }, bytes);
  return version === 4 ? ip4({ protocol: TCP, ...ip }, body) : ip6({ next: TCP, ...ip }, body);
}

function syn4(to: number, ip: object): Bytes {
  port++;
  return segment(4, { to, ip });
}

/** SYN, and the segment that answers the SYN-ACK; then what `rest` makes of the two initial sequence numbers. */
function talk(
  version: 4 | 6,
  rest: readonly ((next: { seq: number; ack: number }) => Bytes)[],
  options: readonly number[] = [],
): Step[] {
  const from = port;
  const first = segment(version, { from, options });
  const next = (answers: readonly Bytes[]): { seq: number; ack: number } => {
    const synAck = answers.find((bytes) => {
      const { protocol, at } = transportOf(bytes, 0);
      return protocol === TCP && bytes[at + 13] === (SYN | ACK);
    });
    if (synAck === undefined) return { seq: 5_001, ack: 0 };
    return { seq: 5_001, ack: (i32(synAck, transportOf(synAck, 0).at + 4) + 1) | 0 };
  };
  const acked = (answers: readonly Bytes[]): Bytes =>
    segment(version, { from, flags: ACK, ...next(answers) });
  return [
    first,
    acked,
    ...rest.map(
      (make) => (answers: readonly Bytes[]) =>
        bent(make(next(answers)), (b) => put16(b, transportOf(b, 0).at, from)),
    ),
  ];
}

function tcps(version: 4 | 6): Vector[] {
  const vectors: Vector[] = [];
  const add = (name: string, steps: Step | readonly Step[]): void => {
    vectors.push(...named(`v${version} tcp`, { [name]: steps }));
    port++;
  };
  const seg = (fields: Parameters<typeof segment>[1], bytes?: Bytes | number[]): Bytes =>
    segment(version, fields, bytes);
  for (let flags = 0; flags < 64; flags++) {
    add(`closed port, ${flagText(flags)}`, seg({ to: CLOSED, flags, ack: 777 }));
    add(`listening port, ${flagText(flags)}`, seg({ flags, ack: 777 }));
  }
  for (const flags of [SYN, ACK, FIN, RST | ACK, SYN | FIN])
    add(`closed port, ${flagText(flags)} with data`, seg({ to: CLOSED, flags, ack: 9 }, data(10)));
  add('syn with data', seg({}, data(10)));
  add('syn with ece and cwr', seg({ flags: SYN | 0xc0 }));
  add(
    'syn with ae, ece and cwr',
    bent(seg({ flags: SYN | 0xc0 }), (b) => (b[transportOf(b, 0).at + 12]! |= 1)),
  );
  add('syn to port 0', seg({ to: 0 }));
  add('syn from port 0', seg({ from: 0 }));
  add(
    'land',
    version === 4
      ? segment(4, { from: OPEN, ip: { source: HOST4 } })
      : segment(6, { from: OPEN, ip: { source: HOST6 } }),
  );
  add(
    'bad checksum',
    bent(seg({}), (b) => put16(b, transportOf(b, 0).at + 16, 0x1234), false),
  );
  for (const words of [0, 4, 6, 15])
    add(
      `data offset ${words}`,
      bent(seg({}), (b) => (b[transportOf(b, 0).at + 12] = words << 4)),
    );
  for (const length of [0, 4, 13, 19]) {
    const payload = tcp({ from: port, to: OPEN, seq: 1, flags: SYN }).slice(0, length);
    add(`${length} bytes`, version === 4 ? ip4({ protocol: TCP }, payload) : ip6({ next: TCP }, payload));
  }
  for (const [name, options] of Object.entries(TCP_OPTIONS)) add(`syn, ${name}`, seg({ options }));
  const established: Record<string, readonly ((next: { seq: number; ack: number }) => Bytes)[]> = {
    data: [(n) => seg({ ...n, flags: PSH | ACK }, data(10))],
    'data twice': [
      (n) => seg({ ...n, flags: PSH | ACK }, data(10)),
      (n) => seg({ ...n, flags: PSH | ACK }, data(10)),
    ],
    'data out of order': [(n) => seg({ ack: n.ack, seq: n.seq + 10, flags: ACK }, data(10))],
    'data beyond the window': [
      (n) => seg({ ack: n.ack, seq: (n.seq + 0x100_0000) | 0, flags: ACK }, data(10)),
    ],
    'data without ack': [(n) => seg({ ...n, flags: 0 }, data(10))],
    'ack of unsent data': [(n) => seg({ seq: n.seq, ack: (n.ack + 1_000) | 0, flags: ACK })],
    'ack far too old': [(n) => seg({ seq: n.seq, ack: (n.ack - 0x2000_0000) | 0, flags: ACK }, data(4))],
    syn: [(n) => seg({ seq: n.seq, flags: SYN })],
    'syn in the window': [(n) => seg({ seq: n.seq + 100, flags: SYN })],
    'syn far outside': [(n) => seg({ seq: (n.seq + 0x4000_0000) | 0, flags: SYN })],
    'syn with ack': [(n) => seg({ ...n, flags: SYN | ACK })],
    'reset at the next byte': [(n) => seg({ ...n, flags: RST }), (n) => seg({ ...n, flags: ACK })],
    'reset inside the window': [(n) => seg({ ack: n.ack, seq: n.seq + 1, flags: RST })],
    'reset outside the window': [(n) => seg({ ack: n.ack, seq: n.seq - 1, flags: RST })],
    'reset with ack': [(n) => seg({ ...n, flags: RST | ACK }), (n) => seg({ ...n, flags: ACK })],
    'reset with data': [(n) => seg({ ...n, flags: RST }, data(5)), (n) => seg({ ...n, flags: ACK })],
    fin: [(n) => seg({ ...n, flags: FIN | ACK })],
    'fin with data': [(n) => seg({ ...n, flags: FIN | PSH | ACK }, data(5))],
    'fin without ack': [(n) => seg({ ...n, flags: FIN })],
    'fin twice': [(n) => seg({ ...n, flags: FIN | ACK }), (n) => seg({ ...n, flags: FIN | ACK })],
    'data behind the fin': [
      (n) => seg({ ...n, flags: FIN | ACK }),
      (n) => seg({ ack: n.ack, seq: n.seq + 1, flags: ACK }, data(5)),
    ],
    'fin out of order': [(n) => seg({ ack: n.ack, seq: n.seq + 10, flags: FIN | ACK })],
    'old keep-alive': [(n) => seg({ ack: n.ack, seq: n.seq - 1, flags: ACK })],
    'old byte': [(n) => seg({ ack: n.ack, seq: n.seq - 1, flags: ACK }, data(1))],
    'urgent pointer 0': [(n) => seg({ ...n, flags: URG | ACK }, data(5))],
    'urgent beyond the data': [(n) => seg({ ...n, flags: URG | ACK, urgent: 100 }, data(5))],
    'window 0': [(n) => seg({ ...n, flags: ACK, window: 0 })],
    xmas: [(n) => seg({ ...n, flags: 63 })],
    null: [(n) => seg({ ...n, flags: 0 })],
  };
  for (const [name, rest] of Object.entries(established)) {
    add(`established, ${name}`, talk(version, rest));
    add(`established with sack, ${name}`, talk(version, rest, [2, 4, 5, 180, 1, 1, 4, 2]));
  }
  return vectors;
}

const TCP_OPTIONS: Readonly<Record<string, readonly number[]>> = {
  'mss 1460': [2, 4, 5, 180],
  'mss 0': [2, 4, 0, 0],
  'mss 65535': [2, 4, 255, 255],
  'mss of 3 bytes': [2, 3, 5, 0],
  'scale 7': [1, 3, 3, 7],
  'scale 15': [1, 3, 3, 15],
  'scale of 2 bytes': [1, 1, 3, 2],
  'sack permitted': [1, 1, 4, 2],
  'sack permitted of 3 bytes': [1, 4, 3, 0],
  timestamps: [1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0],
  'timestamps of 9 bytes': [1, 1, 1, 8, 9, 0, 0, 0, 7, 0, 0, 0],
  everything: [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 7],
  'length 0': [2, 0, 0, 0],
  'length 1': [2, 1, 0, 0],
  'past the end': [1, 1, 1, 2],
  'past the header': [2, 40, 0, 0],
  'end first': [0, 2, 4, 5],
  unknown: [253, 4, 1, 2],
  'fast open': [34, 2, 1, 1],
  'mss twice': [2, 4, 5, 180, 2, 4, 2, 24],
};

/** Cuts as in craft.ts: identification; then offset and length in units of 8, and 1 for more, 2 for three bytes short. */
const CUTS: Readonly<Record<string, readonly number[]>> = {
  'in order': [1, 0, 4, 1, 4, 40, 0],
  'last first': [2, 4, 40, 0, 0, 4, 1],
  'three, middle last': [3, 0, 2, 1, 4, 40, 0, 2, 2, 1],
  'overlap of the same bytes': [4, 0, 4, 1, 2, 4, 1, 4, 40, 0],
  'first twice': [5, 0, 4, 1, 0, 4, 1, 4, 40, 0],
  'without the first': [6, 4, 40, 0],
  'without the last': [7, 0, 4, 1],
  'odd length of a first one': [8, 0, 4, 3, 4, 40, 0],
  'past 65535': [9, 255, 4, 1],
  'whole in one': [10, 0, 60, 0],
  'whole in one, more to come': [11, 0, 30, 1],
  'empty piece': [12, 0, 0, 1, 0, 60, 0],
  'last piece empty': [13, 0, 4, 1, 4, 0, 0],
  'two last ones': [14, 4, 2, 0, 6, 40, 0, 0, 4, 1],
  'overlap behind the end': [15, 0, 4, 1, 4, 40, 0, 4, 2, 1],
};

function pieces(version: 4 | 6): Vector[] {
  const wholes =
    version === 4
      ? { echo: echo4({}, 100), udp: udp4(CLOSED, {}, 100), tcp: segment(4, { to: CLOSED }, data(80)) }
      : { echo: echo6({}, 100), udp: udp6(CLOSED, {}, 100), tcp: segment(6, { to: CLOSED }, data(80)) };
  return Object.entries(CUTS).flatMap(([name, cuts]) =>
    Object.entries(wholes).flatMap(([kind, whole], i) => {
      const how = Uint8Array.from([cuts[0]! * 4 + i, ...cuts.slice(1)]);
      return named(`v${version} fragments`, {
        [`${name}, ${kind}`]: fragments(whole, how).map((piece) => bent(piece, () => {})),
      });
    }),
  );
}

const STRANGE6 = [
  '::',
  '::1',
  '::2',
  'ff02::1',
  'ff01::1',
  'ff05::1',
  'fe80::9',
  'fec0::9',
  'fc00::9',
  '::ffff:c000:202',
  '2002:c000:202::1',
  HOST6,
  '2001:db8::',
  '2001:db8:9::9',
];

function header6(): Vector[] {
  const whole = echo6();
  return [
    ...named('v6 header', {
      good: whole,
      'version 5': bent(whole, (b) => (b[0] = 0x50), false),
      'payload length 1 short': bent(whole, (b) => put16(b, 4, 23), false),
      'payload length 1 long': bent(whole, (b) => put16(b, 4, 25), false),
      'payload length 0': bent(whole, (b) => put16(b, 4, 0), false),
      'payload length 65535': bent(whole, (b) => put16(b, 4, 65_535), false),
      'bytes behind the payload': join(whole, data(6)),
      'hop limit 0': echo6({ hopLimit: 0 }),
      'hop limit 1': echo6({ hopLimit: 1 }),
      'hop limit 255': echo6({ hopLimit: 255 }),
      'traffic class 0xff': echo6({ trafficClass: 0xff }),
      'traffic class ect0': echo6({ trafficClass: 2 }),
      'flow label': bent(whole, (b) => put16(b, 2, 0xbeef)),
      '39 bytes': whole.slice(0, 39),
      '1 byte': whole.slice(0, 1),
      'no payload': ip6({ next: ICMPV6 }),
    }),
    ...STRANGE6.flatMap((source) =>
      named('v6 source', { [source]: echo6({ source }), [`${source} udp`]: udp6(CLOSED, { source }) }),
    ),
    ...[...STRANGE6, 'ff02::2', 'ff02::1:ff00:1', 'ff0e::1', 'ff00::1', 'ff02::fb', '2001:db8::77'].flatMap(
      (destination) =>
        named('v6 destination', {
          [destination]: echo6({ destination }),
          [`${destination} udp`]: udp6(CLOSED, { destination }),
        }),
    ),
    ...[1, 2, 4, 41, 47, 50, 51, 59, 89, 103, 132, 135, 136, 139, 140, 253, 255].flatMap((next) =>
      named('v6 next header', { [next]: ip6({ next }, data(24)) }),
    ),
  ];
}

/** An extension header of 8 bytes or more with these options. */
const ext = (next: number, options: readonly number[], length = (options.length + 2) / 8 - 1): number[] => [
  next,
  length,
  ...options,
];
const PAD = [1, 4, 0, 0, 0, 0];

function extensions6(): Vector[] {
  const icmp6 = icmp(128, 0, 1, data(8));
  const under = (next: number, ...headers: readonly number[][]): Bytes =>
    ip6({ next }, join(...headers, icmp6));
  const closed = (next: number, ...headers: readonly number[][]): Bytes =>
    ip6({ next }, join(...headers, udp(9_000, CLOSED, data(8))));
  const odd: Record<string, readonly number[]> = {
    'pad1 only': [0, 0, 0, 0, 0, 0],
    padn: PAD,
    'padn with data': [1, 4, 1, 2, 3, 4],
    'padn past the end': [1, 9, 0, 0, 0, 0],
    'padn cut': [0, 0, 0, 0, 0, 1],
    'unknown 00 skip': [0x1e, 4, 0, 0, 0, 0],
    'unknown 01 drop': [0x5e, 4, 0, 0, 0, 0],
    'unknown 10 report': [0x9e, 4, 0, 0, 0, 0],
    'unknown 11 report unless group': [0xde, 4, 0, 0, 0, 0],
    'router alert': [5, 2, 0, 0, 1, 0],
    'router alert of 4 bytes': [5, 4, 0, 0, 0, 0],
    'jumbo payload': [0xc2, 4, 0, 0, 0, 40],
    'home address': [201, 4, 0, 0, 0, 0],
    'tunnel limit': [4, 1, 4, 1, 1, 0],
  };
  const groups: Record<string, string> = { one: HOST6, 'a group': 'ff02::1' };
  const withOptions = Object.entries(odd).flatMap(([name, options]) =>
    Object.entries(groups).flatMap(([to, destination]) =>
      (
        [
          ['hop-by-hop', HOP_BY_HOP],
          ['destination options', DESTINATION_OPTIONS],
        ] as const
      ).flatMap(([kind, next]) =>
        named('v6 extension', {
          [`${kind}, ${name}, to ${to}`]: ip6({ next, destination }, join(ext(ICMPV6, options), icmp6)),
        }),
      ),
    ),
  );
  const routing = (type: number, left: number, segments: readonly string[]): number[] => [
    ...join([ICMPV6, segments.length * 2, type, left, 0, 0, 0, 0], ...segments.map(address)),
  ];
  return [
    ...withOptions,
    ...named('v6 extension', {
      'hop-by-hop second': under(DESTINATION_OPTIONS, ext(HOP_BY_HOP, PAD), ext(ICMPV6, PAD)),
      'hop-by-hop twice': under(HOP_BY_HOP, ext(HOP_BY_HOP, PAD), ext(ICMPV6, PAD)),
      'destination options twice': under(
        DESTINATION_OPTIONS,
        ext(DESTINATION_OPTIONS, PAD),
        ext(ICMPV6, PAD),
      ),
      'eight destination options': under(
        DESTINATION_OPTIONS,
        ...Array.from({ length: 8 }, (_, i) => ext(i === 7 ? ICMPV6 : DESTINATION_OPTIONS, PAD)),
      ),
      'extension past the end': ip6({ next: DESTINATION_OPTIONS }, [ICMPV6, 9, ...PAD]),
      'extension cut': ip6({ next: DESTINATION_OPTIONS }, [ICMPV6, 0, 1, 1]),
      'closed port behind options': closed(HOP_BY_HOP, ext(DESTINATION_OPTIONS, PAD), ext(UDP, PAD)),
      'routing type 0, none left': under(ROUTING, routing(0, 0, [])),
      'routing type 0, one left': under(ROUTING, routing(0, 1, ['2001:db8::9'])),
      'routing type 2, none left': under(ROUTING, routing(2, 0, ['2001:db8::9'])),
      'routing type 3, none left': under(ROUTING, routing(3, 0, [])),
      'routing type 4, none left': under(ROUTING, routing(4, 0, [])),
      'routing type 4, one left': under(ROUTING, routing(4, 1, ['2001:db8::9'])),
      'routing type 253, none left': under(ROUTING, routing(253, 0, [])),
      'routing type 253, one left': under(ROUTING, routing(253, 1, ['2001:db8::9'])),
      'no next header': ip6({ next: 59 }, data(8)),
      'no next header behind options': ip6({ next: DESTINATION_OPTIONS }, join(ext(59, PAD), data(8))),
      'unknown header behind options': ip6({ next: DESTINATION_OPTIONS }, join(ext(253, PAD), data(8))),
      'atomic fragment': under(FRAGMENT, [ICMPV6, 0, 0, 0, 0, 0, 0, 1]),
      'atomic fragment, reserved bits': under(FRAGMENT, [ICMPV6, 9, 0, 6, 0, 0, 0, 2]),
      'fragment header cut': ip6({ next: FRAGMENT }, [ICMPV6, 0, 0, 0]),
      'first fragment without the upper header': ip6({ next: FRAGMENT }, [
        DESTINATION_OPTIONS,
        0,
        0,
        1,
        0,
        0,
        0,
        3,
        ...ext(ICMPV6, PAD),
      ]),
      'fragment inside a fragment': under(
        FRAGMENT,
        [FRAGMENT, 0, 0, 0, 0, 0, 0, 4],
        [ICMPV6, 0, 0, 0, 0, 0, 0, 5],
      ),
    }),
  ];
}

function icmp6(): Vector[] {
  const mine = ip6({ next: UDP, source: HOST6, destination: '2001:db8::4' }, udp(BOUND, 9, data(8)));
  const kinds = [
    0, 1, 2, 3, 4, 5, 100, 101, 127, 129, 130, 131, 132, 138, 139, 140, 141, 143, 144, 148, 151, 160, 200,
    255,
  ];
  return [
    ...kinds.flatMap((type) =>
      named('v6 icmp type', {
        [type]: ip6({ next: ICMPV6 }, icmp(type, 0, 1, data(12))),
        [`${type} quoting`]: ip6({ next: ICMPV6 }, icmp(type, 0, 0, mine)),
      }),
    ),
    ...named('v6 icmp', {
      'echo, code 1': ip6({ next: ICMPV6 }, icmp(128, 1, 1, data(8))),
      'echo, bad checksum': bent(echo6(), (b) => put16(b, 42, 0x1111), false),
      'echo, checksum 0': bent(echo6(), (b) => put16(b, 42, 0), false),
      'echo without data': echo6({}, 0),
      'echo, odd data': echo6({}, 7),
      'echo, 1400 bytes': echo6({}, 1_400),
      '7 bytes': ip6({ next: ICMPV6 }, icmp(128, 0, 1).slice(0, 7)),
      '4 bytes': ip6({ next: ICMPV6 }, icmp(128, 0, 1).slice(0, 4)),
      '1 byte': ip6({ next: ICMPV6 }, [128]),
      'error without quotation': ip6({ next: ICMPV6 }, icmp(1, 4, 0)),
      'error with half a header': ip6({ next: ICMPV6 }, icmp(1, 4, 0, mine.slice(0, 20))),
      'too big, mtu 0': [ip6({ next: ICMPV6 }, icmp(2, 0, 0, mine)), echo6({ source: '2001:db8::4' }, 1_400)],
      'too big, mtu 1280': [
        ip6({ next: ICMPV6 }, icmp(2, 0, 1_280, mine)),
        echo6({ source: '2001:db8::4' }, 1_400),
      ],
      'echo to all nodes': echo6({ destination: 'ff02::1' }),
      'solicitation, hop limit 64': ip6({ next: ICMPV6 }, icmp(135, 0, 0, address(HOST6))),
    }),
  ];
}

const MAC = [2, 0, 0, 0, 0, 2];
const OTHER = [2, 0, 0, 0, 0, 9];
const NONE = [0, 0, 0, 0, 0, 0];
const ALL = [255, 255, 255, 255, 255, 255];

/** Frames for the TAP: the station of the host is written in by the harness where `HOST_MAC` stands. */
export const HOST_MAC: readonly number[] = [2, 0, 0, 0, 0, 1];

const framed = (to: readonly number[], type: number, payload: Bytes, from: readonly number[] = MAC): Bytes =>
  join(to, from, be16(type), payload);

function arps(): Vector[] {
  const ask = (target: string, sender = '192.0.2.2', mac = MAC): Bytes => arp(1, mac, sender, NONE, target);
  const good = ask(HOST4);
  const change = (at: number, value: number): Bytes => {
    const copy = good.slice();
    copy[at] = value;
    return copy;
  };
  const to = (payload: Bytes, mac: readonly number[] = ALL): Bytes => framed(mac, 0x0806, payload);
  const list: Record<string, Bytes> = {
    request: to(good),
    'request, unicast frame': to(good, HOST_MAC),
    'request, other station': to(good, OTHER),
    'request, padded': to(join(good, new Uint8Array(18))),
    'request for another': to(ask('192.0.2.77')),
    'request for a group': to(ask('224.0.0.1')),
    'request for broadcast': to(ask('192.0.2.255')),
    'request for 127.0.0.1': to(ask('127.0.0.1')),
    probe: to(ask(HOST4, '0.0.0.0')),
    'request from our own address': to(ask(HOST4, HOST4)),
    'request from another network': to(ask(HOST4, '10.9.9.9')),
    'request from broadcast': to(ask(HOST4, '255.255.255.255')),
    'request from a group': to(ask(HOST4, '224.0.0.5')),
    'request from loopback': to(ask(HOST4, '127.0.0.1')),
    'request, group MAC inside': to(ask(HOST4, '192.0.2.2', [1, 0, 0, 0, 0, 2])),
    'announcement of another': to(ask('192.0.2.66', '192.0.2.66')),
    'reply, unasked': to(arp(2, MAC, '192.0.2.55', HOST_MAC, HOST4), HOST_MAC),
    'hardware type 6': to(change(1, 6)),
    'hardware type 2': to(change(1, 2)),
    'protocol type 0x86dd': to(bentWords(good, 2, 0x86dd)),
    'hardware length 5': to(change(4, 5)),
    'protocol length 6': to(change(5, 6)),
    'operation 0': to(change(7, 0)),
    'operation 3': to(change(7, 3)),
    'operation 8': to(change(7, 8)),
    '27 bytes': to(good.slice(0, 27)),
    'no bytes': to(new Uint8Array()),
    'source MAC of the frame differs': framed(ALL, 0x0806, good, OTHER),
  };
  return tap('arp', list);
}

function bentWords(bytes: Bytes, at: number, value: number): Bytes {
  const copy = bytes.slice();
  put16(copy, at, value);
  return copy;
}

function tap(prefix: string, list: Record<string, Bytes>): Vector[] {
  return named(prefix, list).map((vector) => ({ ...vector, link: 'tap' }));
}

const node = [0x33, 0x33, 255, 0, 0, 1];
const allNodes = [0x33, 0x33, 0, 0, 0, 1];

function neighbours(): Vector[] {
  const nd = { next: ICMPV6, hopLimit: 255 } as const;
  const slla = [1, 1, ...MAC];
  const group = 'ff02::1:ff00:1';
  const ask = (fields: object, body: Bytes | number[], options: readonly number[] = slla): Bytes =>
    ip6({ ...nd, destination: group, ...fields }, icmp(135, 0, 0, join(body, options)));
  const me = address(HOST6);
  const six = (packet: Bytes, to: readonly number[] = node): Bytes => framed(to, 0x86dd, packet);
  const code = bent(ask({}, me), (b) => (b[41] = 1));
  return tap('nd', {
    solicitation: six(ask({}, me)),
    'solicitation, unicast': six(ask({ destination: HOST6 }, me), HOST_MAC),
    'solicitation, unicast without option': six(ask({ destination: HOST6 }, me, []), HOST_MAC),
    'solicitation without option': six(ask({}, me, [])),
    'solicitation, hop limit 254': six(ask({ hopLimit: 254 }, me)),
    'solicitation, code 1': six(code),
    'solicitation for another': six(ask({}, address('2001:db8::77'))),
    'solicitation for a group': six(ask({}, address('ff02::1'))),
    probe: six(ask({ source: '::' }, me, [])),
    'probe with option': six(ask({ source: '::' }, me)),
    'probe, unicast': six(ask({ source: '::', destination: HOST6 }, me, []), HOST_MAC),
    'probe to all nodes': six(ask({ source: '::', destination: 'ff02::1' }, me, []), allNodes),
    'solicitation from link-local': six(ask({ source: 'fe80::9' }, me)),
    'solicitation from our own address': six(ask({ source: HOST6 }, me)),
    'solicitation from a group': six(ask({ source: 'ff02::1' }, me)),
    'solicitation, option length 0': six(ask({}, me, [1, 0, 0, 0, 0, 0, 0, 0])),
    'solicitation, option past the end': six(ask({}, me, [1, 3, ...MAC])),
    'solicitation, unknown option': six(ask({}, me, [...slla, 200, 1, 0, 0, 0, 0, 0, 0])),
    'solicitation, nonce': six(ask({}, me, [...slla, 14, 1, 1, 2, 3, 4, 5, 6])),
    'solicitation, 23 bytes': six(
      bent(ip6({ ...nd, destination: group }, icmp(135, 0, 0, me).slice(0, 23)), () => {}),
    ),
    'solicitation, bad checksum': six(bent(ask({}, me), (b) => put16(b, 42, 0x1234), false)),
    'solicitation, broadcast MAC': six(ask({}, me), ALL),
    'solicitation, fragmented': six(
      ip6({ ...nd, next: FRAGMENT, destination: HOST6 }, fragmentedSolicitation(me, slla)),
      HOST_MAC,
    ),
    'advertisement, unasked': six(
      ip6(
        { ...nd, destination: HOST6 },
        icmp(136, 0, 0x6000_0000, join(address('2001:db8::55'), [2, 1], MAC)),
      ),
      HOST_MAC,
    ),
    'router solicitation': six(
      ip6({ ...nd, source: 'fe80::9', destination: 'ff02::2' }, icmp(133, 0, 0, slla)),
      [0x33, 0x33, 0, 0, 0, 2],
    ),
    'echo, broadcast MAC': six(echo6(), ALL),
    'echo, group MAC': six(echo6(), allNodes),
    'echo, other station': six(echo6(), OTHER),
    'ipv4 echo, broadcast MAC': framed(ALL, 0x0800, echo4()),
    'ipv4 echo, group MAC': framed([1, 0, 0x5e, 0, 0, 1], 0x0800, echo4()),
    'ipv4 udp, broadcast MAC': framed(ALL, 0x0800, udp4(CLOSED)),
    'ipv4 syn, broadcast MAC': framed(ALL, 0x0800, syn4(OPEN, {})),
    'ipv6 in an ipv4 frame': framed(HOST_MAC, 0x0800, echo6()),
    'ipv4 in an ipv6 frame': framed(HOST_MAC, 0x86dd, echo4()),
    'unknown type': framed(HOST_MAC, 0x88b5, data(40)),
    'frame of 14 bytes': framed(HOST_MAC, 0x0800, new Uint8Array()),
  });
}

/** The message whole, behind a fragment header that says so: RFC 6980 forbids it. */
function fragmentedSolicitation(target: Bytes, option: readonly number[]): Bytes {
  const message = icmp(135, 0, 0, join(target, option));
  const pseudo = join(address('2001:db8::2'), address(HOST6), be32(message.length), be32(ICMPV6));
  const all = join(pseudo, message);
  put16(message, 2, checksum(all, 0, all.length));
  return join([ICMPV6, 0, 0, 0, 0, 0, 0, 77], message);
}

export function vectors(): Vector[] {
  port = 20_000;
  const all = [
    ...header4(),
    ...options4(),
    ...icmp4(),
    ...udps(4),
    ...tcps(4),
    ...pieces(4),
    ...header6(),
    ...extensions6(),
    ...icmp6(),
    ...udps(6),
    ...tcps(6),
    ...pieces(6),
    ...arps(),
    ...neighbours(),
  ];
  const names = new Set(all.map(({ name }) => name));
  if (names.size !== all.length) throw new Error('two vectors have one name');
  return all;
}
