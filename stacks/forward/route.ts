import type { Address } from '../address/address.ts';

export interface Route {
  readonly destination: Address;
  readonly prefixLength: number;
  /** Unspecified for a direct route. */
  readonly gateway: Address;
  readonly interfaceIndex: number;
  readonly metric: number;
  /** `link` from an interface address, `static` from a statement, `ra` from a router advertisement. */
  readonly origin: 'link' | 'static' | 'ra' | 'redirect';
  /** Where it was written (`file:line:column`), for those who ask why. */
  readonly card?: string;
}
