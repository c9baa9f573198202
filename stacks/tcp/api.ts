/** What an application side (src/sockets) sees of TCP: RFC 9293 §3.9.1, made event-driven. */
import type { Address } from '../address/address.ts';
import type { Failure } from '../address/network.ts';
import type { CongestionName } from './congestion/congestion.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Settings } from './settings.ts';

export type TcpState =
  | 'CLOSED'
  | 'LISTEN'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT';

/**
 * What a connection tells its owner. Calls come after the segment has been processed completely, so every method of
 * the connection may be called from inside.
 */
export interface TcpHandler {
  /** The three-way handshake is done (active opens only; a passive open is announced by the listener's `accept`). */
  connected(): void;
  /**
   * Offers bytes that have come in order, `[from, to)`, before they are queued for `read`; only when nothing is queued.
   * Returns how many of them the owner has copied for itself. The stack is at work: it may copy, and nothing else.
   */
  take?(bytes: Uint8Array, from: number, to: number): number;
  /** `read` will return bytes. */
  readable(): void;
  /** `sendSpace` has grown from below the low-water mark. */
  writable(): void;
  /** The peer sent FIN and everything before it has been announced by `readable`; `read` returns what is left. */
  ended(): void;
  /** The last call: the connection is gone for its owner. `failure` tells reset, timeout or refusal from a clean close. */
  closed(failure: Failure | undefined): void;
}

export interface TcpConnection {
  handler: TcpHandler;
  readonly state: TcpState;
  readonly localAddress: Address;
  readonly localPort: number;
  readonly remoteAddress: Address;
  readonly remotePort: number;
  /** Bytes that `send` will take before its owner should wait for `writable`; 0 promises that `writable` comes. */
  readonly sendSpace: number;
  /** Bytes accepted by `send` and not yet acknowledged. */
  readonly unacknowledged: number;
  /** Bytes waiting for `read`. */
  readonly available: number;
  /**
   * Queues bytes. The connection keeps `chunk` itself until it is acknowledged, so the caller must not change it.
   * Takes all of it whatever `sendSpace` says. Fails with EPIPE after `shutdown` and ENOTCONN when closed.
   */
  send(chunk: Uint8Array): Failure | undefined;
  /** As `send`, and more is to come at once: what does not fill a segment waits for it (until the next ACK at most). */
  sendMore(chunk: Uint8Array): Failure | undefined;
  /** As `send`, and the urgent pointer says where `chunk` ends. New applications should not want it (RFC 6093 §4). */
  sendUrgent(chunk: Uint8Array): Failure | undefined;
  /** As `send`, of a chunk that stays the caller's: what is needed of it is copied. */
  sendCopy(chunk: Uint8Array): Failure | undefined;
  /** The next bytes in order (at most `max`), in memory of their own; undefined when there are none. Opens the window. */
  read(max?: number): Uint8Array | undefined;
  /** FIN after everything queued (half-close, RFC 9293 §3.10.4 CLOSE). Reading goes on. */
  shutdown(): void;
  /**
   * The owner is done with both directions: as `shutdown`, and further data is answered by a reset; unread data makes
   * it a reset at once (RFC 2525 §2.17). `closed` follows.
   */
  close(): void;
  /** RST now (RFC 9293 §3.10.5 ABORT). `closed` follows without a failure. */
  abort(): void;
  setNoDelay(on: boolean): void;
  /** Acknowledges at once what waits for company, and as long as `quickAcks` lasts; or lets it wait. */
  setQuickAck(on: boolean): void;
  /** Changes the congestion control algorithm, of this connection and from now on; the window stays as it is. */
  setCongestion(name: CongestionName): void;
  /** As set by `configure`, and when it was opened. */
  readonly options: ConnectionOptions | undefined;
  /** Changes what `options` names, from now on, and leaves the rest. */
  configure(options: ConnectionOptions): void;
  /** Keep-alive (RFC 1122 §4.2.3.6); `idle` and `interval` in µs. */
  setKeepAlive(on: boolean, idle?: number, interval?: number, probes?: number): void;
  /** A snapshot in the terms of `ss -tin`. */
  info(): TcpInfo;
}

export interface TcpInfo {
  readonly state: TcpState;
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly sndWnd: number;
  readonly rcvNxt: number;
  readonly rcvWnd: number;
  readonly cwnd: number;
  readonly ssthresh: number;
  readonly mss: number;
  /** µs; 0 before the first sample. */
  readonly srtt: number;
  readonly rttvar: number;
  readonly rto: number;
  /** Segments sent again, since the connection began. */
  readonly retransmits: number;
  /** Timeouts in a row, or window probes, since the last progress. */
  readonly timeouts: number;
  readonly congestion: CongestionName;
  /**
   * As Linux names it: 'open'; 'disorder' while something is SACKed or acknowledged twice and no loss has shown;
   * 'recovery' after a loss; 'loss' after a timeout.
   */
  readonly recovery: 'open' | 'disorder' | 'recovery' | 'loss';
  /** Bytes in flight that are SACKed (or taken so, without SACK), lost, and sent again. */
  readonly sacked: number;
  readonly lost: number;
  readonly retransmitted: number;
  readonly hasSeenReordering: boolean;
  /** How often something arrived after what was sent later, and by how many bytes at most. */
  readonly reorderings: number;
  readonly reorderedBy: number;
  /** µs, of the last minutes (RFC 8985 §6.2); 0 before the first sample. */
  readonly minRtt: number;
  /** Segments that have arrived, the SYN among them; those acknowledged with ECE; those that arrived twice. */
  readonly delivered: number;
  readonly deliveredCe: number;
  readonly duplicates: number;
  /** Segments received before one that precedes them. */
  readonly outOfOrder: number;
  /** µs in which there was something to send; of those, waiting for the peer's window and for its own owner. */
  readonly busyTime: number;
  readonly receiverLimitedTime: number;
  readonly sendBufferLimitedTime: number;
  readonly sendWindowScale: number;
  readonly receiveWindowScale: number;
  readonly windowScaling: boolean;
  readonly timestamps: boolean;
  readonly sack: boolean;
  /** Agreed (RFC 3168), and a packet of the peer was marked as capable of it. */
  readonly ecn: boolean;
  readonly ecnSeen: boolean;
  /** Bytes of data: sent, without those sent again; acknowledged; sent again; waiting to be sent; received in order. */
  readonly bytesSent: number;
  readonly bytesAcknowledged: number;
  readonly bytesRetransmitted: number;
  readonly bytesNotSent: number;
  readonly bytesReceived: number;
  /** The MSS option that we send, and the path MTU. */
  readonly advertisedMss: number;
  readonly pathMtu: number;
  /** Window probes in a row. */
  readonly probes: number;
  /** µs that the peer is given before it counts as dead; undefined when a number of retransmissions decides. */
  readonly userTimeout: number | undefined;
}

export interface TcpListener {
  /** The unspecified address listens on every address of the stack. */
  readonly address: Address;
  readonly port: number;
  /** Changes what `options` names for the connections to come. */
  configure(options: ConnectionOptions): void;
  /** Stops listening; connections already announced live on, those not yet announced are reset. */
  close(): void;
}

export interface ListenOptions {
  /** Connections in SYN-RECEIVED plus those established and not yet taken. Default 128, at most 4,095. */
  readonly backlog?: number;
  /**
   * A new established connection. The owner sets its handler inside this call.
   */
  readonly accept: (connection: TcpConnection) => void;
  /** Room for one more established connection? Asked before `accept`; a couple shares one backlog over two stacks. */
  readonly admit?: () => boolean;
  /** Of the connections that it brings forth, from the SYN-ACK on. */
  readonly options?: ConnectionOptions;
}

export interface ConnectOptions {
  readonly handler: TcpHandler;
  readonly localAddress?: Address;
  readonly localPort?: number;
  /** In force for the SYN already. */
  readonly options?: ConnectionOptions;
}

export interface TcpStorage {
  readonly connections: number;
  readonly maxConnections: number;
  /** Of the connections, those in SYN-RECEIVED. */
  readonly halfOpen: number;
  readonly timeWait: number;
  /** Bytes of connection records: rows, handles and the table that finds them. */
  readonly records: number;
  /** Bytes received and not yet read, in order or not, and bytes accepted by `send` and not yet acknowledged. */
  readonly buffers: number;
  readonly maxBuffers: number;
}

/** The open calls; `Tcp` (tcp.ts) implements it. */
export interface TcpService {
  listen(address: Address, port: number, options: ListenOptions): TcpListener | Failure;
  connect(remote: Address, port: number, options: ConnectOptions): TcpConnection | Failure;
  /** Every connection, for `show sockets`. */
  connections(): Iterable<TcpConnection>;
  listeners(): Iterable<TcpListener>;
  /** What a SYN meets that finds room: a listener, a suspended port, or a reset. */
  answerTo(address: Address, port: number): 'listening' | 'port-suspended' | 'refused';
  readonly connectionCount: number;
  /** What the connections take, for `show storage`. */
  storage(): TcpStorage;
  /** Changes settings from now on, for connections that are there as well. */
  configure(settings: Partial<Settings>): void;
  /** Operator's PORT n SUSPEND: no new connection on this port while suspended. */
  suspend(port: number, suspended: boolean): void;
}
