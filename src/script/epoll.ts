/** poll(2) and epoll(7) over the sockets of a script. */
import { nameList, numberOf } from './arguments.ts';
import type { Call, Value } from './syntax.ts';
import { NotSupported, type OptionValue, type PosixSocket, type Result, WOULD_BLOCK } from './world.ts';

interface Written {
  readonly result: Result;
  readonly written?: ReadonlyMap<number, OptionValue>;
}

type Sockets = (fd: number) => PosixSocket | undefined;

/** What one descriptor is watched for. */
interface Watched {
  readonly fd: number;
  events: readonly string[];
  /** What had happened to the socket when it was told last; undefined: not told yet. */
  told: number | undefined;
  isSpent: boolean;
}

/** Other names of the same bits. */
const SAME: Readonly<Record<string, string>> = {
  POLLRDNORM: 'POLLIN',
  POLLWRNORM: 'POLLOUT',
  EPOLLRDNORM: 'EPOLLIN',
  EPOLLWRNORM: 'EPOLLOUT',
};

function eventsOf(socket: PosixSocket, asked: readonly string[], prefix: string): string[] {
  const { readable, writable, hungUp, error, peerClosed } = socket.ready;
  const wanted = asked.map((name) => SAME[name] ?? name);
  const found: string[] = [];
  if (readable && wanted.includes(`${prefix}IN`)) found.push(`${prefix}IN`);
  if (writable && wanted.includes(`${prefix}OUT`)) found.push(`${prefix}OUT`);
  if (peerClosed && wanted.includes(`${prefix}RDHUP`)) found.push(`${prefix}RDHUP`);
  if (error) found.push(`${prefix}ERR`);
  if (hungUp) found.push(`${prefix}HUP`);
  return found;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  const plain = (names: readonly string[]): string =>
    [...new Set(names.map((name) => SAME[name] ?? name))].sort().join();
  return plain(a) === plain(b);
}

export function poll(call: Call, sockets: Sockets): Written | typeof WOULD_BLOCK {
  const fds = call.arguments[0];
  if (fds?.kind !== 'list') throw new NotSupported('poll of something that is no list');
  let ready = 0;
  const written = new Map<number, OptionValue>();
  for (const item of fds.items) {
    if (item.kind !== 'struct') throw new NotSupported('poll of something that is no structure');
    const fd = item.fields.get('fd');
    const asked = nameList(item.fields.get('events'));
    // A negative descriptor is passed over.
    if (fd?.kind === 'number' && fd.value < 0) continue;
    const socket = fd?.kind === 'number' ? sockets(fd.value) : undefined;
    const found = socket === undefined ? ['POLLNVAL'] : eventsOf(socket, asked, 'POLL');
    if (found.length > 0) ready++;
    const expected = item.fields.get('revents');
    if (expected !== undefined && expected.kind !== 'ellipsis' && !same(nameList(expected), found)) {
      written.set(0, `revents ${found.join('|') || '0'}`);
    }
  }
  if (ready === 0 && numberOf(call, 2) !== 0) return WOULD_BLOCK;
  return { result: ready, written };
}

export class Epoll {
  readonly #watched = new Map<number, Watched>();

  control(call: Call, sockets: Sockets): Result {
    const [command = ''] = nameList(call.arguments[1]);
    const fd = numberOf(call, 2);
    if (sockets(fd) === undefined) return { errno: 'EBADF' };
    const known = this.#watched.get(fd);
    if (command === 'EPOLL_CTL_DEL') return this.#watched.delete(fd) ? 0 : { errno: 'ENOENT' };
    const events = namesIn(call.arguments[3]);
    if (command === 'EPOLL_CTL_ADD') {
      if (known !== undefined) return { errno: 'EEXIST' };
      this.#watched.set(fd, { fd, events, told: undefined, isSpent: false });
      return 0;
    }
    if (command !== 'EPOLL_CTL_MOD') throw new NotSupported(`epoll_ctl ${command}`);
    if (known === undefined) return { errno: 'ENOENT' };
    known.events = events;
    known.told = undefined;
    known.isSpent = false;
    return 0;
  }

  wait(call: Call, sockets: Sockets): Written | typeof WOULD_BLOCK {
    const most = numberOf(call, 2);
    const found: { readonly watched: Watched; readonly events: string[]; readonly news: number }[] = [];
    for (const watched of this.#watched.values()) {
      const socket = sockets(watched.fd);
      if (socket === undefined || watched.isSpent || found.length >= most) continue;
      const events = eventsOf(socket, watched.events, 'EPOLL');
      const { news } = socket;
      if (events.length === 0 || (watched.events.includes('EPOLLET') && watched.told === news)) continue;
      found.push({ watched, events, news });
    }
    if (found.length === 0 && numberOf(call, 3) !== 0) return WOULD_BLOCK;
    for (const { watched, news } of found) {
      watched.told = news;
      watched.isSpent = watched.events.includes('EPOLLONESHOT');
    }
    const given = call.arguments[1];
    const expected = given?.kind === 'list' ? given.items : given === undefined ? [] : [given];
    const wrong = found.findIndex(({ events }, i) => {
      const value = expected[i];
      return value?.kind === 'struct' && !same(namesIn(value), events);
    });
    const written = new Map<number, OptionValue>();
    if (wrong >= 0) written.set(1, `events ${found[wrong]!.events.join('|')}`);
    return { result: found.length, written };
  }
}

/** `{events=EPOLLIN|EPOLLET, fd=4}` */
function namesIn(value: Value | undefined): string[] {
  return value?.kind === 'struct' ? nameList(value.fields.get('events')) : [];
}
