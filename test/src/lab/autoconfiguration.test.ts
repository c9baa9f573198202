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
AUTOCONF ETH 1400 IDENT EUI64
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

const RICH = `
// JOB ROUTER
// EXEC BSTT6NET
ID 01
FORWARD ON
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8:5::1 /64 1500
ADVERTISE ETH LIFETIME 900 PREFERENCE HIGH INTERVAL 30 HOPLIMIT 33
ADVPREFIX ETH 2001:DB8:6:: /64 VALID 7200 PREFERRED 3600 ONLINK OFF
ADVPREFIX ETH 2001:DB8:5:: /64 AUTO OFF
ADVROUTE ETH 2001:DB8:77:: /48 PREFERENCE LOW LIFETIME 600
ADVDNS ETH 2001:DB8:5::53
ADVSRCH ETH lab.example
ATTACH TCP/IP
/*
// JOB HOST
// EXEC BSTT6NET
ID 02
DEVICE ETH WIRE LAN
AUTOCONF ETH 1400 SECRET 000102030405060708090A0B0C0D0E0F TEMPORARY ON
ROUTE ETH 2001:DB8:99:: /48 FE80::54:53FF:FE01:601 1
POLICY 2001:DB8:6:: /64 45 14
ATTACH TCP/IP
/*
`;

it('a host takes everything that the cards of a router say', async () => {
  const seen = await Promise.all(
    [1, 2].map(async (seed) => {
      await using network = await lab(RICH, { seed });
      await network.rest();
      const { stack } = network.host('HOST');
      const facts = stack.ipv6!;
      const { addresses } = stack.interfaces()[0]!;
      expect(addresses.map(({ origin, state }) => `${origin} ${state}`)).toEqual([
        'link-local preferred',
        'slaac preferred',
        'temporary preferred',
      ]);
      expect(stack.describe(addresses[1]!.address)).toMatch(/^2001:db8:6:/);
      expect([...facts.prefixes()].map(({ network }) => stack.describe(network))).toEqual(['2001:db8:5::']);
      expect([...facts.nameServers()].map(({ address }) => stack.describe(address))).toEqual([
        '2001:db8:5::53',
      ]);
      expect([...facts.searchDomains()]).toMatchObject([{ domain: 'lab.example' }]);
      expect([...facts.routers()]).toMatchObject([{ preference: 'high', reachable: true }]);
      expect([...facts.policies].some(({ label }) => label === 14)).toBe(true);
      const routes = [...stack.routes()].map(
        (route) =>
          `${stack.describe(route.destination)}/${route.prefixLength} ${route.metric} ${route.origin}`,
      );
      expect(routes).toEqual([
        '2001:db8:99::/48 1 static',
        '::/0 512 ra',
        '2001:db8:5::/64 256 ra',
        '2001:db8:77::/48 2048 ra',
      ]);
      return addresses.slice(0, 2).map(({ address }) => stack.describe(address));
    }),
  );
  // The same SECRET: the same addresses, whatever the seed.
  expect(seen[0]).toEqual(seen[1]);
});
