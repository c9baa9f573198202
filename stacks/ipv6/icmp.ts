/** ICMPv6 that comes in: echo, errors about packets of ours (RFC 4443, RFC 8201 §4), neighbour discovery handed on. */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import { isFailure, type NetworkError, type TransportVerdict } from '../address/network.ts';
import type { PathMtuTable } from '../forward/path-mtu.ts';
import type { Packet } from '../packet/packet.ts';
import {
  CODE,
  checksumVerifies,
  ECHO_REPLY,
  ECHO_REQUEST,
  ICMP_BYTES,
  LISTENER_QUERY,
  LISTENER_REPORT,
  REDIRECT,
  ROUTER_SOLICITATION,
  setChecksum,
  WORD,
  writeIcmp,
} from '../wire/icmp6.ts';
import { HOP_LIMIT, ICMPV6 } from '../wire/ipv6.ts';
import { AnsweredEchoes } from './answered.ts';
import type { EchoClient } from './echo.ts';
import type { HeaderChain } from './extension-headers.ts';
import type { Host } from './host.ts';
import type { Mld } from './mld.ts';
import type { NeighbourDiscovery } from './nd.ts';
import type { Output } from './output.ts';
import { kindOf, type Quote, readQuote } from './quote.ts';

export class Icmp {
  readonly #host: Host;
  readonly #output: Output;
  readonly #pathMtus: PathMtuTable;
  readonly #echo: EchoClient;
  readonly #nd: NeighbourDiscovery;
  readonly #mld: Mld;
  readonly #answered: AnsweredEchoes;

  constructor(
    host: Host,
    output: Output,
    pathMtus: PathMtuTable,
    echo: EchoClient,
    nd: NeighbourDiscovery,
    mld: Mld,
  ) {
    this.#host = host;
    this.#output = output;
    this.#pathMtus = pathMtus;
    this.#echo = echo;
    this.#nd = nd;
    this.#mld = mld;
    this.#answered = new AnsweredEchoes(host.hash);
  }

  /** `packet.start` is at the message. As `Transport.receive`: keeps nothing, the addresses are scratch. */
  receive(packet: Packet, source: Address, destination: Address, chain: HeaderChain): TransportVerdict {
    if (packet.length < ICMP_BYTES) return 'runt';
    const at = packet.start;
    if (!checksumVerifies(packet, at, source, destination)) return 'bad-checksum';
    const type = packet.u8(at);
    if (type === ECHO_REQUEST) return this.#answer(packet, source, destination);
    if (type === ECHO_REPLY) {
      const hopLimit = packet.u8(packet.network + HOP_LIMIT);
      return this.#echo.reply(packet, source, hopLimit) ? 'delivered' : 'icmp-unmatched';
    }
    if (type >= ROUTER_SOLICITATION && type <= REDIRECT) {
      return this.#nd.receive(packet, type, source, destination, chain.fragmented);
    }
    if (type === LISTENER_QUERY) return this.#mld.query(packet, source, chain.routerAlert);
    if (type === LISTENER_REPORT) return this.#mld.heardReport(packet, source);
    const kind = kindOf(type, packet.u8(at + CODE));
    return kind === undefined ? 'icmp-ignored' : this.#error(packet, kind, source);
  }

  /** RFC 4443 §4.2. */
  #answer(packet: Packet, source: Address, destination: Address): TransportVerdict {
    if (source.isUnspecified) return 'bad-source';
    // RFC 4443 §4.2: a request to many is answered from an address of one.
    const toOne = !ipv6.isMulticast(destination) && !this.#host.isAnycast(destination);
    const from = toOne ? destination : this.#output.sourceFor(source);
    if (isFailure(from)) return 'no-route';
    const reply = this.#host.environment.pool.take(packet.length);
    if (reply === undefined) return 'no-buffer';
    reply.bytes.set(packet.bytes.subarray(packet.start, packet.end), reply.start);
    writeIcmp(reply, ECHO_REPLY, 0, packet.i32(packet.start + WORD));
    setChecksum(reply, from, source);
    this.#answered.note(source, packet.i32(packet.start + WORD), packet.length);
    const failed = this.#output.output(reply, from, source, ICMPV6, {});
    return failed === undefined ? 'answered' : 'no-route';
  }

  #error(packet: Packet, kind: NetworkError['kind'], from: Address): TransportVerdict {
    const zone = Math.max(packet.ingress, 0);
    const word = packet.i32(packet.start + WORD) >>> 0;
    const mtu = kind === 'too-big' ? Math.min(word, 65_535) : 0;
    // RFC 8201 §4: an MTU below what every link must carry is a lie.
    if (kind === 'too-big' && word < ipv6.minimumMtu) return 'icmp-ignored';
    const quote = readQuote(packet, packet.start + ICMP_BYTES, zone, kind, mtu, ipv6.format(from));
    if (quote === undefined || !this.#isOurs(quote.error.local)) return 'icmp-unmatched';
    if (kind === 'too-big') return this.#tooBig(quote, from);
    return this.tell(quote, from) ? 'delivered' : 'icmp-unmatched';
  }

  /**
   * RFC 8201 §4: never above what is known. The new MTU is there before the transports look, and taken back when
   * none of them sent the quoted packet: a stranger cannot lower a path that he does not see (RFC 5927 §7).
   */
  #tooBig(quote: Quote, from: Address): TransportVerdict {
    const { remote, mtu } = quote.error;
    if (mtu > this.#output.pathMtu(remote)) return 'icmp-ignored';
    const before = this.#pathMtus.get(remote);
    this.#pathMtus.set(remote, mtu, false);
    if (this.tell(quote, from)) return 'delivered';
    this.#pathMtus.restore(remote, before);
    return 'icmp-unmatched';
  }

  /** Hands an error to whoever sent the quoted packet; false when nobody knows it. */
  tell(quote: Quote, from: Address | undefined): boolean {
    const { error } = quote;
    if (quote.protocol !== ICMPV6) return this.#host.transport(quote.protocol)?.networkError(error) ?? false;
    if (error.localPort >>> 8 === ECHO_REPLY) return this.#answered.includes(error.remote, error.sequence);
    return this.#echo.networkError(error, from);
  }

  #isOurs(address: Address): boolean {
    return ipv6.isLoopback(address) || this.#host.find(address) !== undefined;
  }
}
