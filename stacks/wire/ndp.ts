/**
 * Neighbour discovery messages: RFC 4861 §4, with the nonce of RFC 3971 §5.3.2 as used by RFC 7527.
 * Offsets count from the first byte of the ICMPv6 message.
 *
 * Neighbour solicitation (135), advertisement (136)       Redirect (137)
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                   +-+-+-+-+-+-+-+-+
 *   4 |R|S|O|        Reserved         |                 4 |    Reserved   |
 *   8 |       Target Address (16)     |                 8 |  Target (16)  |
 *  24 |  Options ...                                   24 | Destination(16)
 *                                                      40 |  Options ...
 *
 * Router solicitation (133): options from 8.            Router advertisement (134)
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 | Cur Hop Limit |M|O|H|Prf|     |       Router Lifetime         |
 *   8 |                         Reachable Time (ms)                   |
 *  12 |                          Retrans Timer (ms)                   |
 *  16 |  Options ...
 */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Packet } from '../packet/packet.ts';
import {
  NEIGHBOUR_ADVERTISEMENT,
  NEIGHBOUR_SOLICITATION,
  REDIRECT,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
} from './icmp6.ts';

export const FLAGS = 4;
export const TARGET = 8;
export const REDIRECT_DESTINATION = 24;
export const CUR_HOP_LIMIT = 4;
export const RA_FLAGS = 5;
export const ROUTER_LIFETIME = 6;
export const REACHABLE_TIME = 8;
export const RETRANS_TIMER = 12;

/** Flags of a neighbour advertisement (§4.4). */
export const ROUTER_FLAG = 0x80;
export const SOLICITED_FLAG = 0x40;
export const OVERRIDE_FLAG = 0x20;

/** Where the options begin, by type. */
export const RS_BYTES = 8;
export const RA_BYTES = 16;
export const NEIGHBOUR_BYTES = 24;
export const REDIRECT_BYTES = 40;

/** Option types (§4.6, RFC 3971 §5.3.2). */
export const SOURCE_LINK_ADDRESS = 1;
export const TARGET_LINK_ADDRESS = 2;
export const PREFIX_INFORMATION = 3;
export const REDIRECTED_HEADER = 4;
export const MTU_OPTION = 5;
/** RFC 4191 §2.3, RFC 8106 §5. */
export const ROUTE_INFORMATION = 24;
export const RECURSIVE_DNS = 25;
export const DNS_SEARCH_LIST = 31;
export const NONCE = 14;

export const LINK_ADDRESS_BYTES = 8;
export const PREFIX_BYTES = 32;
export const MTU_BYTES = 8;
/** Of a redirected header option, before the packet. */
export const REDIRECTED_BYTES = 8;
export const NONCE_BYTES = 8;

/** Offsets in a prefix information option (§4.6.2). */
export const PREFIX_LENGTH = 2;
export const PREFIX_FLAGS = 3;
export const PREFIX_VALID = 4;
export const PREFIX_PREFERRED = 8;
export const PREFIX = 16;
export const ON_LINK_FLAG = 0x80;
export const AUTONOMOUS_FLAG = 0x40;

/** Offsets in a route information option (RFC 4191 §2.3); the prefix has 0, 8 or 16 bytes. */
export const ROUTE_PREFIX_LENGTH = 2;
export const ROUTE_PREFERENCE = 3;
export const ROUTE_LIFETIME = 4;
export const ROUTE_PREFIX = 8;

/** Options of one kind in one advertisement that are looked at; an honest router sends a handful. */
export const MAX_OPTIONS_OF_A_KIND = 16;

/** Smallest message by type, options not counted; 0 for what is not a neighbour discovery message. */
export function minimumBytes(type: number): number {
  switch (type) {
    case ROUTER_SOLICITATION:
      return RS_BYTES;
    case ROUTER_ADVERTISEMENT:
      return RA_BYTES;
    case NEIGHBOUR_SOLICITATION:
    case NEIGHBOUR_ADVERTISEMENT:
      return NEIGHBOUR_BYTES;
    case REDIRECT:
      return REDIRECT_BYTES;
    default:
      return 0;
  }
}

/** Where the options of one message stand: absolute offsets, -1 when absent. Filled anew by every `parse`. */
export class NdOptions {
  /** First byte of the six of an Ethernet address. */
  sourceLink = -1;
  targetLink = -1;
  mtu = -1;
  /** First byte of the nonce, and how many there are. */
  nonce = -1;
  nonceBytes = 0;
  /** First byte of each prefix information option, route information option, and option of RFC 8106. */
  readonly prefixes: number[] = [];
  readonly routes: number[] = [];
  readonly dns: number[] = [];

  /** False when a length is zero or runs past `end`: the message is then dropped whole (§6.1, §7.1, §8.1). */
  parse(packet: Packet, from: number, end: number): boolean {
    this.sourceLink = this.targetLink = this.mtu = this.nonce = -1;
    this.prefixes.length = this.routes.length = this.dns.length = this.nonceBytes = 0;
    for (let at = from; at < end; ) {
      if (at + 2 > end) return false;
      const length = packet.u8(at + 1) * 8;
      if (length === 0 || at + length > end) return false;
      switch (packet.u8(at)) {
        case SOURCE_LINK_ADDRESS:
          if (length === LINK_ADDRESS_BYTES) this.sourceLink = at + 2;
          break;
        case TARGET_LINK_ADDRESS:
          if (length === LINK_ADDRESS_BYTES) this.targetLink = at + 2;
          break;
        case PREFIX_INFORMATION:
          if (length === PREFIX_BYTES) note(this.prefixes, at);
          break;
        case ROUTE_INFORMATION:
          note(this.routes, at);
          break;
        case RECURSIVE_DNS:
        case DNS_SEARCH_LIST:
          note(this.dns, at);
          break;
        case MTU_OPTION:
          if (length === MTU_BYTES) this.mtu = at;
          break;
        case NONCE:
          this.nonce = at + 2;
          this.nonceBytes = length - 2;
          break;
      }
      at += length;
    }
    return true;
  }
}

function note(options: number[], at: number): void {
  if (options.length < MAX_OPTIONS_OF_A_KIND) options.push(at);
}

/** The prefix of a route information option; undefined when its length does not fit the option's. */
export function readRoutePrefix(packet: Packet, at: number): Address | undefined {
  const bytes = packet.u8(at + 1) * 8 - ROUTE_PREFIX;
  const length = packet.u8(at + ROUTE_PREFIX_LENGTH);
  if (bytes > 16 || length > 8 * bytes) return undefined;
  const prefix = new Address();
  if (bytes === 16) ipv6.read(packet.bytes, at + ROUTE_PREFIX, prefix);
  else if (bytes === 8) {
    prefix.w0 = packet.i32(at + ROUTE_PREFIX);
    prefix.w1 = packet.i32(at + ROUTE_PREFIX + 4);
  }
  return prefix;
}

/** A source or target link-layer address option; returns the offset behind it. */
export function writeLinkAddress(packet: Packet, at: number, type: number, mac: Uint8Array): number {
  packet.setU8(at, type);
  packet.setU8(at + 1, 1);
  packet.bytes.set(mac, at + 2);
  return at + LINK_ADDRESS_BYTES;
}

/** The option of §4.6.3 around `quote`, whose length is a multiple of 8. */
export function writeRedirected(packet: Packet, at: number, quote: Uint8Array): void {
  packet.setU8(at, REDIRECTED_HEADER);
  packet.setU8(at + 1, (REDIRECTED_BYTES + quote.length) / 8);
  packet.setU16(at + 2, 0);
  packet.setI32(at + 4, 0);
  packet.bytes.set(quote, at + REDIRECTED_BYTES);
}

/** Six bytes of nonce from two words: RFC 7527 §4.1 wants them random for each solicitation. */
export function writeNonce(packet: Packet, at: number, high: number, low: number): number {
  packet.setU8(at, NONCE);
  packet.setU8(at + 1, 1);
  packet.setU16(at + 2, high & 0xffff);
  packet.setI32(at + 4, low);
  return at + NONCE_BYTES;
}
