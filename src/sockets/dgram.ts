/** A module shaped like node:dgram on a stack or a couple. What the stack tells is handed on in the next tick. */
import { addAbortListener, EventEmitter } from 'node:events';
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { type Failure, isFailure } from '../../stacks/address/network.ts';
import {
  type BindOptions,
  checkHops,
  type Data,
  readBindArguments,
  readSendArguments,
  type SendCallback,
  type Sending,
} from './datagram-arguments.ts';
import { checkPort, networkError, nodeError, resolveError } from './errors.ts';
import type { HostAddress, HostUdpSocket, SocketHost } from './host.ts';
import { Multicast } from './multicast.ts';
import type { SocketAddress } from './socket-facts.ts';

export interface RemoteInfo extends SocketAddress {
  /** Bytes of the message. */
  readonly size: number;
}

export interface DatagramOptions {
  readonly type: 'udp4' | 'udp6';
  readonly reuseAddr?: boolean | undefined;
  /** Closes the socket. */
  readonly signal?: AbortSignal | undefined;
}

type MessageListener = (message: Buffer, from: RemoteInfo) => void;

interface Peer extends HostAddress {
  readonly port: number;
}

export class DatagramSocket extends EventEmitter {
  readonly type: 'udp4' | 'udp6';
  readonly #host: SocketHost;
  readonly #family: Family;
  readonly #reuse: boolean;
  #socket: HostUdpSocket | undefined;
  #state: 'unbound' | 'binding' | 'bound' | 'closed' = 'unbound';
  /** What waits for the end of `bind`. */
  #waiting: (() => void)[] = [];
  #peer: Peer | undefined;
  #connecting = false;
  #hopLimit: number | undefined;
  readonly #multicast: Multicast;

  constructor(host: SocketHost, options: DatagramOptions, listener?: MessageListener) {
    super();
    if (options.type !== 'udp4' && options.type !== 'udp6') {
      const message = 'Bad socket type specified. Valid types are: udp4, udp6';
      throw nodeError('ERR_SOCKET_BAD_TYPE', message, TypeError);
    }
    this.type = options.type;
    this.#host = host;
    this.#multicast = new Multicast(host);
    this.#family = options.type === 'udp4' ? ipv4 : ipv6;
    this.#reuse = options.reuseAddr === true;
    if (listener !== undefined) this.on('message', listener);
    const { signal } = options;
    if (signal?.aborted) process.nextTick(() => this.#closeOnce());
    else if (signal !== undefined) {
      const aborted = addAbortListener(signal, () => this.#closeOnce());
      this.once('close', () => aborted[Symbol.dispose]());
    }
  }

  /** 'listening' or 'error' follows. */
  bind(options: BindOptions, listening?: () => void): this;
  bind(port?: number, address?: string, listening?: () => void): this;
  bind(port: number, listening?: () => void): this;
  bind(listening: () => void): this;
  bind(...args: unknown[]): this {
    const { port, address, listening } = readBindArguments(args);
    this.#mustBeOpen();
    if (this.#state !== 'unbound') throw nodeError('ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    this.#enter();
    if (listening !== undefined) this.once('listening', listening);
    this.#state = 'binding';
    if (address === undefined) this.#bind({ family: this.#family, address: this.#family.any }, port);
    else {
      this.#lookUp(address, (found) => {
        if (found instanceof Error) this.#bindFailed(found);
        else this.#bind(found, port);
      });
    }
    return this;
  }

  #bind(local: HostAddress, port: number): void {
    if (this.#state !== 'binding') return;
    const opened = this.#host.bindUdp(local, port, {
      reuse: this.#reuse,
      handler: {
        message: (data, source, sourcePort) => {
          this.#tell(() =>
            this.#message(data, { family: this.#socketFamily(), address: source }, sourcePort),
          );
        },
        error: (failure, remote, remotePort) => {
          // As on Linux, only a connected socket hears of ICMP errors: elsewhere nobody could tell which peer it was.
          const from = { family: this.#socketFamily(), address: remote };
          if (this.#isPeer(from, remotePort)) {
            this.#tell(() => this.emit('error', networkError(failure, { syscall: 'recvmsg' })));
          }
        },
        closed: () => this.#tell(() => this.#closeOnce()),
      },
    });
    if (isFailure(opened)) {
      this.#bindFailed(networkError(opened, { syscall: 'bind', address: this.#host.format(local), port }));
      return;
    }
    this.#socket = opened;
    this.#state = 'bound';
    this.#tell(() => {
      this.emit('listening');
      for (const step of this.#waiting.splice(0)) step();
    });
  }

  #bindFailed(error: Error): void {
    if (this.#state !== 'binding') return;
    this.#state = 'unbound';
    this.#waiting = [];
    this.#connecting = false;
    this.#tell(() => this.emit('error', error));
  }

  #socketFamily(): Family {
    return this.#socket!.network.family;
  }

  #message(data: Uint8Array, from: HostAddress, port: number): void {
    if (this.#peer !== undefined && !this.#isPeer(from, port)) return;
    this.emit('message', Buffer.from(data.buffer, data.byteOffset, data.byteLength), {
      ...this.#describe(from, port),
      size: data.length,
    });
  }

  send(data: Data | readonly Data[], callback?: SendCallback): void;
  send(data: Data | readonly Data[], port: number, callback?: SendCallback): void;
  send(data: Data | readonly Data[], port: number, address?: string, callback?: SendCallback): void;
  send(data: Data, offset: number, length: number, callback?: SendCallback): void;
  send(data: Data, offset: number, length: number, port: number, callback?: SendCallback): void;
  send(
    data: Data,
    offset: number,
    length: number,
    port: number,
    address?: string,
    callback?: SendCallback,
  ): void;
  send(...args: unknown[]): void {
    this.#mustBeOpen();
    const sending = readSendArguments(args, this.#peer !== undefined);
    this.#enter();
    this.#whenBound(() => {
      const { port, address } = sending;
      if (port === undefined) {
        this.#send(sending, this.#peer!);
        return;
      }
      this.#lookUp(address, (found) => {
        if (found instanceof Error) this.#sent(sending, found);
        else this.#send(sending, { ...found, port });
      });
    });
  }

  #send(sending: Sending, to: Peer): void {
    if (this.#socket === undefined) return;
    const { data } = sending;
    const failure = to.family.isMulticast(to.address)
      ? this.#socket.send(data, this.#multicast.towards(to), to.port, this.#multicast.sendOptions)
      : this.#socket.send(data, to, to.port, { hopLimit: this.#hopLimit });
    this.#sent(sending, failure && this.#sendError(failure, to));
  }

  #sendError(failure: Failure, to: Peer): Error {
    return networkError(failure, { syscall: 'send', address: this.#host.format(to), port: to.port });
  }

  #sent({ callback, data }: Sending, error: Error | undefined): void {
    if (callback === undefined && error === undefined) return;
    this.#tell(() => {
      if (callback !== undefined) callback(error ?? null, error === undefined ? data.length : 0);
      else this.emit('error', error);
    });
  }

  /** Only this peer from now on; 'connect' follows. An error goes to `connected` when there is one, as in Node. */
  connect(
    port: number,
    address?: string | ((error?: Error) => void),
    connected?: (error?: Error) => void,
  ): void {
    checkPort(port, 'Port');
    this.#mustBeOpen();
    if (this.#peer !== undefined || this.#connecting) {
      throw nodeError('ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
    }
    const callback = typeof address === 'function' ? address : connected;
    this.#enter();
    this.#connecting = true;
    this.#whenBound(() => {
      this.#lookUp(typeof address === 'string' ? address : undefined, (found) => {
        this.#connecting = false;
        const error = found instanceof Error ? found : this.#setPeer({ ...found, port });
        this.#tell(() => {
          if (error === undefined) {
            if (callback !== undefined) this.once('connect', callback);
            this.emit('connect');
          } else if (callback !== undefined) callback(error);
          else this.emit('error', error);
        });
      });
    });
  }

  #setPeer(peer: Peer): Error | undefined {
    if (peer.family !== this.#family) {
      const cause = `a ${this.type} socket has no peer of ${peer.family.name}`;
      return networkError(
        { code: 'EAFNOSUPPORT', cause },
        { syscall: 'connect', address: this.#host.format(peer), port: peer.port },
      );
    }
    this.#peer = peer;
    return undefined;
  }

  disconnect(): void {
    this.#mustBeConnected();
    this.#peer = undefined;
  }

  remoteAddress(): SocketAddress {
    const peer = this.#mustBeConnected();
    return this.#describe(peer, peer.port);
  }

  address(): SocketAddress {
    if (this.#socket === undefined) {
      const failure: Failure = { code: 'EINVAL', cause: 'the socket is not bound' };
      throw networkError(failure, { syscall: 'getsockname' });
    }
    const { localAddress, localPort } = this.#socket;
    return this.#describe({ family: this.#socketFamily(), address: localAddress }, localPort);
  }

  close(closed?: () => void): this {
    this.#mustBeOpen();
    if (closed !== undefined) this.once('close', closed);
    this.#closeOnce();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    await new Promise<void>((resolve) => this.close(resolve));
  }

  #closeOnce(): void {
    if (this.#state === 'closed') return;
    this.#enter();
    this.#state = 'closed';
    this.#socket?.close();
    this.#socket = undefined;
    this.#waiting = [];
    this.#host.activity();
    process.nextTick(() => this.emit('close'));
  }

  /** TTL or hop limit of what is sent to one host. */
  setTTL(hops: number): number {
    this.#hopLimit = checkHops(hops, 1);
    return hops;
  }

  /**
   * Hears `group` from now on, on the interface that `on` names (an address of it, or for IPv6 a zone as in `::%eth0`),
   * else on the one that the routes name. Binds the socket when it is not bound. @throws the error of the system call.
   */
  addMembership(group: string, on?: string): void {
    this.#multicast.membership(this.#boundSocket('addMembership'), 'addMembership', group, on);
  }

  /** @throws EADDRNOTAVAIL when the group was not joined there. */
  dropMembership(group: string, on?: string): void {
    this.#multicast.membership(this.#boundSocket('dropMembership'), 'dropMembership', group, on);
  }

  /** Groups are reached by this interface, named as for `addMembership`; the unspecified address leaves it to routes. */
  setMulticastInterface(on: string): void {
    this.#multicast.setInterface(this.#boundSocket('setMulticastInterface'), on);
  }

  #boundSocket(syscall: string): HostUdpSocket {
    this.#mustBeOpen();
    this.#enter();
    if (this.#state === 'unbound') this.bind(0);
    if (this.#socket !== undefined) return this.#socket;
    throw networkError({ code: 'EBADF', cause: 'the socket is not bound' }, { syscall });
  }

  /** Whether sockets of this host hear what is sent to a group they joined; they do unless told otherwise. */
  setMulticastLoopback(on: boolean): boolean {
    this.#mustBeOpen();
    this.#multicast.loopback = on;
    return on;
  }

  setMulticastTTL(hops: number): number {
    this.#multicast.hopLimit = checkHops(hops, 0);
    return hops;
  }

  /** Broadcasts are always allowed; here for programs that ask. */
  setBroadcast(_on: boolean): void {
    this.#mustBeOpen();
  }

  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  #whenBound(step: () => void): void {
    if (this.#state === 'unbound') this.bind(0);
    if (this.#state === 'bound') step();
    else this.#waiting.push(step);
  }

  /** The first address of this socket's family, else the first of all: the stack then says what is wrong with it. */
  #lookUp(name: string | undefined, done: (found: HostAddress | Error) => void): void {
    if (name === undefined) {
      done({ family: this.#family, address: this.#family.loopback });
      return;
    }
    this.#host.resolve(name, (found) => {
      if ('code' in found) done(resolveError(found, name));
      else done(found.find(({ family }) => family === this.#family) ?? found[0]!);
    });
  }

  #isPeer(from: HostAddress, port: number): boolean {
    const peer = this.#peer;
    return peer !== undefined && peer.port === port && this.#host.format(peer) === this.#host.format(from);
  }

  #describe(address: HostAddress, port: number): SocketAddress {
    return { address: this.#host.format(address), family: address.family.name, port };
  }

  #tell(event: () => void): void {
    this.#host.activity();
    process.nextTick(() => {
      if (this.#state !== 'closed') event();
    });
  }

  #mustBeOpen(): void {
    if (this.#state === 'closed') throw nodeError('ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  }

  #mustBeConnected(): Peer {
    if (this.#peer === undefined) throw nodeError('ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
    return this.#peer;
  }

  #enter(): void {
    this.#host.clock.refresh();
    this.#host.activity();
  }
}

export interface Dgram {
  readonly Socket: new (options: DatagramOptions, listener?: MessageListener) => DatagramSocket;
  createSocket(options: DatagramOptions | 'udp4' | 'udp6', listener?: MessageListener): DatagramSocket;
}

export function createDgram(host: SocketHost): Dgram {
  class Socket extends DatagramSocket {
    constructor(options: DatagramOptions, listener?: MessageListener) {
      super(host, options, listener);
    }
  }
  return {
    Socket,
    createSocket: (options, listener) =>
      new Socket(typeof options === 'string' ? { type: options } : options, listener),
  };
}
