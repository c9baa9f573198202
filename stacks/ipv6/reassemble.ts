/**
 * Fragments become datagrams: RFC 8200 §4.5, RFC 5722 (overlap drops all, silently). The bookkeeping of bytes and
 * bounds is `forward/reassembly.ts`; here is what only IPv6 has.
 */
import type { Address } from '../address/address.ts';
import { Reassembly } from '../forward/reassembly.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND } from '../time/clock.ts';
import { REASSEMBLY_EXCEEDED, TIME_EXCEEDED } from '../wire/icmp6.ts';
import {
  extensionLength,
  FRAGMENT,
  FRAGMENT_BYTES,
  FRAGMENT_ID,
  fragmentOffset,
  HEADER_BYTES,
  MAX_PAYLOAD,
  moreFragments,
  NEXT_HEADER,
  PAYLOAD_LENGTH,
} from '../wire/ipv6.ts';
import type { HeaderChain } from './extension-headers.ts';
import type { Host } from './host.ts';
import type { IcmpErrors } from './icmp-errors.ts';

/** RFC 8200 §4.5. */
const REASSEMBLY_TIME: number = 60 * SECOND;
/** Source, destination, zone, identification. */
const KEY_WORDS = 10;
/** Of the source address: whoever has a subnet of 64 bits has all its addresses, so they share what one may hold. */
const SUBNET_WORDS = 2;

export class Reassembler {
  readonly #host: Host;
  readonly #errors: IcmpErrors;
  readonly #reassembly: Reassembly;

  constructor(host: Host, errors: IcmpErrors) {
    this.#host = host;
    this.#errors = errors;
    this.#reassembly = new Reassembly(host.environment, KEY_WORDS, SUBNET_WORDS, REASSEMBLY_TIME, {
      joined: (piece) => host.end(piece, 'delivered'),
      dropped: (piece, reason) => host.drop(piece, reason),
      expired: (first) => this.#errors.send(first, TIME_EXCEEDED, REASSEMBLY_EXCEEDED, 0),
    });
  }

  /**
   * Takes ownership of a fragment that `chain` has walked. Returns the datagram that it completed, its fragment header
   * gone, `start` and `network` at the IPv6 header; it stands for the fragment that came last.
   */
  receive(
    packet: Packet,
    source: Address,
    destination: Address,
    zone: number,
    chain: HeaderChain,
  ): Packet | undefined {
    const at = chain.fragmentAt;
    const key = this.#reassembly.key;
    key[0] = source.w0;
    key[1] = source.w1;
    key[2] = source.w2;
    key[3] = source.w3;
    key[4] = destination.w0;
    key[5] = destination.w1;
    key[6] = destination.w2;
    key[7] = destination.w3;
    key[8] = zone;
    key[9] = packet.i32(at + FRAGMENT_ID);
    const payload = at + FRAGMENT_BYTES;
    const whole = this.#reassembly.receive(
      packet,
      payload,
      payload,
      fragmentOffset(packet, at),
      moreFragments(packet, at),
    );
    if (whole === undefined) return undefined;
    // The first fragment may have longer headers than those that the others were checked with.
    if (whole.length - HEADER_BYTES - FRAGMENT_BYTES > MAX_PAYLOAD) {
      this.#host.drop(whole, 'fragment-bounds');
      return undefined;
    }
    removeFragmentHeader(whole);
    return whole;
  }

  flush(reason: DropReason): void {
    this.#reassembly.flush(reason);
  }
}

/** RFC 8200 §4.5: the reassembled packet has no fragment header, and what named it names the fragmented part. */
function removeFragmentHeader(whole: Packet): void {
  let named = whole.network + NEXT_HEADER;
  let at = whole.network + HEADER_BYTES;
  while (whole.u8(named) !== FRAGMENT) {
    named = at;
    at += extensionLength(whole, at);
  }
  whole.setU8(named, whole.u8(at));
  const from = whole.network;
  whole.network = whole.start = from + FRAGMENT_BYTES;
  whole.bytes.copyWithin(whole.start, from, at);
  whole.setU16(whole.start + PAYLOAD_LENGTH, whole.length - HEADER_BYTES);
}
