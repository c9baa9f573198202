/** Each system call by its name: which arguments stand for what. */
import { nameList, namesOf, numberOf, optionValues, symbolValue, vectorLength } from './arguments.ts';
import { type Calls, EBADF, type Handlers } from './calls.ts';
import type { Names } from './expression.ts';
import { optionName } from './socket-option-names.ts';
import type { Call } from './syntax.ts';
import { NotSupported, type PosixSocket, type Result } from './world.ts';

const O_NONBLOCK = 0o4000;

/** The address that a call tells is not compared, so it may not be given. */
function nameOfSocket(calls: Calls, call: Call): Result {
  const given = call.arguments[1];
  if (given !== undefined && given.kind !== 'ellipsis')
    throw new NotSupported(`the address that ${call.name} tells`);
  return calls.of(call) === undefined ? EBADF : 0;
}

/** As `{onoff=1, linger=0}`. */
function lingerNames(socket: PosixSocket): Names {
  const [onoff, linger] = socket.linger;
  return (name) => ({ onoff, linger, l_onoff: onoff, l_linger: linger })[name];
}

const HOW = ['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR'] as const;

export const HANDLERS: Handlers = {
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
  recvmsg: (calls, call) => calls.receive(call),
  write: (calls, call) => calls.write(call, numberOf(call, 2)),
  send: (calls, call) => calls.write(call, numberOf(call, 2)),
  sendto: (calls, call) => calls.sendTo(call, numberOf(call, 2)),
  writev: (calls, call) => calls.write(call, vectorLength(call.arguments[1])),
  sendmsg: (calls, call) => calls.write(call, vectorLength(call.arguments[1])),
  open: (calls, call) => calls.open(call),
  pipe: (calls, call) => calls.pipe(call),
  pipe2: (calls, call) => calls.pipe(call),
  sendfile: (calls, call) =>
    calls.move(call, numberOf(call, 1), call.arguments[2], numberOf(call, 0), numberOf(call, 3)),
  splice: (calls, call) =>
    calls.move(call, numberOf(call, 0), call.arguments[1], numberOf(call, 2), numberOf(call, 4)),
  getsockname: nameOfSocket,
  getpeername: nameOfSocket,
  close: (calls, call) => calls.close(call),
  shutdown: (calls, call) => {
    const how = HOW[numberOf(call, 1)];
    const socket = calls.of(call);
    if (socket === undefined) return EBADF;
    return how === undefined ? { errno: 'EINVAL' } : socket.shutdown(how);
  },
  fcntl: (calls, call) => {
    const socket = calls.of(call);
    if (socket === undefined) return EBADF;
    const command = namesOf(call, 1)[0];
    // O_RDWR is 2, O_NONBLOCK 0x800.
    if (command === 'F_GETFL') return socket.nonBlocking ? 0x802 : 2;
    if (command !== 'F_SETFL') throw new NotSupported(`fcntl ${command}`);
    const given = call.arguments[2];
    const flags = given?.kind === 'number' ? given.value : symbolValue(nameList(given));
    if (flags === undefined) throw new NotSupported(`fcntl F_SETFL ${nameList(given).join('|')}`);
    socket.nonBlocking = (flags & O_NONBLOCK) !== 0;
    return 0;
  },
  ioctl: (calls, call) => {
    const socket = calls.of(call);
    if (socket === undefined) return EBADF;
    const asked = namesOf(call, 1)[0] ?? '';
    const directions: Readonly<Record<string, 'in' | 'out' | 'unsent'>> = {
      SIOCINQ: 'in',
      FIONREAD: 'in',
      SIOCOUTQ: 'out',
      TIOCOUTQ: 'out',
      FIONWRITE: 'out',
      SIOCOUTQNSD: 'unsent',
    };
    const direction = Object.hasOwn(directions, asked) ? directions[asked] : undefined;
    if (direction === undefined) throw new NotSupported(`ioctl ${asked}`);
    return { result: 0, written: new Map([[2, socket.queued(direction)]]) };
  },
  setsockopt: (calls, call) => {
    const socket = calls.of(call);
    if (socket === undefined) return EBADF;
    const name = optionName(call);
    return socket.setOption(name, optionValues(`setsockopt ${name}`, call.arguments[3]));
  },
  getsockopt: (calls, call) => {
    const socket = calls.of(call);
    if (socket === undefined) return EBADF;
    const name = optionName(call);
    if (name === 'TCP_INFO') return { result: 0, written: new Map([[3, socket.info]]) };
    if (name === 'SO_LINGER') return { result: 0, written: new Map([[3, lingerNames(socket)]]) };
    return { result: 0, written: new Map([[3, socket.getOption(name)]]) };
  },
  poll: (calls, call) => calls.poll(call),
  epoll_create: (calls, call) => calls.epollCreate(call),
  epoll_create1: (calls, call) => calls.epollCreate(call),
  epoll_ctl: (calls, call) => calls.epollControl(call),
  epoll_wait: (calls, call) => calls.epollWait(call),
};
