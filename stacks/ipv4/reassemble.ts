/** Reassembly of IPv4 datagrams: RFC 791 §3.2, RFC 1122 §3.3.2. */
import { Reassembly } from '../forward/reassembly.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND } from '../time/clock.ts';
import { IN_REASSEMBLY, TIME_EXCEEDED } from '../wire/icmp.ts';
import {
  destinationWord,
  fragmentOffset,
  IPV4_MAX_LENGTH,
  identification,
  moreFragments,
  protocolOf,
  resizeHeader,
  sourceWord,
} from '../wire/ipv4.ts';
import type { Host } from './host.ts';
import type { Icmp } from './icmp.ts';

/** RFC 1122 §3.3.2: a fixed time between 60 and 120 seconds. */
export const REASSEMBLY_TIMEOUT: number = 60 * SECOND;

export class Reassembler {
  readonly #host: Host;
  readonly #reassembly: Reassembly;

  constructor(host: Host, icmp: Icmp) {
    this.#host = host;
    this.#reassembly = new Reassembly(host.environment, 4, 1, REASSEMBLY_TIMEOUT, {
      joined: (fragment) => host.end(fragment, 'delivered'),
      dropped: (fragment, reason) => host.drop(fragment, reason),
      expired: (first) => icmp.error(first, TIME_EXCEEDED, IN_REASSEMBLY, 0),
    });
  }

  /** Takes ownership of a fragment for us; returns the whole datagram when it is the last to come. */
  receive(packet: Packet): Packet | undefined {
    const at = packet.network;
    const offset = fragmentOffset(packet, at);
    const more = moreFragments(packet, at);
    const payload = packet.end - packet.transport;
    if (payload === 0 || offset + packet.length > IPV4_MAX_LENGTH) {
      return this.#drop(packet, 'fragment-bounds');
    }
    if (more && (payload & 7) !== 0) return this.#drop(packet, 'bad-length');
    const key = this.#reassembly.key;
    key[0] = sourceWord(packet, at);
    key[1] = destinationWord(packet, at);
    key[2] = identification(packet, at);
    key[3] = protocolOf(packet, at);
    const whole = this.#reassembly.receive(packet, packet.transport, packet.transport, offset, more);
    if (whole === undefined) return undefined;
    // The first header may be longer than that of the fragment that was checked.
    if (whole.length > IPV4_MAX_LENGTH) return this.#drop(whole, 'fragment-bounds');
    resizeHeader(whole, whole.network, whole.transport - whole.network, 0, 0);
    return whole;
  }

  flush(): void {
    this.#reassembly.flush('stack-stopped');
  }

  #drop(packet: Packet, reason: DropReason): undefined {
    this.#host.drop(packet, reason);
    return undefined;
  }
}
