/** Three stacks for tests: left - router - right, on two hubs. */
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { environment, Hub, ip, type Port, settle } from './net.ts';

export interface Routed {
  readonly env: Environment;
  readonly left: Ipv6Stack;
  readonly router: Ipv6Stack;
  readonly right: Ipv6Stack;
  readonly leftPort: Port;
  readonly nearPort: Port;
  readonly farPort: Port;
  readonly rightPort: Port;
}

/** `mtu` is that of the right link, which the right stack takes for `rightMtu`. */
export function narrow(mtu = 1_500, medium: 'ethernet' | 'ip' = 'ethernet', rightMtu = mtu): Routed {
  const env = environment();
  const near = new Hub(env, medium);
  const far = new Hub(env, medium);
  const leftPort = near.port('left');
  const nearPort = near.port('near');
  const farPort = far.port('far');
  const rightPort = far.port('right');
  const left = new Ipv6Stack(env, { id: 1, name: 'LEFT' });
  const router = new Ipv6Stack(env, { id: 2, name: 'ROUTER', forwarding: true });
  const right = new Ipv6Stack(env, { id: 3, name: 'RIGHT' });
  const on = { prefixLength: 64, mtu: 1_500 };
  left.addInterface('L', leftPort, { ...on, address: ip('2001:db8:1::2') });
  router.addInterface('NEAR', nearPort, { ...on, address: ip('2001:db8:1::1') });
  router.addInterface('FAR', farPort, { ...on, address: ip('2001:db8:2::1'), mtu });
  right.addInterface('R', rightPort, { ...on, address: ip('2001:db8:2::2'), mtu: rightMtu });
  const all = {
    destination: ip('::'),
    prefixLength: 0,
    interfaceIndex: 1,
    metric: 1,
    origin: 'static',
  } as const;
  left.addRoute({ ...all, gateway: ip('2001:db8:1::1') });
  right.addRoute({ ...all, gateway: ip('2001:db8:2::1') });
  for (const stack of [left, router, right]) stack.start();
  settle(env);
  return { env, left, router, right, leftPort, nearPort, farPort, rightPort };
}
