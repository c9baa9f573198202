import { once } from 'node:events';
import { expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';
import type { Socket } from '../../../src/sockets/net.ts';

const DECK = `
// EXEC BSTTINET
ID 01
MAXCONN 3
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.1 255.255.255.0 1500
ATTACH TCP/IP
/*
// EXEC BSTTINET
ID 02
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.2 255.255.255.0 1500
ATTACH TCP/IP
/*
`;

it('MAXCONN bounds the connections of a stack, which tells what they take', async () => {
  await using network = await lab(DECK);
  const accepted: Socket[] = [];
  const server = network.host(2).net.createServer((socket) => accepted.push(socket.pause()));
  server.listen(7);
  const { net } = network.host(1);
  const open = [0, 1, 2].map(() => net.connect({ host: '192.0.2.2', port: 7 }));
  await Promise.all(open.map((socket) => once(socket, 'connect')));
  const fourth = net.connect({ host: '192.0.2.2', port: 7 });
  const [error] = (await once(fourth, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ENOBUFS');

  const storage = (id: number) => network.stacks.get(id)!.stack.tcp.storage();
  expect(storage(1)).toMatchObject({
    connections: 3,
    maxConnections: 3,
    timeWait: 0,
    halfOpen: 0,
    buffers: 0,
  });
  expect(storage(2)).toMatchObject({ connections: 3, maxBuffers: 256 << 20, maxConnections: 4_095 });
  expect(storage(1).records).toBeGreaterThan(3 * 200);
  const unread = Buffer.alloc(100_000, 1);
  open[0]!.write(unread);
  await network.rest();
  expect(storage(2).buffers + storage(1).buffers).toBeGreaterThan(20_000);

  for (const socket of open) socket.destroy();
  for (const socket of accepted) socket.destroy();
  await network.advance(120_000_000);
  expect(storage(1)).toMatchObject({ connections: 0, timeWait: 0, buffers: 0 });
  expect(storage(2)).toMatchObject({ connections: 0, timeWait: 0, buffers: 0 });
});
