/**
 * The chain of extension headers as its destination reads it: RFC 8200 §4 (order, options, routing, fragment),
 * RFC 5095 (no type 0 routing), RFC 7112 (a first fragment holds the whole chain), RFC 8504 §5.3 (limits).
 */
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { ERRONEOUS_FIELD, INCOMPLETE_CHAIN, UNKNOWN_NEXT_HEADER, UNKNOWN_OPTION } from '../wire/icmp6.ts';
import {
  DESTINATION_OPTIONS,
  extensionLength,
  FRAGMENT,
  FRAGMENT_BYTES,
  fragmentOffset,
  HEADER_BYTES,
  HOP_BY_HOP,
  ICMPV6,
  moreFragments,
  NEXT_HEADER,
  NO_NEXT_HEADER,
  ROUTING,
  TCP,
  UDP,
} from '../wire/ipv6.ts';

/** Options other than padding in one header: the default of RFC 8504 §5.3. */
const MAX_OPTIONS = 8;

const PAD1 = 0;
const ROUTER_ALERT = 5;

/** No ICMP error goes with this drop. */
export const SILENT = -1;

/** Shortest header of an upper layer, to tell whether a first fragment holds it (RFC 7112 §3). */
function upperBytes(protocol: number): number {
  return protocol === TCP ? 20 : protocol === UDP ? 8 : protocol === ICMPV6 ? 4 : 0;
}

/** What a walk found; one instance serves every packet of a stack. */
export class HeaderChain {
  /** Upper-layer protocol and where its header begins; with `fragmentAt` set by a real fragment, where its data does. */
  protocol = 0;
  at = 0;
  /** Absolute offset of the Next Header byte that named `protocol`. */
  namedAt = 0;
  /** Absolute offset of the fragment header, -1 without one. Also set for an atomic fragment. */
  fragmentAt = -1;
  /** Absolute offset of the Next Header byte that named the fragment header. */
  fragmentNamedAt = 0;
  /** A fragment header was there, and other fragments belong to it: not atomic (RFC 6946 §4). */
  isFragment = false;
  /** It came in fragments, were it in a single one: what RFC 6980 §5 does not take from anybody. */
  fragmented = false;
  /** In the hop-by-hop options, where alone it means something (RFC 2711 §2.1). */
  routerAlert = false;

  /** After a walk that returned false: why, and the code of the parameter problem to send or SILENT. */
  reason: DropReason = 'bad-extension-header';
  code: number = SILENT;
  /** Absolute offset that the parameter problem points at. */
  pointer = 0;

  #named = 0;

  /**
   * Walks from the header at `packet.network`. True: `protocol` and `at` say where to go on, or `isFragment` that the
   * packet waits for others. `whole` is a datagram that reassembly made, in which no second fragment header may stand.
   */
  walk(packet: Packet, multicast: boolean, whole: boolean): boolean {
    const network = packet.network;
    const end = packet.end;
    this.fragmentAt = -1;
    this.isFragment = false;
    this.fragmented = whole;
    this.routerAlert = false;
    this.#named = network + NEXT_HEADER;
    let at = network + HEADER_BYTES;
    // RFC 8200 §4.1: any order, any number. Each header takes eight bytes of the packet or more, so the walk ends.
    for (let first = true; ; first = false) {
      const next = packet.u8(this.#named);
      if (!isExtension(next)) {
        this.protocol = next;
        this.at = at;
        this.namedAt = this.#named;
        return true;
      }
      // Hop-by-hop options anywhere but first are an unrecognised next header (RFC 8200 §4.1).
      if (next === HOP_BY_HOP && !first) {
        return this.#problem('bad-extension-header', UNKNOWN_NEXT_HEADER, this.#named);
      }
      if (at + 8 > end) return this.#silent('bad-extension-header');
      if (next === FRAGMENT) {
        if (!this.#fragment(packet, at, whole)) return false;
        if (this.isFragment) return true;
        this.#named = at;
        at += FRAGMENT_BYTES;
        continue;
      }
      const length = extensionLength(packet, at);
      if (at + length > end) return this.#silent('bad-extension-header');
      if (next === ROUTING) {
        // RFC 8200 §4.4: no routing type is known here, so segments left must be 0. RFC 5095 §3 says the same of type 0.
        if (packet.u8(at + 3) !== 0) return this.#problem('source-routed', ERRONEOUS_FIELD, at + 2);
      } else if (!this.#options(packet, at + 2, at + length, multicast, next === HOP_BY_HOP)) {
        return false;
      }
      this.#named = at;
      at += length;
    }
  }

  /** RFC 8200 §4.5; the caller has seen that eight bytes are there. */
  #fragment(packet: Packet, at: number, whole: boolean): boolean {
    if (whole || this.fragmentAt >= 0) return this.#silent('bad-extension-header');
    this.fragmentAt = at;
    this.fragmented = true;
    this.fragmentNamedAt = this.#named;
    const offset = fragmentOffset(packet, at);
    const more = moreFragments(packet, at);
    if (offset === 0 && !more) return true;
    this.isFragment = true;
    const from = at + FRAGMENT_BYTES;
    const length = packet.end - from;
    // Both checks of RFC 8200 §4.5: the length of all but the last is a multiple of 8, and nothing ends past 65,535.
    if (more && (length & 7) !== 0) {
      return this.#problem('bad-length', ERRONEOUS_FIELD, packet.network + 4);
    }
    if (at - packet.network - HEADER_BYTES + offset + length > 65_535) {
      return this.#problem('fragment-bounds', ERRONEOUS_FIELD, at + 2);
    }
    if (length === 0) return this.#silent('bad-extension-header');
    this.protocol = packet.u8(at);
    this.at = from;
    // RFC 8200 §4.1: behind the IPv6 header, which is here and not where the whole will have it.
    if (offset === 0 && this.protocol === HOP_BY_HOP) {
      return this.#problem('bad-extension-header', UNKNOWN_NEXT_HEADER, at);
    }
    // RFC 7112 §5: the whole chain up to the upper-layer header stands in the first fragment.
    if (offset === 0 && !holdsChain(packet, this.protocol, from)) {
      return this.#problem('fragment-chain', INCOMPLETE_CHAIN, packet.network);
    }
    return true;
  }

  /** RFC 8200 §4.2: options in `[at, end)`, each judged by the two high bits of its type when it is not known. */
  #options(packet: Packet, at: number, end: number, multicast: boolean, hopByHop: boolean): boolean {
    let known = 0;
    while (at < end) {
      const type = packet.u8(at);
      if (type === PAD1) {
        at++;
        continue;
      }
      if (at + 2 > end || at + 2 + packet.u8(at + 1) > end) return this.#silent('bad-option');
      const length = packet.u8(at + 1);
      if (type !== 1 && ++known > MAX_OPTIONS) return this.#silent('bad-extension-header');
      if (type === ROUTER_ALERT && hopByHop) {
        if (length !== 2) return this.#silent('bad-option'); // RFC 2711 §2.1
        this.routerAlert = true;
      } else {
        switch (type >>> 6) {
          case 1:
            return this.#silent('unknown-option');
          case 2:
            return this.#problem('unknown-option', UNKNOWN_OPTION, at);
          case 3:
            if (multicast) return this.#silent('unknown-option');
            return this.#problem('unknown-option', UNKNOWN_OPTION, at);
        }
      }
      at += 2 + length;
    }
    return true;
  }

  #silent(reason: DropReason): false {
    this.reason = reason;
    this.code = SILENT;
    return false;
  }

  #problem(reason: DropReason, code: number, pointer: number): false {
    this.reason = reason;
    this.code = code;
    this.pointer = pointer;
    return false;
  }
}

function isExtension(next: number): boolean {
  return next === HOP_BY_HOP || next === ROUTING || next === FRAGMENT || next === DESTINATION_OPTIONS;
}

/** Does a first fragment hold every header up to and with the upper layer's? The headers themselves come later. */
function holdsChain(packet: Packet, next: number, at: number): boolean {
  while (next === DESTINATION_OPTIONS || next === ROUTING || next === HOP_BY_HOP) {
    if (at + 8 > packet.end) return false;
    next = packet.u8(at);
    at += extensionLength(packet, at);
  }
  return next === NO_NEXT_HEADER ? at <= packet.end : at + upperBytes(next) <= packet.end;
}
