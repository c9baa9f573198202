/** The parsers of headers alone, and the header of offloads with the cutting of super-segments. */
import { readVnetHeader, VNET_HEADER, writeVnetHeader } from '../../devices/tun/vnet-header.ts';
import { Address } from '../../stacks/address/address.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { prepare } from '../../stacks/forward/segmentation.ts';
import { PARTIAL, Packet } from '../../stacks/packet/packet.ts';
import { PacketPool } from '../../stacks/packet/pool.ts';
import { Segment } from '../../stacks/tcp/segment.ts';
import * as arpWire from '../../stacks/wire/arp.ts';
import * as ethernet from '../../stacks/wire/ethernet.ts';
import * as icmp from '../../stacks/wire/icmp.ts';
import * as ip4 from '../../stacks/wire/ipv4.ts';
import { type OptionPlaces, walkOptions } from '../../stacks/wire/ipv4-options.ts';
import * as ip6 from '../../stacks/wire/ipv6.ts';
import { NdOptions } from '../../stacks/wire/ndp.ts';
import * as tcp from '../../stacks/wire/tcp.ts';
import * as udp from '../../stacks/wire/udp.ts';
import { broken } from './broken.ts';
import { checkPool } from './invariants.ts';
import { join, transportOf } from './packets.ts';
import type { Target } from './target.ts';
import {
  ICMPS4,
  ICMPS6,
  MAC,
  NEIGHBOURS4,
  NEIGHBOURS6,
  ODD4,
  ODD6,
  SYNS4,
  SYNS6,
  UDPS4,
  UDPS6,
} from './templates.ts';

const AROUND = 128;
const SLOT = 8_192;

/** A packet in the middle of bytes that nobody may look at. */
function surrounded(input: Uint8Array, value: number): Packet {
  const bytes = new Uint8Array(SLOT).fill(value);
  const packet = new Packet(bytes, new Uint16Array(bytes.buffer), new DataView(bytes.buffer), 0, SLOT);
  packet.start = AROUND;
  packet.end = AROUND + input.length;
  bytes.set(input, AROUND);
  return packet;
}

const segment = new Segment();
const options = new NdOptions();

const places: OptionPlaces = { recordRoute: 0, timestamp: 0, sourceRoute: 0, routerAlert: false };

type Parser = (packet: Packet) => unknown;

/** Each gives all that can be known of the bytes; the first byte of an input chooses one. */
const PARSERS: readonly Parser[] = [
  (packet) => {
    const bad = ip4.checkIpv4(packet);
    if (bad !== undefined) return bad;
    const at = packet.network;
    const flags = [
      walkOptions(packet, places),
      places,
      ip4.isFragment(packet, at),
      ip4.protocolOf(packet, at),
    ];
    return [
      packet.end,
      packet.transport,
      ip4.sourceWord(packet, at),
      ip4.destinationWord(packet, at),
      ...flags,
    ];
  },
  (packet) => {
    const bad = ip6.checkHeader(packet);
    if (bad !== undefined) return bad;
    const into = { protocol: 0, at: 0, fragment: 0, isFragment: false };
    ip6.skim(packet, packet.network, packet.end, into);
    return [packet.end, into.protocol, into.at, into.fragment];
  },
  (packet) => {
    const bad = ethernet.checkFrame(packet, MAC);
    return bad ?? [packet.linkCast, ethernet.etherType(packet), ethernet.isStation(packet, packet.start)];
  },
  (packet) => {
    const bad = arpWire.checkArp(packet);
    if (bad !== undefined) return bad;
    return [
      arpWire.arpOperation(packet),
      [...arpWire.arpSenderMac(packet)],
      arpWire.arpSender(packet),
      arpWire.arpTarget(packet),
    ];
  },
  (packet) =>
    icmp.checkIcmp(packet) ?? [icmp.icmpType(packet, packet.start), icmp.icmpCode(packet, packet.start)],
  (packet) => {
    const bad = udp.checkUdp(packet, ipv4, new Address(0, 0, 0, 1), new Address(0, 0, 0, 2));
    return bad ?? udp.udpLength(packet, packet.start);
  },
  (packet) =>
    udp.checkUdp(packet, ipv6, new Address(1, 0, 0, 1), new Address(1, 0, 0, 2)) ??
    udp.udpLength(packet, packet.start),
  (packet) => {
    const bad = tcp.check(packet);
    if (bad !== undefined) return bad;
    segment.read(packet);
    return { ...segment };
  },
  (packet) => {
    return options.parse(packet, packet.start, packet.end) && { ...options };
  },
];

/** JSON, with typed arrays as lists. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Int32Array ? [...part] : part)) ?? 'undefined';

const wire: Target = {
  name: 'wire',
  says: 'the parsers of every header',
  grammar: { format: 'bytes' },
  seeds: () => [
    ...[...ODD4, ...ICMPS4].map((packet) => join([0], packet)),
    ...[...ODD6, ...NEIGHBOURS6].map((packet) => join([1], packet)),
    ...NEIGHBOURS4.map((packet) => join([3], packet)),
    ...NEIGHBOURS4.map((packet) => join([2], MAC, MAC, [8, 6], packet)),
    ...[...ICMPS4, ...ICMPS6].map((packet) => join([4], packet.subarray(transportOf(packet, 0).at))),
    ...UDPS4.map((packet) => join([5], packet.subarray(20))),
    ...UDPS6.map((packet) => join([6], packet.subarray(40))),
    ...[...SYNS4, ...SYNS6].map((packet) => join([7], packet.subarray(transportOf(packet, 0).at))),
    ...NEIGHBOURS6.map((packet) => join([8], packet.subarray(64))),
  ],
  run(input) {
    const parse = PARSERS[(input[0] ?? 0) % PARSERS.length]!;
    const bytes = input.subarray(1);
    const one = surrounded(bytes, 0x00);
    const first = text(parse(one));
    const other = surrounded(bytes, 0xff);
    const second = text(parse(other));
    if (first !== second) broken(`the bytes outside the packet were read: ${first} or ${second}`);
    if (one.start < AROUND || one.end > AROUND + bytes.length || one.end < one.start) {
      broken(`the packet became [${one.start - AROUND}, ${one.end - AROUND}) of ${bytes.length}`);
    }
  },
};

const pool = new PacketPool();

/** Byte 0: whether the device has offload, the family, TAP or TUN; bytes 1 and 2: the MTU; then the header, then the packet. */
const OFFLOAD = 1;
const IPV6 = 2;
const TAP = 4;

const segmentation: Target = {
  name: 'segmentation',
  says: 'the header of offloads, and cutting super-segments',
  grammar: { format: 'bytes' },
  seeds: () => {
    const big = (list: readonly Uint8Array[]): Uint8Array => join(list[0]!, new Uint8Array(1_500));
    const tso = [1, 1, 54, 0, 100, 0, 20, 0, 16, 0];
    const tso6 = [1, 4, 74, 0, 100, 0, 40, 0, 16, 0];
    const uso = [1, 5, 28, 0, 100, 0, 20, 0, 6, 0];
    const plain = [1, 0, 0, 0, 0, 0, 20, 0, 6, 0];
    return [
      join([0, 5, 220], tso, big(SYNS4)),
      join([IPV6, 5, 220], tso6, big(SYNS6)),
      join([0, 2, 0], uso, big(UDPS4)),
      join([OFFLOAD, 5, 220], plain, UDPS4[0]!),
      join([TAP, 5, 220], tso, MAC, MAC, [8, 0], big(SYNS4)),
      join([0, 5, 220], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], UDPS4[0]!),
    ];
  },
  run(input) {
    const settings = input[0] ?? 0;
    const bytes = input.subarray(3);
    if (bytes.length <= VNET_HEADER) return;
    const link = (settings & TAP) === 0 ? 0 : 14;
    const mtu = Math.max(((input[1] ?? 0) << 8) | (input[2] ?? 0), 68);
    const packet = pool.from(bytes)!;
    packet.start += VNET_HEADER;
    if (!readVnetHeader(packet, link)) {
      pool.release(packet);
      return;
    }
    if (packet.checksum === PARTIAL && packet.checksumStart + packet.checksumField + 2 > packet.end) {
      broken('a checksum field outside the packet was accepted');
    }
    const length = packet.length;
    const { segmentSize, segmentHeaders } = packet;
    writeVnetHeader(packet, link);
    if (packet.length !== length || packet.segmentSize !== segmentSize)
      broken('writing the header changed the packet');
    packet.start += link;
    if (segmentSize > 0) cutAll(packet, settings, mtu, segmentHeaders, segmentSize);
    else if (packet.end >= packet.start)
      prepare(packet, (settings & OFFLOAD) === 0 ? undefined : { segment: 65_535 }, mtu, pool, () => {});
    pool.release(packet);
    checkPool(pool, 'after the segments were released');
  },
};

/** As many pieces as there must be, each with the headers and its own piece of the payload. */
function cutAll(packet: Packet, settings: number, mtu: number, headers: number, size: number): void {
  const payload = packet.copy(packet.start + headers, packet.end);
  const resize = (settings & IPV6) === 0 ? ip4.resizeSegment : ip6.resizeSegment;
  const fits = packet.checksumStart >= packet.start && packet.length >= headers;
  if (!fits) return;
  const first = packet.u8(packet.start) >> 4 === ((settings & IPV6) === 0 ? 4 : 6);
  const rest = prepare(packet, undefined, mtu, pool, first ? resize : () => {});
  if (rest === undefined) broken('there were no buffers');
  const pieces = [packet, ...rest];
  if (pieces.length !== Math.ceil(payload.length / size))
    broken(`${pieces.length} pieces of ${size} for ${payload.length} bytes`);
  const data = pieces.map((piece) => piece.copy(piece.start + headers, piece.end));
  if (!Buffer.concat(data).equals(payload)) broken('the pieces do not hold what the whole held');
  for (const piece of rest) pool.release(piece);
}

export const WIRE_TARGETS: readonly Target[] = [wire, segmentation];
