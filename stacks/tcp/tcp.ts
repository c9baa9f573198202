/** The Tcp of one stack: opening, demultiplexing, and telling owners. RFC 9293 §3.9.1, §3.10.1, §3.10.7.1. */
import { Address } from '../address/address.ts';
import {
  type Failure,
  isFailure,
  type NetworkError,
  type NetworkLayer,
  type Transport,
  type TransportVerdict,
} from '../address/network.ts';
import { addBytes, verifies } from '../packet/checksum.ts';
import { type Packet, UNICAST, UNKNOWN } from '../packet/packet.ts';
import { type Clock, MILLISECOND, type Timer } from '../time/clock.ts';
import { check, DESTINATION_PORT, RST, SOURCE_PORT, TCP } from '../wire/tcp.ts';
import { ActivityPool } from './activity.ts';
import type {
  ConnectOptions,
  ListenOptions,
  TcpConnection,
  TcpHandler,
  TcpListener,
  TcpService,
  TcpStorage,
} from './api.ts';
import { Buffers } from './buffers.ts';
import { abort } from './closing.ts';
import { Connection, NOBODY } from './connection.ts';
import { type Chosen, choose } from './connection-options.ts';
import { Delivery } from './delivery.ts';
import { Flights } from './flight.ts';
import { IsnGenerator } from './isn.ts';
import { Listener, listenVerdict, receiveCookie, receiveSyn } from './listen.ts';
import { Listeners } from './listeners.ts';
import { networkError } from './network-errors.ts';
import { News } from './news.ts';
import { begin, initialSequence, windowShift } from './opening.ts';
import { Ports } from './ports.ts';
import { Segment } from './segment.ts';
import { segmentArrives } from './segment-arrives.ts';
import { DEFAULTS, type Settings, type TcpOptions } from './settings.ts';
import { stampOptions } from './syn-cookie-options.ts';
import { SynCookies } from './syn-cookies.ts';
import { ConnectionTable } from './table.ts';
import { CLOSED, type Host, type Tcb } from './tcb.ts';
import { mayReuse, TimeWaitList } from './time-wait.ts';
import { timeout } from './timeouts.ts';
import { TimerPool } from './timer-pool.ts';
import { armRetransmission, takeBack } from './timers.ts';
import { sendAck, sendCookie, sendResetFor, sendSyn } from './transmit.ts';
import { Tuple } from './tuple.ts';

export type { Settings, TcpOptions } from './settings.ts';

/** A `Connection` as V8 lays it out: three words of its own and eight fields. */
const HANDLE_BYTES = 88;

export class Tcp implements TcpService, Transport, Host {
  readonly protocol: number = TCP;
  readonly network: NetworkLayer;
  readonly clock: Clock;
  settings: Settings;
  readonly timers: TimerPool<Tcb>;
  readonly activities: ActivityPool<Tcb> = new ActivityPool<Tcb>();
  readonly peer: Address = new Address();
  readonly buffers: Buffers;
  readonly flights: Flights = new Flights();
  readonly delivery: Delivery = new Delivery();
  /** Connections that a burst has brought data, and the end of the burst. */
  readonly #unacknowledged = new Set<Tcb>();
  readonly #burstEnd: Timer;
  readonly #table: ConnectionTable;
  readonly #isn: IsnGenerator;
  readonly #cookies: SynCookies;
  readonly #timeWait: TimeWaitList;
  readonly #listeners = new Listeners();
  readonly #ports: Ports;
  readonly #segment = new Segment();
  readonly #tuple = new Tuple();
  #local: Address | undefined;
  readonly #news = new News((connection) => this.#release(connection));

  constructor(network: NetworkLayer, options: TcpOptions) {
    const { clock, random } = network.environment;
    this.network = network;
    this.clock = clock;
    this.settings = { ...DEFAULTS, ...options };
    this.buffers = new Buffers(this.settings.bufferBytes);
    this.#table = new ConnectionTable(random, network.family.addressBytes);
    this.#isn = new IsnGenerator(random);
    this.#ports = new Ports(random);
    this.#cookies = new SynCookies(random);
    this.timers = new TimerPool<Tcb>(clock, (slot) => {
      const { kind } = slot;
      const tcb = takeBack(slot);
      timeout(tcb, kind);
      tcb.rest();
      this.flush();
    });
    this.#burstEnd = clock.timer(() => {
      for (const tcb of this.#unacknowledged) {
        if (tcb.lastAckSent !== tcb.rcvNxt) sendAck(tcb);
        tcb.rest();
      }
      this.#unacknowledged.clear();
    });
    this.#timeWait = new TimeWaitList(clock, this.#table, 2 * this.settings.msl, (tcb) => {
      tcb.state = 'CLOSED';
      this.#table.remove(tcb);
      this.#release(tcb as Connection);
    });
  }

  /** Connections that count against `maxConnections`: all but those in TIME-WAIT. */
  get connectionCount(): number {
    return this.#table.size - this.#timeWait.size;
  }

  *connections(): Generator<TcpConnection> {
    for (const tcb of this.#table) yield tcb as Connection;
  }

  storage(): TcpStorage {
    return {
      connections: this.connectionCount,
      maxConnections: this.settings.maxConnections,
      halfOpen: this.#listeners.halfOpen,
      timeWait: this.#timeWait.size,
      records: this.#table.bytes + this.#table.size * HANDLE_BYTES,
      buffers: this.buffers.held,
      maxBuffers: this.buffers.limit,
    };
  }

  configure(settings: Partial<Settings>): void {
    this.settings = { ...this.settings, ...settings };
  }

  listeners(): Generator<TcpListener> {
    return this.#listeners.all();
  }

  answerTo(address: Address, port: number): 'listening' | 'port-suspended' | 'refused' {
    if (this.#listeners.find(address, port) === undefined) return 'refused';
    return this.#ports.isSuspended(port) ? 'port-suspended' : 'listening';
  }

  suspend(port: number, suspended: boolean): void {
    this.#ports.suspend(port, suspended);
  }

  /** §3.10.1 OPEN, passive. Port 0 asks for an ephemeral one. */
  listen(address: Address, port: number, options: ListenOptions): TcpListener | Failure {
    if (port < 0 || port > 0xffff) return { code: 'EINVAL', cause: `${port} is no port` };
    if (!address.isUnspecified && !this.network.isLocal(address)) {
      return {
        code: 'EADDRNOTAVAIL',
        cause: `${this.network.describe(address)} is no address of this stack`,
      };
    }
    const chosen = port !== 0 ? port : this.#ports.choose((p) => !this.#listeners.has(p));
    if (chosen === undefined) return { code: 'EADDRINUSE', cause: 'every ephemeral port has a listener' };
    if (this.#listeners.isTaken(address, chosen)) {
      return { code: 'EADDRINUSE', cause: `port ${chosen} has a listener` };
    }
    const listener = new Listener(address.clone(), chosen, options, (closed) => this.#unlisten(closed));
    this.#listeners.add(listener);
    return listener;
  }

  #unlisten(listener: Listener): void {
    for (const tcb of [...this.#table]) {
      if (tcb.origin === listener) abort(tcb, { code: 'ECONNABORTED', cause: 'the listener was closed' });
    }
    this.#listeners.remove(listener);
    this.flush();
  }

  /** §3.10.1 OPEN, active. */
  connect(remote: Address, port: number, options: ConnectOptions): TcpConnection | Failure {
    const { network } = this;
    this.clock.refresh();
    if (port <= 0 || port > 0xffff) return { code: 'EINVAL', cause: `${port} is no port to connect to` };
    if (network.family.isMulticast(remote) || remote.isUnspecified) {
      return {
        code: 'ENETUNREACH',
        cause: `${network.describe(remote)} is not one host (RFC 9293 §3.9.2.3)`,
      };
    }
    const local = options.localAddress ?? network.sourceFor(remote);
    if (isFailure(local)) return local;
    if (!network.isLocal(local)) {
      return { code: 'EADDRNOTAVAIL', cause: `${network.describe(local)} is no address of this stack` };
    }
    if (this.connectionCount >= this.settings.maxConnections) {
      return {
        code: 'ENOBUFS',
        cause: `${this.settings.maxConnections} connections are the limit of this stack`,
      };
    }
    const peer = remote.clone();
    // A link-local peer without a zone is on the link of our own address; what it sends arrives with that zone.
    if (network.family.isLinkLocal(peer) && peer.zone === 0) peer.zone = local.zone;
    const free = (p: number) => this.#table.find(local, p, peer, port) === undefined;
    const wanted = options.localPort ?? 0;
    if (wanted !== 0 && !free(wanted)) {
      return {
        code: 'EADDRINUSE',
        cause: `port ${wanted} is connected to ${network.describe(remote)} already`,
      };
    }
    const localPort = wanted !== 0 ? wanted : this.#ports.choose((p) => free(p) && !this.#listeners.has(p));
    if (localPort === undefined) return { code: 'EADDRNOTAVAIL', cause: 'every ephemeral port is in use' };
    const chosen = options.options && choose(undefined, options.options);
    const connection = this.#open(options.handler, local, localPort, peer, port, undefined, chosen);
    connection.state = 'SYN-SENT';
    connection.ecn = this.settings.ecn === 'on';
    sendSyn(connection);
    const { softError } = connection;
    if (softError !== undefined) {
      this.remove(connection);
      connection.state = 'CLOSED';
      this.#release(connection);
      return softError;
    }
    armRetransmission(connection, 'retransmit', connection.rto);
    return connection;
  }

  #open(
    handler: TcpHandler,
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    after: number | undefined,
    options: Chosen | undefined,
  ): Connection {
    const tcb = new Connection(this, handler, this.#keepLocal(local));
    const tuple = this.#tuple.set(local, localPort, remote, remotePort);
    this.#table.add(tcb, tuple, remote);
    const iss = initialSequence(this.#isn.isn(this.clock.now, tuple), after);
    begin(tcb, iss, this.#isn.timestampOffset(tuple), options);
    return tcb;
  }

  /** The addresses of this host are few: connections share one record as long as it stays the same. */
  #keepLocal(address: Address): Address {
    if (this.#local === undefined || !this.#local.equals(address)) this.#local = address.clone();
    return this.#local;
  }

  receive(packet: Packet, source: Address, destination: Address): TransportVerdict {
    const malformed = check(packet);
    if (malformed !== undefined) return malformed;
    if (packet.checksum === UNKNOWN) {
      const pseudo = this.network.family.pseudoHeader(source, destination, TCP, packet.length);
      if (!verifies(addBytes(packet, packet.start, packet.end, pseudo))) return 'bad-checksum';
    }
    const segment = this.#segment;
    if (!segment.read(packet)) return 'bad-option';
    const remotePort = packet.u16(packet.start + SOURCE_PORT);
    const localPort = packet.u16(packet.start + DESTINATION_PORT);
    const tcb = this.#table.find(destination, localPort, source, remotePort);
    const verdict =
      tcb !== undefined && !(tcb.state === 'TIME-WAIT' && mayReuse(tcb, segment))
        ? segmentArrives(tcb, segment, packet)
        : this.#unconnected(tcb, packet, source, remotePort, destination, localPort);
    tcb?.rest();
    this.flush();
    return verdict;
  }

  /** LISTEN and CLOSED (§3.10.7.1, §3.10.7.2); `previous` is in TIME-WAIT and may give way. */
  #unconnected(
    previous: Tcb | undefined,
    packet: Packet,
    source: Address,
    remotePort: number,
    destination: Address,
    localPort: number,
  ): TransportVerdict {
    const { network } = this;
    const segment = this.#segment;
    // RFC 9293 §3.9.2.3, MUST-57: nothing is opened, and nothing answered, unless it is between two hosts.
    if (packet.linkCast !== UNICAST || !network.isLocal(destination)) return 'bad-destination';
    if (network.family.isMulticast(source) || source.isUnspecified) return 'bad-source';
    const listener = this.#listeners.find(destination, localPort);
    const verdict = listener !== undefined ? listenVerdict(segment) : closedVerdict(segment);
    const { now } = this.clock;
    // An ACK where only a SYN is expected may be that of a cookie (RFC 4987 §3.6).
    const mss =
      listener === undefined
        ? undefined
        : this.#cookies.check(now, destination, localPort, source, remotePort, segment);
    if (verdict === 'answered' && mss === undefined) {
      sendResetFor(network, segment, destination, localPort, source, remotePort);
      return verdict;
    }
    if (verdict !== 'open' && mss === undefined) return verdict;
    if (this.#ports.isSuspended(localPort)) return 'port-suspended';
    if (this.connectionCount >= this.settings.maxConnections) return 'connection-limit';
    const chosen = listener?.chosen;
    const window = Math.min(0xffff, chosen?.receiveBuffer ?? this.settings.receiveBuffer);
    if (mss !== undefined) {
      if (listener!.isCrowded) return 'backlog-full';
      const connection = this.#open(NOBODY, destination, localPort, source, remotePort, undefined, chosen);
      receiveCookie(listener!, connection, segment, mss, window);
      return segmentArrives(connection, segment, packet);
    }
    if (!listener!.admits()) return 'backlog-full';
    if (listener!.isFull) {
      if (previous !== undefined) return 'backlog-full'; // the answer would meet the record in TIME-WAIT
      const size = segment.mss !== 0 ? segment.mss : network.family.defaultMss;
      const cookie = this.#cookies.make(now, destination, localPort, source, remotePort, segment.seq, size);
      const tuple = this.#tuple.set(destination, localPort, source, remotePort);
      const clock = (Math.floor(now / MILLISECOND) + this.#isn.timestampOffset(tuple)) | 0;
      const { settings } = this;
      const stamp =
        settings.timestamps && segment.hasTimestamp ? stampOptions(clock, segment, settings) : undefined;
      const shift = windowShift(chosen?.receiveBuffer ?? settings.receiveBuffer);
      const most = chosen?.maxSegment;
      const answer = { cookie, window, stamp, shift, ...(most !== undefined && { most }) };
      sendCookie(network, answer, segment, destination, localPort, source, remotePort);
      return 'answered';
    }
    const after = previous?.sndNxt;
    if (previous !== undefined) {
      this.#timeWait.remove(previous);
      previous.state = 'CLOSED';
      this.#table.remove(previous);
      this.#release(previous as Connection);
    }
    const connection = this.#open(NOBODY, destination, localPort, source, remotePort, after, chosen);
    receiveSyn(listener!, connection, segment);
    return 'delivered';
  }

  networkError(error: NetworkError): boolean {
    const tcb = this.#table.find(error.local, error.localPort, error.remote, error.remotePort);
    if (tcb === undefined) return false;
    const ours = networkError(tcb, error);
    this.flush();
    return ours;
  }

  /** Every connection is reset; the listeners stay for the next start. */
  stop(): void {
    this.clock.refresh();
    for (const tcb of [...this.#table]) abort(tcb, { code: 'ECONNABORTED', cause: 'stack stopped' });
    this.flush();
  }

  /** An address of ours goes: what is spoken from it is reset, while the resets can leave. */
  endLocal(address: Address): void {
    this.clock.refresh();
    const cause = `${this.network.describe(address)} is no address of this stack any more`;
    for (const tcb of [...this.#table]) {
      if (tcb.localAddress.equals(address)) abort(tcb, { code: 'ECONNABORTED', cause });
    }
    this.flush();
  }

  // What connections ask of their host

  notify(tcb: Tcb, events: number): void {
    this.#news.note(tcb as Connection, events);
  }

  remove(tcb: Tcb): void {
    this.#unacknowledged.delete(tcb);
    this.#timeWait.remove(tcb);
    this.#table.remove(tcb);
    tcb.origin?.left(tcb);
  }

  /**
   * RFC 9293 §3.8.6.3 asks for an acknowledgment of every second segment at least, so that the peer's clock goes on. A
   * burst is read at one moment: one for all of it says the same, and its sender, whose own segments come as a burst,
   * counts bytes (RFC 5681 §3.1).
   */
  acknowledgeLater(tcb: Tcb): void {
    this.#unacknowledged.add(tcb);
    if (!this.#burstEnd.armed) this.#burstEnd.armIn(0);
  }

  waitTime(tcb: Tcb): void {
    this.#timeWait.wait(tcb);
  }

  flush(): void {
    this.#news.tell();
  }

  /** The row goes to the next connection as soon as it is in no table and its owner has been told all. */
  #release(connection: Connection): void {
    if (connection.state !== 'CLOSED' || (connection.events & CLOSED) !== 0) return;
    connection.bequeath();
    this.#table.release(connection);
  }
}

function closedVerdict(segment: Segment): TransportVerdict {
  return (segment.flags & RST) !== 0 ? 'no-connection' : 'answered';
}
