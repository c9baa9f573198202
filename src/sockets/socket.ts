/**
 * `net.Socket` on a stack. What the connection tells is only noted while the stack is at work and handed to the
 * application in the next tick: an exception of the application can never unwind through a stack.
 */
import { addAbortSignal } from 'node:stream';
import type { TcpHandler } from '../../stacks/tcp/api.ts';
import { MILLISECOND } from '../../stacks/time/clock.ts';
import { Attachment, DirectAttachment, WAKE } from './attachment.ts';
import { readConnectArguments, type SocketOptions, type TcpConnectOptions } from './connect-arguments.ts';
import { Connecting } from './connecting.ts';
import { DirectRead } from './direct-read.ts';
import { networkError, nodeError } from './errors.ts';
import type { HostConnection, SocketHost } from './host.ts';
import { IdleTimeout } from './idle-timeout.ts';
import { type Done, Outgoing } from './outgoing.ts';
import { ATTACHED, SocketFacts } from './socket-facts.ts';

/** What a connection shall be told as soon as there is one. */
type Wishes = Pick<SocketOptions, 'noDelay' | 'keepAlive' | 'keepAliveInitialDelay'>;

/** Node's code for what was written to a socket that never connected. */
const BEFORE_CONNECTION = 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION';

/** What the server does to give an established connection to a new socket. */
export const ADOPT = Symbol('adopt');

/** There may be a million: what only some need, or only for a while, is an object of its own and made when needed. */
export class TcpSocket extends SocketFacts {
  readonly #host: SocketHost;
  /** The server that accepted it, null for a client. */
  server: unknown = null;
  bytesRead = 0;
  #attached: Attachment | undefined;
  /** Until 'connect' is emitted. */
  #opening: Connecting | undefined;
  #wishes: Wishes | undefined;
  #scheduled = false;
  #reading = false;
  #endAnnounced = false;
  #outgoing: Outgoing | undefined;
  #finishing: Done | undefined;
  #written = 0;
  #idle: IdleTimeout | undefined;
  readonly #direct: DirectRead | undefined;
  #onClosed: (() => void) | undefined;

  constructor(host: SocketHost, options: SocketOptions = {}) {
    super({
      allowHalfOpen: options.allowHalfOpen === true,
      // As in net.Socket: 'close' is emitted here, because it carries an argument.
      emitClose: false,
      autoDestroy: true,
      ...(options.highWaterMark !== undefined && { highWaterMark: options.highWaterMark }),
    });
    this.#host = host;
    this.#wishes = options;
    this.#direct = options.onread === undefined ? undefined : new DirectRead(options.onread);
    // One that is aborted already destroys the socket at once, which must be whole by then.
    if (options.signal != null) addAbortSignal(options.signal, this);
  }

  // ---- opening

  connect(options: TcpConnectOptions, connected?: () => void): this;
  connect(port: number, host: string, connected?: () => void): this;
  connect(port: number, connected?: () => void): this;
  connect(...args: unknown[]): this {
    const target = readConnectArguments(args);
    if (this.destroyed) throw nodeError('ERR_SOCKET_CLOSED', 'Socket is closed; connect a new one');
    if (this.connecting || this.#attached) throw nodeError('EISCONN', 'Socket is connected or connecting');
    this.#enter();
    if (target.connected !== undefined) this.once('connect', target.connected);
    const { signal, noDelay, keepAlive, keepAliveInitialDelay, timeout } = target.options;
    if (signal != null) addAbortSignal(signal, this);
    if (noDelay === true) this.#wish({ noDelay });
    if (keepAlive === true) this.#wish({ keepAlive, keepAliveInitialDelay });
    if (timeout) this.setTimeout(timeout);
    this.#idle?.arm();
    this.#opening = new Connecting(this.#host, target, {
      looked: (...answer) => this.emit('lookup', ...answer),
      established: (taken) => {
        this[WAKE]();
        return this.#attach(taken);
      },
      failed: (error) => {
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
    const attached = this.#attach(taken);
    this.#applyWishes();
    return attached;
  }

  #attach(taken: HostConnection): Attachment {
    const direct = this.#direct;
    this.#attached =
      direct === undefined ? new Attachment(taken, this) : new DirectAttachment(taken, this, direct);
    return this.#attached;
  }

  #wish(more: Wishes): void {
    this.#wishes = { ...this.#wishes, ...more };
  }

  #applyWishes(): void {
    const wishes = this.#wishes;
    this.#wishes = undefined;
    if (wishes?.noDelay === true) this.setNoDelay(true);
    if (wishes?.keepAlive === true) this.setKeepAlive(true, wishes.keepAliveInitialDelay);
  }

  // ---- from the connection to the application

  /** To look, in the next tick, at what has come. */
  [WAKE](): void {
    this.#host.activity();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    if (this.destroyed) return;
    if (this.connecting && this.#attached !== undefined) {
      this.#opening = undefined;
      this.#applyWishes();
      this.#idle?.arm();
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
    if (this.#direct !== undefined) this[WAKE]();
    else this.#receive();
  }

  /** Hands on what has come until the stream says stop; what is left unread closes the peer's window. */
  #receive(): void {
    if (this.connecting) return;
    if (this.#direct !== undefined) this.#receiveDirect(this.#direct);
    while (this.#reading && this.#direct === undefined && !this.destroyed) {
      const chunk = this.#attached?.next();
      if (chunk === undefined) break;
      this.bytesRead += chunk.length;
      this.#idle?.arm();
      this.#hand(chunk);
    }
    if (!this.destroyed && this.#isDrained()) this.#noMore();
  }

  #receiveDirect(direct: DirectRead): void {
    while (direct.wanted && !this.destroyed) {
      direct.fillFrom(() => this.#attached?.next());
      if (direct.filled === 0) return;
      this.bytesRead += direct.filled;
      this.#idle?.arm();
      try {
        if (!direct.deliver()) this.pause();
      } catch (error) {
        this[WAKE](); // as above: what it threw is its own affair
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
      this[WAKE]();
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
      this[WAKE](); // a 'data' listener that throws costs nothing but its own call
      throw error;
    } finally {
      if (wantsMore) this.#reading = true;
    }
  }

  /** Nothing is left to read: has the peer ended, or is the connection gone? */
  #noMore(): void {
    if (this.#attached?.peerEnded === true && !this.#endAnnounced) {
      this.#endAnnounced = true;
      this.push(null);
      if (this.readableLength === 0) this.read(0); // lets 'end' come without a reader, as Node does
    }
    if (this.#attached?.gone === undefined) return;
    const { failure } = this.#attached.gone;
    const unheard = this.#host.gone && this.listenerCount('error') === 0;
    if (failure !== undefined && !unheard) this.destroy(networkError(failure, { syscall: 'read' }));
    else if (failure !== undefined || !this.#attached.peerEnded) this.destroy();
  }

  #isDrained(): boolean {
    return (this.#attached?.isEmpty ?? true) && (this.#direct?.left ?? 0) === 0;
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

  #begin(bytes: Uint8Array, owned: boolean, done: Done): void {
    if (!this.connecting && this.#attached === undefined) {
      done(nodeError('ERR_SOCKET_CLOSED', 'Socket is closed'));
      return;
    }
    this.#enter();
    this.#outgoing = new Outgoing(bytes, owned, done);
    this.#send();
  }

  /** The write is done when the connection has taken all of it. */
  #send(): void {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || this.connecting || this.destroyed) return;
    const before = outgoing.at;
    const failure = outgoing.sendBy(this.#attached!);
    if (outgoing.at > before) this.#idle?.arm();
    if (failure === undefined && !outgoing.isSent) return;
    this.#outgoing = undefined;
    if (failure !== undefined) {
      outgoing.done(networkError(failure, { syscall: 'write' }));
      return;
    }
    this.#written += outgoing.at;
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
    const attached = this[ATTACHED];
    if (done === undefined || attached === undefined) return;
    this.#finishing = undefined;
    attached.open?.shutdown();
    done();
  }

  // ---- closing

  override _destroy(error: Error | null, done: Done): void {
    this.#enter();
    const unsent = this.connecting ? BEFORE_CONNECTION : 'ECANCELED';
    this.#idle?.disarm();
    this.#opening?.cancel();
    this.#opening = undefined;
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    this.#attached?.leave('close');
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
    if (this.destroyed || (!this.connecting && this.#attached === undefined)) {
      return this.destroy(nodeError('ERR_SOCKET_CLOSED', 'Socket is closed'));
    }
    this.#enter();
    this.#attached?.leave('abort');
    return this.destroy();
  }

  // ---- options and properties

  /** The 'timeout' event after `ms` of the lab's time without traffic; 0 turns it off. */
  setTimeout(ms: number, callback?: () => void): this {
    if (typeof ms !== 'number' || !(ms >= 0)) {
      throw nodeError('ERR_OUT_OF_RANGE', `The value of "msecs" is out of range. Received ${ms}`, RangeError);
    }
    this.#enter();
    this.#idle ??= new IdleTimeout(
      this.#host.clock,
      () => this.#attached?.open?.unacknowledged ?? 0,
      () => this.#timedOut(),
    );
    this.#idle.ms = ms;
    if (ms === 0) {
      this.#idle.disarm();
      if (callback !== undefined) this.removeListener('timeout', callback);
    } else {
      if (!this.destroyed) this.#idle.arm();
      if (callback !== undefined) this.once('timeout', callback);
    }
    return this;
  }

  /** ms, as given to `setTimeout`. */
  get timeout(): number | undefined {
    return this.#idle?.ms;
  }

  #timedOut(): void {
    this.#host.activity();
    process.nextTick(() => {
      if (!this.destroyed) this.emit('timeout');
    });
  }

  setNoDelay(on = true): this {
    if (this[ATTACHED] === undefined) this.#wish({ noDelay: on });
    else this.#attached?.open?.setNoDelay(on);
    return this;
  }

  /** `delay` in ms before the first probe; 0 leaves the default. */
  setKeepAlive(on = false, delay = 0): this {
    this.#enter();
    if (this[ATTACHED] === undefined) {
      this.#wish({ keepAlive: on, keepAliveInitialDelay: delay });
    } else {
      this.#attached?.open?.setKeepAlive(on, delay > 0 ? delay * MILLISECOND : undefined);
    }
    return this;
  }

  get connecting(): boolean {
    return this.#opening !== undefined;
  }
  get [ATTACHED](): Attachment | undefined {
    return this.connecting ? undefined : this.#attached;
  }
  get bytesWritten(): number {
    return this.#written + this.writableLength;
  }

  /** A call has come in from the application: the time is now, and the lab shall not run ahead of it. */
  #enter(): void {
    this.#host.clock.refresh();
    this.#host.activity();
  }
}
