/**
 * The short way through a router, for packets about which nothing is special: RFC 8200 §3, RFC 4291 §2.4.
 *
 * All of `input.ts`, `forward.ts` and `output.ts` that such a packet would meet, in one piece and on 16-bit words,
 * since this is done for every packet in transit. It either sends the packet or leaves it as it was, and then the long
 * way decides what is wrong with it, or wants more work: there is no verdict here but `forwarded`.
 */
import { Address } from '../address/address.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import type { RouteTable } from '../forward/routes.ts';
import { PARTIAL, type Packet, UNICAST } from '../packet/packet.ts';
import { firstByte, IN_SECOND_BYTE, secondByte, swap } from '../packet/words.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV6, FrameHeader } from '../wire/ethernet.ts';
import { HEADER_BYTES } from '../wire/ipv6.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';

export class Transit {
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #neighbours: NeighbourCache;
  readonly #to = new Address();

  constructor(host: Host, routes: RouteTable, neighbours: NeighbourCache) {
    this.#host = host;
    this.#routes = routes;
    this.#neighbours = neighbours;
  }

  /** Takes ownership when it returns true, of a packet that came by `from`; else nothing has happened. */
  take(packet: Packet, from: Ipv6Interface): boolean {
    const host = this.#host;
    const w = packet.words;
    let start = packet.start;
    if (!host.forwarding || !host.running || host.busy || !from.usable) return false;
    if ((start & 1) !== 0 || packet.segmentSize !== 0) return false;
    if (from.isEthernet) {
      from.header ??= new FrameHeader(from.device.mac!, from.device.mac!, ETHERTYPE_IPV6);
      if (packet.end - start < ETHERNET_HEADER || !from.header.isAt(packet.view, start)) return false;
      start += ETHERNET_HEADER;
    }
    const length = packet.end - start;
    if (length < HEADER_BYTES) return false;
    const at = start >> 1;
    const total = HEADER_BYTES + swap(w[at + 2]!);
    const hops = w[at + 3]!;
    if (firstByte(w[at]!) >>> 4 !== 6 || total > length || secondByte(hops) <= 1) return false;
    const high = swap(w[at + 12]!);
    if (!isOrdinary(swap(w[at + 4]!)) || !isOrdinary(high)) return false;
    const to = this.#to;
    to.w0 = (high << 16) | swap(w[at + 13]!);
    to.w1 = (swap(w[at + 14]!) << 16) | swap(w[at + 15]!);
    to.w2 = (swap(w[at + 16]!) << 16) | swap(w[at + 17]!);
    to.w3 = (swap(w[at + 18]!) << 16) | swap(w[at + 19]!);
    if (host.find(to) !== undefined) return false;
    const way = this.#routes.way(to);
    const out = way === undefined ? undefined : host.link(way.interfaceIndex);
    if (way === undefined || out === undefined || !out.usable || total > out.mtu) return false;
    if (packet.checksum === PARTIAL && out.device.offload === undefined) return false;
    let header: FrameHeader | undefined;
    if (out.isEthernet) {
      const neighbour = this.#neighbours.ready(way.isDirect ? to : way.gateway, out.index);
      if (neighbour === undefined) return false;
      header = neighbour.header ??= new FrameHeader(neighbour.mac!, out.device.mac!, ETHERTYPE_IPV6);
    } else if (way.isDirect && out === from) {
      return false; // RFC 4443 §3.1
    }
    packet.linkCast = UNICAST;
    packet.ingress = from.index;
    packet.start = packet.network = start;
    packet.transport = 0;
    packet.end = start + total;
    w[at + 3] = hops - IN_SECOND_BYTE;
    host.inTransit(packet, from, out);
    if (header !== undefined) {
      packet.start = start - ETHERNET_HEADER;
      header.write(packet.view, packet.start);
    }
    // The device may hand up an answer before it returns.
    host.busy = true;
    out.device.transmit(packet);
    host.busy = false;
    return true;
  }
}

/** By the high 16 bits: global unicast as it is given out, 2000::/3 (RFC 4291 §2.4), or unique local (RFC 4193 §3.1). */
function isOrdinary(high: number): boolean {
  return high >>> 13 === 1 || high >>> 9 === 0x7e;
}
