/**
 * The short way through a router, for datagrams about which nothing is special: RFC 1812 §5.2.1 to §5.3.1, RFC 1624.
 *
 * All of `input.ts`, `forward.ts` and `arp.ts` that such a datagram would meet, in one piece and on 16-bit words, since
 * this is done for every packet in transit. It either sends the datagram or leaves it as it was, and then the long way
 * decides what is wrong with it, or wants more work: there is no verdict here but `forwarded`.
 */
import { Address } from '../address/address.ts';
import { PARTIAL, type Packet, UNICAST } from '../packet/packet.ts';
import { firstByte, IN_FIRST_BYTE, swap } from '../packet/words.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, FrameHeader } from '../wire/ethernet.ts';
import { IPV4_HEADER } from '../wire/ipv4.ts';
import type { Arp } from './arp.ts';
import type { Host } from './host.ts';
import type { Ipv4Interface } from './interface.ts';

/** Version 4 and a header without options, the first byte of the header. */
const PLAIN = 0x45;

export class Transit {
  readonly #host: Host;
  readonly #arp: Arp;
  readonly #next = new Address();

  constructor(host: Host, arp: Arp) {
    this.#host = host;
    this.#arp = arp;
  }

  /** Takes ownership when it returns true, of a packet that came by `from`, which is up; else nothing has happened. */
  take(packet: Packet, from: Ipv4Interface): boolean {
    const host = this.#host;
    const w = packet.words;
    let start = packet.start;
    if (!host.forwarding || (start & 1) !== 0 || packet.segmentSize !== 0) return false;
    if (from.mac !== undefined) {
      from.header ??= new FrameHeader(from.mac, from.mac, ETHERTYPE_IPV4);
      if (packet.end - start < ETHERNET_HEADER || !from.header.isAt(w, start >> 1)) return false;
      start += ETHERNET_HEADER;
    }
    const length = packet.end - start;
    if (length < IPV4_HEADER) return false;
    const at = start >> 1;
    const first = w[at]!;
    const total = swap(w[at + 1]!);
    const hops = w[at + 4]!;
    const checksum = w[at + 5]!;
    const source = (swap(w[at + 6]!) << 16) | swap(w[at + 7]!);
    const to = (swap(w[at + 8]!) << 16) | swap(w[at + 9]!);
    if (firstByte(first) !== PLAIN || total < IPV4_HEADER || total > length || firstByte(hops) <= 1)
      return false;
    // RFC 1071 §2: a sum of 0xffff reads the same in either byte order.
    const sum = first + w[at + 1]! + w[at + 2]! + w[at + 3]! + hops + checksum;
    if (fold(sum + w[at + 6]! + w[at + 7]! + w[at + 8]! + w[at + 9]!) !== 0xffff) return false;
    if (!host.isOrdinary(source) || !host.isOrdinary(to)) return false;
    const next = this.#next;
    next.w3 = to;
    const way = host.routes.way(next);
    if (way === undefined) return false;
    const out = host.interfaceAt(way.interfaceIndex)!;
    if (total > out.mtu || (packet.checksum === PARTIAL && out.device.offload === undefined)) return false;
    const gateway = way.gateway.w3;
    if (gateway !== 0) next.w3 = gateway;
    let header: FrameHeader | undefined;
    if (out.mac !== undefined) {
      const neighbour = this.#arp.cache.ready(next, out.index);
      if (neighbour === undefined) return false;
      header = neighbour.header ??= new FrameHeader(neighbour.mac!, out.mac, ETHERTYPE_IPV4);
    }
    packet.linkCast = UNICAST;
    packet.ingress = from.index;
    packet.start = packet.network = start;
    packet.transport = start + IPV4_HEADER;
    packet.end = start + total;
    // RFC 1624 §3, equation 3, in the byte order of the machine.
    const fewer = hops - IN_FIRST_BYTE;
    w[at + 4] = fewer;
    w[at + 5] = ~fold((~checksum & 0xffff) + (~hops & 0xffff) + fewer);
    host.counters.received++;
    from.counters.received++;
    host.sent(packet, out);
    if (header !== undefined) {
      packet.start = start - ETHERNET_HEADER;
      header.write(w, packet.start >> 1);
    }
    out.device.transmit(packet);
    return true;
  }
}

/** A sum of at most a few thousand words to 16 bits. */
function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
