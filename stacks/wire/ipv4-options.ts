/**
 * The options of the IPv4 header: RFC 791 §3.1, RFC 1122 §3.2.1.8, RFC 2113 (router alert).
 *
 *  +--------+--------+--------+--------- - - -+
 *  |  type  | length |pointer |     data      |   record route, source routes; a timestamp has a further octet:
 *  +--------+--------+--------+--------- - - -+   overflow and flag
 */
import type { Packet } from '../packet/packet.ts';
import { IPV4_HEADER } from './ipv4.ts';

const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const RECORD_ROUTE = 7;
const TIMESTAMP = 68;
const LOOSE_SOURCE_ROUTE = 131;
export const STRICT_SOURCE_ROUTE = 137;
const ROUTER_ALERT = 148;
/** The option is copied into every fragment. */
const COPIED = 0x80;

// Places in an option, and where the data of each kind begin.
const LENGTH = 1;
const POINTER = 2;
const OVERFLOW = 3;
const ROUTE_DATA = 3;
const TIMESTAMP_DATA = 4;
// Flags of the timestamp option.
const TIMES = 0;
const ADDRESSES_AND_TIMES = 1;
const TIMES_OF_GIVEN = 3;

const FINE = -1;

/** "Routers shall examine this packet" (RFC 2113 §2.1). */
export const ROUTER_ALERT_OPTION: Uint8Array = Uint8Array.of(ROUTER_ALERT, 4, 0, 0);

/** Where the options that have work to do stand, as absolute offsets; 0 where there is none. */
export interface OptionPlaces {
  recordRoute: number;
  timestamp: number;
  sourceRoute: number;
  routerAlert: boolean;
}

/**
 * Walks the options of a checked header and notes in `into` what it finds. The result is 0, or the offset in the header
 * of the octet that is wrong. Unknown options are passed over.
 */
export function walkOptions(packet: Packet, into: OptionPlaces): number {
  into.recordRoute = into.timestamp = into.sourceRoute = 0;
  into.routerAlert = false;
  const { network, transport } = packet;
  for (let at = network + IPV4_HEADER; at < transport; ) {
    const type = packet.u8(at);
    if (type === END_OF_OPTIONS) break;
    if (type === NO_OPERATION) {
      at++;
      continue;
    }
    if (at + 1 >= transport) return at - network;
    const length = packet.u8(at + LENGTH);
    if (length < 2 || at + length > transport) return at + LENGTH - network;
    const wrong = note(packet, at, type, length, into);
    if (wrong !== FINE) return at + wrong - network;
    at += length;
  }
  return 0;
}

/** The offset in the option of what is wrong with it, else `FINE`. */
function note(packet: Packet, at: number, type: number, length: number, into: OptionPlaces): number {
  switch (type) {
    case RECORD_ROUTE:
    case LOOSE_SOURCE_ROUTE:
    case STRICT_SOURCE_ROUTE: {
      if (length < ROUTE_DATA) return LENGTH;
      // RFC 791: the smallest legal value is 4, and room for a part of an address is an error.
      const pointer = packet.u8(at + POINTER);
      if (pointer <= ROUTE_DATA || (pointer <= length && pointer + 3 > length)) return POINTER;
      // RFC 791: each appears at most once, and of the source routes one (RFC 1122 §3.2.1.8 c).
      const place = type === RECORD_ROUTE ? 'recordRoute' : 'sourceRoute';
      if (into[place] !== 0) return 0;
      into[place] = at;
      return FINE;
    }
    case TIMESTAMP: {
      if (length < TIMESTAMP_DATA) return LENGTH;
      const flag = packet.u8(at + OVERFLOW) & 15;
      if (flag !== TIMES && flag !== ADDRESSES_AND_TIMES && flag !== TIMES_OF_GIVEN) return OVERFLOW;
      const pointer = packet.u8(at + POINTER);
      const entry = flag === TIMES ? 4 : 8;
      if (pointer <= TIMESTAMP_DATA || (pointer <= length && pointer + entry - 1 > length)) return POINTER;
      // Full, and the count of hosts that found no room would overflow.
      if (pointer > length && flag !== TIMES_OF_GIVEN && packet.u8(at + OVERFLOW) >> 4 === 15)
        return OVERFLOW;
      if (into.timestamp !== 0) return 0;
      into.timestamp = at;
      return FINE;
    }
    case ROUTER_ALERT:
      into.routerAlert ||= length === ROUTER_ALERT_OPTION.length;
      return FINE;
    default:
      return FINE; // RFC 1122 §3.2.1.8: unknown options are ignored.
  }
}

/** Of a source route: does it name every station on the way? */
export function isStrict(packet: Packet, at: number): boolean {
  return packet.u8(at) === STRICT_SOURCE_ROUTE;
}

/** The pointer has passed the end: a recorded route is full, a source route has come to its end. */
export function isExhausted(packet: Packet, at: number): boolean {
  return packet.u8(at + POINTER) > packet.u8(at + LENGTH);
}

/** The address that the pointer of a route points at; the option is not exhausted. */
export function routeNext(packet: Packet, at: number): number {
  return packet.i32(at + packet.u8(at + POINTER) - 1);
}

/** Writes our address where the pointer of a route points, and moves the pointer, unless it is exhausted. */
export function recordAddress(packet: Packet, at: number, own: number): void {
  if (isExhausted(packet, at)) return;
  const pointer = packet.u8(at + POINTER);
  packet.setI32(at + pointer - 1, own);
  packet.setU8(at + POINTER, pointer + 4);
}

/** The addresses of a route from first to last, up to the pointer. */
export function routeSoFar(packet: Packet, at: number): number[] {
  const end = at + Math.min(packet.u8(at + POINTER), packet.u8(at + LENGTH) + 1) - 1;
  const addresses: number[] = [];
  for (let o = at + ROUTE_DATA; o + 4 <= end; o += 4) addresses.push(packet.i32(o));
  return addresses;
}

/** `time` as the wire has it (RFC 791); of given addresses only `isOwn` ones get theirs. */
export function recordTime(
  packet: Packet,
  at: number,
  own: number,
  time: number,
  isOwn: (word: number) => boolean,
): void {
  const flag = packet.u8(at + OVERFLOW) & 15;
  const pointer = packet.u8(at + POINTER);
  if (isExhausted(packet, at)) {
    if (flag !== TIMES_OF_GIVEN) packet.setU8(at + OVERFLOW, packet.u8(at + OVERFLOW) + 0x10);
    return;
  }
  let place = at + pointer - 1;
  if (flag === TIMES_OF_GIVEN && !isOwn(packet.i32(place))) return;
  if (flag !== TIMES) {
    if (flag === ADDRESSES_AND_TIMES) packet.setI32(place, own);
    place += 4;
  }
  packet.setI32(place, time);
  packet.setU8(at + POINTER, place + 5 - at);
}

/** Options padded to whole words. */
export function packOptions(options: readonly Uint8Array[]): Uint8Array {
  const bytes = options.reduce((sum, option) => sum + option.length, 0);
  const packed = new Uint8Array((bytes + 3) & ~3); // END_OF_OPTIONS is zero
  let at = 0;
  for (const option of options) {
    packed.set(option, at);
    at += option.length;
  }
  return packed;
}

/** A source route of this type that has not begun. */
export function sourceRouteOption(type: number, addresses: readonly number[]): Uint8Array {
  const option = new Uint8Array(ROUTE_DATA + 4 * addresses.length);
  option.set([type, option.length, ROUTE_DATA + 1]);
  const view = new DataView(option.buffer);
  for (const [i, address] of addresses.entries()) view.setInt32(ROUTE_DATA + 4 * i, address);
  return option;
}

/** The option at `at`, as it stands. */
export function copyOption(packet: Packet, at: number): Uint8Array {
  return packet.copy(at, at + packet.u8(at + LENGTH));
}

/**
 * Writes at `to.start` the header that fragments behind the first carry: the copied options only, padded to whole
 * words (RFC 791 §3.1). Returns its length.
 */
export function copyFragmentHeader(from: Packet, to: Packet): number {
  const at = to.start;
  to.bytes.set(from.bytes.subarray(from.network, from.network + IPV4_HEADER), at);
  let end = at + IPV4_HEADER;
  for (let o = from.network + IPV4_HEADER; o < from.transport; ) {
    const type = from.u8(o);
    if (type === END_OF_OPTIONS) break;
    const length = type === NO_OPERATION ? 1 : from.u8(o + LENGTH);
    if ((type & COPIED) !== 0) {
      to.bytes.set(from.bytes.subarray(o, o + length), end);
      end += length;
    }
    o += length;
  }
  while (((end - at) & 3) !== 0) to.setU8(end++, END_OF_OPTIONS);
  return end - at;
}
