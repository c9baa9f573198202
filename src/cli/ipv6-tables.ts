/** What IPv6 stacks configured and learnt: the tables of `show` about autoconfiguration. */
import type { InterfaceAddress, Ipv6Facts, Stack } from '../../stacks/stack.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import type { Lab } from '../lab/lab.ts';
import { type Cell, type Table, two } from './table.ts';

export const IPV6_TABLES: Readonly<
  Record<string, { readonly help: string; readonly make: (lab: Lab) => Table }>
> = {
  addresses: {
    help: 'addresses with where they come from, their states, and the seconds that they are preferred and valid',
    make: (lab) => ({
      head: ['STACK', 'LINK', 'ADDRESS', 'ORIGIN', 'STATE', 'PREFERRED', 'VALID'],
      rows: [...lab.stacks.values()].flatMap(({ stack }) =>
        stack
          .interfaces()
          .flatMap((link) => link.addresses.map((local) => addressRow(stack, link.name, local))),
      ),
    }),
  },
  routers: {
    help: 'default routers that IPv6 stacks heard of, with preference, reachability and remaining seconds',
    make: (lab) => ({
      head: ['STACK', 'ROUTER', 'LINK', 'PREFERENCE', 'REACHABLE', 'LIFETIME'],
      rows: rowsOf(lab, (stack, facts) =>
        [...facts.routers()].map(({ address, interfaceIndex, preference, reachable, until }) => [
          stack.describe(address),
          linkName(stack, interfaceIndex),
          preference,
          reachable ? 'yes' : 'unknown',
          secondsLeft(stack, until),
        ]),
      ),
    }),
  },
  prefixes: {
    help: 'prefixes that routers say are on the link, with remaining seconds',
    make: (lab) => ({
      head: ['STACK', 'PREFIX', 'LINK', 'LIFETIME'],
      rows: rowsOf(lab, (stack, facts) =>
        [...facts.prefixes()].map(({ network, length, interfaceIndex, until }) => [
          `${stack.describe(network)}/${length}`,
          linkName(stack, interfaceIndex),
          secondsLeft(stack, until),
        ]),
      ),
    }),
  },
  resolvers: {
    help: 'name servers and search domains that routers advertise, with remaining seconds',
    make: (lab) => ({
      head: ['STACK', 'KIND', 'VALUE', 'LINK', 'LIFETIME'],
      rows: rowsOf(lab, (stack, facts) => [
        ...[...facts.nameServers()].map(({ address, interfaceIndex, until }) => [
          'server',
          stack.describe(address),
          linkName(stack, interfaceIndex),
          secondsLeft(stack, until),
        ]),
        ...[...facts.searchDomains()].map(({ domain, interfaceIndex, until }) => [
          'search',
          domain,
          linkName(stack, interfaceIndex),
          secondsLeft(stack, until),
        ]),
      ]),
    }),
  },
  policies: {
    help: 'the policy tables for addresses (RFC 6724), longest prefix first',
    make: (lab) => ({
      head: ['STACK', 'PREFIX', 'PRECEDENCE', 'LABEL'],
      rows: rowsOf(lab, (stack, { policies }) =>
        [...policies].map(({ prefix, prefixLength, precedence, label }) => [
          `${stack.describe(prefix)}/${prefixLength}`,
          precedence,
          label,
        ]),
      ),
    }),
  },
};

function rowsOf(lab: Lab, make: (stack: Stack, facts: Ipv6Facts) => (readonly Cell[])[]): Cell[][] {
  return [...lab.stacks.values()].flatMap(({ stack }) =>
    stack.ipv6 === undefined ? [] : make(stack, stack.ipv6).map((row) => [two(stack.id), ...row]),
  );
}

function addressRow(stack: Stack, link: string, local: InterfaceAddress): Cell[] {
  const { address, prefixLength, origin = 'static', state, preferredUntil, validUntil } = local;
  return [
    two(stack.id),
    link,
    `${stack.describe(address)}/${prefixLength}`,
    origin,
    state,
    secondsLeft(stack, preferredUntil),
    secondsLeft(stack, validUntil),
  ];
}

function secondsLeft(stack: Stack, until = Number.POSITIVE_INFINITY): Cell {
  if (until === Number.POSITIVE_INFINITY) return 'forever';
  return Math.max(0, Math.floor((until - stack.environment.clock.now) / SECOND));
}

function linkName(stack: Stack, index: number): string {
  return stack.interfaces().find((link) => link.index === index)?.name ?? '-';
}
