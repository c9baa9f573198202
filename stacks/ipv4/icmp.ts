/** ICMP: RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3, RFC 1191 (path MTU discovery), RFC 5927 (what to believe). */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import { isFailure, type NetworkError } from '../address/network.ts';
import type { PathMtuTable } from '../forward/path-mtu.ts';
import { TokenBucket } from '../forward/token-bucket.ts';
import { type Packet, UNICAST } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import {
  checkIcmp,
  DESTINATION_UNREACHABLE,
  ECHO_REPLY,
  ECHO_REQUEST,
  ICMP_HEADER,
  ICMP_IDENTIFIER,
  ICMP_NEXT_MTU,
  icmpCode,
  icmpType,
  isQuery,
  PARAMETER_PROBLEM,
  REDIRECT,
  TIME_EXCEEDED,
  writeIcmp,
} from '../wire/icmp.ts';
import {
  destinationWord,
  dontFragment,
  fragmentOffset,
  IPV4_HEADER,
  IPV4_LEAST_MTU,
  PROTOCOL_ICMP,
  protocolOf,
  sourceWord,
  totalLength,
  trafficClass,
} from '../wire/ipv4.ts';
import type { Echo } from './echo.ts';
import type { Errors } from './errors.ts';
import type { Host } from './host.ts';
import type { Options } from './options.ts';
import { INTERNETWORK_CONTROL, type Output } from './output.ts';
import type { Redirects } from './redirects.ts';

/** An error never makes a datagram of more than this (RFC 1812 §4.3.2.3). */
export const ERROR_BYTES = 576;
/** RFC 1812 §4.3.2.8 asks for a limit; these are those of Linux (icmp_msgs_per_sec, icmp_msgs_burst). */
export const ERRORS_PER_SECOND = 1_000;
export const ERROR_BURST = 50;
/**
 * A smaller path MTU is believed only down to here: below it, packets are sent that routers may fragment, so that a
 * forged message cannot make us send crumbs (RFC 5927 §7.2; the value is that of Linux).
 */
export const PATH_MTU_FLOOR = 552;
/** RFC 1191 §7.1, for routers that name no MTU. */
const PLATEAUS = [32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 508, 296, IPV4_LEAST_MTU];

/** Meaning of the codes of destination unreachable, 0 to 15 (RFC 1812 §5.2.7.1). */
const UNREACHABLE: (NetworkError['kind'] | undefined)[] = [
  'network-unreachable',
  'host-unreachable',
  'protocol-unreachable',
  'port-unreachable',
  'too-big',
  'host-unreachable',
  'network-unreachable',
  'host-unreachable',
  'host-unreachable',
  'prohibited',
  'prohibited',
  'network-unreachable',
  'host-unreachable',
  'prohibited',
  'prohibited',
  'prohibited',
];

export class Icmp {
  readonly #host: Host;
  readonly #output: Output;
  readonly #errors: Errors;
  readonly #pathMtus: PathMtuTable;
  readonly #echo: Echo;
  readonly #options: Options;
  readonly #redirects: Redirects;
  readonly #limit: TokenBucket;
  readonly #source = new Address();
  readonly #destination = new Address();

  constructor(
    host: Host,
    output: Output,
    errors: Errors,
    pathMtus: PathMtuTable,
    echo: Echo,
    options: Options,
    redirects: Redirects,
  ) {
    this.#redirects = redirects;
    this.#options = options;
    this.#host = host;
    this.#output = output;
    this.#errors = errors;
    this.#pathMtus = pathMtus;
    this.#echo = echo;
    this.#limit = new TokenBucket(host.environment.clock, ERRORS_PER_SECOND, ERROR_BURST);
  }

  /** Takes ownership of a message for us, `start` at the ICMP header. */
  receive(packet: Packet): void {
    const bad = checkIcmp(packet);
    if (bad !== undefined) {
      this.#host.end(packet, 'dropped', bad);
      return;
    }
    const type = icmpType(packet, packet.start);
    if (type === ECHO_REQUEST) {
      this.#answer(packet);
      return;
    }
    const reason = this.#take(packet, type);
    if (reason === undefined) this.#host.end(packet, 'delivered');
    else this.#host.end(packet, 'dropped', reason);
  }

  #take(packet: Packet, type: number): DropReason | undefined {
    if (type === ECHO_REPLY) return this.#echo.reply(packet);
    return type === REDIRECT ? this.#redirects.receive(packet) : this.#errorCame(packet, type);
  }

  /**
   * Reports to the sender of `packet` (validated, `network` set) why it was dropped; the packet is read, not taken.
   * Silent where RFC 1122 §3.2.2 asks for silence, and above the rate limit.
   */
  error(packet: Packet, type: number, code: number, word: number): void {
    const at = packet.network;
    const from = sourceWord(packet, at);
    const to = destinationWord(packet, at);
    const host = this.#host;
    const own = host.isOwn(to);
    const looped = host.isOwn(from);
    if (packet.linkCast !== UNICAST || fragmentOffset(packet, at) !== 0) return;
    if (host.isBroadcast(to) || to >>> 28 === 0xe || !(looped || host.isPossibleSource(from))) return;
    if (protocolOf(packet, at) === PROTOCOL_ICMP) {
      if (packet.transport >= packet.end || !isQuery(icmpType(packet, packet.transport))) return;
    }
    if (!this.#limit.take()) return;
    this.#source.w3 = from;
    const ours = own ? new Address(0, 0, 0, to) : this.#output.sourceFor(this.#source);
    if (isFailure(ours)) return;
    const quoted = Math.min(packet.end - at, ERROR_BYTES - IPV4_HEADER - ICMP_HEADER);
    const message = host.take(ICMP_HEADER + quoted);
    if (message === undefined) return;
    message.bytes.set(packet.bytes.subarray(at, at + quoted), message.start + ICMP_HEADER);
    writeIcmp(message, type, code, word);
    // RFC 1812 §4.3.2.5 gives those of routers a precedence, RFC 1122 §3.2.2 those of hosts none.
    const trafficClass = host.forwarding ? INTERNETWORK_CONTROL : 0;
    this.#output.send(message, ours, this.#source, PROTOCOL_ICMP, { trafficClass });
  }

  /** A packet made here could not be sent and the call that made it has returned. Reads the packet only. */
  unsent(packet: Packet, kind: NetworkError['kind']): void {
    const error = this.#errors.read(packet, packet.network, kind, 0, sourceWord(packet, packet.network));
    if (error !== undefined) this.#errors.deliver(protocolOf(packet, packet.network), error);
  }

  /** RFC 1122 §3.2.2.6: the same message goes back, source and destination swapped. */
  #answer(packet: Packet): void {
    const at = packet.network;
    ipv4.read(packet.bytes, at + 12, this.#destination);
    ipv4.read(packet.bytes, at + 16, this.#source);
    // §3.2.2.6: an echo to a broadcast or a group may be discarded, and is, lest we amplify.
    if (!this.#host.isOwn(this.#source.w3)) {
      this.#host.end(packet, 'dropped', 'icmp-ignored');
      return;
    }
    const tos = trafficClass(packet, at);
    const back = this.#options.forReply(packet);
    if (back !== undefined) this.#destination.w3 = back.destination;
    this.#host.account(packet, 'answered');
    writeIcmp(packet, ECHO_REPLY, 0, packet.i32(packet.start + ICMP_IDENTIFIER));
    packet.linkCast = UNICAST;
    this.#output.send(packet, this.#source, this.#destination, PROTOCOL_ICMP, {
      trafficClass: tos,
      ipOptions: back?.bytes,
    });
  }

  #errorCame(packet: Packet, type: number): DropReason | undefined {
    const kind = kindOf(type, icmpCode(packet, packet.start));
    // Source quench (RFC 6633 §3), mask and information requests (RFC 6918 §2), router discovery (RFC 1256), and
    // timestamp requests, which RFC 1122 §3.2.2.8 leaves to us: they are of use to strangers only.
    if (kind === undefined) return 'icmp-ignored';
    const inner = packet.start + ICMP_HEADER;
    const reporter = sourceWord(packet, packet.network);
    const plain = this.#errors.read(packet, inner, kind, 0, reporter);
    if (plain === undefined) return 'icmp-unmatched';
    const protocol = protocolOf(packet, inner);
    if (kind !== 'too-big') return this.#errors.deliver(protocol, plain) ? undefined : 'icmp-unmatched';
    return this.#tooBig(packet, inner, protocol, plain);
  }

  /** RFC 1191 §3, §5. */
  #tooBig(packet: Packet, inner: number, protocol: number, error: NetworkError): DropReason | undefined {
    const length = totalLength(packet, inner);
    const named = packet.u16(packet.start + ICMP_NEXT_MTU);
    const mtu = named !== 0 ? named : (PLATEAUS.find((plateau) => plateau < length) ?? IPV4_LEAST_MTU);
    // Nobody refuses what fits or what may be fragmented.
    if (mtu < IPV4_LEAST_MTU || mtu >= length || !dontFragment(packet, inner)) return 'icmp-unmatched';
    const { remote } = error;
    const before = this.#pathMtus.get(remote);
    const next = Math.min(Math.max(mtu, PATH_MTU_FLOOR), this.#output.pathMtu(remote));
    // Before the transport hears of it, since it asks for the path MTU at once; taken back when it was not its packet.
    this.#pathMtus.set(remote, next, mtu < PATH_MTU_FLOOR);
    if (this.#errors.deliver(protocol, { ...error, mtu: next })) return undefined;
    this.#pathMtus.restore(remote, before);
    return 'icmp-unmatched';
  }
}

function kindOf(type: number, code: number): NetworkError['kind'] | undefined {
  switch (type) {
    case DESTINATION_UNREACHABLE:
      return UNREACHABLE[code];
    case TIME_EXCEEDED:
      return 'time-exceeded';
    case PARAMETER_PROBLEM:
      return 'parameter-problem';
    default:
      return undefined;
  }
}
