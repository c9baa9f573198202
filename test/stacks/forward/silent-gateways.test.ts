import { expect, it } from 'vitest';
import type { Address } from '../../../stacks/address/address.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { RouteTable } from '../../../stacks/forward/routes.ts';
import { PROBE_INTERVAL, SilentGateways } from '../../../stacks/forward/silent-gateways.ts';
import { environment, ip } from '../ipv4/net.ts';

const GATEWAY = ip('10.0.0.253');
const DEFAULT = { destination: ip('0.0.0.0'), prefixLength: 0, gateway: GATEWAY, interfaceIndex: 1 };

function host() {
  const { clock, random } = environment();
  const routes = new RouteTable(ipv4, random);
  routes.add({ ...DEFAULT, metric: 1, origin: 'static' });
  const asked: number[] = [];
  const probe = (_address: Address, _index: number): number => asked.push(clock.now / PROBE_INTERVAL);
  return { clock, routes, asked, gateways: new SilentGateways(clock, routes, probe) };
}

it('are asked every minute until they answer, also when a question went nowhere', () => {
  const { clock, asked, gateways } = host();
  gateways.lost(GATEWAY, 1);
  clock.advance(3.5 * PROBE_INTERVAL);
  expect(asked).toEqual([1, 2, 3]);
  gateways.found(GATEWAY, 1);
  clock.advance(9 * PROBE_INTERVAL);
  expect(asked).toHaveLength(3);
});

it('are forgotten with the last route by them', () => {
  const { clock, routes, asked, gateways } = host();
  gateways.lost(GATEWAY, 1);
  routes.withdraw(DEFAULT.destination, 0, {});
  clock.advance(9 * PROBE_INTERVAL);
  expect([asked, gateways.size]).toEqual([[], 0]);
});
