/** What connections really cost in this build: opened in a lab, idle, the heap settled before and after. */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lab } from '../index.ts';
import type { TcpSocket } from '../sockets/socket.ts';

const DECK = `
// EXEC BSTTINET
ID 01
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

/** Bytes of heap of one idle established connection with its node-shaped socket. */
export async function bytesPerConnection(connections: number): Promise<number> {
  await using network = await lab(DECK);
  const open: TcpSocket[] = [];
  const server = network.host(2).net.createServer((socket) => open.push(socket));
  server.listen({ port: 9, backlog: connections });
  await once(server, 'listening');
  const before = await settledHeap();
  const client = network.host(1).net;
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < connections; i++) {
    const socket = client.connect({ host: '192.0.2.2', port: 9 });
    open.push(socket);
    pending.push(once(socket, 'connect'));
  }
  await Promise.all(pending);
  await network.rest();
  pending.length = 0;
  const bytes = (await settledHeap()) - before;
  const ends = open.length;
  for (const socket of open) socket.destroy();
  server.close();
  return bytes / ends;
}

let collect: (() => void) | undefined;

async function settledHeap(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  for (let last = Number.POSITIVE_INFINITY; ; ) {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    collect();
    const used = process.memoryUsage().heapUsed;
    if (used > last - (64 << 10)) return used;
    last = used;
  }
}
