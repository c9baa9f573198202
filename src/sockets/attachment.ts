/**
 * A socket's hold on its connection. What the connection tells is only noted, and the socket is woken: it looks in the
 * next tick. One small object for each connection, since there may be a million of them.
 */
import type { Failure, NetworkLayer } from '../../stacks/address/network.ts';
import type { TcpConnection, TcpHandler } from '../../stacks/tcp/api.ts';
import { UNHEARD } from './attempts.ts';
import type { DirectRead } from './direct-read.ts';
import type { HostConnection } from './host.ts';

/** Most bytes taken from the connection at once: what libuv offers to one read. */
const READ_BYTES = 65_536;

/** Something has been noted. Called from inside a stack. */
export const WAKE = Symbol('wake');

export interface Sleeper {
  [WAKE](): void;
}

export class Attachment implements TcpHandler {
  readonly connection: TcpConnection;
  readonly network: NetworkLayer;
  peerEnded = false;
  /** Set when the connection is gone, with what it still held for us. */
  gone: { readonly failure: Failure | undefined; readonly unread: Uint8Array[] } | undefined;
  readonly #socket: Sleeper;

  constructor({ connection, network }: HostConnection, socket: Sleeper) {
    this.connection = connection;
    this.network = network;
    this.#socket = socket;
  }

  connected(): void {}

  readable(): void {
    this.#socket[WAKE]();
  }

  writable(): void {
    this.#socket[WAKE]();
  }

  ended(): void {
    this.peerEnded = true;
    this.#socket[WAKE]();
  }

  /** The unread bytes stay (at most the receive buffer of the connection). */
  closed(failure: Failure | undefined): void {
    const unread: Uint8Array[] = [];
    for (let chunk = this.next(); chunk !== undefined; chunk = this.next()) unread.push(chunk);
    this.gone = { failure, unread };
    this.#socket[WAKE]();
  }

  /** The connection while there is one. */
  get open(): TcpConnection | undefined {
    return this.gone === undefined ? this.connection : undefined;
  }

  next(): Uint8Array | undefined {
    return this.gone === undefined ? this.connection.read(READ_BYTES) : this.gone.unread.shift();
  }

  /** Whether nothing is left for `next`. */
  get isEmpty(): boolean {
    return this.gone === undefined ? this.connection.available === 0 : this.gone.unread.length === 0;
  }

  /** Lets go of the connection, with a FIN or with a RST; nothing is noted from now on. */
  leave(how: 'close' | 'abort'): void {
    if (this.gone !== undefined) return;
    this.gone = { failure: undefined, unread: [] };
    this.connection.handler = UNHEARD;
    this.connection[how]();
  }
}

/** Of a socket with the option `onread`. */
export class DirectAttachment extends Attachment {
  readonly #direct: DirectRead;
  readonly #reader: Sleeper;

  constructor(taken: HostConnection, socket: Sleeper, direct: DirectRead) {
    super(taken, socket);
    this.#direct = direct;
    this.#reader = socket;
  }

  take(bytes: Uint8Array, from: number, to: number): number {
    const direct = this.#direct;
    if (!direct.wanted || direct.left > direct.filled) return 0;
    this.#reader[WAKE]();
    return direct.fill(bytes, from, to);
  }
}
