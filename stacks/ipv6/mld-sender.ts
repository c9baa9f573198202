/** MLD messages that we send: RFC 3810 §5.2, RFC 2710 §3, RFC 3590 (the source before an address is unique). */
import { Address } from '../address/address.ts';
import { allRouters, ipv6 } from '../address/ipv6.ts';
import type { Packet } from '../packet/packet.ts';
import { LISTENER_DONE, LISTENER_REPORT, LISTENER_REPORT_V2, setChecksum, writeIcmp } from '../wire/icmp6.ts';
import { HEADER_BYTES, HOP_BY_HOP, ICMPV6 } from '../wire/ipv6.ts';
import {
  type ListenerRecord,
  MULTICAST_ADDRESS,
  REPORT_BYTES,
  recordBytes,
  V1_BYTES,
  writeRecord,
} from '../wire/mld.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { Output } from './output.ts';

/** ff02::16, all MLDv2-capable routers (RFC 3810 §5.2.14). */
const MLD_ROUTERS: Address = new Address(0xff020000, 0, 0, 0x16);
export const MLD_HOP_LIMIT = 1;
/** Hop-by-hop options: router alert for MLD (RFC 2711 §2.1), PadN of two bytes. */
const ROUTER_ALERT: Uint8Array = new Uint8Array([ICMPV6, 0, 5, 2, 0, 0, 1, 0]);

export class MldSender {
  readonly #host: Host;
  readonly #output: Output;

  constructor(host: Host, output: Output) {
    this.#host = host;
    this.#output = output;
  }

  /** As many reports as the MTU makes of these records (RFC 3810 §5.2.15). */
  report(link: Ipv6Interface, records: readonly ListenerRecord[]): void {
    const room = link.mtu - HEADER_BYTES - ROUTER_ALERT.length - REPORT_BYTES;
    const rest = [...records];
    while (rest.length > 0) {
      const some = [rest.shift()!];
      let size = recordBytes(some[0]!);
      while (rest.length > 0 && size + recordBytes(rest[0]!) <= room) {
        size += recordBytes(rest[0]!);
        some.push(rest.shift()!);
      }
      const packet = this.#host.take(REPORT_BYTES + size);
      if (packet === undefined) return;
      writeIcmp(packet, LISTENER_REPORT_V2, 0, some.length);
      let at = packet.start + REPORT_BYTES;
      for (const record of some) at = writeRecord(packet, at, record);
      this.#send(packet, link, MLD_ROUTERS);
    }
  }

  /** Of version 1: to the group itself, where the other listeners hear it. */
  reportV1(link: Ipv6Interface, group: Address): void {
    this.#versionOne(link, LISTENER_REPORT, group, group);
  }

  doneV1(link: Ipv6Interface, group: Address): void {
    this.#versionOne(link, LISTENER_DONE, group, allRouters);
  }

  #versionOne(link: Ipv6Interface, type: number, group: Address, destination: Address): void {
    const packet = this.#host.take(V1_BYTES);
    if (packet === undefined) return;
    writeIcmp(packet, type, 0, 0);
    ipv6.write(group, packet.bytes, packet.start + MULTICAST_ADDRESS);
    this.#send(packet, link, destination);
  }

  #send(packet: Packet, link: Ipv6Interface, destination: Address): void {
    const source = link.linkLocal()?.address ?? ipv6.any;
    setChecksum(packet, source, destination);
    packet.start -= ROUTER_ALERT.length;
    packet.bytes.set(ROUTER_ALERT, packet.start);
    this.#output.toLink(packet, link, source, destination, HOP_BY_HOP, MLD_HOP_LIMIT);
  }
}
