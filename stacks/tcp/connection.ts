/** The calls of an owner: RFC 9293 §3.10.2 to §3.10.6, on the record of tcb.ts. */
import type { Address } from '../address/address.ts';
import type { Failure } from '../address/network.ts';
import { AT_REST } from './activity.ts';
import type { TcpConnection, TcpHandler, TcpInfo } from './api.ts';
import { abort, drop, finWait2 } from './closing.ts';
import { chooseCongestion } from './congestion/choose.ts';
import type { CongestionName } from './congestion/congestion.ts';
import { type ConnectionOptions, choose } from './connection-options.ts';
import { initialWindow, output } from './output.ts';
import { NO_RTT } from './rack.ts';
import { SendQueue } from './send-queue.ts';
import { sendBuffer, sendSpace } from './send-space.ts';
import { KEEP_ALIVE_IDLE, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_PROBES, SEND_LOW_WATER } from './settings.ts';
import { CLOSED, peerName, Tcb } from './tcb.ts';
import { hasRead } from './text.ts';
import { armIdle, disarmIdle } from './timers.ts';
import { freeReceiveBuffer, offeredMss, sendAck, updateMss } from './transmit.ts';
import { userTimeout } from './user-timeout.ts';

/** The owner of a connection that has none yet, or none any more. */
export const NOBODY: TcpHandler = {
  connected() {},
  readable() {},
  writable() {},
  ended() {},
  closed() {},
};

export class Connection extends Tcb implements TcpConnection {
  /** The owner may keep it. */
  get remoteAddress(): Address {
    return this.isGone ? this.peer : this.peer.clone();
  }

  get sendSpace(): number {
    const space = sendSpace(this);
    if (space > 0) return space;
    if (!this.isGone) this.sendBlocked = true;
    return 0;
  }

  get unacknowledged(): number {
    return this.sendQueue === undefined ? 0 : this.sendQueue.length;
  }

  get available(): number {
    return this.unread;
  }

  /** §3.10.2 SEND */
  send(chunk: Uint8Array): Failure | undefined {
    return this.#send(chunk, false);
  }

  sendCopy(chunk: Uint8Array): Failure | undefined {
    return this.#send(chunk, true);
  }

  sendMore(chunk: Uint8Array): Failure | undefined {
    if (this.isGone) return this.#send(chunk, false);
    this.active().more = true;
    const failure = this.#send(chunk, false);
    this.activity.more = false;
    this.rest();
    return failure;
  }

  sendUrgent(chunk: Uint8Array): Failure | undefined {
    const end = (this.sndEnd + chunk.length) | 0;
    if (!this.isGone && !this.finQueued && chunk.length > 0) this.active().urgentEnd = end;
    return this.#send(chunk, false);
  }

  #send(chunk: Uint8Array, copy: boolean): Failure | undefined {
    if (this.state === 'CLOSED' || this.state === 'TIME-WAIT') {
      return { code: 'ENOTCONN', cause: `the connection to ${peerName(this)} is ${this.state}` };
    }
    if (this.finQueued) {
      return { code: 'EPIPE', cause: `send after shutdown: the FIN to ${peerName(this)} is queued` };
    }
    if (chunk.length === 0) return undefined;
    this.host.clock.refresh();
    this.sendQueue ??= new SendQueue(this.host.buffers);
    if (copy) this.sendQueue.pushCopy(chunk);
    else this.sendQueue.push(chunk);
    this.sndEnd = (this.sndEnd + chunk.length) | 0;
    if (sendSpace(this) < sendBuffer(this) / SEND_LOW_WATER) this.sendBlocked = true;
    output(this);
    this.host.flush();
    return undefined;
  }

  /** §3.10.3 RECEIVE */
  read(max: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const chunk = this.receiveQueue?.read(max);
    if (chunk === undefined) return undefined;
    if (this.unread === 0 && !this.receiveQueue!.hasGap) this.receiveQueue = undefined;
    this.host.clock.refresh();
    hasRead(this, chunk.length);
    this.#openWindow();
    // A clean end is told when everything before it has been read.
    if ((this.events & CLOSED) !== 0 && this.unread === 0) this.host.notify(this, CLOSED);
    this.rest();
    this.host.flush();
    return chunk;
  }

  /** A window update of its own, when the window at least doubles by it and by a segment (RFC 9293 §3.8.6.2.2). */
  #openWindow(): void {
    if (this.state !== 'ESTABLISHED' && this.state !== 'FIN-WAIT-1' && this.state !== 'FIN-WAIT-2') return;
    const free = freeReceiveBuffer(this);
    const step = Math.min(this.rcvLimit >> 1, this.rcvMss === 0 ? this.mss : this.rcvMss);
    if (free >= 2 * this.rcvWnd && free - this.rcvWnd >= step) sendAck(this);
  }

  /** §3.10.4 CLOSE, of our direction */
  shutdown(): void {
    if (this.finQueued || this.state === 'CLOSED' || this.state === 'TIME-WAIT') return;
    this.host.clock.refresh();
    this.#queueFin();
    this.host.flush();
  }

  #queueFin(): void {
    this.finQueued = true;
    if (this.state === 'ESTABLISHED') this.state = 'FIN-WAIT-1';
    else if (this.state === 'CLOSE-WAIT') this.state = 'LAST-ACK';
    output(this);
  }

  close(): void {
    if (this.orphan || this.isGone) return;
    this.orphan = true;
    this.host.clock.refresh();
    if (this.state === 'CLOSED' || this.state === 'TIME-WAIT') {
      this.abandonReceived();
      if ((this.events & CLOSED) !== 0) this.host.notify(this, CLOSED);
    } else if (this.unread > 0) {
      abort(this, undefined); // RFC 2525 §2.17: the peer must learn that its data was not read
    } else if (this.state === 'SYN-SENT') {
      drop(this, undefined);
    } else {
      if (!this.finQueued) this.#queueFin();
      if (this.state === 'FIN-WAIT-2') armIdle(this, 'fin-wait-2', finWait2(this));
    }
    this.host.flush();
  }

  /** §3.10.5 ABORT */
  abort(): void {
    if (this.isGone) return;
    this.orphan = true;
    this.host.clock.refresh();
    if (this.state !== 'CLOSED') abort(this, undefined);
    else if ((this.events & CLOSED) !== 0) this.host.notify(this, CLOSED);
    this.host.flush();
  }

  setQuickAck(on: boolean): void {
    if (this.isGone) return;
    this.interactive = !on;
    if (on && this.ackTimer !== undefined) sendAck(this);
  }

  setNoDelay(on: boolean): void {
    if (this.isGone) return;
    this.noDelay = on;
    this.host.clock.refresh();
    if (on) output(this);
    this.host.flush();
  }

  setCongestion(name: CongestionName): void {
    if (this.isGone || this.state === 'CLOSED' || this.state === 'TIME-WAIT') return;
    this.congestionName = name;
    const before = this.congestion;
    if (before === undefined || before.name === name) return;
    this.congestion = chooseCongestion(name, initialWindow(this));
    this.congestion.cwnd = before.cwnd;
    this.congestion.ssthresh = before.ssthresh;
  }

  configure(options: ConnectionOptions): void {
    if (this.isGone) return;
    this.options = choose(this.options, options);
    this.host.clock.refresh();
    const { receiveBuffer, userTimeoutOption } = this.options;
    const isNews = options.userTimeoutOption === true || options.advertisedUserTimeout !== undefined;
    if (userTimeoutOption === true && isNews) this.active().userTimeoutDue = true;
    else if (userTimeoutOption !== true) this.active().userTimeoutDue = false;
    // What the window field can say is agreed with the SYN (RFC 7323 §2.2).
    if (options.receiveBuffer !== undefined && receiveBuffer !== undefined)
      this.rcvLimit = Math.min(receiveBuffer, 0xffff << this.rcvShift);
    if (options.maxSegment !== undefined && this.state !== 'SYN-SENT') updateMss(this);
    if (options.cork === false) {
      // What waited goes, Nagle or not: its owner says that there is no more.
      this.active().override = true;
      output(this);
      this.activity.override = false;
    }
    this.host.flush();
  }

  setKeepAlive(
    on: boolean,
    idle: number = KEEP_ALIVE_IDLE,
    interval: number = KEEP_ALIVE_INTERVAL,
    probes: number = KEEP_ALIVE_PROBES,
  ): void {
    if (this.isGone) return;
    this.host.clock.refresh();
    this.keepAlive = on ? { idle, interval, probes } : undefined;
    if (this.idleTimer?.kind === 'keep-alive') disarmIdle(this);
    if (on && (this.state === 'ESTABLISHED' || this.state === 'CLOSE-WAIT'))
      armIdle(this, 'keep-alive', idle);
  }

  /** The row is about to go to another connection; what its owner may still ask for is kept. */
  bequeath(): void {
    const { localPort, remotePort, bytesSent, bytesReceived, totalRetransmits } = this;
    const remoteAddress = this.peer.clone();
    this.abandonReceived();
    this.rest();
    this.activity = AT_REST;
    this.remains = { remoteAddress, localPort, remotePort, bytesSent, bytesReceived, totalRetransmits };
  }

  /** §3.10.6 STATUS */
  info(): TcpInfo {
    const { log, recovery } = this;
    const sacked = (log?.sackedBytes ?? 0) + (recovery?.left ?? 0);
    const phase = recovery?.phase ?? 'none';
    const isOpen = sacked === 0 && (recovery?.dupAcks ?? 0) === 0;
    const minRtt = recovery?.rack.minRtt ?? NO_RTT;
    const { now } = this.host.clock;
    const statistics = recovery?.statistics;
    const isOpened = this.state !== 'SYN-SENT' && this.state !== 'SYN-RECEIVED' && this.state !== 'CLOSED';
    const bytesSent = this.remains?.bytesSent ?? this.bytesSent;
    const notSent = Math.max((this.sndEnd - this.sndNxt) | 0, 0);
    return {
      state: this.state,
      sndUna: this.sndUna,
      sndNxt: this.sndNxt,
      sndWnd: this.sndWnd,
      rcvNxt: this.rcvNxt,
      rcvWnd: this.rcvWnd,
      cwnd: this.congestion?.cwnd ?? initialWindow(this),
      ssthresh: this.congestion?.ssthresh ?? 0x3fffffff,
      mss: this.mss,
      srtt: this.waits ? 0 : this.srtt,
      rttvar: this.waits ? 0 : this.rttvar,
      rto: this.waits ? 0 : this.rto,
      retransmits: this.remains?.totalRetransmits ?? this.totalRetransmits,
      timeouts: this.retransmits,
      congestion: this.congestion?.name ?? this.congestionName ?? this.host.settings.congestion,
      recovery: phase === 'fast' ? 'recovery' : phase === 'timeout' ? 'loss' : isOpen ? 'open' : 'disorder',
      sacked,
      lost: log?.lostBytes ?? 0,
      retransmitted: log?.retransmittedBytes ?? 0,
      hasSeenReordering: recovery?.rack.hasSeenReordering ?? false,
      reorderings: recovery?.rack.reorderings ?? 0,
      reorderedBy: recovery?.rack.reorderedBy ?? 0,
      minRtt: minRtt === NO_RTT ? 0 : minRtt,
      delivered: (isOpened ? 1 : 0) + (statistics?.delivered ?? 0),
      deliveredCe: statistics?.deliveredCe ?? 0,
      duplicates: statistics?.duplicates ?? 0,
      outOfOrder: this.activity.outOfOrder,
      busyTime: statistics?.busy(now) ?? 0,
      receiverLimitedTime: statistics?.receiverLimited(now) ?? 0,
      sendBufferLimitedTime: statistics?.sendBufferLimited(now) ?? 0,
      sendWindowScale: this.sndShift,
      receiveWindowScale: this.rcvShift,
      windowScaling: this.windowScaling,
      timestamps: this.timestamps,
      sack: this.sack,
      ecn: this.ecn,
      ecnSeen: this.ecnSeen,
      bytesSent,
      bytesAcknowledged: bytesSent - Math.max(this.unacknowledged - notSent, 0),
      bytesRetransmitted: statistics?.retransmitted ?? 0,
      bytesNotSent: notSent,
      bytesReceived: this.remains?.bytesReceived ?? this.bytesReceived,
      advertisedMss: offeredMss(this),
      pathMtu: this.host.network.pathMtu(this.peer),
      probes: this.retransmitTimer?.kind === 'persist' ? this.retransmits : 0,
      userTimeout: userTimeout(this),
    };
  }
}
