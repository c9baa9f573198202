/** The transmission control block: RFC 9293 §3.3.1, with what the later RFCs add to it. Fields only. */
import type { Address } from '../address/address.ts';
import type { Failure, NetworkLayer } from '../address/network.ts';
import type { Clock } from '../time/clock.ts';
import type { TcpHandler, TcpState } from './api.ts';
import type { Congestion } from './congestion/congestion.ts';
import type { ReceiveQueue } from './receive-queue.ts';
import type { Rtt } from './rtt.ts';
import type { Scoreboard } from './sack.ts';
import type { SendQueue } from './send-queue.ts';
import { INITIAL_RECEIVE_BUFFER, type Settings } from './settings.ts';
import type { TimerPool, TimerSlot } from './timer-pool.ts';

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
  /** Queues events; they are delivered when the current entry into the engine is left. */
  notify(tcb: Tcb, events: number): void;
  /** Takes the connection out of the table (and out of its listener's backlog). */
  remove(tcb: Tcb): void;
  /** Moves it to the end of those that wait for 2 MSL. */
  waitTime(tcb: Tcb): void;
  /** Delivers what `notify` queued, when no delivery is going on. */
  flush(): void;
}

/** What a connection born of a listener knows of it. */
export interface Origin {
  /** The three-way handshake is done; false when the accept queue has no room and the ACK must be forgotten. */
  admits(): boolean;
  /** `tcb` leaves SYN-RECEIVED, one way or the other. */
  left(tcb: Tcb): void;
}

export type Recovery = 'none' | 'fast' | 'timeout';

export interface KeepAlive {
  /** µs */
  readonly idle: number;
  readonly interval: number;
  readonly probes: number;
}

export class Tcb implements Rtt {
  readonly host: Host;
  readonly localAddress: Address;
  readonly localPort: number;
  readonly remoteAddress: Address;
  readonly remotePort: number;
  state: TcpState = 'CLOSED';
  handler: TcpHandler;
  /** The listener that made it, until it is announced; undefined for an active open. */
  origin: Origin | undefined;

  /** Table and TIME-WAIT list, intrusive. */
  hash = 0;
  chain: Tcb | undefined;
  older: Tcb | undefined;
  newer: Tcb | undefined;
  /** µs: end of TIME-WAIT. */
  expires = 0;

  // Send sequence variables
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  /** One past the highest byte ever sent; ahead of SND.NXT by one after a window probe. */
  sndMax = 0;
  /** Sequence number behind the last byte queued: that of our FIN, once there is one. */
  sndEnd = 0;
  sndWnd = 0;
  sndWl1 = 0;
  sndWl2 = 0;
  /** Largest window the peer ever offered (RFC 9293 §3.8.6.2.1). */
  maxSndWnd = 0;
  sndShift = 0;
  finQueued = false;

  // Receive sequence variables
  irs = 0;
  rcvNxt = 0;
  /** The highest right edge ever advertised; RCV.WND = rcvEdge - RCV.NXT (RFC 7323 §2.4). */
  rcvEdge = 0;
  rcvShift = 0;
  /** Bytes that may be held; grows (settings.ts). */
  rcvLimit: number = INITIAL_RECEIVE_BUFFER;
  /** Read by the owner since `rcvLimit` grew. */
  rcvDrained = 0;
  /** The largest segment the peer has sent: its idea of a full one. */
  rcvMss = 0;
  /** Last.ACK.sent (RFC 7323 §4.3). */
  lastAckSent = 0;
  ackNow = false;
  finArrived = false;
  /** Sequence number of the peer's FIN, when `finArrived`. */
  finAt = 0;

  // Options
  /** SMSS without option bytes that every segment carries (RFC 6691). */
  mss: number;
  /** The MSS option of the peer, or the family's default. */
  peerMss: number;
  windowScaling = false;
  timestamps = false;
  sack = false;
  tsOffset = 0;
  tsRecent = 0;
  /** s */
  tsRecentAge = 0;

  // Retransmission
  srtt = 0;
  rttvar = 0;
  rto: number;
  /** The one segment being timed: sequence number behind it, and when it left (µs as int32). */
  timing = false;
  timedEnd = 0;
  timedAt = 0;
  /** Retransmissions or probes since the last sign of progress. */
  retransmits = 0;
  /** Of those and of keep-alive probes, how many since the peer was last heard. */
  unanswered = 0;
  synLost = false;
  /** ms as int32 */
  lastSent = 0;
  lastReceived = 0;

  // Loss recovery
  recovery: Recovery = 'none';
  dupAcks = 0;
  recoveryPoint = 0;
  /** HighRxt + 1: where the next retransmission begins. */
  highRxt = 0;
  rescued = false;
  /** Bytes that duplicate ACKs say have left the network, for a peer without SACK. */
  left = 0;
  cwndLimited = false;
  /** Bytes of data that left at once when something new was last sent. */
  lastBurst = 0;
  congestion: Congestion | undefined;
  scoreboard: Scoreboard | undefined;

  sendQueue: SendQueue | undefined;
  receiveQueue: ReceiveQueue | undefined;
  retransmitTimer: TimerSlot<Tcb> | undefined;
  ackTimer: TimerSlot<Tcb> | undefined;
  idleTimer: TimerSlot<Tcb> | undefined;
  keepAlive: KeepAlive | undefined;

  noDelay = false;
  sendBlocked = false;
  /** The owner has closed both directions, or the connection is gone: what is read now reaches nobody. */
  orphan = false;
  events = 0;
  failure: Failure | undefined;
  /** The last ICMP error or output failure: the cause of a later timeout (RFC 9293 §3.9.2.2). */
  softError: Failure | undefined;
  /** s, and challenge ACKs sent in that second. */
  challengeSecond = 0;
  challenges = 0;

  totalRetransmits = 0;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(
    host: Host,
    handler: TcpHandler,
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
  ) {
    this.host = host;
    this.handler = handler;
    this.localAddress = local;
    this.localPort = localPort;
    this.remoteAddress = remote;
    this.remotePort = remotePort;
    this.mss = this.peerMss = host.network.family.defaultMss;
    this.rto = host.settings.initialRto;
  }

  get flight(): number {
    return (this.sndNxt - this.sndUna) | 0;
  }

  get rcvWnd(): number {
    return (this.rcvEdge - this.rcvNxt) | 0;
  }

  get unread(): number {
    return this.receiveQueue === undefined ? 0 : this.receiveQueue.length;
  }

  /** Our FIN has been sent at least once. */
  get finSent(): boolean {
    return this.finQueued && ((this.sndMax - this.sndEnd) | 0) > 0;
  }
}

/** `10.0.0.2:80`, `[fe80::1%eth0]:80` */
export function peerName(tcb: Tcb): string {
  const text = tcb.host.network.describe(tcb.remoteAddress);
  return text.includes(':') ? `[${text}]:${tcb.remotePort}` : `${text}:${tcb.remotePort}`;
}
