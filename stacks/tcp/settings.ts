/** The numbers of the TCP engine: what an owner may set, and the bounds it may not. */
import { MILLISECOND, SECOND } from '../time/clock.ts';
import type { CongestionName } from './congestion/congestion.ts';

export interface Settings {
  /** Connections at once, TIME-WAIT not counted. */
  readonly maxConnections: number;
  /** µs. RFC 6298 §2.4 asks for 1 s; every stack in use is quicker, and 200 ms is what Linux takes. */
  readonly minimumRto: number;
  /** µs. RFC 6298 §2.5 allows a maximum of at least 60 s. */
  readonly maximumRto: number;
  /** µs, before the first round trip is known (RFC 6298 §2.1). */
  readonly initialRto: number;
  /** R2 (RFC 9293 §3.8.3) as retransmissions of one segment: 15 are 13 to 15 minutes, over the 100 s demanded. */
  readonly maxRetransmits: number;
  /** R2 for a SYN: 7 retransmissions end after 183 s, over the 3 minutes demanded (RFC 9293 §3.8.3). */
  readonly synRetries: number;
  /** The same for SYN-ACK; the peer may be a forgery, so its record goes after 63 s. */
  readonly synAckRetries: number;
  /** µs. An acknowledgment waits no longer (RFC 9293 §3.8.6.3 allows 500 ms). */
  readonly delayedAck: number;
  /**
   * Segments, from the peer's first on, that are acknowledged at once while we answer nothing: its slow start gets more
   * ACKs (RFC 5681 §4.2 allows it). Linux has 16; 0 delays from the first on.
   */
  readonly quickAcks: number;
  /** µs. Maximum segment lifetime: RFC 9293 §3.4.2 says 2 minutes, common practice 30 s. */
  readonly msl: number;
  /** µs. How long FIN-WAIT-2 waits for the peer's FIN once the owner has closed both directions. */
  readonly finWait2: number;
  /** Segments of the initial window (RFC 6928). */
  readonly initialWindow: number;
  /** Most bytes a connection holds unread or out of order: 65,535 scaled by 7, 8 MiB, near what Linux takes. */
  readonly receiveBuffer: number;
  /** Most bytes a connection takes before they are acknowledged: `sendSpace` counts down from there; near what Linux takes. */
  readonly sendBuffer: number;
  /** Bytes in the queues of all connections together. */
  readonly bufferBytes: number;
  /** RFC 7323 window scaling, RFC 7323 timestamps, RFC 2018 selective acknowledgments: offered and accepted. */
  readonly windowScaling: boolean;
  readonly timestamps: boolean;
  readonly sack: boolean;
  /**
   * "Host unreachable" and "network unreachable" end an attempt to connect (RFC 5461 §4), as they do in most stacks in
   * use; RFC 9293 §3.9.2.2 (MUST-56) wants the attempt to go on.
   */
  readonly softErrorsEndConnect: boolean;
  /**
   * When a small segment waits for an ACK. `rfc9293`: while anything is unacknowledged (RFC 9293 §3.7.4, the default
   * because that is its text); `minshall`: only while another small one is, which is what Linux does, so that the tail
   * of a long write does not wait for a delayed ACK of its full segments.
   */
  readonly nagle: 'rfc9293' | 'minshall';
  /** What a loss takes a part of: the data in flight, by the RFCs, or the window, which Linux has (RFC 9438 §4.6). */
  readonly reduces: 'flight' | 'window';
  /**
   * What asks whether a closed window is still closed (RFC 9293 §3.8.6.1): a byte of data, or, as on Linux, a segment
   * without any that the peer must answer since its sequence number is an old one.
   */
  readonly windowProbe: 'byte' | 'empty';
  /** RFC 5681 §4.1: after a pause of a retransmission timeout the window is the initial one again. */
  readonly slowStartAfterIdle: boolean;
  /**
   * RFC 4821, path MTU discovery without ICMP. `blackhole`: when full segments vanish again and again; `on`: from the
   * first segment, which then has `baseMss`.
   */
  readonly mtuProbing: 'off' | 'blackhole' | 'on';
  /** Bytes of a segment that is expected to pass everywhere (RFC 4821 §7.2: 1,024 at least for IPv4). */
  readonly baseMss: number;
  /** RFC 3168. `passive` agrees with a peer that asks and asks nobody: a path that drops such SYNs costs nothing. */
  readonly ecn: 'off' | 'passive' | 'on';
  /** RFC 2883 D-SACK: the peer is told what it sent twice. */
  readonly dsack: boolean;
  /** RFC 8985 §7. */
  readonly tailLossProbe: boolean;
  /** RFC 5682. */
  readonly frto: boolean;
  /** µs for which RACK.min_RTT remembers a round trip at most (RFC 8985 §6.2 step 1). */
  readonly minRttWindow: number;
  /** RFC 9438 or RFC 5681, for connections that begin to send. */
  readonly congestion: CongestionName;
  /** Segments by which one ACK makes the window grow in slow start, at most: L of RFC 9406 §4.2, 8 without pacing. */
  readonly slowStartLimit: number;
}

/** What `new Tcp` takes. */
export type TcpOptions = Pick<Settings, 'maxConnections'> & Partial<Settings>;

export const DEFAULTS: Omit<Settings, 'maxConnections'> = {
  minimumRto: 200 * MILLISECOND,
  maximumRto: 60 * SECOND,
  initialRto: SECOND,
  maxRetransmits: 15,
  synRetries: 7,
  synAckRetries: 5,
  delayedAck: 40 * MILLISECOND,
  quickAcks: 0,
  msl: 30 * SECOND,
  finWait2: 60 * SECOND,
  initialWindow: 10,
  receiveBuffer: 65_535 << 7,
  sendBuffer: 4 << 20,
  bufferBytes: 256 << 20, // 64 KiB, with which each begins, for 4,095 connections
  windowScaling: true,
  timestamps: true,
  sack: true,
  softErrorsEndConnect: false,
  nagle: 'rfc9293',
  reduces: 'flight',
  windowProbe: 'byte',
  slowStartAfterIdle: true,
  mtuProbing: 'off',
  baseMss: 1_024,
  ecn: 'passive',
  dsack: true,
  tailLossProbe: true,
  frto: true,
  minRttWindow: 300 * SECOND, // as Linux
  congestion: 'cubic',
  slowStartLimit: 8,
};

/** RFC 6298 §5.7: the timeout after a SYN that had to be sent again. */
export const RTO_AFTER_LOST_SYN = 3 * SECOND;

/**
 * The receive buffer begins here and doubles, up to `receiveBuffer`, whenever its owner has read as much as it holds:
 * an owner that keeps up gets the window of a long fat path, one that never reads costs 64 KiB.
 */
export const INITIAL_RECEIVE_BUFFER = 65_535;

/**
 * Of either direction of a connection when the stack is short of buffers: half of what it begins with, and not below
 * the largest step by which a window opens, so that no connection starves.
 */
export const SHORT_BUFFER = 32_768;

/** RFC 6298 and RFC 5681: the duplicate acknowledgments that mean a loss. */
export const DUP_THRESH = 3;

/** The send buffer begins here and grows with the congestion window, up to `sendBuffer`. */
export const FIRST_SEND_BUFFER: number = 1 << 20;

/** `writable` is told when so much of the send buffer is free again: a quarter, so that refilling is not per segment. */
export const SEND_LOW_WATER = 4;

/** Payload below this is refused a segment of its own size: a peer's MSS of 1 would cost 60 bytes a byte. */
export const MINIMUM_MSS = 64;

/** Ranges that wait out of order, and ranges SACKed by the peer: at 30 % loss a full window has 150. */
export const MAX_RANGES = 256;

/** RFC 5961 §7 and §10: challenge ACKs a second, per connection (a shared limit is an oracle, RFC 9293 §3.10.7.4). */
export const CHALLENGE_ACKS_PER_SECOND = 10;

/** RFC 1122 §4.2.3.6: at least two hours before the first probe; nine probes as everyone has them. */
export const KEEP_ALIVE_IDLE = 7_200 * SECOND;
export const KEEP_ALIVE_INTERVAL = 75 * SECOND;
export const KEEP_ALIVE_PROBES = 9;

/** Backlog of a listener when it names none, and the most it may name. */
export const DEFAULT_BACKLOG = 128;
export const MAX_BACKLOG = 4_095;

/** Records in TIME-WAIT before the oldest goes early: a minute at 270 closes a second, about 10 MB. */
export const MAX_TIME_WAIT = 16_384;

/** RFC 7323 §5.5: a timestamp older than 24 days says nothing any more; in seconds. */
export const TIMESTAMP_LIFETIME = 24 * 86_400;

/** Ephemeral ports (RFC 6056 §3.2 allows all from 1024): the range Linux users expect. */
export const FIRST_EPHEMERAL = 32_768;
export const LAST_EPHEMERAL = 60_999;
