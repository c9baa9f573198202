/** The echo client: RFC 1122 §3.2.2.6. Each request ends in exactly one result. */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import { type Failure, isFailure, type NetworkError } from '../address/network.ts';
import { failureOf } from '../address/network-failure.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import type { EchoOptions, EchoResult } from '../stack.ts';
import type { Timer } from '../time/clock.ts';
import { ECHO_REQUEST, ICMP_HEADER, ICMP_IDENTIFIER, ICMP_SEQUENCE, writeIcmp } from '../wire/icmp.ts';
import { PROTOCOL_ICMP, sourceWord, timeToLive } from '../wire/ipv4.ts';
import type { ErrorTaker } from './errors.ts';
import type { Host } from './host.ts';
import type { Output } from './output.ts';

/** Requests that wait for their answer at once. */
export const MAX_ECHOES = 4_096;

interface Request {
  readonly destination: Address;
  readonly size: number;
  /** µs */
  readonly sent: number;
  readonly timer: Timer;
  /** Set when the request could not even be sent; told by the timer, so that `done` never runs inside `echo`. */
  failure: Failure | undefined;
  readonly done: (result: EchoResult) => void;
}

export class Echo implements ErrorTaker {
  readonly protocol: number = PROTOCOL_ICMP;
  readonly #host: Host;
  readonly #output: Output;
  /** Keys are our own sequence numbers; a peer can look up but never insert. */
  readonly #requests = new Map<number, Request>();
  readonly #identifier: number;
  #sequence = 0;

  constructor(host: Host, output: Output) {
    this.#host = host;
    this.#output = output;
    this.#identifier = host.environment.random.u32() & 0xffff;
  }

  request(destination: Address, options: EchoOptions, done: (result: EchoResult) => void): void {
    const clock = this.#host.environment.clock;
    const sequence = this.#nextSequence();
    if (sequence === undefined) {
      const failure: Failure = { code: 'ENOBUFS', cause: `${MAX_ECHOES} echo requests are under way` };
      clock.timer(() => done({ outcome: 'error', failure, from: undefined })).armIn(0);
      return;
    }
    const request: Request = {
      destination: destination.clone(),
      size: options.size,
      sent: clock.now,
      failure: undefined,
      done,
      timer: clock.timer(() => {
        const { failure } = request;
        this.#finish(
          sequence,
          failure === undefined ? { outcome: 'timeout' } : { outcome: 'error', failure, from: undefined },
        );
      }),
    };
    this.#requests.set(sequence, request);
    request.failure = this.#send(destination, sequence, options);
    request.timer.armIn(request.failure === undefined ? options.timeout : 0);
  }

  /** An echo reply, `start` at its header; undefined when it answers a request of ours. */
  reply(packet: Packet): DropReason | undefined {
    if (packet.u16(packet.start + ICMP_IDENTIFIER) !== this.#identifier) return 'icmp-unmatched';
    const sequence = packet.u16(packet.start + ICMP_SEQUENCE);
    const request = this.#requests.get(sequence);
    const from = sourceWord(packet, packet.network);
    const bytes = packet.length - ICMP_HEADER;
    if (request === undefined || bytes !== request.size) return 'icmp-unmatched';
    const to = request.destination;
    // Whoever hears a broadcast or a group may answer it; else only the one that was asked.
    if (from !== to.w3 && !this.#host.isBroadcast(to.w3) && !ipv4.isMulticast(to)) return 'icmp-unmatched';
    const reply = {
      from: new Address(0, 0, 0, from),
      bytes,
      hopLimit: timeToLive(packet, packet.network),
      time: this.#host.environment.clock.now - request.sent,
    };
    this.#finish(sequence, { outcome: 'reply', reply });
    return undefined;
  }

  /** `localPort` is the identifier, `remotePort` the sequence number of the request that failed. */
  networkError(error: NetworkError): boolean {
    const request = this.#requests.get(error.remotePort);
    if (error.localPort !== this.#identifier || request === undefined) return false;
    if (!request.destination.equals(error.remote)) return false;
    const from = ipv4.parse(error.reporter);
    this.#finish(error.remotePort, { outcome: 'error', failure: failureOf(error), from });
    return true;
  }

  /** The stack stops. */
  stop(): void {
    for (const sequence of [...this.#requests.keys()]) {
      const failure: Failure = { code: 'ENETDOWN', cause: 'the stack stopped' };
      this.#finish(sequence, { outcome: 'error', failure, from: undefined });
    }
  }

  #send(destination: Address, sequence: number, options: EchoOptions): Failure | undefined {
    const { size, hopLimit, dontFragment } = options;
    if (size < 0 || size > ipv4.maxPayload - ICMP_HEADER) {
      return { code: 'EMSGSIZE', cause: `${size} bytes; an echo holds ${ipv4.maxPayload - ICMP_HEADER}` };
    }
    const source = options.source ?? this.#output.sourceFor(destination);
    if (isFailure(source)) return source;
    const packet = this.#host.environment.pool.take(ICMP_HEADER + size);
    if (packet === undefined) return { code: 'ENOBUFS', cause: 'no packet buffer was free' };
    for (let i = 0; i < size; i++) packet.bytes[packet.start + ICMP_HEADER + i] = i;
    writeIcmp(packet, ECHO_REQUEST, 0, (this.#identifier << 16) | sequence);
    return this.#output.send(packet, source, destination, PROTOCOL_ICMP, {
      dontFragment: dontFragment === true,
      ...(hopLimit === undefined ? {} : { hopLimit }),
    });
  }

  #finish(sequence: number, result: EchoResult): void {
    const request = this.#requests.get(sequence)!;
    request.timer.disarm();
    this.#requests.delete(sequence);
    request.done(result);
  }

  #nextSequence(): number | undefined {
    if (this.#requests.size >= MAX_ECHOES) return undefined;
    do this.#sequence = (this.#sequence + 1) & 0xffff;
    while (this.#requests.has(this.#sequence));
    return this.#sequence;
  }
}
