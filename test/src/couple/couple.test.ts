/** The rows of the COUPLE table, one after the other. */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Couple } from '../../../src/couple/couple.ts';
import { inboundFilter } from '../../../src/lab/build.ts';
import { createDgram } from '../../../src/sockets/dgram.ts';
import { HostTable } from '../../../src/sockets/names.ts';
import {
  createNet,
  type ListenOptions,
  type Net,
  type Server,
  type Socket,
} from '../../../src/sockets/net.ts';
import { StackHost } from '../../../src/sockets/stack-host.ts';
import { Network } from '../sockets/virtual.ts';

const FOUR = '192.0.2.1';
const SIX = '2001:db8::1';
const NOWHERE = { file: 'none', line: 0, column: 0 };

interface House {
  network: Network;
  six: StackHost;
  four: StackHost;
  couple: Couple;
  net: Net;
  /** A second machine with one stack of each family. */
  peer4: StackHost;
  peer6: StackHost;
}

/** ID 02 / COUPLE 03, both running; `late` leaves the IPv4 stack unattached and the couple unjoined. */
function house(options: { late?: boolean } = {}): House {
  const network = new Network();
  const six = network.host(2, SIX);
  const late = options.late === true;
  const four = new StackHost(
    late ? network.unattached(3, FOUR, 'BSTTINET') : network.stack(3, FOUR, 'BSTTINET'),
  );
  const couple = new Couple(six, 3);
  if (!late) couple.join(four);
  const peer4 = network.host(13, '192.0.2.2');
  const peer6 = network.host(12, '2001:db8::2');
  return { network, six, four, couple, net: createNet(couple), peer4, peer6 };
}

async function listen(
  network: Network,
  server: Server,
  port: number | ListenOptions,
  host?: string,
): Promise<Server> {
  server.listen(typeof port === 'number' ? { port, host } : port);
  await network.until(once(server, 'listening'));
  return server;
}

/** The outcome of a connect from `from`: 'connected' or the error code. */
async function attempt(
  network: Network,
  from: StackHost | Couple,
  to: string,
  port: number,
): Promise<string> {
  const socket = createNet(from).connect(port, to);
  const outcome = await network.until(
    once(socket, 'connect').then(
      () => 'connected',
      (error) => error.code as string,
    ),
  );
  socket.destroy();
  return outcome;
}

async function errorOf(
  network: Network,
  emitter: Server | Socket,
): Promise<NodeJS.ErrnoException & { cause: Error }> {
  const [error] = await network.until(once(emitter, 'error').catch((reason) => [reason]));
  return error;
}

describe('TCP listen through a couple', () => {
  it('listens on both stacks, and accept tells the IPv4 form', async () => {
    const { network, net, peer4, peer6 } = house();
    const server = await listen(network, net.createServer(), 23);
    expect(server.address()).toEqual({ address: '::', family: 'IPv6', port: 23 });
    const seen: (string | undefined)[][] = [];
    server.on('connection', (socket: Socket) => {
      seen.push([socket.remoteAddress, socket.remoteFamily, socket.localAddress]);
      socket.end('hello');
    });
    expect(await network.until(text(createNet(peer4).connect(23, FOUR)))).toBe('hello');
    expect(await network.until(text(createNet(peer6).connect(23, SIX)))).toBe('hello');
    expect(seen).toEqual([
      ['192.0.2.2', 'IPv4', FOUR],
      ['2001:db8::2', 'IPv6', SIX],
    ]);
    const closed = once(server, 'close');
    server.close();
    await network.until(closed);
    expect(await attempt(network, peer4, FOUR, 23)).toBe('ECONNREFUSED');
    expect(await attempt(network, peer6, SIX, 23)).toBe('ECONNREFUSED');
  });

  it('is all or nothing, and the error names the stack that refused', async () => {
    const { network, net, four, six, peer6 } = house();
    const first = await listen(network, createNet(four).createServer(), 23);
    const dual = net.createServer().listen(23);
    const error = await errorOf(network, dual);
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', port: 23 });
    expect(error.message).toContain('stack 03 (BSTTINET)');
    expect(error.cause.message).toContain('stack 03 (BSTTINET)');
    expect(dual.listening).toBe(false);
    expect([...six.stack.tcp.listeners()]).toEqual([]);
    expect(await attempt(network, peer6, SIX, 23)).toBe('ECONNREFUSED');
    first.close();
    await listen(network, dual, 23);

    const third = createNet(six).createServer().listen(23);
    expect((await errorOf(network, third)).code).toBe('EADDRINUSE');
  });

  it('names the IPv6 stack when that refuses', async () => {
    const { network, net, four, six } = house();
    await listen(network, createNet(six).createServer(), 23);
    const error = await errorOf(network, net.createServer().listen(23));
    expect(error.message).toContain('stack 02');
    expect([...four.stack.tcp.listeners()]).toEqual([]);
  });

  it('gives an ephemeral port that is the same on both stacks', async () => {
    const { network, net, four, six } = house();
    const server = await listen(network, net.createServer(), 0);
    const { port } = server.address()!;
    expect(port).toBeGreaterThan(1023);
    expect([...four.stack.tcp.listeners()].map((listener) => listener.port)).toEqual([port]);
    expect([...six.stack.tcp.listeners()].map((listener) => listener.port)).toEqual([port]);
  });

  it('has one accept queue and one backlog over both stacks', async () => {
    const { network, net, peer4, peer6 } = house();
    const server = net.createServer();
    const connections = server[Symbol.asyncIterator]();
    await listen(network, server, { port: 23, backlog: 2 });
    const dial = async (host: StackHost, to: string) => {
      createNet(host)
        .connect(23, to)
        .on('error', () => {});
      await network.pass(100_000);
    };
    await dial(peer4, FOUR);
    await dial(peer6, SIX);
    await dial(peer4, FOUR);
    await dial(peer6, SIX);
    // In the order of their handshakes, whatever the family; the others come in as places become free.
    const families: (string | undefined)[] = [];
    for (let taken = 0; taken < 4; taken++) {
      const { value } = await network.until(connections.next());
      families.push(value?.remoteFamily);
    }
    expect(families.slice(0, 2)).toEqual(['IPv4', 'IPv6']);
    expect(families.slice(2).sort()).toEqual(['IPv4', 'IPv6']);
    server.close();
  });

  it('admits no more than the backlog, whichever stack they come to', async () => {
    const { network, couple, peer4, peer6 } = house();
    const listener = couple.listenTcp({ port: 23, backlog: 2, arrived: () => {}, refused: () => {} });
    if ('code' in listener) throw new Error(listener.cause);
    for (const [host, to] of [
      [peer4, FOUR],
      [peer6, SIX],
      [peer6, SIX],
      [peer4, FOUR],
    ] as const) {
      createNet(host)
        .connect(23, to)
        .on('error', () => {});
    }
    await network.pass(500_000);
    expect(listener.waiting).toBe(2);
    listener.close();
    expect(listener.waiting).toBe(0);
  });

  it('listens on the stack of a specific address only', async () => {
    const { network, net, four, six, peer4, peer6 } = house();
    await listen(network, net.createServer(), 23, FOUR);
    expect([...six.stack.tcp.listeners()]).toEqual([]);
    expect(await attempt(network, peer4, FOUR, 23)).toBe('connected');
    expect(await attempt(network, peer6, SIX, 23)).toBe('ECONNREFUSED');
    await listen(network, net.createServer(), 24, SIX);
    expect([...four.stack.tcp.listeners()].map(({ port }) => port)).toEqual([23]);
    const mapped = await listen(network, net.createServer(), 25, `::ffff:${FOUR}`);
    expect(mapped.address()).toEqual({ address: FOUR, family: 'IPv4', port: 25 });
  });

  it.each(['::', '0.0.0.0'])('takes %s for every address of both stacks', async (any) => {
    const { network, net, peer4, peer6 } = house();
    await listen(network, net.createServer(), 23, any);
    expect(await attempt(network, peer4, FOUR, 23)).toBe('connected');
    expect(await attempt(network, peer6, SIX, 23)).toBe('connected');
  });

  it('keeps :: to IPv6 when asked', async () => {
    const { network, net, peer4, peer6 } = house();
    await listen(network, net.createServer(), { port: 23, host: '::', ipv6Only: true });
    expect(await attempt(network, peer4, FOUR, 23)).toBe('ECONNREFUSED');
    expect(await attempt(network, peer6, SIX, 23)).toBe('connected');
  });
});

describe('TCP connect through a couple', () => {
  it('goes by the family of the destination, mapped addresses to IPv4', async () => {
    const { network, net, peer4, peer6 } = house();
    const seen: (string | undefined)[] = [];
    for (const peer of [peer4, peer6]) {
      const server = await listen(network, createNet(peer).createServer(), 80);
      server.on('connection', (socket: Socket) => seen.push(socket.remoteAddress));
    }
    const ends: (string | undefined)[][] = [];
    for (const to of ['192.0.2.2', '::ffff:192.0.2.2', '2001:db8::2']) {
      const socket = net.connect(80, to);
      await network.until(once(socket, 'connect'));
      ends.push([socket.remoteAddress, socket.remoteFamily, socket.localAddress]);
      await network.pass(10_000);
    }
    expect(ends).toEqual([
      ['192.0.2.2', 'IPv4', FOUR],
      ['192.0.2.2', 'IPv4', FOUR],
      ['2001:db8::2', 'IPv6', SIX],
    ]);
    expect(seen).toEqual([FOUR, FOUR, SIX]);
    const refused = await errorOf(network, net.connect(81, '::ffff:192.0.2.2'));
    expect(refused.message).toBe('connect ECONNREFUSED 192.0.2.2:81');
  });

  it('tries the next address of a name when the first does not answer', async () => {
    const network = new Network();
    const names6 = new HostTable();
    const names4 = new HostTable();
    const six = network.host(2, SIX, names6);
    const four = network.host(3, FOUR, names4);
    names6.add('PEER', six.parse('2001:db8::99')!);
    names4.add('PEER', four.parse('192.0.2.2')!);
    const couple = new Couple(six, 3);
    couple.join(four);
    const peer = network.host(13, '192.0.2.2');
    await listen(network, createNet(peer).createServer(), 80);
    const before = network.clock.now;
    const socket = createNet(couple).connect({ port: 80, host: 'peer' });
    await network.until(once(socket, 'connect'));
    expect(socket.remoteAddress).toBe('192.0.2.2');
    expect(network.clock.now - before).toBeGreaterThanOrEqual(250_000);
    expect(network.clock.now - before).toBeLessThan(1_000_000);

    const failing = await errorOf(network, createNet(couple).connect({ port: 81, host: 'peer' }));
    expect(failing).toBeInstanceOf(AggregateError);
    expect((failing as unknown as AggregateError).errors.map(({ code }) => code)).toEqual([
      'ETIMEDOUT',
      'ECONNREFUSED',
    ]);
  });

  it('reaches a link-local peer by the name of the link', async () => {
    const { network, net, peer6 } = house();
    const linkLocal = peer6.addresses().find(({ address }) => address.w0 >>> 22 === 0x3fa)!;
    await listen(network, createNet(peer6).createServer(), 80);
    const name = `${linkLocal.family.format(linkLocal.address)}%OSA`;
    const socket = net.connect(80, name);
    await network.until(once(socket, 'connect'));
    expect(socket.remoteAddress).toBe(name);
  });
});

describe('IN statements under a couple', () => {
  const deny = inboundFilter([{ protocol: 'TCP', port: 80, allow: false, at: NOWHERE }]);
  const open = inboundFilter([{ protocol: 'TCP', port: 80, allow: true, at: NOWHERE }]);

  it.each([
    ['IPv4', 'the list of the IPv4 stack', deny, open, ['ETIMEDOUT', 'connected']],
    ['IPv6', 'that of the IPv6 stack', open, deny, ['connected', 'ETIMEDOUT']],
  ] as const)(
    'a %s peer is judged by %s, although one listener takes both',
    async (_family, _list, ofFour, ofSix, outcomes) => {
      const { network, six, four, net, peer4, peer6 } = house();
      six.stack.filter = ofSix;
      four.stack.filter = ofFour;
      const heard: (string | undefined)[] = [];
      const server = net.createServer((socket) => {
        heard.push(socket.remoteFamily);
        socket.on('error', () => {});
      });
      await listen(network, server, 80, '::');
      expect(await attempt(network, peer4, FOUR, 80)).toBe(outcomes[0]);
      expect(await attempt(network, peer6, SIX, 80)).toBe(outcomes[1]);
      await network.pass(1_000_000);
      const [denied, allowed] = outcomes[0] === 'connected' ? [six, four] : [four, six];
      expect(heard).toEqual([allowed === four ? 'IPv4' : 'IPv6']);
      expect(denied.stack.counters.drops.filtered).toBeGreaterThan(0);
      expect(allowed.stack.counters.drops.filtered).toBeUndefined();
    },
  );
});

describe('UDP through a couple', () => {
  it('binds on the IPv6 stack only; an IPv4 client is told that nobody is there', async () => {
    const { network, couple, peer4, peer6 } = house();
    const server = createDgram(couple).createSocket('udp6', (message, from) => {
      server.send(message, from.port, from.address);
    });
    server.bind(161);
    await network.until(once(server, 'listening'));
    expect(server.address()).toEqual({ address: '::', family: 'IPv6', port: 161 });

    const six = createDgram(peer6).createSocket('udp6');
    const echoed = once(six, 'message');
    six.send('get', 161, SIX);
    expect((await network.until(echoed))[0].toString()).toBe('get');

    const four = createDgram(peer4).createSocket('udp4');
    four.connect(161, FOUR);
    const refused = once(four, 'error').catch((reason) => [reason]);
    four.send('get');
    expect((await network.until(refused))[0]).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each(['192.0.2.2', '::ffff:192.0.2.2'])('refuses to send to %s and names the way out', async (to) => {
    const { network, couple } = house();
    const socket = createDgram(couple).createSocket('udp6');
    const error = await network.until(
      new Promise<Error | null>((resolve) => socket.send('x', 161, to, resolve)),
    );
    expect(error).toMatchObject({ code: 'EAFNOSUPPORT', syscall: 'send', port: 161 });
    expect(error!.message).toContain('start a second instance of the program with ID 03');
  });

  it('refuses a udp4 socket and names the way out', async () => {
    const { network, couple } = house();
    const socket = createDgram(couple).createSocket('udp4').bind(161);
    const [error] = await network.until(once(socket, 'error').catch((reason) => [reason]));
    expect(error).toMatchObject({ code: 'EAFNOSUPPORT', syscall: 'bind' });
    expect(error.message).toContain('ID 03');
  });

  it('answers both families when the program runs twice, once with the id of each stack', async () => {
    const { network, couple, four, peer4, peer6 } = house();
    for (const [host, type] of [
      [couple, 'udp6'],
      [four, 'udp4'],
    ] as const) {
      const server = createDgram(host).createSocket(type, (_message, from) => {
        server.send(`I am ${host.name}`, from.port, from.address);
      });
      server.bind(161);
    }
    const ask = async (host: StackHost, type: 'udp4' | 'udp6', to: string) => {
      const client = createDgram(host).createSocket(type);
      const answer = once(client, 'message');
      client.send('who?', 161, to);
      return (await network.until(answer))[0].toString();
    };
    expect(await ask(peer6, 'udp6', SIX)).toBe('I am couple 02/03');
    expect(await ask(peer4, 'udp4', FOUR)).toBe('I am stack 03');
  });
});

describe("a program that names the IPv4 stack's id", () => {
  it('has IPv4 only', async () => {
    const { network, four, peer4, peer6 } = house();
    const server = await listen(network, createNet(four).createServer(), 23);
    expect(server.address()).toEqual({ address: '0.0.0.0', family: 'IPv4', port: 23 });
    expect(await attempt(network, peer4, FOUR, 23)).toBe('connected');
    expect(await attempt(network, peer6, SIX, 23)).toBe('ECONNREFUSED');
    expect(await attempt(network, four, '2001:db8::2', 23)).toBe('EAFNOSUPPORT');
    expect(await attempt(network, four, '::ffff:192.0.2.2', 23)).toBe('EAFNOSUPPORT');
  });
});

describe('when the IPv4 stack stops and starts', () => {
  it('resets its connections, IPv6 goes on, and the listener comes back with it', async () => {
    const { network, net, four, peer4, peer6 } = house();
    const server = await listen(network, net.createServer(), 23);
    const accept = async (peer: StackHost, to: string): Promise<[Socket, Socket]> => {
      const accepted = once(server, 'connection');
      const client = createNet(peer).connect(23, to);
      const [[served]] = await network.until(Promise.all([accepted, once(client, 'connect')]));
      return [client, served as Socket];
    };
    const [client4, served4] = await accept(peer4, FOUR);
    const [client6, served6] = await accept(peer6, SIX);
    const errors = Promise.all([
      once(client4, 'error').catch((reason) => [reason]),
      once(served4, 'error').catch((reason) => [reason]),
    ]);
    four.stack.stop();
    const [[theirs], [ours]] = await network.until(errors);
    expect(theirs.code).toBe('ECONNRESET');
    expect(ours.code).toMatch(/^(ECONNRESET|ECONNABORTED|ENETDOWN)$/);

    const echoed = once(client6, 'data');
    served6.write('still here');
    expect((await network.until(echoed))[0].toString()).toBe('still here');
    expect(server.listening).toBe(true);
    const down = await errorOf(network, net.connect(80, '192.0.2.2'));
    expect(down).toMatchObject({ code: 'ENETDOWN', message: 'connect ENETDOWN 192.0.2.2:80' });
    expect(down.cause.message).toContain('stack 03');

    four.stack.start();
    await network.pass(3_000_000);
    const [, again] = await accept(peer4, FOUR);
    expect(again.remoteAddress).toBe('192.0.2.2');
  });

  it('lets a server start meanwhile, and extends it to the stack that comes back', async () => {
    const { network, net, four, peer4, peer6 } = house();
    four.stack.stop();
    const server = await listen(network, net.createServer(), 23);
    expect(server.listening).toBe(true);
    expect(await attempt(network, peer6, SIX, 23)).toBe('connected');
    four.stack.start();
    await network.pass(3_000_000);
    expect(await attempt(network, peer4, FOUR, 23)).toBe('connected');
  });
});

describe('a couple whose partner is not there', () => {
  it('is IPv6 only, and its listeners extend to the partner when it appears', async () => {
    const { network, net, couple, four, peer4, peer6 } = house({ late: true });
    const server = await listen(network, net.createServer(), 23);
    expect(server.address()).toMatchObject({ port: 23 });
    expect(await attempt(network, peer6, SIX, 23)).toBe('connected');
    const absent = await errorOf(network, net.connect(80, '192.0.2.2'));
    expect(absent.code).toBe('ENETDOWN');
    expect(absent.cause.message).toBe('COUPLE 03: stack 03 is not there');

    couple.join(four);
    four.stack.start();
    await network.pass(3_000_000);
    expect(await attempt(network, peer4, FOUR, 23)).toBe('connected');
    couple.leave();
    expect(await attempt(network, peer4, FOUR, 23)).toBe('ECONNREFUSED');
    expect(await attempt(network, peer6, SIX, 23)).toBe('connected');
    couple.join(four);
    expect(await attempt(network, peer4, FOUR, 23)).toBe('connected');
    server.close();
    expect([...four.stack.tcp.listeners()]).toEqual([]);
  });

  it('says when the partner refuses a port on joining', async () => {
    const { network, net, couple, four, peer6 } = house({ late: true });
    const server = await listen(network, net.createServer(), 23);
    four.stack.start();
    await network.pass(3_000_000);
    await listen(network, createNet(four).createServer(), 23);
    const degraded = once(server, 'degraded');
    couple.join(four);
    const [error] = await network.until(degraded);
    expect(error).toMatchObject({ code: 'EADDRINUSE' });
    expect(error.message).toContain('stack 03 (BSTTINET)');
    expect(await attempt(network, peer6, SIX, 23)).toBe('connected');
  });

  it('is joined by the stack that it names and no other', () => {
    const { network, couple, peer6 } = house({ late: true });
    expect(() => couple.join(peer6)).toThrow('couple 02/03 cannot be joined by stack 12');
    expect(() => couple.join(network.host(4, '192.0.2.4'))).toThrow('stack 04');
  });
});
