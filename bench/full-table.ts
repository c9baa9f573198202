/**
 * Routing tables like those of the Internet, from a seed. Lengths follow the shares that public route collectors
 * report: of IPv4 most is /24, of IPv6 /48 and /32. IPv4 prefixes lie anywhere in the unicast space, which spreads them
 * wider than in truth; IPv6 prefixes lie in the blocks of the registries, under 20,000 local registries with a /32.
 */
import { Address } from '../stacks/address/address.ts';
import type { Family } from '../stacks/address/family.ts';
import { ipv4 } from '../stacks/address/ipv4.ts';
import type { Route } from '../stacks/forward/routes.ts';
import type { Random } from '../stacks/packet/environment.ts';

/** Per mille by length. */
const IPV4_SHARES: readonly [length: number, share: number][] = [
  [24, 595],
  [22, 113],
  [23, 100],
  [21, 52],
  [20, 45],
  [19, 27],
  [18, 15],
  [16, 14],
  [17, 9],
  [15, 8],
  [14, 6],
  [13, 4],
  [12, 3],
  [11, 2],
  [10, 1],
  [9, 1],
  [8, 1],
  [25, 1],
  [29, 1],
  [32, 2],
];
const IPV6_SHARES: readonly [length: number, share: number][] = [
  [48, 455],
  [32, 120],
  [44, 110],
  [40, 95],
  [36, 50],
  [46, 40],
  [47, 35],
  [42, 25],
  [29, 20],
  [33, 15],
  [45, 12],
  [43, 7],
  [38, 5],
  [34, 4],
  [28, 2],
  [56, 2],
  [64, 2],
  [128, 1],
];
const IPV6_BLOCKS = [0x20010000, 0x24000000, 0x26000000, 0x28000000, 0x2a000000, 0x2c000000];
const IPV6_REGISTRIES = 20_000;
/** Next hops of one router. */
export const GATEWAYS = 64;

export interface TablePrefix {
  readonly destination: Address;
  readonly prefixLength: number;
}

/** xorshift32: quick, and the same everywhere. */
export function seeded(seed: number): Random {
  let x = seed | 1;
  return {
    u32() {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return x >>> 0;
    },
  };
}

/** Distinct prefixes, in random order. */
export function fullTable(family: Family, count: number, seed: number): TablePrefix[] {
  const random = seeded(seed);
  const lengths = byShare(family === ipv4 ? IPV4_SHARES : IPV6_SHARES);
  const registries = Array.from({ length: IPV6_REGISTRIES }, () => {
    const block = IPV6_BLOCKS[random.u32() % IPV6_BLOCKS.length]!;
    return block | (random.u32() % (block === 0x20010000 ? 1 << 13 : 1 << 20));
  });
  const seen = new Set<number | string>();
  const prefixes: TablePrefix[] = [];
  while (prefixes.length < count) {
    const prefixLength = lengths[random.u32() % lengths.length]!;
    const inside =
      family === ipv4
        ? new Address(0, 0, 0, unicast(random))
        : new Address(registries[random.u32() % registries.length]!, random.u32() & ~0x80000000, 1, 1);
    const destination = family.network(inside, prefixLength);
    const key =
      family === ipv4
        ? (destination.w3 >>> 0) * 64 + prefixLength
        : `${destination.w0},${destination.w1},${destination.w2},${prefixLength}`;
    if (seen.has(key)) continue;
    seen.add(key);
    prefixes.push({ destination, prefixLength });
  }
  return prefixes;
}

/** A route to a prefix by one of `GATEWAYS` stations in `network` on interface 2. */
export function routeTo(prefix: TablePrefix, network: Address, n: number): Route {
  const gateway = network.clone();
  gateway.w3 |= 2 + (n % GATEWAYS);
  return { ...prefix, gateway, interfaceIndex: 2, metric: 1, origin: 'static' };
}

/** An address inside a prefix. */
export function inside(family: Family, { destination, prefixLength }: TablePrefix, random: Random): Address {
  const host = family.network(new Address(-1, -1, -1, -1), prefixLength);
  const a = destination.clone();
  a.w3 |= random.u32() & ~host.w3;
  if (family === ipv4) return a;
  a.w0 |= random.u32() & ~host.w0;
  a.w1 |= random.u32() & ~host.w1;
  a.w2 |= random.u32() & ~host.w2;
  return a;
}

function byShare(shares: readonly (readonly [number, number])[]): number[] {
  return shares.flatMap(([length, share]) => new Array<number>(share).fill(length));
}

/** 1.0.0.0 to 223.255.255.255 without 10/8, 127/8 and 169.254/16. */
function unicast(random: Random): number {
  for (;;) {
    const word = random.u32() | 0;
    const high = word >>> 24;
    if (high === 0 || high === 10 || high === 127 || high >= 224 || word >>> 16 === 0xa9fe) continue;
    return word;
  }
}
