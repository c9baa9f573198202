/**
 * What a connection needs only while something is going on: bytes on their way, a timer, a loss to be repaired. Taken
 * when the first of it is set and given back when all of it is at rest, so an idle connection has none.
 */
import type { Address } from '../address/address.ts';
import type { Failure } from '../address/network.ts';
import type { Congestion, CongestionName } from './congestion/congestion.ts';
import type { Chosen } from './connection-options.ts';
import type { Flight } from './flight.ts';
import type { ReceiveQueue } from './receive-queue.ts';
import type { Recovery } from './recovery-state.ts';
import type { SendQueue } from './send-queue.ts';
import type { TimerSlot } from './timer-pool.ts';

/** What a connection born of a listener knows of it. */
export interface Origin<Owner> {
  /** The three-way handshake is done; false when the accept queue has no room and the ACK must be forgotten. */
  admits(): boolean;
  /** `owner` leaves SYN-RECEIVED, one way or the other. */
  left(owner: Owner): void;
}

export interface KeepAlive {
  /** µs */
  readonly idle: number;
  readonly interval: number;
  readonly probes: number;
}

/** The search for the path MTU (pmtu-probing.ts), in sizes of the MSS (bytes). */
export interface Probing {
  /** The largest segment known to pass, and the largest that may. */
  low: number;
  high: number;
  /** Of the probe in flight, 0 when there is none; and its sequence numbers. */
  size: number;
  start: number;
  end: number;
  /** Bytes, when it left. */
  cwnd: number;
  /** µs; until then there is nothing to be found. 0: the search goes on. */
  rest: number;
}

/** What is left of a connection for its owner when the row is given back. */
export interface Remains {
  readonly remoteAddress: Address;
  readonly localPort: number;
  readonly remotePort: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly totalRetransmits: number;
}

export class Activity<Owner> {
  sendQueue: SendQueue | undefined;
  receiveQueue: ReceiveQueue | undefined;
  retransmitTimer: TimerSlot<Owner> | undefined;
  ackTimer: TimerSlot<Owner> | undefined;
  idleTimer: TimerSlot<Owner> | undefined;
  keepAlive: KeepAlive | undefined;
  congestion: Congestion | undefined;
  /** The owner's choice, if it has made one. */
  congestionName: CongestionName | undefined;
  recovery: Recovery | undefined;
  log: Flight | undefined;
  origin: Origin<Owner> | undefined;
  failure: Failure | undefined;
  softError: Failure | undefined;
  cwndLimited = false;
  duplicateStart = 0;
  duplicateEnd = 0;
  lastBurst = 0;
  finAt = 0;
  retransmits = 0;
  unanswered = 0;
  totalRetransmits = 0;
  /** Segments that came before one that precedes them. */
  outOfOrder = 0;
  /** The window was reduced for what is marked below `reducedTo` (ecn.ts). */
  reduced = false;
  reducedTo = 0;
  options: Chosen | undefined;
  probing: Probing | undefined;
  /** More is to come at once: nothing but full segments for now. */
  more = false;
  /** The override timeout has passed: one segment goes, however small. */
  override = false;
  /** Since when (µs) what goes unanswered does so; with a user timeout. */
  stalledAt = 0;
  /** The peer is to be told our user timeout with the next segment (RFC 5482 §3.3). */
  userTimeoutDue = false;
  /** What the peer has told us of its own: µs, 0 for nothing. */
  remoteUserTimeout = 0;
  /** Behind the last segment that was not full, with Minshall's Nagle. */
  smallEnd = 0;
  /** Behind the last byte that is urgent. */
  urgentEnd: number | undefined;

  /** Is every field as it is in a new one, or without meaning until the next segment is sent? */
  get atRest(): boolean {
    return (
      this.retransmitTimer === undefined &&
      this.ackTimer === undefined &&
      this.idleTimer === undefined &&
      this.sendQueue === undefined &&
      this.receiveQueue === undefined &&
      this.congestion === undefined &&
      this.keepAlive === undefined &&
      this.origin === undefined &&
      this.failure === undefined &&
      this.options === undefined &&
      this.probing === undefined &&
      this.urgentEnd === undefined &&
      this.softError === undefined &&
      this.congestionName === undefined &&
      this.log === undefined &&
      this.retransmits === 0 &&
      this.unanswered === 0 &&
      this.totalRetransmits === 0 &&
      this.outOfOrder === 0
    );
  }

  /** As new; what `atRest` has seen undefined stays so. */
  clear(): void {
    this.recovery = undefined;
    this.cwndLimited = false;
    this.lastBurst = this.finAt = this.duplicateStart = this.duplicateEnd = 0;
    this.reduced = this.override = this.more = false;
  }
}

/** What every connection without one shows; never written. */
export const AT_REST: Activity<never> = new Activity<never>();

/** Records kept for the next connection, as many as a burst needs; more are left to the garbage collector. */
const MAX_SPARE = 256;

export class ActivityPool<Owner> {
  readonly #spare: Activity<Owner>[] = [];

  take(): Activity<Owner> {
    return this.#spare.pop() ?? new Activity<Owner>();
  }

  release(activity: Activity<Owner>): void {
    activity.clear();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(activity);
  }
}

/** The fields of an activity as those of the connection itself. */
export abstract class Active<Owner> {
  activity: Activity<Owner> = AT_REST;

  /** Takes an activity if there is none. */
  abstract active(): Activity<Owner>;

  get sendQueue(): SendQueue | undefined {
    return this.activity.sendQueue;
  }
  set sendQueue(value: SendQueue | undefined) {
    if (value !== this.activity.sendQueue) this.active().sendQueue = value;
  }
  get receiveQueue(): ReceiveQueue | undefined {
    return this.activity.receiveQueue;
  }
  set receiveQueue(value: ReceiveQueue | undefined) {
    if (value !== this.activity.receiveQueue) this.active().receiveQueue = value;
  }
  get retransmitTimer(): TimerSlot<Owner> | undefined {
    return this.activity.retransmitTimer;
  }
  set retransmitTimer(value: TimerSlot<Owner> | undefined) {
    if (value !== this.activity.retransmitTimer) this.active().retransmitTimer = value;
  }
  get ackTimer(): TimerSlot<Owner> | undefined {
    return this.activity.ackTimer;
  }
  set ackTimer(value: TimerSlot<Owner> | undefined) {
    if (value !== this.activity.ackTimer) this.active().ackTimer = value;
  }
  get idleTimer(): TimerSlot<Owner> | undefined {
    return this.activity.idleTimer;
  }
  set idleTimer(value: TimerSlot<Owner> | undefined) {
    if (value !== this.activity.idleTimer) this.active().idleTimer = value;
  }
  get keepAlive(): KeepAlive | undefined {
    return this.activity.keepAlive;
  }
  set keepAlive(value: KeepAlive | undefined) {
    if (value !== this.activity.keepAlive) this.active().keepAlive = value;
  }
  /** The listener that made it, until it is announced; undefined for an active open. */
  get origin(): Origin<Owner> | undefined {
    return this.activity.origin;
  }
  set origin(value: Origin<Owner> | undefined) {
    if (value !== this.activity.origin) this.active().origin = value;
  }
  get failure(): Failure | undefined {
    return this.activity.failure;
  }
  set failure(value: Failure | undefined) {
    if (value !== this.activity.failure) this.active().failure = value;
  }
  /** The last ICMP error or output failure: the cause of a later timeout (RFC 9293 §3.9.2.2). */
  get softError(): Failure | undefined {
    return this.activity.softError;
  }
  set softError(value: Failure | undefined) {
    if (value !== this.activity.softError) this.active().softError = value;
  }
  get congestion(): Congestion | undefined {
    return this.activity.congestion;
  }
  set congestion(value: Congestion | undefined) {
    if (value !== this.activity.congestion) this.active().congestion = value;
  }
  get options(): Chosen | undefined {
    return this.activity.options;
  }
  set options(value: Chosen | undefined) {
    if (value !== this.activity.options) this.active().options = value;
  }
  get congestionName(): CongestionName | undefined {
    return this.activity.congestionName;
  }
  set congestionName(value: CongestionName | undefined) {
    if (value !== this.activity.congestionName) this.active().congestionName = value;
  }
  /** Comes and goes with `congestion`. */
  get recovery(): Recovery | undefined {
    return this.activity.recovery;
  }
  set recovery(value: Recovery | undefined) {
    if (value !== this.activity.recovery) this.active().recovery = value;
  }
  /** What is in flight, SYN included; there is none when nothing is. */
  get log(): Flight | undefined {
    return this.activity.log;
  }
  set log(value: Flight | undefined) {
    if (value !== this.activity.log) this.active().log = value;
  }
  /** What has arrived twice and is to be told (RFC 2883); nothing when both are equal. */
  get duplicateStart(): number {
    return this.activity.duplicateStart;
  }
  set duplicateStart(value: number) {
    if (value !== this.activity.duplicateStart) this.active().duplicateStart = value;
  }
  get duplicateEnd(): number {
    return this.activity.duplicateEnd;
  }
  set duplicateEnd(value: number) {
    if (value !== this.activity.duplicateEnd) this.active().duplicateEnd = value;
  }
  get cwndLimited(): boolean {
    return this.activity.cwndLimited;
  }
  set cwndLimited(value: boolean) {
    if (value !== this.activity.cwndLimited) this.active().cwndLimited = value;
  }
  /** Bytes of data that left at once when something new was last sent. */
  get lastBurst(): number {
    return this.activity.lastBurst;
  }
  set lastBurst(value: number) {
    if (value !== this.activity.lastBurst) this.active().lastBurst = value;
  }
  /** Sequence number of the peer's FIN, when `finArrived`. */
  get finAt(): number {
    return this.activity.finAt;
  }
  set finAt(value: number) {
    if (value !== this.activity.finAt) this.active().finAt = value;
  }
  /** Retransmissions or probes since the last sign of progress. */
  get retransmits(): number {
    return this.activity.retransmits;
  }
  set retransmits(value: number) {
    if (value !== this.activity.retransmits) this.active().retransmits = value;
  }
  /** Of those and of keep-alive probes, how many since the peer was last heard. */
  get unanswered(): number {
    return this.activity.unanswered;
  }
  set unanswered(value: number) {
    if (value !== this.activity.unanswered) this.active().unanswered = value;
  }
  get totalRetransmits(): number {
    return this.activity.totalRetransmits;
  }
  set totalRetransmits(value: number) {
    if (value !== this.activity.totalRetransmits) this.active().totalRetransmits = value;
  }
}
