/** What an IPv6 stack tells of what it learnt, for tables and for the order of addresses. */
import type { Address } from '../address/address.ts';
import { ipv6, isMapped } from '../address/ipv6.ts';
import type { Ipv6Facts } from '../stack.ts';
import { sortDestinations } from './destination-selection.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { LocalAddress } from './local-address.ts';
import type { PolicyTable } from './policy.ts';
import type { Routers } from './routers.ts';

export class Facts implements Ipv6Facts {
  readonly policies: PolicyTable;
  readonly #routers: Routers;
  readonly #bestSource: (destination: Address) => LocalAddress | undefined;

  constructor(host: Host, routers: Routers, bestSource: (destination: Address) => LocalAddress | undefined) {
    this.policies = host.policies;
    this.#routers = routers;
    this.#bestSource = bestSource;
  }

  routers(): ReturnType<Ipv6Facts['routers']> {
    return this.#routers;
  }

  *prefixes(): ReturnType<Ipv6Facts['prefixes']> {
    for (const { network, length, link, until } of this.#routers.prefixes) {
      yield { network, length, interfaceIndex: link.index, until };
    }
  }

  *nameServers(): ReturnType<Ipv6Facts['nameServers']> {
    for (const server of this.#routers.nameServers.servers) yield { ...server, ...indexOf(server) };
  }

  *searchDomains(): ReturnType<Ipv6Facts['searchDomains']> {
    for (const domain of this.#routers.nameServers.domains) yield { ...domain, ...indexOf(domain) };
  }

  sortDestinations(
    addresses: readonly Address[],
    sourceOf: (mapped: Address) => Address | undefined,
  ): Address[] {
    const candidates = addresses.map((address) => {
      if (isMapped(address)) return { address, source: sourceOf(address), deprecated: false };
      if (ipv6.isLoopback(address)) return { address, source: ipv6.loopback, deprecated: false };
      const local = this.#bestSource(address);
      return { address, source: local?.address, deprecated: local?.state === 'deprecated' };
    });
    return sortDestinations(candidates, this.policies).map(({ address }) => address);
  }
}

function indexOf({ link }: { readonly link: Ipv6Interface }): { readonly interfaceIndex: number } {
  return { interfaceIndex: link.index };
}
