import { expect, it } from 'vitest';
import { IPV6_TABLES } from '../../../src/cli/ipv6-tables.ts';
import { lab } from '../../../src/index.ts';

const DECK = `
// JOB ROUTER
// EXEC BSTT6NET
ID 01
FORWARD ON
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8:5::1 /64 1500
ADVERTISE ETH PREFERENCE LOW
ADVDNS ETH 2001:DB8:5::53
ADVSRCH ETH LAB.EXAMPLE LIFETIME 60
ATTACH TCP/IP
/*
// JOB HOST
// EXEC BSTT6NET
ID 02
DEVICE ETH WIRE LAN 020000000006
AUTOCONF ETH 1500 IDENT EUI64
POLICY 2001:DB8:5:: /64 45 14
ATTACH TCP/IP
/*
`;

it('tables of IPv6 tell what a host took from its router', async () => {
  await using network = await lab(DECK);
  await network.rest();
  const rows = (what: string, stack: string) =>
    [...IPV6_TABLES[what]!.make(network).rows].filter((row) => row[0] === stack).map((row) => row.slice(1));
  expect(rows('addresses', '02')).toEqual([
    ['ETH', 'fe80::ff:fe00:6%ETH/64', 'link-local', 'preferred', 'forever', 'forever'],
    ['ETH', '2001:db8:5::ff:fe00:6/64', 'slaac', 'preferred', expect.any(Number), expect.any(Number)],
  ]);
  expect(rows('addresses', '01')[1]).toEqual([
    'ETH',
    '2001:db8:5::1/64',
    'static',
    'preferred',
    'forever',
    'forever',
  ]);
  expect(rows('routers', '02')).toEqual([
    ['fe80::54:53ff:fe01:601%ETH', 'ETH', 'low', 'yes', expect.any(Number)],
  ]);
  expect(rows('routers', '01')).toEqual([]);
  expect(rows('prefixes', '02')).toEqual([['2001:db8:5::/64', 'ETH', expect.any(Number)]]);
  expect(rows('resolvers', '02').map((row) => row.slice(0, 2))).toEqual([
    ['server', '2001:db8:5::53'],
    ['search', 'lab.example'],
  ]);
  expect(rows('policies', '02')).toContainEqual(['2001:db8:5::/64', 45, 14]);
});
