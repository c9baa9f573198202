/** The networks that are fuzzed: a host, a router, a couple of two hosts; and honest neighbours for them. */
import { Couple } from '../../src/couple/couple.ts';
import type { HostAddress, SocketHost } from '../../src/sockets/host.ts';
import { StackHost } from '../../src/sockets/stack-host.ts';
import type { Address } from '../../stacks/address/address.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { Ipv4Stack } from '../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../stacks/ipv6/stack.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import type { Stack } from '../../stacks/stack.ts';
import { broken } from './broken.ts';
import { MAC, OUR_MAC } from './templates.ts';
import { Wire } from './wire.ts';

export type Version = 4 | 6;
export type Layout = 'host4' | 'host6' | 'router4' | 'router6' | 'couple';

/** What an input may choose. */
export interface Conditions {
  readonly medium: 'ethernet' | 'ip';
  /** Of the last link. */
  readonly narrow: boolean;
  /** IPv6: addresses come from routers as well. */
  readonly autoconfigure: boolean;
}

export interface Scene {
  readonly stacks: readonly Stack[];
  readonly wires: readonly Wire[];
  readonly host: SocketHost;
  readonly peers: readonly HostAddress[];
}

const NETWORKS = { 4: ['192.0.2.', '198.51.100.'], 6: ['2001:db8::', '2001:db8:1::'] } as const;
const BITS = { 4: 24, 6: 64 } as const;
const HONEST_MAC = 3;
const MTU = 1_500;
/** The least of IPv6, and what IPv4 is often cut to. */
const NARROW = { 4: 576, 6: 1_280 } as const;

const familyOf = (version: Version) => (version === 4 ? ipv4 : ipv6);

export function addressOn(version: Version, link: number, host: number): Address {
  return familyOf(version).parse(`${NETWORKS[version][link]}${host}`)!;
}

function stackOf(
  environment: Environment,
  version: Version,
  id: number,
  name: string,
  forwarding = false,
): Stack {
  const options = { id, name, forwarding };
  return version === 4 ? new Ipv4Stack(environment, options) : new Ipv6Stack(environment, options);
}

export function sceneOf(environment: Environment, layout: Layout, conditions: Conditions): Scene {
  const versions: Version[] = layout === 'couple' ? [6, 4] : layout.endsWith('4') ? [4] : [6];
  const isRouter = layout.startsWith('router');
  const wires: Wire[] = [];
  const stacks = versions.map((version, i) => {
    const stack = stackOf(environment, version, i + 1, `FUZZED${version}`, isRouter);
    for (let link = 0; link < (isRouter ? 2 : 1); link++) {
      const isLast = link === (isRouter ? 1 : 0);
      const mtu = conditions.narrow && isLast ? NARROW[version] : MTU;
      const mac = MAC.slice();
      mac[4] = link;
      const wire = new Wire(environment, `W${wires.length}`, conditions.medium, mtu, mac, OUR_MAC);
      wires.push(wire);
      const iface = stack.addInterface(`ETH${link}`, wire, {
        address: addressOn(version, link, 1),
        prefixLength: BITS[version],
        mtu,
        ...(version === 6 && {
          autoconfigure: conditions.autoconfigure,
          advertise: isRouter && conditions.autoconfigure,
        }),
      });
      if (iface.mtu !== mtu) broken('an interface has another MTU than its device');
    }
    // What lies beyond is behind the fuzzer.
    const { any } = stack.family;
    const gateway = addressOn(version, 0, 2);
    stack.addRoute({
      destination: any,
      prefixLength: 0,
      gateway,
      interfaceIndex: 1,
      metric: 1,
      origin: 'static',
    });
    return stack;
  });
  const hosts = stacks.map((stack) => new StackHost(stack));
  let host: SocketHost = hosts[0]!;
  if (layout === 'couple') {
    const couple = new Couple(hosts[0]!, stacks[1]!.id);
    couple.join(hosts[1]!);
    host = couple;
  }
  const peers = versions.map((version) => ({ family: familyOf(version), address: addressOn(version, 0, 2) }));
  return { stacks, wires, host, peers };
}

/** A stack of our own on the link of `wire`, to be served. */
export function neighbourOf(environment: Environment, wire: Wire, version: Version, link: number): Stack {
  const mac = Uint8Array.of(2, 0, 0, 0, link, HONEST_MAC);
  const end = new Wire(environment, `H${wire.name}`, wire.medium, wire.mtu, mac, OUR_MAC);
  const stack = stackOf(environment, version, 50 + link, `HONEST${link}`);
  const mtu = wire.mtu;
  stack.addInterface('ETH', end, {
    address: addressOn(version, link, 3),
    prefixLength: BITS[version],
    mtu,
    autoconfigure: false,
  });
  const gateway = addressOn(version, link, 1);
  const { any } = stack.family;
  stack.addRoute({
    destination: any,
    prefixLength: 0,
    gateway,
    interfaceIndex: 1,
    metric: 1,
    origin: 'static',
  });
  end.peer = wire;
  wire.peer = end;
  return stack;
}
