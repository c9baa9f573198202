/** A socket of the kernel. It never waits: the runner knows when a call of the script blocks. */
import type { HostAddress } from '../../sockets/host.ts';
import type { Names } from '../expression.ts';
import { OPTIONS } from '../socket-option-names.ts';
import {
  isErrno,
  NotSupported,
  type OptionValue,
  type PosixSocket,
  type Readiness,
  type Result,
  type Tried,
  WOULD_BLOCK,
} from '../world.ts';
import type { Libc } from './libc.ts';
import { kernelInfo, TCP_INFO_BYTES } from './tcp-info.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_NONBLOCK = 0o4000;
const TYPES = { stream: 1, datagram: 2 } as const;
const SHUT: Readonly<Record<string, number>> = { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 };
const MSG_FLAGS: Readonly<Record<string, number>> = {
  MSG_OOB: 1,
  MSG_PEEK: 2,
  MSG_DONTWAIT: 0x40,
  MSG_EOR: 0x80,
  MSG_MORE: 0x8000,
  MSG_NOSIGNAL: 0x4000,
};
const MSG_NOSIGNAL = 0x4000;
const POLL = { IN: 1, OUT: 4, ERR: 8, HUP: 16, RDHUP: 0x2000 } as const;
/** SIOCINQ, SIOCOUTQ, SIOCOUTQNSD */
const IOCTLS = { in: 0x541b, out: 0x5411, unsent: 0x894b } as const;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;

/** Those whose value is a text. */
const TEXTS = new Set(['TCP_CONGESTION']);
/** TCP_CA_NAME_MAX */
const LONGEST_OPTION = 16;

/** Options of our own (socket-options.ts), which Linux does not have. */
const UNKNOWN = new Set(['TCP_UTO', 'TCP_UTO_ADVERTISED', 'TCP_UTO_CHANGEABLE']);

/** Bytes of one call: more than any script means. */
const MOST = 1 << 26;

/** Errors that mean: not now. */
const LATER = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINPROGRESS', 'EALREADY']);

export class KernelSocket implements PosixSocket {
  readonly type: 'stream' | 'datagram';
  nonBlocking = false;
  readonly fd: number;
  readonly #libc: Libc;
  readonly #version: 4 | 6;
  #connecting = false;
  #isOpen = true;

  /** @throws Error when the kernel has no more sockets. */
  constructor(libc: Libc, version: 4 | 6, type: 'stream' | 'datagram', accepted?: number) {
    this.#libc = libc;
    this.#version = version;
    this.type = type;
    const domain = version === 4 ? AF_INET : AF_INET6;
    this.fd = accepted ?? libc.socket(domain, TYPES[type] | SOCK_NONBLOCK, 0);
    if (this.fd < 0) throw new Error(`socket: ${libc.errno()}`);
    // A machine may have another one; a network namespace may not choose its own. Accepted ones inherit it.
    if (type === 'stream' && accepted === undefined) this.setOption('TCP_CONGESTION', ['cubic']);
  }

  #result(returned: number): Result {
    return returned >= 0 ? returned : { errno: this.#libc.errno() };
  }

  /** The same, when "not now" is an answer. */
  #tried(returned: number): Tried {
    const result = this.#result(returned);
    return isErrno(result) && LATER.has(result.errno) ? WOULD_BLOCK : result;
  }

  /** struct sockaddr_in or sockaddr_in6; an IPv4 address on an IPv6 socket is mapped (RFC 4291 §2.5.5.2). */
  #sockaddr({ family, address }: HostAddress, port: number): Uint8Array {
    const bytes = new Uint8Array(this.#version === 4 ? 16 : 28);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, this.#version === 4 ? AF_INET : AF_INET6, true);
    view.setUint16(2, port);
    if (this.#version === 4) family.write(address, bytes, 4);
    else if (family.version === 6) family.write(address, bytes, 8);
    else {
      view.setUint16(18, 0xffff);
      family.write(address, bytes, 20);
    }
    return bytes;
  }

  get port(): number {
    const address = new Uint8Array(28);
    if (this.#libc.getsockname(this.fd, address, [address.length]) < 0) return 0;
    return (address[2]! << 8) | address[3]!;
  }

  bind(local: HostAddress, port: number): Result {
    const address = this.#sockaddr(local, port);
    return this.#result(this.#libc.bind(this.fd, address, address.length));
  }

  listen(backlog: number): Result {
    return this.#result(this.#libc.listen(this.fd, backlog));
  }

  accept(): PosixSocket | Tried {
    const fd = this.#tried(this.#libc.accept4(this.fd, null, null, SOCK_NONBLOCK));
    return typeof fd === 'number' ? new KernelSocket(this.#libc, this.#version, this.type, fd) : fd;
  }

  connect(remote: HostAddress, port: number): Tried {
    const address = this.#sockaddr(remote, port);
    if (this.#connecting && !this.nonBlocking) {
      if (!this.ready.writable) return WOULD_BLOCK;
      this.#connecting = false;
      const error = this.getOption('SO_ERROR');
      if (error !== 0) return { errno: String(error) };
    }
    const result = this.#result(this.#libc.connect(this.fd, address, address.length));
    if (!isErrno(result) || this.nonBlocking || result.errno !== 'EINPROGRESS') return result;
    this.#connecting = true;
    return WOULD_BLOCK;
  }

  read(max: number, flags: readonly string[]): Tried {
    // The kernel waits for all only when it may wait at all.
    if (flags.includes('MSG_WAITALL') && this.queued('in') < max && !this.ready.peerClosed)
      return WOULD_BLOCK;
    const bits = flags.reduce((sum, flag) => sum | (MSG_FLAGS[flag] ?? 0), 0);
    return this.#tried(
      this.#libc.recv(this.fd, new Uint8Array(Math.min(Math.max(max, 1), MOST)), Math.min(max, MOST), bits),
    );
  }

  write(length: number, flags: readonly string[]): Tried {
    const bits = flags.reduce((sum, flag) => sum | (MSG_FLAGS[flag] ?? 0), MSG_NOSIGNAL);
    return this.#tried(
      this.#libc.send(this.fd, new Uint8Array(Math.min(length, MOST)), Math.min(length, MOST), bits),
    );
  }

  sendTo(length: number, remote: HostAddress, port: number): Tried {
    const address = this.#sockaddr(remote, port);
    return this.#tried(
      this.#libc.sendto(this.fd, new Uint8Array(length), length, MSG_NOSIGNAL, address, address.length),
    );
  }

  shutdown(how: string): Result {
    return this.#result(this.#libc.shutdown(this.fd, SHUT[how] ?? 2));
  }

  setOption(name: string, values: readonly OptionValue[]): Result {
    if (UNKNOWN.has(name)) return { errno: 'ENOPROTOOPT' };
    const [level, number] = optionNumber(name);
    const [first] = values;
    const bytes =
      typeof first === 'string'
        ? new TextEncoder().encode(first)
        : new Uint8Array(Int32Array.from(values, Number).buffer);
    return this.#result(this.#libc.setsockopt(this.fd, level, number, bytes, bytes.length));
  }

  getOption(name: string): OptionValue {
    const [level, number] = optionNumber(name);
    const value = new Uint8Array(LONGEST_OPTION);
    if (this.#libc.getsockopt(this.fd, level, number, value, [value.length]) < 0) return this.#libc.errno();
    if (TEXTS.has(name)) return new TextDecoder().decode(value.subarray(0, value.indexOf(0)));
    const found = new DataView(value.buffer).getInt32(0, true);
    return name === 'SO_ERROR' && found !== 0 ? this.#libc.errnoName(found) : found;
  }

  get linger(): readonly [onoff: number, seconds: number] {
    const value = new Uint8Array(8);
    const [level, number] = optionNumber('SO_LINGER');
    this.#libc.getsockopt(this.fd, level, number, value, [value.length]);
    const view = new DataView(value.buffer);
    return [view.getInt32(0, true), view.getInt32(4, true)];
  }

  get news(): number {
    const { readable, writable, peerClosed } = this.ready;
    return this.queued('in') * 8 + (readable ? 4 : 0) + (writable ? 2 : 0) + (peerClosed ? 1 : 0);
  }

  queued(direction: 'in' | 'out' | 'unsent'): number {
    const value = new Uint8Array(4);
    this.#libc.ioctl(this.fd, IOCTLS[direction], value);
    return new DataView(value.buffer).getInt32(0, true);
  }

  get ready(): Readiness {
    const pollfd = new Uint8Array(8);
    const view = new DataView(pollfd.buffer);
    view.setInt32(0, this.fd, true);
    view.setInt16(4, POLL.IN | POLL.OUT | POLL.RDHUP, true);
    this.#libc.poll(pollfd, 1, 0);
    const events = view.getInt16(6, true);
    return {
      readable: (events & POLL.IN) !== 0,
      writable: (events & (POLL.OUT | POLL.ERR | POLL.HUP)) !== 0,
      hungUp: (events & POLL.HUP) !== 0,
      error: (events & POLL.ERR) !== 0,
      peerClosed: (events & POLL.RDHUP) !== 0,
    };
  }

  get info(): Names {
    const bytes = new Uint8Array(TCP_INFO_BYTES);
    if (this.#libc.getsockopt(this.fd, IPPROTO_TCP, TCP_INFO, bytes, [bytes.length]) < 0)
      return () => undefined;
    return kernelInfo(bytes);
  }

  close(): Result {
    if (!this.#isOpen) return { errno: 'EBADF' };
    this.#isOpen = false;
    return this.#result(this.#libc.close(this.fd));
  }

  abort(): void {
    if (this.#isOpen && this.type === 'stream') this.setOption('SO_LINGER', [1, 0]);
    this.close();
  }
}

function optionNumber(name: string): readonly [number, number] {
  if (!Object.hasOwn(OPTIONS, name)) throw new NotSupported(`socket option ${name}`);
  return OPTIONS[name]!;
}
