/**
 * The short way through a router, for datagrams about which nothing is special: RFC 1812 §5.2.1 to §5.3.1, RFC 1624.
 *
 * All of `input.ts`, `forward.ts` and `arp.ts` that such datagrams would meet, in three steps over a burst: validate,
 * look up, then rewrite and send. It is done for every packet in transit. What it cannot send it leaves as it was to the
 * long way, in its turn, which decides what is wrong with it, or wants more work: there is no verdict here but
 * `forwarded`.
 */
import { Address } from '../address/address.ts';
import { BURST, type Way } from '../forward/routes.ts';
import { PARTIAL, type Packet, UNICAST } from '../packet/packet.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, FrameHeader } from '../wire/ethernet.ts';
import { IPV4_HEADER } from '../wire/ipv4.ts';
import type { Arp } from './arp.ts';
import type { Host } from './host.ts';
import type { Ipv4Interface } from './interface.ts';

/** Version 4 and a header without options, the first byte of the header. */
const PLAIN = 0x45;
/** Time to live in the word that it begins. */
const ONE_HOP = 0x01000000;

/** Takes ownership. */
export type LongWay = (packet: Packet, from: Ipv4Interface) => void;

export class Transit {
  readonly #host: Host;
  readonly #arp: Arp;
  readonly #next = new Address();
  /** Of the run under way, from its first packet. */
  readonly #to = new Int32Array(BURST);
  readonly #ways: (Way | undefined)[] = new Array<Way | undefined>(BURST).fill(undefined);
  /** A device hands up packets from inside `transmit`. */
  #busy = false;

  constructor(host: Host, arp: Arp) {
    this.#host = host;
    this.#arp = arp;
  }

  /** Takes ownership of the first `count` packets, which came by `from`; `longWay` takes that of what is left. */
  receive(packets: readonly Packet[], count: number, from: Ipv4Interface, longWay: LongWay): void {
    const host = this.#host;
    let done = 0;
    while (done < count) {
      // Asked anew: the owner of what came just before may have stopped the stack or taken the link down.
      const able = host.forwarding && from.up && !this.#busy;
      const end = able ? this.#validate(packets, done, Math.min(count, done + BURST), from) : done;
      if (end === done) {
        longWay(packets[done++]!, from);
        continue;
      }
      host.routes.waysTo(this.#to, end - done, this.#ways);
      this.#busy = true;
      this.#send(packets, done, end, from, longWay);
      this.#busy = false;
      done = end;
    }
  }

  /** Notes the destinations of the packets from `first` on; ends before the first that is not plain. */
  #validate(packets: readonly Packet[], first: number, end: number, from: Ipv4Interface): number {
    const host = this.#host;
    const to = this.#to;
    const header = from.mac === undefined ? undefined : this.#header(from);
    const link = header === undefined ? 0 : ETHERNET_HEADER;
    for (let i = first; i < end; i++) {
      const packet = packets[i]!;
      const view = packet.view;
      const at = packet.start + link;
      const length = packet.end - at;
      if (length < IPV4_HEADER || packet.segmentSize !== 0) return i;
      if (header !== undefined && !header.isAt(view, packet.start)) return i;
      const w0 = view.getInt32(at);
      const w1 = view.getInt32(at + 4);
      const w2 = view.getInt32(at + 8);
      const source = view.getInt32(at + 12);
      const destination = view.getInt32(at + 16);
      const total = w0 & 0xffff;
      if (w0 >>> 24 !== PLAIN || total < IPV4_HEADER || total > length || w2 >>> 24 <= 1) return i;
      // RFC 1071: folded once, the sum of an intact header is 0xffff.
      const sum = halves(w0) + halves(w1) + halves(w2) + halves(source) + halves(destination);
      if ((sum & 0xffff) + (sum >>> 16) !== 0xffff) return i;
      if (!host.isOrdinary(source) || !host.isOrdinary(destination)) return i;
      to[i - first] = destination;
    }
    return end;
  }

  #send(packets: readonly Packet[], first: number, end: number, from: Ipv4Interface, longWay: LongWay): void {
    const host = this.#host;
    const ways = this.#ways;
    const { clock, trace } = host.environment;
    const now = clock.now;
    const link = from.mac === undefined ? 0 : ETHERNET_HEADER;
    let sent = 0;
    for (let i = first; i < end; i++) {
      const packet = packets[i]!;
      const view = packet.view;
      const at = packet.start + link;
      const total = view.getUint16(at + 2);
      const way = ways[i - first];
      if (way?.usable !== true) {
        longWay(packet, from);
        continue;
      }
      const out = host.interfaceAt(way.interfaceIndex)!;
      let header: FrameHeader | undefined;
      if (out.mac !== undefined) {
        const known = way.neighbour;
        if (known !== undefined && known.readyUntil > now) header = known.header;
        if (header === undefined) header = this.#resolve(way, this.#to[i - first]!, out);
      }
      if (
        // What goes back where it came from may want a redirect.
        out === from ||
        total > out.mtu ||
        (out.mac !== undefined && header === undefined) ||
        (packet.checksum === PARTIAL && out.device.offload === undefined)
      ) {
        longWay(packet, from);
        continue;
      }
      packet.linkCast = UNICAST;
      packet.ingress = from.index;
      packet.network = at;
      packet.transport = at + IPV4_HEADER;
      packet.end = at + total;
      // RFC 1624 §3, equation 3.
      const w2 = view.getInt32(at + 8);
      const sum = (~w2 & 0xffff) + 0xfeff;
      view.setInt32(at + 8, ((w2 - ONE_HOP) & 0xffff0000) | (~((sum & 0xffff) + (sum >>> 16)) & 0xffff));
      sent++;
      out.counters.transmitted++;
      packet.start = at;
      if (trace !== undefined) trace.verdict(host.name, 'forwarded', undefined, packet);
      if (header !== undefined) {
        packet.start = at - ETHERNET_HEADER;
        header.write(view, at - ETHERNET_HEADER);
      }
      out.device.transmit(packet);
    }
    host.counters.received += sent;
    host.counters.forwarded += sent;
    from.counters.received += sent;
    from.counters.forwarded += sent;
  }

  /** The header of frames to the next hop, when it is known and nothing is to be asked. */
  #resolve(way: Way, to: number, out: Ipv4Interface): FrameHeader | undefined {
    this.#next.w3 = way.isDirect ? to : way.gateway.w3;
    const neighbour = this.#arp.cache.ready(this.#next, out.index);
    if (neighbour === undefined) return undefined;
    neighbour.header ??= new FrameHeader(neighbour.mac!, out.mac!, ETHERTYPE_IPV4);
    if (!way.isDirect) way.neighbour = neighbour;
    return neighbour.header;
  }

  #header(from: Ipv4Interface): FrameHeader {
    from.header ??= new FrameHeader(from.mac!, from.mac!, ETHERTYPE_IPV4);
    return from.header;
  }
}

/** The two 16-bit words of a word, added. */
function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}
