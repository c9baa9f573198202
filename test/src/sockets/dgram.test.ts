import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createDgram, type Dgram } from '../../../src/sockets/dgram.ts';
import { HostTable } from '../../../src/sockets/names.ts';
import { Network } from './virtual.ts';

const families = [
  { family: 'IPv4', type: 'udp4', a: '192.0.2.1', b: '192.0.2.2', any: '0.0.0.0', other: '2001:db8::2' },
  { family: 'IPv6', type: 'udp6', a: '2001:db8::1', b: '2001:db8::2', any: '::', other: '192.0.2.2' },
] as const;

function pair({ a, b }: { a: string; b: string }): { network: Network; a: Dgram; b: Dgram } {
  const network = new Network();
  const names = new HostTable();
  const hostA = network.host(1, a, names);
  const hostB = network.host(2, b);
  names.add('VSEB', hostA.parse(b)!);
  return { network, a: createDgram(hostA), b: createDgram(hostB) };
}

describe.each(families)('dgram over $family', (at) => {
  it('sends and receives, and says from whom', async () => {
    const { network, a, b } = pair(at);
    const server = b.createSocket(at.type, (message, from) => {
      server.send(Buffer.concat([Buffer.from('re: '), message]), from.port, from.address);
    });
    server.bind(53);
    await network.until(once(server, 'listening'));
    expect(server.address()).toEqual({ address: at.any, family: at.family, port: 53 });

    const client = a.createSocket({ type: at.type });
    const sent = new Promise((resolve) => client.send('query', 53, at.b, (...result) => resolve(result)));
    const answered = once(client, 'message');
    expect(await network.until(sent)).toEqual([null, 5]);
    const [message, from] = await network.until(answered);
    expect(message.toString()).toBe('re: query');
    expect(from).toEqual({ address: at.b, family: at.family, port: 53, size: 9 });
    expect(client.address().port).toBeGreaterThan(0);

    const closed = once(client, 'close');
    client.close();
    await network.until(closed);
    expect(() => client.send('x', 53, at.b)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }),
    );
  });

  it('takes all forms of send', async () => {
    const { network, a, b } = pair(at);
    const got: string[] = [];
    const server = b.createSocket(at.type, (message) => got.push(message.toString()));
    server.bind({ port: 53, address: at.b });
    const client = a.createSocket(at.type);
    client.send('name', 53, 'vseb');
    client.send(Buffer.from('0123456789'), 2, 3, 53, at.b);
    client.send([Buffer.from('one '), new Uint8Array([0x74, 0x77, 0x6f]), ' three'], 53, at.b);
    client.send(new DataView(Uint8Array.of(65, 66, 67).buffer, 1), 53, at.b);
    await network.until(new Promise((resolve) => client.send('', 53, at.b, resolve)));
    await network.pass(1_000_000);
    expect(got.sort()).toEqual(['', '234', 'BC', 'name', 'one two three']);
    expect(() => client.send(Buffer.alloc(4), 2, 3, 53, at.b)).toThrow(
      expect.objectContaining({ code: 'ERR_BUFFER_OUT_OF_BOUNDS' }),
    );
    expect(() => client.send('x', 0, at.b)).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }));
    expect(() => client.send(5 as never, 53)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });

  it('hears of a refused port when connected, and only of its peer', async () => {
    const { network, a, b } = pair(at);
    const client = a.createSocket(at.type);
    await network.until(new Promise<void>((resolve) => client.connect(53, at.b, () => resolve())));
    expect(client.remoteAddress()).toEqual({ address: at.b, family: at.family, port: 53 });
    const refused = once(client, 'error').catch((reason) => [reason]);
    client.send('anybody?');
    const [error] = await network.until(refused);
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'recvmsg',
      message: 'recvmsg ECONNREFUSED',
    });
    expect(error.cause.message).not.toBe('');
    expect(() => client.send('x', 54, at.b)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' }),
    );

    const got: string[] = [];
    client.on('message', (message) => got.push(message.toString()));
    const peer = b.createSocket(at.type).bind(53);
    const stranger = b.createSocket(at.type).bind(54);
    stranger.send('from a stranger', client.address().port, at.a);
    peer.send('from the peer', client.address().port, at.a);
    await network.pass(1_000_000);
    expect(got).toEqual(['from the peer']);
    client.disconnect();
    expect(() => client.remoteAddress()).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' }),
    );
    stranger.send('now heard', client.address().port, at.a);
    await network.pass(1_000_000);
    expect(got).toEqual(['from the peer', 'now heard']);
  });

  it('reports a taken port, an unknown name, the other family, and a message too long', async () => {
    const { network, a } = pair(at);
    a.createSocket(at.type).bind(53);
    const second = a.createSocket(at.type).bind(53);
    const [taken] = await network.until(once(second, 'error').catch((reason) => [reason]));
    expect(taken).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind', port: 53, address: at.any });

    const client = a.createSocket(at.type);
    const failure = (port: number, address: string, data: string | Buffer = 'x') =>
      network.until(new Promise((resolve) => client.send(data, port, address, (error) => resolve(error))));
    expect(await failure(53, 'NOBODY')).toMatchObject({ code: 'ENOTFOUND' });
    expect(await failure(53, at.other)).toMatchObject({
      code: 'EAFNOSUPPORT',
      syscall: 'send',
      address: at.other,
    });
    expect(await failure(53, at.b, Buffer.alloc(65_600))).toMatchObject({ code: 'EMSGSIZE' });
    const unheard = once(client, 'error').catch((reason) => [reason]);
    client.send('x', 53, at.other);
    expect((await network.until(unheard))[0]).toMatchObject({ code: 'EAFNOSUPPORT' });
  });

  it('closes with its signal and with its stack', async () => {
    const network = new Network();
    const host = network.host(1, at.a);
    const dgram = createDgram(host);
    const controller = new AbortController();
    const first = dgram.createSocket({ type: at.type, signal: controller.signal }).bind(53);
    const second = dgram.createSocket(at.type).bind(54);
    await network.until(once(second, 'listening'));
    const closes = [once(first, 'close'), once(second, 'close')];
    controller.abort();
    host.stack.stop();
    await network.until(Promise.all(closes));
  });
});
