/**
 * The client side of echo (RFC 4443 §4): each request ends in exactly one result: the reply, an error that quotes it,
 * or the timeout. Results never come before `request` has returned.
 */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import { type Failure, isFailure, type NetworkError, type OutputOptions } from '../address/network.ts';
import { failureOf } from '../address/network-failure.ts';
import type { Environment } from '../packet/environment.ts';
import type { Packet } from '../packet/packet.ts';
import type { EchoOptions, EchoResult } from '../stack.ts';
import type { Timer } from '../time/clock.ts';
import { ECHO_REQUEST, ICMP_BYTES, IDENTIFIER, SEQUENCE, setChecksum, writeIcmp } from '../wire/icmp6.ts';
import { ICMPV6, MAX_PAYLOAD } from '../wire/ipv6.ts';
import { failure } from './failure.ts';

/** Requests in flight: far more than an operator starts, and each is a timer and a small object. */
const MAX_PENDING = 4_096;

/** What echo needs of the layer below. */
export interface EchoSender {
  readonly environment: Environment;
  sourceFor(destination: Address): Address | Failure;
  output(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: OutputOptions,
  ): Failure | undefined;
}

class Pending {
  readonly sequence: number;
  readonly destination: Address;
  readonly options: EchoOptions;
  readonly done: (result: EchoResult) => void;
  sentAt = 0;
  /** The result that is already known when the timer fires; a timeout when undefined. */
  known: EchoResult | undefined;
  /** MTU of the last packet too big, so that a repetition is only sent for a smaller one. */
  mtu: number = Number.POSITIVE_INFINITY;
  timer: Timer | undefined;

  constructor(
    sequence: number,
    destination: Address,
    options: EchoOptions,
    done: (result: EchoResult) => void,
  ) {
    this.sequence = sequence;
    this.destination = destination;
    this.options = options;
    this.done = done;
  }
}

export class EchoClient {
  readonly #sender: EchoSender;
  readonly #identifier: number;
  /** Keys are our own sequence numbers; a peer can look up but never insert. */
  readonly #pending = new Map<number, Pending>();
  #sequence = 1;

  constructor(sender: EchoSender) {
    this.#sender = sender;
    this.#identifier = sender.environment.random.u32() & 0xffff;
  }

  request(destination: Address, options: EchoOptions, done: (result: EchoResult) => void): void {
    const clock = this.#sender.environment.clock;
    if (this.#pending.size >= MAX_PENDING) {
      const problem = failure('ENOBUFS', `${MAX_PENDING} echo requests are already in flight`);
      clock.timer(() => done({ outcome: 'error', failure: problem, from: undefined })).armIn(0);
      return;
    }
    let sequence = this.#sequence;
    while (this.#pending.has(sequence)) sequence = (sequence + 1) & 0xffff;
    this.#sequence = (sequence + 1) & 0xffff;
    const pending = new Pending(sequence, destination.clone(), options, done);
    pending.timer = clock.timer(() => this.#finish(pending, pending.known ?? { outcome: 'timeout' }));
    this.#pending.set(sequence, pending);
    pending.timer.armIn(options.timeout);
    this.#send(pending);
  }

  /** An echo reply whose message begins at `packet.start`. */
  reply(packet: Packet, from: Address, hopLimit: number): boolean {
    const at = packet.start;
    if (packet.length < ICMP_BYTES || packet.u16(at + IDENTIFIER) !== this.#identifier) return false;
    const pending = this.#pending.get(packet.u16(at + SEQUENCE));
    if (pending === undefined || pending.known !== undefined) return false;
    if (packet.length !== ICMP_BYTES + pending.options.size) return false;
    const to = pending.destination;
    if (!ipv6.isMulticast(to) && !to.sameHost(from)) return false;
    const time = this.#sender.environment.clock.now - pending.sentAt;
    const reply = { from: from.clone(), bytes: packet.length - ICMP_BYTES, hopLimit, time };
    this.#finish(pending, { outcome: 'reply', reply });
    return true;
  }

  /**
   * An error that quotes an ICMPv6 message of ours: what are ports elsewhere are type and checksum here, and
   * `sequence` is identifier and sequence number.
   */
  networkError(error: NetworkError, from: Address | undefined): boolean {
    if (error.localPort >>> 8 !== ECHO_REQUEST || error.sequence >>> 16 !== this.#identifier) return false;
    const pending = this.#pending.get(error.sequence & 0xffff);
    if (pending === undefined || pending.known !== undefined) return false;
    if (!pending.destination.sameHost(error.remote)) return false;
    if (error.kind === 'too-big' && pending.options.dontFragment !== true) {
      // The path MTU is known now: the same request goes out again in fragments (RFC 8201 §4). Each round needs a
      // smaller MTU than the one before, so a liar cannot make us repeat for ever.
      if (error.mtu < pending.mtu) {
        pending.mtu = error.mtu;
        this.#send(pending);
      }
      return true;
    }
    this.#finish(pending, { outcome: 'error', failure: failureOf(error), from: from?.clone() });
    return true;
  }

  stop(): void {
    for (const pending of [...this.#pending.values()]) {
      const problem = failure('ENETDOWN', 'the stack stopped before an answer came');
      this.#finish(pending, { outcome: 'error', failure: problem, from: undefined });
    }
  }

  #send(pending: Pending): void {
    const problem = this.#transmit(pending);
    if (problem === undefined) return;
    pending.known = { outcome: 'error', failure: problem, from: undefined };
    pending.timer?.armIn(0);
  }

  #transmit(pending: Pending): Failure | undefined {
    const { clock, pool } = this.#sender.environment;
    const { destination, options } = pending;
    pending.sentAt = clock.now;
    if (ICMP_BYTES + options.size > MAX_PAYLOAD) {
      return failure('EMSGSIZE', `${options.size} bytes do not fit into one echo request`);
    }
    const source = options.source ?? this.#sender.sourceFor(destination);
    if (isFailure(source)) return source;
    const packet = pool.take(ICMP_BYTES + options.size);
    if (packet === undefined) return failure('ENOBUFS', 'no packet buffer was free');
    writeIcmp(packet, ECHO_REQUEST, 0, (this.#identifier << 16) | pending.sequence);
    for (let i = 0; i < options.size; i++) packet.bytes[packet.start + ICMP_BYTES + i] = i;
    setChecksum(packet, source, destination);
    return this.#sender.output(packet, source, destination, ICMPV6, {
      hopLimit: options.hopLimit,
      dontFragment: options.dontFragment === true,
    });
  }

  #finish(pending: Pending, result: EchoResult): void {
    pending.timer?.disarm();
    this.#pending.delete(pending.sequence);
    pending.done(result);
  }
}
