/** The system calls that a script may make; each by the manual page of its name. */
import type { HostAddress } from '../sockets/host.ts';
import type { Call, Value } from './syntax.ts';
import {
  isSocket,
  NotSupported,
  type OptionValue,
  type PosixSocket,
  type Result,
  type Tried,
  WOULD_BLOCK,
  type World,
} from './world.ts';

/** What a call came to, with the values it wrote into the memory of its caller. */
export interface Returned {
  readonly result: Result;
  /** By argument: what `[x]` there is compared with. */
  readonly written?: ReadonlyMap<number, OptionValue>;
}

const DEFAULT_PORT = 8080;
const FIRST_FD = 3;
const MILLISECOND = 1_000;

type Handler = (calls: Calls, call: Call) => Returned | Result | typeof WOULD_BLOCK;

export class Calls {
  readonly #world: World;
  readonly #sockets = new Map<number, PosixSocket>();
  readonly #epolls = new Map<number, Map<number, string[]>>();
  /** The stream socket that the script is about: the one connected or accepted last. */
  underTest: PosixSocket | undefined;
  /** The port that packets without ports are for. */
  localPort = DEFAULT_PORT;
  readonly remotePort = DEFAULT_PORT;
  /** What a blocking write has already handed over. */
  readonly #progress = new Map<Call, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Undefined: it blocks; ask again when something has happened. */
  try(call: Call): Returned | undefined {
    const handler = Object.hasOwn(HANDLERS, call.name) ? HANDLERS[call.name] : undefined;
    if (handler === undefined) throw new NotSupported(`system call ${call.name}`);
    const returned = handler(this, call);
    if (returned === WOULD_BLOCK) return undefined;
    return typeof returned === 'object' && 'result' in returned ? returned : { result: returned };
  }

  closeAll(): void {
    for (const socket of this.#sockets.values()) socket.abort();
    this.#sockets.clear();
  }

  socket(call: Call): Result {
    const type = namesOf(call, 1);
    const isDatagram = type.includes('SOCK_DGRAM');
    if (!isDatagram && !type.includes('SOCK_STREAM')) throw new NotSupported(`socket type ${type.join('|')}`);
    const made = this.#world.socket(isDatagram ? 'datagram' : 'stream');
    made.nonBlocking = type.includes('SOCK_NONBLOCK');
    return this.#keep(call, made);
  }

  /** Under the number that the script expects: file descriptors of the script are its own. */
  #keep(call: Call, socket: PosixSocket): number {
    const fd = this.#free(call);
    this.#sockets.set(fd, socket);
    return fd;
  }

  #free(call: Call): number {
    if (call.result.kind === 'number' && call.result.value >= 0) return call.result.value;
    let fd = FIRST_FD;
    while (this.#sockets.has(fd) || this.#epolls.has(fd)) fd++;
    return fd;
  }

  of(call: Call, index = 0): PosixSocket | undefined {
    return this.#sockets.get(numberOf(call, index));
  }

  bind(call: Call): Result {
    const socket = this.of(call);
    if (socket === undefined) return EBADF;
    const { address, port } = this.#address(call, 1, this.#world.bindAddress, DEFAULT_PORT);
    const bound = socket.bind(address, port);
    if (bound === 0 && port !== 0) this.localPort = port;
    return bound;
  }

  connect(call: Call): Tried {
    const socket = this.of(call);
    if (socket === undefined) return EBADF;
    const { address, port } = this.#address(call, 1, this.#world.connectAddress, this.remotePort);
    const result = socket.connect(address, port);
    if (socket.type === 'stream') this.underTest = socket;
    if (socket.port !== 0) this.localPort = socket.port;
    return result;
  }

  accept(call: Call): Tried {
    const socket = this.of(call);
    if (socket === undefined) return EBADF;
    const accepted = socket.accept();
    if (!isSocket(accepted)) return accepted;
    accepted.nonBlocking = namesOf(call, 3).includes('SOCK_NONBLOCK');
    this.underTest = accepted;
    return this.#keep(call, accepted);
  }

  /** `...` is the default; `{sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("192.0.2.1")}` says. */
  #address(
    call: Call,
    index: number,
    preset: HostAddress,
    port: number,
  ): { address: HostAddress; port: number } {
    const given = call.arguments[index];
    if (given?.kind !== 'struct') return { address: preset, port };
    const field = (...names: string[]): Value | undefined =>
      names.map((name) => given.fields.get(name)).find((value) => value !== undefined);
    const portValue = field('sin_port', 'sin6_port');
    const text = field('sin_addr', 'sin6_addr');
    return {
      address: text === undefined ? preset : this.#parse(text, preset),
      port: portValue === undefined ? port : innerNumber(portValue),
    };
  }

  #parse(value: Value, preset: HostAddress): HostAddress {
    const inner = value.kind === 'apply' ? value.arguments.at(-1) : value;
    if (inner?.kind === 'names' && /ANY/.test(inner.names[0]!)) {
      const { socketFamily: family } = this.#world;
      return { family, address: family.any };
    }
    if (inner?.kind !== 'string') return preset;
    const parsed = this.#world.parse(inner.value);
    if (parsed === undefined) throw new NotSupported(`address ${inner.value}`);
    return parsed;
  }

  /** Reads `length` bytes; a blocking caller gets what is there. */
  read(call: Call, length: number): Tried {
    const socket = this.of(call);
    return socket === undefined ? EBADF : socket.read(length);
  }

  /** A blocking write returns when all of it is taken. */
  write(call: Call, length: number): Tried {
    const socket = this.of(call);
    if (socket === undefined) return EBADF;
    const before = this.#progress.get(call) ?? 0;
    const written = socket.write(length - before, namesOf(call, 3));
    if (socket.nonBlocking || typeof written === 'object') {
      this.#progress.delete(call);
      return written;
    }
    const done = before + (written ?? 0);
    if (done >= length) {
      this.#progress.delete(call);
      return length;
    }
    this.#progress.set(call, done);
    return WOULD_BLOCK;
  }

  sendTo(call: Call, length: number): Tried {
    const socket = this.of(call);
    if (socket?.type !== 'datagram') return this.write(call, length);
    const { address, port } = this.#address(call, 4, this.#world.connectAddress, this.remotePort);
    return socket.sendTo(length, address, port);
  }

  close(call: Call): Result {
    const fd = numberOf(call, 0);
    if (this.#epolls.delete(fd)) return 0;
    const socket = this.#sockets.get(fd);
    if (socket === undefined) return EBADF;
    this.#sockets.delete(fd);
    return socket.close();
  }

  /** µs after which a call that waits returns 0. */
  patience(call: Call): number | undefined {
    const argument = call.name === 'poll' ? 2 : call.name === 'epoll_wait' ? 3 : undefined;
    const time = argument === undefined ? -1 : numberOf(call, argument);
    return time < 0 ? undefined : time * MILLISECOND;
  }

  blocks(call: Call): boolean {
    if (call.name === 'poll' || call.name === 'epoll_wait') return true;
    const flags = ['send', 'recv', 'sendto', 'recvfrom'].includes(call.name) ? namesOf(call, 3) : [];
    return !(this.of(call)?.nonBlocking ?? true) && !flags.includes('MSG_DONTWAIT');
  }

  poll(call: Call): Returned | typeof WOULD_BLOCK {
    const fds = call.arguments[0];
    if (fds?.kind !== 'list') throw new NotSupported('poll of something that is no list');
    let ready = 0;
    const wanted = new Map<number, OptionValue>();
    for (const item of fds.items) {
      if (item.kind !== 'struct') throw new NotSupported('poll of something that is no structure');
      const fd = item.fields.get('fd');
      const events = item.fields.get('events');
      const socket = fd?.kind === 'number' ? this.#sockets.get(fd.value) : undefined;
      const found = socket === undefined ? ['POLLNVAL'] : pollEvents(socket, nameList(events), 'POLL');
      if (found.length > 0) ready++;
      const expected = item.fields.get('revents');
      if (expected !== undefined && !sameNames(nameList(expected), found)) {
        wanted.set(0, `revents ${found.join('|') || '0'}`);
      }
    }
    if (ready === 0 && numberOf(call, 2) !== 0) return WOULD_BLOCK;
    return { result: ready, written: wanted };
  }

  epollCreate(call: Call): Result {
    const fd = this.#free(call);
    this.#epolls.set(fd, new Map());
    return fd;
  }

  epollControl(call: Call): Result {
    const watched = this.#epolls.get(numberOf(call, 0));
    if (watched === undefined) return EBADF;
    const fd = numberOf(call, 2);
    if (namesOf(call, 1).includes('EPOLL_CTL_DEL')) return watched.delete(fd) ? 0 : { errno: 'ENOENT' };
    const event = call.arguments[3];
    watched.set(fd, event?.kind === 'struct' ? nameList(event.fields.get('events')) : []);
    return 0;
  }

  epollWait(call: Call): Returned | typeof WOULD_BLOCK {
    const watched = this.#epolls.get(numberOf(call, 0));
    if (watched === undefined) return { result: EBADF };
    let ready = 0;
    for (const [fd, events] of watched) {
      const socket = this.#sockets.get(fd);
      if (socket !== undefined && pollEvents(socket, events, 'EPOLL').length > 0) ready++;
    }
    if (ready === 0 && numberOf(call, 3) !== 0) return WOULD_BLOCK;
    return { result: ready };
  }
}

const EBADF: Result = { errno: 'EBADF' };

function pollEvents(socket: PosixSocket, asked: readonly string[], prefix: string): string[] {
  const { readable, writable, hungUp, error, peerClosed } = socket.ready;
  const found: string[] = [];
  if (readable && asked.includes(`${prefix}IN`)) found.push(`${prefix}IN`);
  if (writable && asked.includes(`${prefix}OUT`)) found.push(`${prefix}OUT`);
  if (peerClosed && asked.includes(`${prefix}RDHUP`)) found.push(`${prefix}RDHUP`);
  if (error) found.push(`${prefix}ERR`);
  if (hungUp) found.push(`${prefix}HUP`);
  return found;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}

function nameList(value: Value | undefined): string[] {
  return value?.kind === 'names' ? [...value.names] : [];
}

export function numberOf(call: Call, index: number): number {
  const value = call.arguments[index];
  if (value?.kind !== 'number')
    throw new NotSupported(`argument ${index + 1} of ${call.name}: a number is expected`);
  return value.value;
}

export function namesOf(call: Call, index: number): readonly string[] {
  return nameList(call.arguments[index]);
}

function optionName(call: Call): string {
  const value = call.arguments[2];
  if (value?.kind !== 'names') throw new NotSupported(`${call.name} of an option without a name`);
  return value.names[0]!;
}

/** The integers of `[1]`, `{onoff=1, linger=0}`. */
function numbersIn(value: Value | undefined): number[] {
  if (value?.kind === 'number') return [value.value];
  if (value?.kind === 'list') return value.items.flatMap(numbersIn);
  return value?.kind === 'struct' ? [...value.fields.values()].flatMap(numbersIn) : [];
}

/** The same, or the one text of `"reno"`, `["reno"]`. */
function optionValues(value: Value | undefined): OptionValue[] {
  const text = value?.kind === 'list' ? value.items[0] : value;
  return text?.kind === 'string' ? [text.value] : numbersIn(value);
}

/** `htons(80)`, `80` */
function innerNumber(value: Value): number {
  if (value.kind === 'number') return value.value;
  if (value.kind === 'apply' && value.arguments[0]?.kind === 'number') return value.arguments[0].value;
  throw new NotSupported('a port that is no number');
}

/** The bytes of all parts of an I/O vector, or of the structure that holds one. */
function vectorLength(value: Value | undefined): number {
  if (value?.kind === 'list') return value.items.reduce((sum, item) => sum + vectorLength(item), 0);
  if (value?.kind !== 'struct') throw new NotSupported('an I/O vector that is no list');
  const inner = value.fields.get('msg_iov');
  if (inner !== undefined) return vectorLength(inner);
  const length = value.fields.get('iov_len') ?? value.fields.get('1');
  if (length?.kind !== 'number') throw new NotSupported('a part of an I/O vector without a length');
  return length.value;
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  socket: (calls, call) => calls.socket(call),
  bind: (calls, call) => calls.bind(call),
  listen: (calls, call) => calls.of(call)?.listen(numberOf(call, 1)) ?? EBADF,
  accept: (calls, call) => calls.accept(call),
  accept4: (calls, call) => calls.accept(call),
  connect: (calls, call) => calls.connect(call),
  read: (calls, call) => calls.read(call, numberOf(call, 2)),
  recv: (calls, call) => calls.read(call, numberOf(call, 2)),
  recvfrom: (calls, call) => calls.read(call, numberOf(call, 2)),
  readv: (calls, call) => calls.read(call, vectorLength(call.arguments[1])),
  recvmsg: (calls, call) => calls.read(call, vectorLength(call.arguments[1])),
  write: (calls, call) => calls.write(call, numberOf(call, 2)),
  send: (calls, call) => calls.write(call, numberOf(call, 2)),
  sendto: (calls, call) => calls.sendTo(call, numberOf(call, 2)),
  writev: (calls, call) => calls.write(call, vectorLength(call.arguments[1])),
  sendmsg: (calls, call) => calls.write(call, vectorLength(call.arguments[1])),
  close: (calls, call) => calls.close(call),
  shutdown: (calls, call) => calls.of(call)?.shutdown(namesOf(call, 1)[0] ?? '') ?? EBADF,
  fcntl: (calls, call) => {
    const socket = calls.of(call);
    if (socket === undefined) return EBADF;
    const command = namesOf(call, 1)[0];
    // O_RDWR is 2, O_NONBLOCK 0x800.
    if (command === 'F_GETFL') return socket.nonBlocking ? 0x802 : 2;
    if (command !== 'F_SETFL') throw new NotSupported(`fcntl ${command}`);
    socket.nonBlocking = namesOf(call, 2).includes('O_NONBLOCK');
    return 0;
  },
  ioctl: (calls, call) => {
    const socket = calls.of(call);
    if (socket === undefined) return EBADF;
    const asked = namesOf(call, 1)[0] ?? '';
    const directions: Readonly<Record<string, 'in' | 'out'>> = {
      SIOCINQ: 'in',
      FIONREAD: 'in',
      SIOCOUTQ: 'out',
    };
    const direction = directions[asked];
    if (direction === undefined) throw new NotSupported(`ioctl ${asked}`);
    return { result: 0, written: new Map([[2, socket.queued(direction)]]) };
  },
  setsockopt: (calls, call) => {
    const socket = calls.of(call);
    return socket === undefined ? EBADF : socket.setOption(optionName(call), optionValues(call.arguments[3]));
  },
  getsockopt: (calls, call) => {
    const socket = calls.of(call);
    return socket === undefined
      ? EBADF
      : { result: 0, written: new Map([[3, socket.getOption(optionName(call))]]) };
  },
  poll: (calls, call) => calls.poll(call),
  epoll_create: (calls, call) => calls.epollCreate(call),
  epoll_create1: (calls, call) => calls.epollCreate(call),
  epoll_ctl: (calls, call) => calls.epollControl(call),
  epoll_wait: (calls, call) => calls.epollWait(call),
};
