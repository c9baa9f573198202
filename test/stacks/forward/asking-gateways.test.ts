import { describe, expect, it } from 'vitest';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { type Route, RouteTable } from '../../../stacks/forward/routes.ts';
import { PROBE_INTERVAL, SilentGateways } from '../../../stacks/forward/silent-gateways.ts';
import { environment, ip } from '../ipv6/net.ts';

const DEFAULT = { destination: ipv6.any, prefixLength: 0, interfaceIndex: 1, metric: 1 } as const;

/** A table with these routes, and who was asked whether it is there again. */
function gateways(...origins: Route['origin'][]) {
  const { clock, random } = environment();
  const routes = new RouteTable(ipv6, random);
  for (const [i, origin] of origins.entries())
    routes.add({ ...DEFAULT, gateway: ip(`fe80::${i + 1}`), origin });
  const asked: string[] = [];
  const silent = new SilentGateways(clock, routes, (address) => asked.push(ipv6.format(address)));
  const pass = (intervals: number): void => clock.advance(clock.now + intervals * PROBE_INTERVAL);
  return { routes, silent, asked, pass };
}

describe('a gateway that does not answer', () => {
  it('is asked once a minute until it does, whatever became of the question', () => {
    const { silent, asked, pass } = gateways('static');
    silent.lost(ip('fe80::1'), 1);
    pass(3);
    expect(asked).toHaveLength(3);
    silent.found(ip('fe80::1'), 1);
    pass(3);
    expect(asked).toHaveLength(3);
  });

  it('is judged elsewhere when a router advertised it', () => {
    const { routes, silent, asked, pass } = gateways('ra');
    silent.lost(ip('fe80::1'), 1);
    pass(2);
    expect(asked).toEqual([]);
    expect(routes.explain(ip('2001:db8::1'))).toMatchObject([{ verdict: 'taken' }]);
  });
});
