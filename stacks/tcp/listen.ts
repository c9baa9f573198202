/** Listeners, and SEGMENT ARRIVES in LISTEN: RFC 9293 §3.10.7.2. */
import type { Address } from '../address/address.ts';
import type { TransportVerdict } from '../address/network.ts';
import { ACK, RST, SYN } from '../wire/tcp.ts';
import type { Origin } from './activity.ts';
import type { ListenOptions, TcpListener } from './api.ts';
import type { Connection } from './connection.ts';
import { type Chosen, type ConnectionOptions, choose } from './connection-options.ts';
import type { Segment } from './segment.ts';
import { recordTimestamp, takeSyn } from './segment-arrives.ts';
import { DEFAULT_BACKLOG, MAX_BACKLOG } from './settings.ts';
import { readCookieOptions } from './syn-cookie-options.ts';
import type { Tcb } from './tcb.ts';
import { armRetransmission } from './timers.ts';
import { sendSyn, updateMss } from './transmit.ts';

export class Listener implements TcpListener, Origin<Tcb> {
  readonly address: Address;
  readonly port: number;
  readonly #options: ListenOptions;
  readonly #backlog: number;
  readonly #closed: (listener: Listener) => void;
  /** For the connections to come. */
  chosen: Chosen | undefined;
  /** Connections in SYN-RECEIVED. */
  halfOpen = 0;

  constructor(address: Address, port: number, options: ListenOptions, closed: (listener: Listener) => void) {
    this.address = address;
    this.port = port;
    this.#options = options;
    this.chosen = options.options && choose(undefined, options.options);
    this.#backlog = Math.min(Math.max(options.backlog ?? DEFAULT_BACKLOG, 1), MAX_BACKLOG);
    this.#closed = closed;
  }

  /** As many connections are half open as may be: further ones are answered by a cookie. */
  get isFull(): boolean {
    return this.halfOpen >= this.#backlog;
  }

  /** Those whose cookie came back may be as many again: they are real, and wait in SYN-RECEIVED for `admits`. */
  get isCrowded(): boolean {
    return this.halfOpen >= 2 * this.#backlog;
  }

  admits(): boolean {
    return this.#options.admit === undefined || this.#options.admit();
  }

  add(tcb: Tcb): void {
    tcb.origin = this;
    tcb.halfOpen = true;
    this.halfOpen++;
  }

  left(tcb: Tcb): void {
    if (!tcb.halfOpen) return;
    tcb.halfOpen = false;
    this.halfOpen--;
  }

  announce(connection: Connection): void {
    connection.origin = undefined;
    this.#options.accept(connection);
  }

  configure(options: ConnectionOptions): void {
    this.chosen = choose(this.chosen, options);
  }

  close(): void {
    this.#closed(this);
  }
}

/** Undefined: a SYN that `open` is to answer. `reset` says that the answer is a reset. */
export function listenVerdict(segment: Segment): TransportVerdict | 'open' {
  if ((segment.flags & RST) !== 0) return 'no-connection'; // first
  if ((segment.flags & ACK) !== 0) return 'answered'; // second: reset
  return (segment.flags & SYN) !== 0 ? 'open' : 'no-ack-flag'; // third, fourth
}

/** Third: SYN-RECEIVED. Data and FIN beside the SYN are left for the peer to send again. */
export function receiveSyn(listener: Listener, tcb: Connection, segment: Segment): void {
  listener.add(tcb);
  takeSyn(tcb, segment);
  tcb.state = 'SYN-RECEIVED';
  sendSyn(tcb);
  armRetransmission(tcb, 'retransmit', tcb.rto);
}

/**
 * SYN-RECEIVED without a SYN: `segment` acknowledges a cookie, so the peer's SYN came with the sequence number before
 * its own and named `mss`; what we offered was `window`. RFC 4987 §3.6.
 */
export function receiveCookie(
  listener: Listener,
  tcb: Connection,
  segment: Segment,
  mss: number,
  window: number,
): void {
  listener.add(tcb);
  tcb.peerMss = mss;
  readCookieOptions(tcb, segment);
  if (tcb.timestamps) recordTimestamp(tcb, segment);
  tcb.rcvNxt = tcb.lastAckSent = segment.seq;
  tcb.rcvEdge = (segment.seq + window) | 0;
  tcb.sndUna = (segment.ack - 1) | 0;
  tcb.sndNxt = tcb.sndMax = tcb.sndEnd = segment.ack;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  updateMss(tcb);
  tcb.state = 'SYN-RECEIVED';
  armRetransmission(tcb, 'retransmit', tcb.rto);
}
