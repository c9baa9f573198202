import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parsePeer, type SocketFilter, socketTable } from '../../../src/cli/socket-table.ts';
import { pages } from '../../../src/cli/table.ts';
import { lab } from '../../../src/index.ts';

const card = (id: number): string => `
// EXEC BSTTINET
ID 0${id}
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.${id} 255.255.255.0 1500
ATTACH TCP/IP
/*
`;

let network: Awaited<ReturnType<typeof lab>>;

beforeAll(async () => {
  network = await lab([1, 2, 3].map(card).join(''));
  const server = network.host(2).net.createServer(() => {});
  server.listen(80);
  await once(server, 'listening');
  for (const [from, localPort] of [
    [1, 5_000],
    [1, 5_001],
    [3, 5_002],
  ] as const) {
    await once(network.host(from).net.connect({ host: '192.0.2.2', port: 80, localPort }), 'connect');
  }
  network.host(3).dgram.createSocket('udp4').bind(53);
  await network.rest();
});
afterAll(() => network.close());

function show(filter: SocketFilter): { summary: string | undefined; rows: string[] } {
  const stacks = [...network.stacks.values()].map(({ stack }) => stack);
  const { rows, summary } = socketTable(stacks, filter);
  return { summary: summary?.(), rows: [...rows].map((cells) => cells.join(' ')).sort() };
}

it('counts by state and shows both ends', () => {
  const { summary, rows } = show({});
  expect(summary).toBe('8 sockets: 1 LISTEN, 6 ESTABLISHED, 1 UNCONN');
  expect(rows).toHaveLength(8);
  expect(rows).toContain('01 tcp ESTABLISHED 0 0 192.0.2.1:5000 192.0.2.2:80');
  expect(rows).toContain('02 tcp ESTABLISHED 0 0 192.0.2.2:80 192.0.2.3:5002');
  expect(rows).toContain('02 tcp LISTEN 0 0 *:80 *');
  expect(rows).toContain('03 udp UNCONN 0 0 *:53 *');
});

it('filters by state, port and peer', () => {
  expect(show({ states: ['LISTEN', 'UNCONN'] }).rows).toHaveLength(2);
  expect(show({ port: 5_001 }).rows).toEqual([
    '01 tcp ESTABLISHED 0 0 192.0.2.1:5001 192.0.2.2:80',
    '02 tcp ESTABLISHED 0 0 192.0.2.2:80 192.0.2.1:5001',
  ]);
  expect(show({ port: 80 }).summary).toBe('7 sockets: 1 LISTEN, 6 ESTABLISHED');
  expect(show({ peer: parsePeer('192.0.2.1')! }).rows).toHaveLength(2);
  expect(show({ peer: parsePeer('192.0.2.0/30')!, port: 5_002 }).rows).toEqual([
    '02 tcp ESTABLISHED 0 0 192.0.2.2:80 192.0.2.3:5002',
    '03 tcp ESTABLISHED 0 0 192.0.2.3:5002 192.0.2.2:80',
  ]);
  expect(show({ peer: parsePeer('2001:db8::/32')! })).toEqual({ summary: '0 sockets', rows: [] });
});

it.each(['', 'x', '192.0.2.1/33', '192.0.2.1/', '192.0.2.1/2/3', '2001:db8::/129', '192.0.2.1/-1'])(
  'takes %j for no peer',
  (text) => expect(parsePeer(text)).toBeUndefined(),
);

it('prints page by page; a column grows when it must', () => {
  const rows = Array.from({ length: 1_500 }, (_, i) => [i < 1_200 ? 'a' : 'longer', i]);
  const printed = [...pages(['NAME', 'N'], rows, 'first')];
  expect(printed).toHaveLength(3);
  const lines = printed.join('').split('\n');
  expect(lines.slice(0, 3)).toEqual(['first', 'NAME  N', 'a       0']);
  expect(lines.at(-2)).toBe('longer  1499');
  expect(lines).toHaveLength(1_503);
});
