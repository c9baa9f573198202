/**
 * The short way through a router, for packets about which nothing is special: RFC 8200 §3, RFC 4291 §2.4.
 *
 * All of `input.ts`, `forward.ts` and `output.ts` that such packets would meet, in three steps over a burst: validate,
 * look up, then rewrite and send. It is done for every packet in transit. What it cannot send it leaves as it was to the
 * long way, in its turn, which decides what is wrong with it, or wants more work: there is no verdict here but
 * `forwarded`.
 */
import { Address } from '../address/address.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import { BURST, type RouteTable, type Way } from '../forward/routes.ts';
import { PARTIAL, type Packet, UNICAST } from '../packet/packet.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV6, FrameHeader } from '../wire/ethernet.ts';
import { HEADER_BYTES } from '../wire/ipv6.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';

/** Takes ownership. */
export type LongWay = (packet: Packet, from: Ipv6Interface) => void;

export class Transit {
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #neighbours: NeighbourCache;
  readonly #next = new Address();
  /** Of the run under way, from its first packet: four words each. */
  readonly #to = new Int32Array(4 * BURST);
  readonly #ways: (Way | undefined)[] = new Array<Way | undefined>(BURST).fill(undefined);

  constructor(host: Host, routes: RouteTable, neighbours: NeighbourCache) {
    this.#host = host;
    this.#routes = routes;
    this.#neighbours = neighbours;
  }

  /** Takes ownership of the first `count` packets, which came by `from`; `longWay` takes that of what is left. */
  receive(packets: readonly Packet[], count: number, from: Ipv6Interface, longWay: LongWay): void {
    const host = this.#host;
    let done = 0;
    while (done < count) {
      // Asked anew: the owner of what came just before may have stopped the stack or taken the link down.
      // Busy: a device hands up packets from inside `transmit`.
      const able = host.forwarding && host.running && !host.busy && from.usable;
      const end = able ? this.#validate(packets, done, Math.min(count, done + BURST), from) : done;
      if (end > done) {
        this.#routes.waysTo(this.#to, end - done, this.#ways);
        this.#send(packets, done, end, from, longWay);
        done = end;
      } else {
        longWay(packets[done++]!, from);
      }
    }
  }

  /** Notes the destinations of the packets from `first` on; ends before the first that is not plain. */
  #validate(packets: readonly Packet[], first: number, end: number, from: Ipv6Interface): number {
    const own = this.#host.ownWords;
    const to = this.#to;
    const header = from.isEthernet ? this.#header(from) : undefined;
    const link = header === undefined ? 0 : ETHERNET_HEADER;
    let word = 0;
    for (let i = first; i < end; i++) {
      const packet = packets[i]!;
      const view = packet.view;
      const at = packet.start + link;
      const length = packet.end - at;
      if (length < HEADER_BYTES || packet.segmentSize !== 0) return i;
      if (header !== undefined && !header.isAt(view, packet.start)) return i;
      const hops = view.getInt32(at + 4);
      if (view.getInt32(at) >>> 28 !== 6 || HEADER_BYTES + (hops >>> 16) > length || (hops & 0xff) <= 1)
        return i;
      const w0 = view.getInt32(at + 24);
      const w3 = view.getInt32(at + 36);
      if (!isOrdinary(view.getInt32(at + 8)) || !isOrdinary(w0) || own.has(w3)) return i;
      to[word] = w0;
      to[word + 1] = view.getInt32(at + 28);
      to[word + 2] = view.getInt32(at + 32);
      to[word + 3] = w3;
      word += 4;
    }
    return end;
  }

  #send(packets: readonly Packet[], first: number, end: number, from: Ipv6Interface, longWay: LongWay): void {
    const host = this.#host;
    const ways = this.#ways;
    const { clock, trace } = host.environment;
    const now = clock.now;
    const link = from.isEthernet ? ETHERNET_HEADER : 0;
    let sent = 0;
    for (let i = first; i < end; i++) {
      const packet = packets[i]!;
      const view = packet.view;
      const at = packet.start + link;
      const hops = view.getInt32(at + 4);
      const total = HEADER_BYTES + (hops >>> 16);
      const way = ways[i - first];
      const out = way === undefined ? undefined : host.link(way.interfaceIndex);
      if (way === undefined || out === undefined || !out.usable || total > out.mtu) {
        longWay(packet, from);
        continue;
      }
      let header: FrameHeader | undefined;
      if (out.isEthernet) {
        const known = way.neighbour;
        if (known !== undefined && known.readyUntil > now) header = known.header;
        if (header === undefined) header = this.#resolve(way, 4 * (i - first), out);
      }
      if (
        // What goes back where it came from may be a loop (RFC 4443 §3.1) or want a redirect (RFC 4861 §8.2).
        out === from ||
        (header === undefined && out.isEthernet) ||
        (packet.checksum === PARTIAL && out.device.offload === undefined)
      ) {
        longWay(packet, from);
        continue;
      }
      packet.linkCast = UNICAST;
      packet.ingress = from.index;
      packet.start = packet.network = at;
      packet.transport = 0;
      packet.end = at + total;
      view.setInt32(at + 4, hops - 1);
      sent++;
      out.counters.transmitted++;
      if (trace !== undefined) trace.verdict(host.name, 'forwarded', undefined, packet);
      if (header !== undefined) {
        packet.start = at - ETHERNET_HEADER;
        header.write(view, at - ETHERNET_HEADER);
      }
      host.busy = true;
      out.device.transmit(packet);
      host.busy = false;
    }
    host.counters.received += sent;
    host.counters.forwarded += sent;
    from.counters.received += sent;
    from.counters.forwarded += sent;
  }

  /** The header of frames to the next hop, when it is known and nothing is to be asked. */
  #resolve(way: Way, at: number, out: Ipv6Interface): FrameHeader | undefined {
    const next = this.#next;
    next.w0 = this.#to[at]!;
    next.w1 = this.#to[at + 1]!;
    next.w2 = this.#to[at + 2]!;
    next.w3 = this.#to[at + 3]!;
    const neighbour = this.#neighbours.ready(way.isDirect ? next : way.gateway, out.index);
    if (neighbour === undefined) return undefined;
    neighbour.header ??= new FrameHeader(neighbour.mac!, out.device.mac!, ETHERTYPE_IPV6);
    if (!way.isDirect) way.neighbour = neighbour;
    return neighbour.header;
  }

  #header(from: Ipv6Interface): FrameHeader {
    from.header ??= new FrameHeader(from.device.mac!, from.device.mac!, ETHERTYPE_IPV6);
    return from.header;
  }
}

/** By the first word: global unicast as it is given out, 2000::/3 (RFC 4291 §2.4), or unique local (RFC 4193 §3.1). */
function isOrdinary(first: number): boolean {
  return first >>> 29 === 1 || first >>> 25 === 0x7e;
}
