/** What this host does about the options of a datagram: RFC 791 §3.1, RFC 1122 §3.2.1.8, RFC 1812 §5.3.13. */

import type { Packet } from '../packet/packet.ts';
import { MILLISECOND } from '../time/clock.ts';
import { IPV4_HEADER, sealHeader, sourceWord } from '../wire/ipv4.ts';
import {
  copyOption,
  isExhausted,
  type OptionPlaces,
  packOptions,
  recordAddress,
  recordTime,
  routeSoFar,
  sourceRouteOption,
  walkOptions,
} from '../wire/ipv4-options.ts';
import type { Host } from './host.ts';

/** RFC 791: the high bit says that the milliseconds do not count from midnight UT. Ours count from the start. */
const NOT_UNIVERSAL = 0x80000000;

/** The options of an answer, and where it goes first. */
export interface ReturnOptions {
  readonly bytes: Uint8Array;
  readonly destination: number;
}

export class Options implements OptionPlaces {
  readonly #host: Host;
  // Of the datagram that was read last.
  recordRoute = 0;
  timestamp = 0;
  sourceRoute = 0;
  routerAlert = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Of a checked header: 0, or the offset in it of the octet that is wrong. */
  read(packet: Packet): number {
    return walkOptions(packet, this);
  }

  /**
   * The datagram has come to us or passes through: a recorded route and a timestamp option get their entries.
   * `own`: the address that it was sent to, or that of the interface it leaves by. The options are known to be right.
   */
  stamp(packet: Packet, own: number): void {
    if (packet.transport - packet.network === IPV4_HEADER) return;
    walkOptions(packet, this);
    if (this.recordRoute === 0 && this.timestamp === 0) return;
    if (this.recordRoute !== 0) recordAddress(packet, this.recordRoute, own);
    if (this.timestamp !== 0) recordTime(packet, this.timestamp, own, timeOnWire(this.#host), this.#isOwn);
    sealHeader(packet, packet.network);
  }

  /** RFC 1122 §3.2.2.6: what an echo reply carries of the options of its request; a source route is turned round. */
  forReply(packet: Packet): ReturnOptions | undefined {
    if (packet.transport - packet.network === IPV4_HEADER) return undefined;
    walkOptions(packet, this);
    const options: Uint8Array[] = [];
    let destination = sourceWord(packet, packet.network);
    if (this.sourceRoute !== 0) {
      const [first, ...back] = [...routeSoFar(packet, this.sourceRoute).reverse(), destination];
      if (back.length > 0) options.push(sourceRouteOption(packet.u8(this.sourceRoute), back));
      destination = first!;
    }
    if (this.recordRoute !== 0) options.push(copyOption(packet, this.recordRoute));
    if (this.timestamp !== 0) options.push(copyOption(packet, this.timestamp));
    return options.length === 0 ? undefined : { bytes: packOptions(options), destination };
  }

  /** Has the datagram that was read last more stations to visit? */
  isUnderWay(packet: Packet): boolean {
    return this.sourceRoute !== 0 && !isExhausted(packet, this.sourceRoute);
  }

  readonly #isOwn = (word: number): boolean => this.#host.isOwn(word);
}

/** As timestamps have it that are not of universal time (RFC 791 §3.1, RFC 792). */
export function timeOnWire(host: Host): number {
  return Math.floor(host.environment.clock.now / MILLISECOND) | NOT_UNIVERSAL;
}
