/**
 * `net.Socket` on a stack. What the connection tells is only noted while the stack is at work and handed to the
 * application in the next tick: an exception of the application can never unwind through a stack.
 */
import { addAbortSignal, Duplex } from 'node:stream';
import type { Failure } from '../../stacks/address/network.ts';
import type { TcpHandler } from '../../stacks/tcp/api.ts';
import { MILLISECOND, type Timer } from '../../stacks/time/clock.ts';
import { UNHEARD } from './attempts.ts';
import { readConnectArguments, type SocketOptions, type TcpConnectOptions } from './connect-arguments.ts';
import { Connecting } from './connecting.ts';
import { DirectRead } from './direct-read.ts';
import { networkError, nodeError } from './errors.ts';
import type { HostConnection, SocketHost } from './host.ts';

/** Most bytes taken from the connection at once: what libuv offers to one read. */
const READ_BYTES = 65_536;

export interface SocketAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

type Done = (error?: Error | null) => void;

/** Node's code for what was written to a socket that never connected. */
const BEFORE_CONNECTION = 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION';

/** What the server does to give an established connection to a new socket. */
export const ADOPT = Symbol('adopt');

export class TcpSocket extends Duplex {
  readonly #host: SocketHost;
  readonly #timer: Timer;
  readonly #handler: TcpHandler;
  /** The server that accepted it, null for a client. */
  server: unknown = null;
  /** ms, as given to `setTimeout`. */
  timeout: number | undefined;
  bytesRead = 0;
  #taken: HostConnection | undefined;
  #opening: Connecting | undefined;
  #connecting = false;
  #scheduled = false;
  #reading = false;
  #peerEnded = false;
  #endAnnounced = false;
  /** Set when the connection is gone, with what it still held for us. */
  #gone: { readonly failure: Failure | undefined; readonly unread: Uint8Array[] } | undefined;
  #outgoing:
    | { readonly bytes: Uint8Array; readonly owned: boolean; at: number; readonly done: Done }
    | undefined;
  #finishing: Done | undefined;
  #written = 0;
  #unacknowledgedAtTimeout = 0;
  #noDelay: boolean;
  #keepAlive: { on: boolean; delay: number };
  #resetOnClose = false;
  readonly #direct: DirectRead | undefined;
  #onClosed: (() => void) | undefined;

  constructor(host: SocketHost, options: SocketOptions = {}) {
    super({
      allowHalfOpen: options.allowHalfOpen === true,
      // As in net.Socket: 'close' is emitted here, because it carries an argument.
      emitClose: false,
      autoDestroy: true,
      ...(options.highWaterMark !== undefined && { highWaterMark: options.highWaterMark }),
      ...(options.signal != null && { signal: options.signal }),
    });
    this.#host = host;
    this.#noDelay = options.noDelay === true;
    this.#keepAlive = { on: options.keepAlive === true, delay: options.keepAliveInitialDelay ?? 0 };
    this.#timer = host.clock.timer(() => this.#timedOut());
    const direct = options.onread === undefined ? undefined : new DirectRead(options.onread);
    this.#direct = direct;
    this.#handler = {
      ...(direct !== undefined && {
        take: (bytes, from, to) => {
          if (!direct.wanted || direct.left > direct.filled || this.destroyed) return 0;
          this.#schedule();
          return direct.fill(bytes, from, to);
        },
      }),
      connected: () => {},
      readable: () => this.#schedule(),
      writable: () => this.#schedule(),
      ended: () => {
        this.#peerEnded = true;
        this.#schedule();
      },
      closed: (failure) => {
        this.#gone = { failure, unread: this.#drain() };
        this.#schedule();
      },
    };
  }

  // ---- opening

  connect(options: TcpConnectOptions, connected?: () => void): this;
  connect(port: number, host: string, connected?: () => void): this;
  connect(port: number, connected?: () => void): this;
  connect(...args: unknown[]): this {
    const target = readConnectArguments(args);
    if (this.destroyed) throw nodeError('ERR_SOCKET_CLOSED', 'Socket is closed; connect a new one');
    if (this.#connecting || this.#taken) throw nodeError('EISCONN', 'Socket is connected or connecting');
    this.#enter();
    if (target.connected !== undefined) this.once('connect', target.connected);
    const { signal, noDelay, keepAlive, keepAliveInitialDelay, timeout } = target.options;
    if (signal != null) addAbortSignal(signal, this);
    if (noDelay === true) this.#noDelay = true;
    if (keepAlive === true) this.#keepAlive = { on: true, delay: keepAliveInitialDelay ?? 0 };
    if (timeout) this.setTimeout(timeout);
    this.#connecting = true;
    this.#armTimeout();
    this.#opening = new Connecting(this.#host, target, {
      looked: (...answer) => this.emit('lookup', ...answer),
      established: (taken) => {
        this.#opening = undefined;
        this.#taken = taken;
        this.#schedule();
        return this.#handler;
      },
      failed: (error) => {
        this.#opening = undefined;
        this.#host.activity();
        this.destroy(error);
      },
    });
    this.#opening.start();
    return this;
  }

  /** For the server: takes an established connection over. `closed` is called once, when the socket is closed. */
  [ADOPT](taken: HostConnection, closed: () => void): TcpHandler {
    this.#onClosed = closed;
    this.#taken = taken;
    this.#applyOptions();
    return this.#handler;
  }

  #applyOptions(): void {
    const { connection } = this.#taken!;
    if (this.#noDelay) connection.setNoDelay(true);
    if (this.#keepAlive.on) this.setKeepAlive(true, this.#keepAlive.delay);
  }

  // ---- from the connection to the application

  #schedule(): void {
    this.#host.activity();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    if (this.destroyed) return;
    if (this.#connecting && this.#taken !== undefined) {
      this.#connecting = false;
      this.#applyOptions();
      this.#armTimeout();
      this.emit('connect');
      this.emit('ready');
      if (!this.destroyed && !this.isPaused()) this.read(0);
    }
    this.#receive();
    this.#send();
    this.#finish();
  }

  override _read(): void {
    this.#reading = true;
    this.#enter();
    // A stream keeps what it is given until somebody listens; `onread` is called, and not before 'connection'.
    if (this.#direct !== undefined) this.#schedule();
    else this.#receive();
  }

  /** Hands on what has come until the stream says stop; what is left unread closes the peer's window. */
  #receive(): void {
    if (this.#connecting) return;
    if (this.#direct !== undefined) this.#receiveDirect(this.#direct);
    while (this.#reading && this.#direct === undefined && !this.destroyed) {
      const chunk = this.#next();
      if (chunk === undefined) break;
      this.bytesRead += chunk.length;
      this.#armTimeout();
      this.#hand(chunk);
    }
    if (!this.destroyed && this.#left() === 0) this.#noMore();
  }

  #receiveDirect(direct: DirectRead): void {
    while (direct.wanted && !this.destroyed) {
      direct.fillFrom(() => this.#next());
      if (direct.filled === 0) return;
      this.bytesRead += direct.filled;
      this.#armTimeout();
      try {
        if (!direct.deliver()) this.pause();
      } catch (error) {
        this.#schedule(); // as above: what it threw is its own affair
        throw error;
      }
    }
  }

  override pause(): this {
    if (this.#direct !== undefined) this.#direct.wanted = false;
    return super.pause();
  }

  override resume(): this {
    if (this.#direct !== undefined && !this.#direct.wanted) {
      this.#direct.wanted = true;
      this.#schedule();
    }
    return super.resume();
  }

  /** A false of `push` ends this round; the next `_read` begins another. */
  #hand(chunk: Uint8Array): void {
    let wantsMore = true;
    this.#reading = false;
    try {
      wantsMore = this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } catch (error) {
      this.#schedule(); // a 'data' listener that throws costs nothing but its own call
      throw error;
    } finally {
      if (wantsMore) this.#reading = true;
    }
  }

  /** Nothing is left to read: has the peer ended, or is the connection gone? */
  #noMore(): void {
    if (this.#peerEnded && !this.#endAnnounced) {
      this.#endAnnounced = true;
      this.push(null);
      if (this.readableLength === 0) this.read(0); // lets 'end' come without a reader, as Node does
    }
    if (this.#gone === undefined) return;
    const { failure } = this.#gone;
    const unheard = this.#host.gone && this.listenerCount('error') === 0;
    if (failure !== undefined && !unheard) this.destroy(networkError(failure, { syscall: 'read' }));
    else if (failure !== undefined || !this.#peerEnded) this.destroy();
  }

  #next(): Uint8Array | undefined {
    return this.#gone === undefined ? this.#taken?.connection.read(READ_BYTES) : this.#gone.unread.shift();
  }

  #left(): number {
    const queued =
      this.#gone === undefined ? (this.#taken?.connection.available ?? 0) : this.#gone.unread.length;
    return queued + (this.#direct?.left ?? 0);
  }

  /** The connection goes, its unread bytes stay (at most its receive buffer). */
  #drain(): Uint8Array[] {
    const unread: Uint8Array[] = [];
    for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) unread.push(chunk);
    return unread;
  }

  // ---- from the application to the connection

  override write(chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean {
    if (this.#endAnnounced && this.readableEnded && this.writableEnded && !this.allowHalfOpen) {
      const error = nodeError('EPIPE', 'This socket has been ended by the other party');
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback !== undefined) process.nextTick(callback, error);
      this.destroy(error);
      return false;
    }
    return typeof encoding === 'function'
      ? super.write(chunk, encoding)
      : super.write(chunk, encoding!, done);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#begin(chunk, false, done);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    this.#begin(Buffer.concat(chunks.map(({ chunk }) => chunk)), true, done);
  }

  /** `owned` bytes are nobody else's; of the others the connection gets copies, because it keeps what it sends. */
  #begin(bytes: Uint8Array, owned: boolean, done: Done): void {
    if (!this.#connecting && this.#taken === undefined) {
      done(nodeError('ERR_SOCKET_CLOSED', 'Socket is closed'));
      return;
    }
    this.#enter();
    this.#outgoing = { bytes, owned, at: 0, done };
    this.#send();
  }

  /** Sends as much as the connection has room for; the write is done when all of it was taken. */
  #send(): void {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || this.#connecting || this.destroyed) return;
    const { connection } = this.#taken!;
    while (outgoing.at < outgoing.bytes.length) {
      const space = this.#gone === undefined ? connection.sendSpace : 1;
      if (space === 0) return;
      const piece = outgoing.bytes.subarray(outgoing.at, outgoing.at + space);
      const failure =
        this.#gone?.failure ?? (outgoing.owned ? connection.send(piece) : connection.sendCopy(piece));
      if (failure !== undefined) {
        this.#outgoing = undefined;
        outgoing.done(networkError(failure, { syscall: 'write' }));
        return;
      }
      outgoing.at += piece.length;
      this.#armTimeout();
    }
    this.#outgoing = undefined;
    this.#written += outgoing.bytes.length;
    outgoing.done();
  }

  override _final(done: Done): void {
    this.#enter();
    this.#finishing = done;
    this.#finish();
  }

  #finish(): void {
    const done = this.#finishing;
    // Ended before `connect`: the FIN goes out once there is a connection.
    if (done === undefined || this.#connecting || this.#taken === undefined) return;
    this.#finishing = undefined;
    if (this.#gone === undefined) this.#taken.connection.shutdown();
    done();
  }

  // ---- closing

  override _destroy(error: Error | null, done: Done): void {
    this.#enter();
    const unsent = this.#connecting ? BEFORE_CONNECTION : 'ECANCELED';
    this.#connecting = false;
    this.#timer.disarm();
    this.#opening?.cancel();
    this.#opening = undefined;
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    if (this.#taken !== undefined && this.#gone === undefined) {
      this.#taken.connection.handler = UNHEARD;
      if (this.#resetOnClose) this.#taken.connection.abort();
      else this.#taken.connection.close();
    }
    done(error);
    outgoing?.done(error ?? nodeError(unsent, `The socket was closed before the write was done (${unsent})`));
    this.#onClosed?.();
    process.nextTick(() => this.emit('close', error !== null));
  }

  /** Ends, and destroys when everything is written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** RST instead of FIN. */
  resetAndDestroy(): this {
    if (this.destroyed || (!this.#connecting && this.#taken === undefined)) {
      this.destroy(nodeError('ERR_SOCKET_CLOSED', 'Socket is closed'));
    } else {
      this.#resetOnClose = true;
      this.destroy();
    }
    return this;
  }

  // ---- options and properties

  /** The 'timeout' event after `ms` of the lab's time without traffic; 0 turns it off. */
  setTimeout(ms: number, callback?: () => void): this {
    if (typeof ms !== 'number' || !(ms >= 0)) {
      throw nodeError('ERR_OUT_OF_RANGE', `The value of "msecs" is out of range. Received ${ms}`, RangeError);
    }
    this.#enter();
    this.timeout = ms;
    if (ms === 0) {
      this.#timer.disarm();
      if (callback !== undefined) this.removeListener('timeout', callback);
    } else {
      this.#armTimeout();
      if (callback !== undefined) this.once('timeout', callback);
    }
    return this;
  }

  #armTimeout(): void {
    if (this.timeout && !this.destroyed) this.#timer.armIn(this.timeout * MILLISECOND);
  }

  #timedOut(): void {
    // Bytes on their way are traffic although nothing was read or written here.
    const left = this.#gone === undefined ? (this.#taken?.connection.unacknowledged ?? 0) : 0;
    if (left !== 0 && left !== this.#unacknowledgedAtTimeout) {
      this.#unacknowledgedAtTimeout = left;
      this.#armTimeout();
      return;
    }
    this.#host.activity();
    process.nextTick(() => {
      if (!this.destroyed) this.emit('timeout');
    });
  }

  setNoDelay(on = true): this {
    this.#noDelay = on;
    if (!this.#connecting) this.#open()?.setNoDelay(on);
    return this;
  }

  /** `delay` in ms before the first probe; 0 leaves the default. */
  setKeepAlive(on = false, delay = 0): this {
    this.#enter();
    this.#keepAlive = { on, delay };
    if (!this.#connecting) this.#open()?.setKeepAlive(on, delay > 0 ? delay * MILLISECOND : undefined);
    return this;
  }

  /** The lab, not a socket, keeps the process alive; both are here for programs that call them. */
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  get connecting(): boolean {
    return this.#connecting;
  }
  get pending(): boolean {
    return this.#connecting || this.#open() === undefined;
  }
  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.#connecting) return 'opening';
    if (this.readable && this.writable) return 'open';
    if (this.readable) return 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }
  get bytesWritten(): number {
    return this.#written + this.writableLength;
  }
  get bufferSize(): number {
    return this.writableLength;
  }
  /** The IPv4 form for IPv4 peers, never `::ffff:`. */
  get remoteAddress(): string | undefined {
    return this.#name('remoteAddress');
  }
  get remotePort(): number | undefined {
    return this.#connecting ? undefined : this.#taken?.connection.remotePort;
  }
  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    return this.#connecting ? undefined : this.#taken?.network.family.name;
  }
  get localAddress(): string | undefined {
    return this.#name('localAddress');
  }
  get localPort(): number | undefined {
    return this.#connecting ? undefined : this.#taken?.connection.localPort;
  }
  get localFamily(): 'IPv4' | 'IPv6' | undefined {
    return this.remoteFamily;
  }
  /** Our side; empty when not connected. */
  address(): SocketAddress | Record<string, never> {
    if (this.#connecting || this.#taken === undefined) return {};
    return { address: this.localAddress!, family: this.localFamily!, port: this.localPort! };
  }

  #name(side: 'localAddress' | 'remoteAddress'): string | undefined {
    if (this.#connecting || this.#taken === undefined) return undefined;
    return this.#taken.network.describe(this.#taken.connection[side]);
  }

  #open() {
    return this.destroyed || this.#gone !== undefined ? undefined : this.#taken?.connection;
  }

  /** A call has come in from the application: the time is now, and the lab shall not run ahead of it. */
  #enter(): void {
    this.#host.clock.refresh();
    this.#host.activity();
  }
}
