import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';
import type { Lab, LabHost } from '../../../src/lab/lab.ts';
import type { Socket } from '../../../src/sockets/net.ts';

const CONNECTIONS = 4_095;

const DECK = `
// EXEC TWINLAB
SEGMENT LAN DELAY 1MS
/*
// JOB SERVER6
// EXEC BSTT6NET
ID 02
COUPLE 03
DEVICE LAN6 WIRE LAN
LINK LAN6 0 2001:DB8::2 /64 1500
ATTACH TCP/IP
/*
// JOB SERVER4
// EXEC BSTTINET
ID 03
DEVICE LAN4 WIRE LAN
LINK LAN4 0 192.0.2.3 255.255.255.0 1500
ATTACH TCP/IP
/*
// JOB CLIENT4
// EXEC BSTTINET
ID 44
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.44 255.255.255.0 1500
ATTACH TCP/IP
/*
// JOB CLIENT6
// EXEC BSTT6NET
ID 66
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8::66 /64 1500
ATTACH TCP/IP
/*
`;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use once collecting frees no more: finalisers and closed streams take a few turns. */
async function heap(): Promise<number> {
  for (let last = Number.POSITIVE_INFINITY; ; ) {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    collect();
    const used = process.memoryUsage().heapUsed;
    if (used > last - (64 << 10)) return used;
    last = used;
  }
}

describe('4,095 connections through a couple', () => {
  it('are open at once, half of them IPv4, echo, close, and leave nothing behind', async () => {
    await using network = await lab(DECK);
    await network.rest();
    // What is made once and kept (compiled code, packet and timer pools) is part of the baseline; a leak is not.
    await round(network, CONNECTIONS);
    const before = await heap();
    const peak = await round(network, CONNECTIONS);
    const after = await heap();
    const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
    console.log(
      `heap ${kib(before)} before, ${kib(peak)} with ${CONNECTIONS} connections open ` +
        `(${Math.round((peak - before) / CONNECTIONS)} bytes each, both ends and their sockets), ${kib(after)} after`,
    );
    expect(after - before).toBeLessThan(768 << 10);
    expect(network.environment.pool.live).toBe(0);
    for (const { stack } of network.stacks.values()) expect(stack.tcp.connectionCount).toBe(0);
  });
});

/** Opens, echoes over, and closes `count` connections; returns the heap when all were open. */
async function round(network: Lab, count: number): Promise<number> {
  const server = network.host(2);
  const families = new Map<string, number>();
  const listener = server.net.createServer((socket) => {
    families.set(socket.remoteFamily!, (families.get(socket.remoteFamily!) ?? 0) + 1);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => listener.listen({ port: 7, backlog: CONNECTIONS }, resolve));
  const half = Math.floor(count / 2);
  const sockets: Socket[] = [];
  const open = async (host: LabHost, address: string): Promise<void> => {
    const socket = host.net.connect({ host: address, port: 7 });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  };
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      i < half ? open(network.host(44), '192.0.2.3') : open(network.host(66), '2001:db8::2'),
    ),
  );
  const peak = await heap();
  const echoes = await Promise.all(
    sockets.map(
      (socket, i) =>
        new Promise<boolean>((resolve) => {
          socket.once('data', (data: Buffer) => resolve(data.toString() === `line ${i}`));
          socket.write(`line ${i}`);
        }),
    ),
  );
  expect(echoes.every(Boolean)).toBe(true);
  expect([families.get('IPv4'), families.get('IPv6')]).toEqual([half, count - half]);
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()).end())),
  );
  await new Promise<void>((resolve) => listener.close(() => resolve()));
  await network.advance(300_000_000); // past TIME-WAIT
  return peak;
}
