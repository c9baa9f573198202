import type { Address } from '../address/address.ts';
import type { Ipv6Interface } from './interface.ts';

/** Of several routers that are as good, the one for packets from `source` (RFC 8028 §3.1); undefined: the `given` one. */
export type FirstHop = (
  destination: Address,
  source: Address,
  link: Ipv6Interface,
  given: Address,
) => Address | undefined;
