/** The system calls that a script may make; each by the manual page of its name. */
import type { HostAddress } from '../sockets/host.ts';
import { flagsOf, innerNumber, nameList, namesOf, numberOf, vectorLength } from './arguments.ts';
import { Epoll, poll } from './epoll.ts';
import type { Names } from './expression.ts';
import { control } from './messages.ts';
import { FileStream, pipe, type Stream } from './streams.ts';
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
  readonly written?: ReadonlyMap<number, Written>;
}

/** A value, or those of a structure by the names of its fields. */
export type Written = OptionValue | Names;

const DEFAULT_PORT = 8080;
const FIRST_FD = 3;
const MILLISECOND = 1_000;

export const EBADF: Result = { errno: 'EBADF' };
/** What a length that no memory has comes to. */
const EFAULT: Result = { errno: 'EFAULT' };

/** The system calls by name (handlers.ts). */
export type Handlers = Readonly<
  Record<string, (calls: Calls, call: Call) => Returned | Result | typeof WOULD_BLOCK>
>;

export class Calls {
  readonly #world: World;
  readonly #handlers: Handlers;
  readonly #sockets = new Map<number, PosixSocket>();
  readonly #epolls = new Map<number, Epoll>();
  /** Files and ends of pipes. */
  readonly #streams = new Map<number, Stream>();
  /** That shell lines have made: bytes by name. */
  readonly #files = new Map<string, number>();
  /** The stream socket that the script is about: the one connected or accepted last. */
  underTest: PosixSocket | undefined;
  /** The port that packets without ports are for. */
  localPort = DEFAULT_PORT;
  readonly remotePort = DEFAULT_PORT;
  readonly #isConnected = new WeakSet<PosixSocket>();
  /** What a blocking write has already handed over. */
  readonly #progress = new Map<Call, number>();

  constructor(world: World, handlers: Handlers) {
    this.#world = world;
    this.#handlers = handlers;
  }

  /** Undefined: it blocks; ask again when something has happened. */
  try(call: Call): Returned | undefined {
    const handler = Object.hasOwn(this.#handlers, call.name) ? this.#handlers[call.name] : undefined;
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
    const protocol = nameList(call.arguments[2]);
    const fitting = isDatagram ? ['IPPROTO_UDP'] : ['IPPROTO_TCP'];
    if (protocol.some((name) => name !== 'IPPROTO_IP' && !fitting.includes(name)))
      throw new NotSupported(
        `protocol ${protocol.join('|')} of a ${isDatagram ? 'datagram' : 'stream'} socket`,
      );
    const number = call.arguments[2]?.kind === 'number' ? call.arguments[2].value : 0;
    if (number !== 0 && number !== (isDatagram ? 17 : 6))
      throw new NotSupported(`protocol ${number} of a ${isDatagram ? 'datagram' : 'stream'} socket`);
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
    while (this.#sockets.has(fd) || this.#epolls.has(fd) || this.#streams.has(fd)) fd++;
    return fd;
  }

  addFiles(files: ReadonlyMap<string, number>): void {
    for (const [name, size] of files) this.#files.set(name, size);
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
    else this.#isConnected.add(socket);
    if (socket.port !== 0) this.localPort = socket.port;
    return result;
  }

  accept(call: Call): Tried {
    const socket = this.of(call);
    if (socket === undefined) return EBADF;
    if (call.arguments[1]?.kind === 'struct') throw new NotSupported('the address that accept tells');
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
    if (length < 0) return EFAULT;
    const stream = this.#streams.get(numberOf(call, 0));
    if (stream !== undefined) return stream.take(length);
    const socket = this.of(call);
    return socket === undefined ? EBADF : socket.read(length, flagsOf(call));
  }

  receive(call: Call): Returned | typeof WOULD_BLOCK {
    const { expects, judge } = control(call);
    const socket = this.of(call);
    if (socket === undefined) return { result: EBADF };
    const result = this.read(call, vectorLength(call.arguments[1]));
    if (result === WOULD_BLOCK) return undefined;
    return expects && typeof result === 'number' ? { result, written: judge(socket) } : { result };
  }

  /** A blocking write returns when all of it is taken. */
  write(call: Call, length: number): Tried {
    if (length < 0) return EFAULT;
    const stream = this.#streams.get(numberOf(call, 0));
    if (stream !== undefined) return stream.give(length);
    const socket = this.of(call);
    if (socket === undefined) return EBADF;
    const flags = flagsOf(call);
    const before = this.#progress.get(call) ?? 0;
    const written = socket.write(length - before, flags);
    if (socket.nonBlocking || flags.includes('MSG_DONTWAIT') || typeof written === 'object') {
      this.#progress.delete(call);
      // What has gone before the error counts.
      return before > 0 && typeof written === 'object' ? before : written;
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
    if (length < 0) return EFAULT;
    const socket = this.of(call);
    if (socket?.type !== 'datagram') return this.write(call, length);
    const given = call.arguments[4];
    if (given === undefined || (given.kind !== 'struct' && this.#isConnected.has(socket)))
      return this.write(call, length);
    const { address, port } = this.#address(call, 4, this.#world.connectAddress, this.remotePort);
    return socket.sendTo(length, address, port);
  }

  open(call: Call): Result {
    const [path] = call.arguments;
    if (path?.kind !== 'string') throw new NotSupported('open of something that is no name');
    const size =
      this.#files.get(path.value) ?? (path.value === '/dev/zero' ? Number.MAX_SAFE_INTEGER : undefined);
    if (size === undefined) throw new NotSupported(`the file ${path.value}, which no shell line has made,`);
    const fd = this.#free(call);
    this.#streams.set(fd, new FileStream(size));
    return fd;
  }

  pipe(call: Call): Result {
    const [given] = call.arguments;
    const items = given?.kind === 'list' ? given.items : [];
    for (const [i, end] of pipe().entries()) {
      const item = items[i];
      const fd =
        item?.kind === 'number'
          ? item.value
          : this.#free({ ...call, result: { ...call.result, kind: 'ellipsis' } });
      this.#streams.set(fd, end);
    }
    return 0;
  }

  /** From a file or a pipe to a socket, or from a socket to a pipe. */
  move(call: Call, from: number, offset: Value | undefined, to: number, length: number): Tried {
    if (length < 0) return EFAULT;
    const source = this.#streams.get(from);
    const socket = this.#sockets.get(from);
    const into = this.#streams.get(to);
    const target = this.#sockets.get(to);
    if (source === undefined && socket === undefined) return EBADF;
    if (into === undefined && target === undefined) return EBADF;
    if (source === undefined) {
      if (socket!.queued('in') === 0) return socket!.read(length, []);
      const room = into?.give(Math.min(length, socket!.queued('in')));
      return typeof room === 'number' ? socket!.read(room, []) : room;
    }
    const at = offset === undefined ? undefined : numbersOf(offset)[0];
    const there =
      source instanceof FileStream && at !== undefined
        ? source.from(at, length)
        : Math.min(length, source.available);
    if (there === 0) return source instanceof FileStream ? 0 : source.take(length);
    const given = into === undefined ? this.#write(call, target!, there) : into.give(there);
    if (typeof given === 'number' && at === undefined) source.take(given);
    return given;
  }

  /** As much as there is room for; a blocking caller waits for some. */
  #write(call: Call, socket: PosixSocket, length: number): Tried {
    return socket.write(
      length,
      call.name === 'splice' && namesOf(call, 5).includes('SPLICE_F_MORE') ? ['MSG_MORE'] : [],
    );
  }

  close(call: Call): Result {
    const fd = numberOf(call, 0);
    if (this.#epolls.delete(fd)) return 0;
    const stream = this.#streams.get(fd);
    if (stream !== undefined) {
      stream.close();
      this.#streams.delete(fd);
      return 0;
    }
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
    const fd = numberOf(call, call.name === 'splice' && this.#streams.has(numberOf(call, 0)) ? 2 : 0);
    if (this.#streams.has(fd)) return true;
    return !(this.#sockets.get(fd)?.nonBlocking ?? true) && !flagsOf(call).includes('MSG_DONTWAIT');
  }

  poll(call: Call): Returned | typeof WOULD_BLOCK {
    return poll(call, (fd) => this.#sockets.get(fd));
  }

  epollCreate(call: Call): Result {
    const fd = this.#free(call);
    this.#epolls.set(fd, new Epoll());
    return fd;
  }

  epollControl(call: Call): Result {
    return this.#epolls.get(numberOf(call, 0))?.control(call, (fd) => this.#sockets.get(fd)) ?? EBADF;
  }

  epollWait(call: Call): Returned | typeof WOULD_BLOCK {
    const epoll = this.#epolls.get(numberOf(call, 0));
    return epoll === undefined ? { result: EBADF } : epoll.wait(call, (fd) => this.#sockets.get(fd));
  }
}

/** The offset of `[0]`, of `0`; none of `NULL`. */
function numbersOf(value: Value): number[] {
  if (value.kind === 'number') return [value.value];
  return value.kind === 'list' ? value.items.flatMap(numbersOf) : [];
}
