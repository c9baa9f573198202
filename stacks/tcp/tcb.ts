/** The transmission control block: RFC 9293 §3.3.1, with what the later RFCs add to it. Fields only. */
import type { Address } from '../address/address.ts';
import type { NetworkLayer } from '../address/network.ts';
import type { Clock } from '../time/clock.ts';
import { Active, type Activity, type ActivityPool, AT_REST, type Remains } from './activity.ts';
import type { TcpHandler, TcpState } from './api.ts';
import type { Buffers } from './buffers.ts';
import type { Delivery } from './delivery.ts';
import { keepBits, keepCounters, keepFlags, keepWords } from './fields.ts';
import type { Flights } from './flight.ts';
import type { Rtt } from './rtt.ts';
import type { Settings } from './settings.ts';
import type { TimerPool } from './timer-pool.ts';

/** What a connection wants to tell its owner once the segment is done with; in the order in which it is told. */
export const ACCEPT = 1;
export const CONNECTED = 2;
export const READABLE = 4;
export const ENDED = 8;
export const WRITABLE = 16;
export const CLOSED = 32;

/** What a connection asks of the Tcp that holds it. */
export interface Host {
  readonly network: NetworkLayer;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly timers: TimerPool<Tcb>;
  readonly activities: ActivityPool<Tcb>;
  /** Filled by `Tcb.peer`. */
  readonly peer: Address;
  readonly buffers: Buffers;
  readonly flights: Flights;
  /** Of the ACK that is being processed. */
  readonly delivery: Delivery;
  /** An acknowledgment for all that a burst brings, when the burst is over. */
  acknowledgeLater(tcb: Tcb): void;
  /** Queues events; they are delivered when the current entry into the engine is left. */
  notify(tcb: Tcb, events: number): void;
  /** Takes the connection out of the table (and out of its listener's backlog). */
  remove(tcb: Tcb): void;
  /** Moves it to the end of those that wait for 2 MSL. */
  waitTime(tcb: Tcb): void;
  /** Delivers what `notify` queued, when no delivery is going on. */
  flush(): void;
}

/** The row of a connection that has none: CLOSED, and every number zero. */
export const GONE: Int32Array = new Int32Array(64);

/**
 * Only the handle is an object: its fields are in a row of words (table.ts), and those of a connection at work in its
 * `Activity`. The end of this file says which is where.
 */
export class Tcb extends Active<Tcb> implements Rtt {
  readonly host: Host;
  readonly localAddress: Address;
  handler: TcpHandler;
  state: TcpState = 'CLOSED';
  words: Int32Array = GONE;
  at = 0;
  /** Set when the row has gone to another connection. */
  remains: Remains | undefined;

  // Send sequence variables
  declare sndUna: number;
  declare sndNxt: number;
  /** One past the highest byte ever sent; ahead of SND.NXT by one after a window probe. */
  declare sndMax: number;
  /** Sequence number behind the last byte queued: that of our FIN, once there is one. */
  declare sndEnd: number;
  declare sndWnd: number;
  declare sndWl1: number;
  declare sndWl2: number;
  /** Largest window the peer ever offered (RFC 9293 §3.8.6.2.1). */
  declare maxSndWnd: number;
  declare sndShift: number;
  declare finQueued: boolean;

  // Receive sequence variables
  declare rcvNxt: number;
  /** The highest right edge ever advertised; RCV.WND = rcvEdge - RCV.NXT (RFC 7323 §2.4). */
  declare rcvEdge: number;
  declare rcvShift: number;
  /** Bytes that may be held; grows (settings.ts). */
  declare rcvLimit: number;
  /** Read by the owner since `rcvLimit` grew. */
  declare rcvDrained: number;
  /** The largest segment the peer has sent: its idea of a full one. */
  declare rcvMss: number;
  /** Last.ACK.sent (RFC 7323 §4.3). */
  declare lastAckSent: number;
  declare ackNow: boolean;
  /** The last segment in order was full and pushed: its sender has no more for now, or no more window. */
  declare pushed: boolean;
  declare finArrived: boolean;

  // Options
  /** SMSS without option bytes that every segment carries (RFC 6691). */
  declare mss: number;
  /** The MSS option of the peer, or the family's default. */
  declare peerMss: number;
  declare windowScaling: boolean;
  declare timestamps: boolean;
  declare sack: boolean;
  /** RFC 3168: offered in our SYN, then agreed. */
  declare ecn: boolean;
  /** Every ACK carries ECE until a segment with CWR comes. */
  declare ecnEcho: boolean;
  /** A packet marked as capable of ECN has come. */
  declare ecnSeen: boolean;
  /** The next new data says CWR. */
  declare cwrDue: boolean;
  /** We answer data with data, on which an acknowledgment rides (`quickAcks`). */
  declare interactive: boolean;
  declare tsOffset: number;
  declare tsRecent: number;
  /** s */
  declare tsRecentAge: number;

  // Retransmission
  declare srtt: number;
  declare rttvar: number;
  declare rto: number;
  declare synLost: boolean;
  /** When data was last sent, and anything received: ms as int32. */
  declare lastSent: number;
  declare lastReceived: number;

  /** It counts against that listener's backlog. */
  declare halfOpen: boolean;
  declare noDelay: boolean;
  declare sendBlocked: boolean;
  /** The owner has closed both directions, or the connection is gone: what is read now reaches nobody. */
  declare orphan: boolean;
  declare events: number;
  /** A second, shifted left by four, and the challenge ACKs sent in it. */
  declare challenges: number;

  declare bytesSent: number;
  declare bytesReceived: number;

  /** It is on the TIME-WAIT list: row numbers plus one, zero for none; and when it ends (ms as int32). */
  declare waits: boolean;
  declare older: number;
  declare newer: number;
  declare expires: number;

  constructor(host: Host, handler: TcpHandler, local: Address) {
    super();
    this.host = host;
    this.handler = handler;
    this.localAddress = local;
  }

  /** The row has gone to another connection. */
  get isGone(): boolean {
    return this.words === GONE;
  }

  get localPort(): number {
    return this.words === GONE ? this.remains!.localPort : this.words[this.at + PORTS]! >>> 16;
  }

  get remotePort(): number {
    return this.words === GONE ? this.remains!.remotePort : this.words[this.at + PORTS]! & 0xffff;
  }

  /** The remote address, valid until the next call: it is filled in from the row. */
  get peer(): Address {
    const { words, at } = this;
    if (words === GONE) return this.remains!.remoteAddress;
    const { peer, network } = this.host;
    peer.w3 = words[at + REMOTE]!;
    if (network.family.addressBytes === 4) return peer;
    peer.w0 = words[at + REMOTE_V6]!;
    peer.w1 = words[at + REMOTE_V6 + 1]!;
    peer.w2 = words[at + REMOTE_V6 + 2]!;
    peer.zone = words[at + REMOTE_V6 + 3]!;
    return peer;
  }

  active(): Activity<Tcb> {
    if (this.activity === AT_REST) {
      this.activity = this.host.activities.take();
      this.activity.smallEnd = this.sndUna;
    }
    return this.activity;
  }

  /** Gives the log back when nothing is in flight, and the activity when there is none. */
  rest(): void {
    const { activity } = this;
    if (activity.log?.isEmpty === true) this.forgetFlight();
    if (activity === AT_REST || !activity.atRest || this.flight !== 0) return;
    if (this.finArrived && ((this.finAt - this.rcvNxt) | 0) >= 0) return; // it waits for what is missing before it
    this.activity = AT_REST;
    this.host.activities.release(activity);
  }

  forgetFlight(): void {
    if (this.log === undefined) return;
    this.host.flights.release(this.log);
    this.log = undefined;
  }

  /** Before the first SYN is acknowledged SND.UNA is ISS, and before SYN-RECEIVED is left RCV.NXT is IRS + 1. */
  get iss(): number {
    return this.sndUna;
  }

  get irs(): number {
    return (this.rcvNxt - 1) | 0;
  }

  get flight(): number {
    return (this.sndNxt - this.sndUna) | 0;
  }

  /** A loss is being mended. */
  get isRecovering(): boolean {
    const { recovery } = this.activity;
    return recovery !== undefined && recovery.phase !== 'none';
  }

  get rcvWnd(): number {
    return (this.rcvEdge - this.rcvNxt) | 0;
  }

  /** What was received and not read is lost. */
  abandonReceived(): void {
    this.receiveQueue?.abandon();
    this.receiveQueue = undefined;
  }

  get unread(): number {
    return this.receiveQueue === undefined ? 0 : this.receiveQueue.length;
  }

  /** Our FIN has been sent at least once. */
  get finSent(): boolean {
    return this.finQueued && ((this.sndMax - this.sndEnd) | 0) > 0;
  }
}

// The row. What tells connections apart comes first: a look-up reads one line of the cache.
export const CHAIN = 0;
export const PORTS = 1;
export const REMOTE = 2;
export const FLAGS = 3;
keepBits(Tcb.prototype, ['sndShift', 'rcvShift'], FLAGS, 0, 4);
keepBits(Tcb.prototype, ['events'], FLAGS, 8, 6);
keepFlags(
  Tcb.prototype,
  [
    'finQueued',
    'ackNow',
    'finArrived',
    'windowScaling',
    'timestamps',
    'sack',
    'synLost',
    'noDelay',
    'sendBlocked',
    'orphan',
    'halfOpen',
    'waits',
    'ecn',
    'ecnEcho',
    'ecnSeen',
    'cwrDue',
    'pushed',
    'interactive',
  ],
  FLAGS,
  14,
);
const SIZES = FLAGS + 1;
keepBits(Tcb.prototype, ['mss', 'peerMss'], SIZES, 0, 16);
const WORDS = [
  'sndUna',
  'sndNxt',
  'sndMax',
  'sndEnd',
  'sndWnd',
  'sndWl1',
  'sndWl2',
  'maxSndWnd',
  'rcvNxt',
  'rcvEdge',
  'lastAckSent',
  'rcvLimit',
  'rcvDrained',
  'rcvMss',
  'tsOffset',
  'tsRecent',
  'tsRecentAge',
  'srtt',
  'rttvar',
  'rto',
  'lastSent',
  'lastReceived',
  'challenges',
];
const FIRST = SIZES + 1;
keepWords(Tcb.prototype, WORDS, FIRST);
/** Nothing is measured any more in TIME-WAIT, and nothing sent again. */
keepWords(Tcb.prototype, ['older', 'newer', 'expires'], FIRST + WORDS.indexOf('srtt'));
const COUNTERS = FIRST + WORDS.length;
keepCounters(Tcb.prototype, ['bytesSent', 'bytesReceived'], COUNTERS);
/** The rest of an IPv6 address: three words and the zone. IPv4 rows, two lines of a cache, end before it. */
export const REMOTE_V6: number = COUNTERS + 4;

/** `10.0.0.2:80`, `[fe80::1%eth0]:80` */
export function peerName(tcb: Tcb): string {
  const text = tcb.host.network.describe(tcb.peer);
  return text.includes(':') ? `[${text}]:${tcb.remotePort}` : `${text}:${tcb.remotePort}`;
}
