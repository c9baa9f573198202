/**
 * ARP: RFC 826, RFC 1122 §2.3.2 (cache, queue). The cache itself is the neighbour machine that IPv6 uses as well; who
 * has which address is for acd.ts.
 */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import { NeighbourCache, type NeighbourCallbacks } from '../forward/neighbours.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import {
  ARP_REPLY,
  ARP_REQUEST,
  arpOperation,
  arpSender,
  arpSenderMac,
  arpTarget,
  checkArp,
} from '../wire/arp.ts';
import { BROADCAST_MAC, ETHERTYPE_IPV4 } from '../wire/ethernet.ts';
import type { ConflictDetection } from './acd.ts';
import type { Host } from './host.ts';
import type { Ipv4Interface } from './interface.ts';
import { sendArp } from './send-arp.ts';

export class Arp {
  readonly cache: NeighbourCache;
  readonly #host: Host;
  readonly #claims: ConflictDetection;
  readonly #sender = new Address();

  constructor(host: Host, claims: ConflictDetection, told: Pick<NeighbourCallbacks, 'unresolved' | 'lost'>) {
    this.#host = host;
    this.#claims = claims;
    this.cache = new NeighbourCache(host.environment, ipv4, {
      solicit: (address, index, mac) => {
        const iface = host.interfaceAt(index)!;
        const own = iface.addressFor(address.w3)?.w3 ?? 0;
        sendArp(host, iface, ARP_REQUEST, own, mac, address.w3, mac ?? BROADCAST_MAC);
      },
      transmit: (packet, mac, index) => {
        const iface = host.interfaceAt(index)!;
        host.sent(packet, iface);
        iface.transmitFrame(packet, mac, ETHERTYPE_IPV4);
      },
      ...told,
    });
  }

  /** The link went down. */
  flush(iface: Ipv4Interface): void {
    this.cache.flush(iface.index);
  }

  /** Takes ownership of an ARP packet behind its Ethernet header. */
  receive(packet: Packet, iface: Ipv4Interface): void {
    const bad = checkArp(packet) ?? this.#checkSender(packet, iface);
    if (bad !== undefined) {
      this.#host.end(packet, 'dropped', bad);
      return;
    }
    const sender = arpSender(packet);
    const target = arpTarget(packet);
    const mac = arpSenderMac(packet);
    const isRequest = arpOperation(packet) === ARP_REQUEST;
    const forMe = iface.own.some(({ address }) => address.w3 === target);
    this.#sender.w3 = sender;
    const known = this.cache.lookup(this.#sender, iface.index);
    if (sender !== 0) {
      if (isRequest && forMe) this.cache.learn(this.#sender, iface.index, mac);
      else {
        // RFC 826: the merge. An answer to us confirms; all else only corrects what is known.
        const solicited = forMe && (known?.state === 'incomplete' || known?.state === 'probe');
        const said = { address: this.#sender, interfaceIndex: iface.index, mac, solicited };
        this.cache.advertise({ ...said, override: true, router: false });
      }
    }
    if (!isRequest) {
      const asked = known !== undefined && known.state !== 'failed';
      if (asked) this.#host.end(packet, 'delivered');
      else this.#host.end(packet, 'dropped', forMe ? 'neighbour-unsolicited' : 'not-for-me');
    } else if (forMe) {
      this.#host.end(packet, 'answered');
      sendArp(this.#host, iface, ARP_REPLY, target, mac, sender, mac);
    } else {
      this.#host.end(packet, 'dropped', 'not-for-me');
    }
  }

  #checkSender(packet: Packet, iface: Ipv4Interface): DropReason | undefined {
    const sender = arpSender(packet);
    const mac = arpSenderMac(packet);
    const isRequest = arpOperation(packet) === ARP_REQUEST;
    const conflict = this.#claims.heard(iface, sender, mac, arpTarget(packet), isRequest);
    if (conflict !== undefined) return conflict;
    // Our own MAC in another's name would send what is for that station to ourselves.
    if (this.#host.isOwnMac(mac)) return 'bad-arp';
    // Zero is a probe (RFC 5227 §2.1.1); loopback, groups and broadcasts cannot have a station.
    return sender === 0 || this.#host.isPossibleSource(sender) ? undefined : 'bad-arp';
  }
}
