/** ICMPv6 errors that we send: when not to (RFC 4443 §2.4(e)), how much to quote (c), and how many (f). */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import { isFailure } from '../address/network.ts';
import { TokenBucket } from '../forward/token-bucket.ts';
import { type Packet, UNICAST } from '../packet/packet.ts';
import {
  FIRST_INFORMATIONAL,
  ICMP_BYTES,
  PACKET_TOO_BIG,
  PARAMETER_PROBLEM,
  REDIRECT,
  setChecksum,
  UNKNOWN_OPTION,
  writeIcmp,
} from '../wire/icmp6.ts';
import { DESTINATION, HEADER_BYTES, ICMPV6, MINIMUM_MTU, type Skimmed, SOURCE, skim } from '../wire/ipv6.ts';
import type { Host } from './host.ts';
import type { Output } from './output.ts';

/** RFC 4443 §2.4(f) leaves the numbers open: enough for a traceroute and a port scan, too few to be worth abusing. */
const ERRORS_PER_SECOND = 100;
const ERROR_BURST = 50;

const MAX_QUOTE = MINIMUM_MTU - HEADER_BYTES - ICMP_BYTES;

export class IcmpErrors {
  readonly #host: Host;
  readonly #output: Output;
  readonly #bucket: TokenBucket;
  readonly #source = new Address();
  readonly #destination = new Address();
  readonly #skimmed: Skimmed = { protocol: -1, at: 0, fragment: 0, isFragment: false };

  constructor(host: Host, output: Output) {
    this.#host = host;
    this.#output = output;
    this.#bucket = new TokenBucket(host.environment.clock, ERRORS_PER_SECOND, ERROR_BURST);
  }

  /** Tells the sender of `packet`, whose header is at `packet.network`. The packet stays the caller's. */
  send(packet: Packet, type: number, code: number, word: number): void {
    const network = packet.network;
    const to = this.#source;
    const was = this.#destination;
    ipv6.read(packet.bytes, network + SOURCE, to);
    ipv6.read(packet.bytes, network + DESTINATION, was);
    if (!this.#mayAnswer(packet, to, was, type, code)) return;
    if (!this.#bucket.take()) return;
    if (ipv6.isLinkLocal(to) && packet.ingress > 0) to.zone = packet.ingress;
    if (ipv6.isLinkLocal(was) && packet.ingress > 0) was.zone = packet.ingress;
    // RFC 4443 §2.2: from the address that the packet was sent to, when it is ours, else from one that suits the way back.
    const local = ipv6.isLoopback(was) && ipv6.isLoopback(to) ? undefined : this.#host.find(was);
    const source = local?.usable ? local.address : this.#output.sourceFor(to);
    if (isFailure(source)) return;
    const quote = Math.min(packet.end - network, MAX_QUOTE);
    const error = this.#host.take(ICMP_BYTES + quote);
    if (error === undefined) return;
    writeIcmp(error, type, code, word);
    error.bytes.set(packet.bytes.subarray(network, network + quote), error.start + ICMP_BYTES);
    setChecksum(error, source, to);
    this.#output.output(error, source, to.clone(), ICMPV6, {});
  }

  /** The Subnet-Router anycast address of a link of ours (RFC 4291 §2.6.1); of no /127 (RFC 6164 §6). */
  #isAnycast(address: Address): boolean {
    for (const { addresses } of this.#host.interfaces) {
      for (const { address: own, prefixLength } of addresses) {
        if (prefixLength < 127 && ipv6.network(own, prefixLength).equals(address)) return true;
      }
    }
    return false;
  }

  #mayAnswer(packet: Packet, source: Address, destination: Address, type: number, code: number): boolean {
    // (e.6): the source does not say who sent it.
    if (source.isUnspecified || ipv6.isMulticast(source) || this.#isAnycast(source)) return false;
    // (e.3, e.4, e.5): sent to many, by address or on the link, but for path MTU discovery and unknown options.
    const toMany = ipv6.isMulticast(destination) || packet.linkCast !== UNICAST;
    const excepted = type === PACKET_TOO_BIG || (type === PARAMETER_PROBLEM && code === UNKNOWN_OPTION);
    if (toMany && !excepted) return false;
    // (e.1, e.2): never about an error or a redirect. A later fragment does not show its type, but belongs to neither:
    // an error fits the minimum MTU (c), and RFC 8200 §4.5 wants an answer.
    skim(packet, packet.network, packet.end, this.#skimmed);
    if (this.#skimmed.protocol !== ICMPV6 || this.#skimmed.fragment !== 0) return true;
    if (this.#skimmed.at >= packet.end) return false;
    const about = packet.u8(this.#skimmed.at);
    return about >= FIRST_INFORMATIONAL && about !== REDIRECT;
  }
}
