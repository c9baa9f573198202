/**
 * ARP: RFC 826, RFC 1122 §2.3.2 (cache, queue), RFC 5227 (announcements, conflicts). The cache itself is the
 * neighbour machine that IPv6 uses as well.
 */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import { NeighbourCache } from '../forward/neighbours.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND, type Timer } from '../time/clock.ts';
import {
  ARP_BYTES,
  ARP_REPLY,
  ARP_REQUEST,
  arpOperation,
  arpSender,
  arpSenderMac,
  arpTarget,
  checkArp,
  writeArp,
} from '../wire/arp.ts';
import { BROADCAST_MAC, ETHERTYPE_ARP, ETHERTYPE_IPV4, sameMac } from '../wire/ethernet.ts';
import type { Host } from './host.ts';
import type { Ipv4Interface } from './interface.ts';

// RFC 5227 §1.1.
const ANNOUNCE_INTERVAL: number = 2 * SECOND;
const DEFEND_INTERVAL: number = 10 * SECOND;

interface Defence {
  /** The second announcement. */
  readonly again: Timer;
  /** µs: no defence before. */
  quietUntil: number;
}

export class Arp {
  readonly cache: NeighbourCache;
  readonly #host: Host;
  /** By interface index. */
  readonly #defences: (Defence | undefined)[] = [];
  readonly #sender = new Address();

  /** `unresolved` takes ownership of what could not be sent. */
  constructor(host: Host, unresolved: (packet: Packet, reason: DropReason) => void) {
    this.#host = host;
    this.cache = new NeighbourCache(host.environment, ipv4, {
      solicit: (address, index, mac) => {
        const iface = host.interfaceAt(index)!;
        const own = iface.addressFor(address.w3)?.w3 ?? 0;
        this.#send(iface, ARP_REQUEST, own, mac, address.w3, mac ?? BROADCAST_MAC);
      },
      transmit: (packet, mac, index) => {
        const iface = host.interfaceAt(index)!;
        host.sent(packet, iface);
        iface.transmitFrame(packet, mac, ETHERTYPE_IPV4);
      },
      unresolved,
    });
  }

  /** RFC 5227 §2.3: tells the link our addresses now and once more. */
  announce(iface: Ipv4Interface): void {
    if (iface.mac === undefined) return;
    this.#announceOnce(iface);
    this.#defence(iface).again.armIn(ANNOUNCE_INTERVAL);
  }

  /** The link went down. */
  flush(iface: Ipv4Interface): void {
    this.#defences[iface.index]?.again.disarm();
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
    const forMe = iface.addresses.some(({ address }) => address.w3 === target);
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
      this.#send(iface, ARP_REPLY, target, mac, sender, mac);
    } else {
      this.#host.end(packet, 'dropped', 'not-for-me');
    }
  }

  /** Somebody else's packet from our own address is a conflict (RFC 5227 §2.4). */
  #checkSender(packet: Packet, iface: Ipv4Interface): DropReason | undefined {
    const sender = arpSender(packet);
    if (iface.addresses.some(({ address }) => address.w3 === sender)) {
      if (!sameMac(arpSenderMac(packet), iface.mac!)) this.#defend(iface);
      return 'address-conflict';
    }
    // Zero is a probe (RFC 5227 §2.1.1); loopback, groups and broadcasts cannot have a station.
    return sender === 0 || this.#host.isPossibleSource(sender) ? undefined : 'bad-arp';
  }

  /** RFC 5227 §2.4(b): one announcement in ten seconds, and the address stays ours. */
  #defend(iface: Ipv4Interface): void {
    const now = this.#host.environment.clock.now;
    const defence = this.#defence(iface);
    if (now < defence.quietUntil) return;
    defence.quietUntil = now + DEFEND_INTERVAL;
    this.#announceOnce(iface);
  }

  #defence(iface: Ipv4Interface): Defence {
    const clock = this.#host.environment.clock;
    this.#defences[iface.index] ??= {
      again: clock.timer(() => this.#announceOnce(iface), { background: true }),
      quietUntil: 0,
    };
    return this.#defences[iface.index]!;
  }

  #announceOnce(iface: Ipv4Interface): void {
    for (const { address } of iface.addresses) {
      this.#send(iface, ARP_REQUEST, address.w3, undefined, address.w3, BROADCAST_MAC);
    }
  }

  #send(
    iface: Ipv4Interface,
    operation: number,
    sender: number,
    targetMac: Uint8Array | undefined,
    target: number,
    to: Uint8Array,
  ): void {
    const packet = this.#host.take(ARP_BYTES);
    if (packet === undefined) return;
    writeArp(packet, operation, iface.mac!, sender, targetMac, target);
    this.#host.sent(packet, iface);
    iface.transmitFrame(packet, to, ETHERTYPE_ARP);
  }
}
