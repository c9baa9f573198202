import { expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';

const DECK = `
// JOB ROUTER
// EXEC BSTT6NET
ID 01
FORWARD ON
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8:5::1 /64 1500
ADVERTISE ETH
ATTACH TCP/IP
/*
// JOB HOST
// EXEC BSTT6NET
ID 02
DEVICE ETH WIRE LAN MAC
AUTOCONF ETH 1400
ATTACH TCP/IP
/*
`.replace(' MAC', ' 020000000006');

it('a host with AUTOCONF takes address and default route from a router with ADVERTISE', async () => {
  await using network = await lab(DECK);
  await network.rest();
  const { stack } = network.host('HOST');
  const [link] = stack.interfaces();
  const addresses = link!.addresses.map((a) => `${stack.describe(a.address)}/${a.prefixLength} ${a.state}`);
  expect(addresses).toEqual(['fe80::ff:fe00:6%ETH/64 preferred', '2001:db8:5::ff:fe00:6/64 preferred']);
  const defaults = [...stack.routes()].filter((route) => route.prefixLength === 0);
  expect(defaults.map((route) => [stack.describe(route.gateway), route.origin])).toEqual([
    ['fe80::54:53ff:fe01:601%ETH', 'ra'],
  ]);
  const { outcome } = await network.host('HOST').echo('2001:db8:5::1');
  expect(outcome).toBe('reply');
});
