/** All topics, in the order of the page. */
import type { Row } from '../table.ts';
import { hostAddresses } from './host-addresses.ts';
import { hostArp } from './host-arp.ts';
import { hostAutoconfiguration } from './host-autoconfiguration.ts';
import { hostDestinations } from './host-destinations.ts';
import { hostEcho } from './host-echo.ts';
import { hostFirstHop } from './host-first-hop.ts';
import { hostFragments } from './host-fragments.ts';
import { hostIcmpErrors } from './host-icmp-errors.ts';
import { hostIcmpReceived } from './host-icmp-received.ts';
import { hostIdentifiers } from './host-identifiers.ts';
import { hostIpv4 } from './host-ipv4.ts';
import { hostIpv4Addresses } from './host-ipv4-addresses.ts';
import { hostIpv4Routing } from './host-ipv4-routing.ts';
import { hostIpv6 } from './host-ipv6.ts';
import { hostIpv6Fragments } from './host-ipv6-fragments.ts';
import { hostLinkParameters } from './host-link-parameters.ts';
import { hostMulticast } from './host-multicast.ts';
import { hostNd } from './host-nd.ts';
import { hostNdValidation } from './host-nd-validation.ts';
import { hostOlderQueriers } from './host-older-queriers.ts';
import { hostPathMtu } from './host-path-mtu.ts';
import { hostPrefixes } from './host-prefixes.ts';
import { hostReachability } from './host-reachability.ts';
import { hostRedirects } from './host-redirects.ts';
import { hostRouters } from './host-routers.ts';
import { hostSummary } from './host-summary.ts';
import { hostUdp } from './host-udp.ts';
import { routerDiscovery } from './router-discovery.ts';
import { routerErrors } from './router-errors.ts';
import { routerForwarding } from './router-forwarding.ts';
import { routerOptions } from './router-options.ts';
import { routerRequirements } from './router-requirements.ts';

export const rows: readonly Row[] = [
  hostEcho,
  hostIpv4,
  hostIpv4Addresses,
  hostFragments,
  hostIpv6Fragments,
  hostIcmpErrors,
  hostIcmpReceived,
  hostPathMtu,
  hostArp,
  hostUdp,
  hostIpv6,
  hostNdValidation,
  hostNd,
  hostReachability,
  hostRouters,
  hostLinkParameters,
  hostFirstHop,
  hostAutoconfiguration,
  hostPrefixes,
  hostRedirects,
  hostAddresses,
  hostIdentifiers,
  hostDestinations,
  hostMulticast,
  hostOlderQueriers,
  hostIpv4Routing,
  hostSummary,
  routerForwarding,
  routerOptions,
  routerErrors,
  routerRequirements,
  routerDiscovery,
].flatMap((topic) => topic.rows);
