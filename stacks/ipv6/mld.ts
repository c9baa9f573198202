/**
 * The listener's side of MLDv2, so that switches which watch group membership let neighbour discovery through:
 * RFC 3810 §5.1 (query), §5.2 (report), §6.1, §6.2; RFC 3590 (source before an address is unique).
 */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import type { Packet } from '../packet/packet.ts';
import { MILLISECOND, type Timer } from '../time/clock.ts';
import { LISTENER_REPORT_V2, setChecksum, writeIcmp } from '../wire/icmp6.ts';
import { HOP_BY_HOP, HOP_LIMIT, ICMPV6 } from '../wire/ipv6.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { Output } from './output.ts';

/** ff02::16, all MLDv2-capable routers (RFC 3810 §5.2.14). */
const MLD_ROUTERS: Address = new Address(0xff020000, 0, 0, 0x16);
const MLD_HOP_LIMIT = 1;
const QUERY_BYTES = 28;
const MAX_RESPONSE = 4;
const REPORT_BYTES = 8;
const RECORD_BYTES = 20;
/** Record types of RFC 3810 §5.2.12 without sources: "I listen" as a state, and as a change. */
const MODE_IS_EXCLUDE = 2;
const CHANGE_TO_EXCLUDE = 4;
/** Hop-by-hop options: router alert for MLD (RFC 2711 §2.1), PadN of two bytes. */
const ROUTER_ALERT: Uint8Array = new Uint8Array([ICMPV6, 0, 5, 2, 0, 0, 1, 0]);
/** An answer is due within the default of RFC 3810 §9.3 whatever a query allows, in ms. */
const MAX_DELAY = 10_000;
/** Records that fit the smallest MTU; an interface has far fewer groups. */
const MAX_RECORDS = 59;

export class Mld {
  readonly #host: Host;
  readonly #output: Output;
  readonly #answers = new Map<Ipv6Interface, Timer>();

  constructor(host: Host, output: Output) {
    this.#host = host;
    this.#output = output;
  }

  joined(link: Ipv6Interface, group: Address): void {
    this.#report(link, [group], CHANGE_TO_EXCLUDE);
  }

  /** RFC 3810 §5.1.14, §6.2: one report of everything, a random moment within the time that the query gives. */
  query(packet: Packet, source: Address, routerAlert: boolean): TransportVerdict {
    const link = this.#host.link(packet.ingress);
    if (
      link === undefined ||
      !link.isEthernet ||
      !routerAlert ||
      !ipv6.isLinkLocal(source) ||
      packet.u8(packet.network + HOP_LIMIT) !== MLD_HOP_LIMIT ||
      packet.length < QUERY_BYTES
    ) {
      return 'icmp-ignored';
    }
    const code = packet.u16(packet.start + MAX_RESPONSE);
    // RFC 3810 §5.1.3: from 32,768 on a floating-point form, all of whose values are above our own limit.
    const most = code === 0 ? 1 : Math.min(code, MAX_DELAY);
    const { clock, random } = this.#host.environment;
    let answer = this.#answers.get(link);
    if (answer === undefined) {
      answer = clock.timer(() => this.#report(link, link.groups(), MODE_IS_EXCLUDE));
      this.#answers.set(link, answer);
    }
    if (!answer.armed) answer.armIn((random.u32() % most) * MILLISECOND);
    return 'answered';
  }

  forgetLink(link: Ipv6Interface): void {
    this.#answers.get(link)?.disarm();
  }

  #report(link: Ipv6Interface, groups: readonly Address[], record: number): void {
    if (!link.isEthernet || !link.usable || groups.length === 0) return;
    const records = groups.slice(0, MAX_RECORDS);
    const packet = this.#host.take(REPORT_BYTES + records.length * RECORD_BYTES);
    if (packet === undefined) return;
    writeIcmp(packet, LISTENER_REPORT_V2, 0, records.length);
    let at = packet.start + REPORT_BYTES;
    for (const group of records) {
      packet.setI32(at, record << 24);
      ipv6.write(group, packet.bytes, at + 4);
      at += RECORD_BYTES;
    }
    const source = link.linkLocal()?.address ?? ipv6.any;
    setChecksum(packet, source, MLD_ROUTERS);
    packet.start -= ROUTER_ALERT.length;
    packet.bytes.set(ROUTER_ALERT, packet.start);
    this.#output.toLink(packet, link, source, MLD_ROUTERS, HOP_BY_HOP, MLD_HOP_LIMIT);
  }
}
