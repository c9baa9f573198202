/** What can be said about the network of one stack before it runs: links, routes, gateways, names. */
import type { Address } from '../../stacks/address/address.ts';
import { limitedBroadcast } from '../../stacks/address/ipv4.ts';
import { isMapped } from '../../stacks/address/ipv6.ts';
import type { DeviceConfig, LinkConfig, RouteConfig } from './deck.ts';
import { familyOf } from './ip.ts';
import { quote, type Report } from './report.ts';
import type { Drafted, StackDraft } from './stack.ts';
import { nearest } from './suggest.ts';

/** The judgements on links are quadratic; a router with more links than this is a mistake in a generator. */
export const MAX_LINKS = 256;
/** Largest IP packet: RFC 791 §3.1; larger than that would be an IPv6 jumbogram, which nobody here sends. */
const MAX_MTU = 65535;

export function checkNetwork(stack: StackDraft, report: Report): void {
  const devices = checkDevices(stack, report);
  checkLinks(stack, devices, report);
  checkAutoconf(stack, devices, report);
  const linked = new Set([...stack.links, ...stack.autoconf].map((l) => l.config.device));
  const { unread } = stack.source;
  for (const { config, operands } of stack.devices) {
    if (linked.has(config.name) || unread.has(config.name, 'LINK', 'AUTOCONF')) continue;
    if (stack.links.length > MAX_LINKS) continue;
    const six = stack.version === 6;
    report.add('TW2117', operands.token('device'), `device ${config.name} has no LINK`, {
      label: 'it carries nothing',
      help:
        `write LINK ${config.name} 0 address ${six ? '/64' : 'mask'} mtu, ` +
        `or AUTOCONF ${config.name} mtu to ${six ? 'take the address from a router' : 'pick one (RFC 3927)'}`,
    });
  }
  const routes = new Map<string, number>();
  for (const route of stack.routes) checkRoute(stack, route, routes, report);
  checkNames(stack, report);
}

/** AUTOCONF, PROBE and ADVERTISE name devices; what LINK says already is not said twice. */
function checkAutoconf(stack: StackDraft, devices: ReadonlyMap<string, DeviceConfig>, report: Report): void {
  const linked = new Map(stack.links.map((l) => [l.config.device, l.config]));
  const { unread } = stack.source;
  for (const { config, operands } of stack.autoconf) {
    if (!devices.has(config.device) && !unread.has(config.device, 'DEVICE')) {
      unknownDevice('TW2107', 'AUTOCONF', operands.token('device'), devices.keys(), report);
    }
    const link = linked.get(config.device);
    if (link !== undefined) {
      report.add('TW2102', operands.token('device'), `device ${config.device} has a LINK and AUTOCONF`, {
        label: `the LINK is in line ${link.at.line}`,
        help: 'keep one of the two',
      });
    }
    checkMtu(stack, config.mtu, operands.token('mtu'), report);
  }
  const advertised = new Set(stack.advertise.map(({ config }) => config.device));
  for (const { device, operands } of stack.advertiseMore) {
    if (advertised.has(device) || unread.has(device, 'ADVERTISE')) continue;
    report.add('TW2125', operands.token('device'), `device ${quote(device)} does not advertise`, {
      help: `write ADVERTISE ${quote(device)} as well`,
    });
  }
  for (const { config, operands } of stack.probe) {
    if (linked.has(config.device) || unread.has(config.device, 'LINK')) continue;
    unknownDevice('TW2109', 'PROBE', operands.token('device'), linked.keys(), report);
  }
  for (const { config, operands } of stack.advertise) {
    const token = operands.token('device');
    if (!linked.has(config.device)) {
      if (!unread.has(config.device, 'LINK'))
        unknownDevice('TW2109', 'ADVERTISE', token, linked.keys(), report);
      continue;
    }
    if (!stack.forward && !unread.any('FORWARD')) {
      report.add('TW2121', token, 'ADVERTISE on a stack that does not forward', {
        help: 'write FORWARD ON, or leave ADVERTISE out',
      });
    }
    checkPrefixes(stack, config.device, token, report);
  }
}

/** RFC 4862 §5.5.3 d): prefix and interface identifier make up 128 bits together, and the identifier has 64. */
function checkPrefixes(
  stack: StackDraft,
  device: string,
  token: Parameters<Report['add']>[1],
  report: Report,
): void {
  for (const { config } of stack.links) {
    if (config.device !== device || config.prefixLength === 64) continue;
    report.add('TW2122', token, `ADVERTISE of a prefix of ${config.prefixLength} bits`, {
      label: `${networkText(stack, config)}, line ${config.at.line}`,
      help: 'hosts autoconfigure from a prefix of 64 bits only: give the LINK the mask /64',
    });
    return;
  }
}

function checkDevices(stack: StackDraft, report: Report): Map<string, DeviceConfig> {
  const devices = new Map<string, DeviceConfig>();
  for (const { config, operands } of stack.devices) {
    const before = devices.get(config.name);
    if (before === undefined) devices.set(config.name, config);
    else {
      report.add('TW2101', operands.token('device'), `a second device ${config.name}`, {
        label: `the first is in line ${before.at.line}`,
      });
    }
  }
  return devices;
}

function checkLinks(stack: StackDraft, devices: ReadonlyMap<string, DeviceConfig>, report: Report): void {
  const adapters = new Map<string, LinkConfig>();
  for (const [index, { config, operands }] of stack.links.entries()) {
    if (index === MAX_LINKS) {
      report.add('TW2120', operands.token('device'), `more than ${MAX_LINKS} links`);
      return;
    }
    const device = devices.get(config.device);
    if (device === undefined) {
      const token = operands.token('device');
      if (!stack.source.unread.has(config.device, 'DEVICE'))
        unknownDevice('TW2107', 'LINK', token, devices.keys(), report);
    } else if (device.at.line > config.at.line) {
      report.add('TW2108', operands.token('device'), `LINK before DEVICE ${config.device}`, {
        label: `its DEVICE is in line ${device.at.line}`,
        help: 'put the DEVICE card before its LINK',
      });
    }
    const adapter = `${config.device} ${config.adapter}`;
    const before = adapters.get(adapter);
    if (before === undefined) adapters.set(adapter, config);
    else {
      report.add(
        'TW2102',
        operands.token('device'),
        `a second LINK for device ${config.device} adapter ${config.adapter}`,
        {
          label: `the first is in line ${before.at.line}`,
          help: 'a further LINK of the device has another adapter number',
        },
      );
    }
    checkMtu(stack, config.mtu, operands.token('mtu'), report);
    if (before === undefined && checkLinkAddress(stack, { config, operands }, report)) {
      checkOverlap(stack, index, report);
    }
  }
}

/** A card names a device that has no DEVICE (TW2107) or no LINK (the others). */
export function unknownDevice(
  rule: 'TW2107' | 'TW2109' | 'TW2307',
  statement: string,
  token: Parameters<Report['add']>[1],
  known: Iterable<string>,
  report: Report,
): void {
  const names = [...known].slice(0, MAX_LINKS);
  const near = report.full ? undefined : nearest(token.text, names);
  report.add(
    rule,
    token,
    `${statement} names device ${quote(token.text)}, which has no ${rule === 'TW2107' ? 'DEVICE' : 'LINK'}`,
    {
      label: names.length === 0 ? 'there is none' : `devices: ${names.slice(0, 8).join(', ')}`,
      help:
        near === undefined
          ? `write ${rule === 'TW2107' ? 'DEVICE' : 'LINK'} ${quote(token.text)} ... before it`
          : `did you mean ${near}?`,
    },
  );
}

export function checkMtu(
  stack: StackDraft,
  mtu: number,
  token: Parameters<Report['add']>[1],
  report: Report,
): void {
  const { minimumMtu, name } = familyOf(stack.version);
  if (mtu >= minimumMtu && mtu <= MAX_MTU) return;
  const low = mtu < minimumMtu;
  report.add('TW2110', token, `MTU ${mtu} is ${low ? `below ${minimumMtu}` : `above ${MAX_MTU}`}`, {
    label: `${minimumMtu} to ${MAX_MTU} for ${name}`,
    help: low ? `did you mean ${Math.max(1492, minimumMtu)}?` : `did you mean 8192?`,
  });
}

/** True when the address may stand on a link. */
export function checkLinkAddress(
  stack: StackDraft,
  { config, operands }: Drafted<LinkConfig>,
  report: Report,
): boolean {
  const family = familyOf(stack.version);
  const { address, prefixLength } = config;
  const token = operands.token('address');
  const kind = notUnicast(stack, address);
  if (kind !== undefined) {
    report.add('TW2112', token, `${family.format(address)} is ${kind}`, {
      label: 'the address of one host wanted',
    });
    return false;
  }
  const host = hostPart(stack, address, prefixLength);
  if (host === undefined) return true;
  const network = family.network(address, prefixLength);
  report.add('TW2111', token, `${family.format(address)} is ${host} of ${networkText(stack, config)}`, {
    label: 'the address of one host wanted',
    help: `did you mean ${family.format(increment(network))}?`,
  });
  return false;
}

function notUnicast(stack: StackDraft, address: Address): string | undefined {
  const family = familyOf(stack.version);
  if (address.isUnspecified) return 'the unspecified address';
  if (family.isLoopback(address)) return 'a loopback address';
  if (family.isMulticast(address)) return 'a multicast address';
  if (stack.version === 6) return isMapped(address) ? 'an IPv4 address in IPv6 form' : undefined;
  if (address.equals(limitedBroadcast)) return 'the broadcast address';
  if (address.w3 >>> 28 === 0xf) return 'a reserved address'; // RFC 1112 §4, class E
  if (address.w3 >>> 24 === 0) return 'an address of "this network"'; // RFC 1122 §3.2.1.3
  return undefined;
}

/** `the first address` or `the last address`, when hosts may not have it: RFC 1122 §3.2.1.3, RFC 3021, RFC 4291 §2.6.1. */
export function hostPart(stack: StackDraft, address: Address, prefixLength: number): string | undefined {
  const family = familyOf(stack.version);
  if (family.bits - prefixLength < 2) return undefined;
  if (address.equals(family.network(address, prefixLength))) {
    return stack.version === 4 ? 'the network address' : 'the subnet-router anycast address';
  }
  const last = stack.version === 4 && ~(address.w3 | maskOf(prefixLength)) === 0;
  return last ? 'the broadcast address' : undefined;
}

function maskOf(prefixLength: number): number {
  return familyOf(4).network(limitedBroadcast, prefixLength).w3;
}

function increment(address: Address): Address {
  const next = address.clone();
  next.w3 = (next.w3 + 1) | 0;
  return next;
}

function checkOverlap(stack: StackDraft, index: number, report: Report): void {
  const family = familyOf(stack.version);
  const { config, operands } = stack.links[index]!;
  for (const other of stack.links.slice(0, index)) {
    if (config.address.equals(other.config.address)) {
      report.add('TW2114', operands.token('address'), `${family.format(config.address)} is on two links`, {
        label: `the first is in line ${other.config.at.line}`,
      });
      return;
    }
    const shorter = Math.min(config.prefixLength, other.config.prefixLength);
    if (!family.matches(config.address, other.config.address, shorter)) continue;
    if (family.isLinkLocal(config.address)) continue; // each link has its own link-local network
    report.add('TW2113', operands.token('address'), `the networks of two links overlap`, {
      label: `${networkText(stack, other.config)} is on ${other.config.device}, line ${other.config.at.line}`,
      help: 'a packet to an address in both goes out by the first link only',
    });
    return;
  }
}

export function networkText(stack: StackDraft, link: { address: Address; prefixLength: number }): string {
  const family = familyOf(stack.version);
  return `${family.format(family.network(link.address, link.prefixLength))}/${link.prefixLength}`;
}

/** Judges a route; also for AT ... ROUTE, which passes no `seen`. */
export function checkRoute(
  stack: StackDraft,
  route: Drafted<RouteConfig>,
  seen: Map<string, number> | undefined,
  report: Report,
): void {
  const { config, operands } = route;
  const family = familyOf(stack.version);
  const links = [...stack.links.slice(0, MAX_LINKS).map((l) => l.config), ...stack.added];
  const own = links.filter((l) => l.device === config.device);
  // Without the right LINK card nothing can be said about the gateway.
  if (stack.source.unread.has(config.device, 'LINK', 'AUTOCONF') || stack.links.length > MAX_LINKS) return;
  if (checkKind(route, report)) return;
  const autoconf = stack.autoconf.slice(0, MAX_LINKS).map((l) => l.config.device);
  if (own.length === 0 && !autoconf.includes(config.device)) {
    const rule = seen === undefined ? 'TW2307' : 'TW2109';
    const known = new Set([...links.map((l) => l.device), ...autoconf]);
    unknownDevice(rule, 'ROUTE', operands.token('device'), known, report);
    return;
  }
  const written = operands.address('destination');
  if (written.isUnspecified !== (config.prefixLength === 0)) {
    const wrong = operands.token(written.isUnspecified ? 'mask' : 'destination');
    const zero = stack.version === 4 ? '0.0.0.0' : '::0';
    report.add(
      'TW2119',
      wrong,
      `destination ${operands.token('destination').text} with mask ${operands.token('mask').text}`,
      {
        label: `${zero} ${zero} is the default route`,
        help: written.isUnspecified ? `did you mean mask ${zero}?` : 'the mask says: every destination',
      },
    );
  }
  const { from } = config;
  const sources = from === undefined ? '' : `${family.format(from.address)}/${from.length}`;
  const key = `${config.device} ${family.format(config.destination)}/${config.prefixLength} ${family.format(config.gateway)} ${sources}`;
  const before = seen?.get(key);
  if (before !== undefined) {
    report.add('TW2103', operands.token('destination'), 'a second route like this', {
      label: `the first is in line ${before}`,
    });
  }
  seen?.set(key, config.at.line);
  if (!config.gateway.isUnspecified) checkGateway(stack, route, links, own, report);
}

/** True when the route ends packets, or should, so that it has no gateway to judge. */
function checkKind({ config, operands }: Drafted<RouteConfig>, report: Report): boolean {
  const ends = config.kind !== 'unicast';
  const [device, gateway] = [operands.token('device'), operands.token('gateway')];
  const zero = `${config.gateway.isUnspecified ? gateway.text : gateway.text.includes(':') ? '::0' : '0.0.0.0'}`;
  if (ends && (device.text !== '*' || !config.gateway.isUnspecified)) {
    const wrong = device.text === '*' ? gateway : device;
    report.add('TW2123', wrong, `a route of TYPE ${config.kind.toUpperCase()} leads nowhere`, {
      label: device.text === '*' ? 'so it has no gateway' : 'so it has no device',
      help: `write ROUTE * ${operands.token('destination').text} ${operands.token('mask').text} ${zero} ...`,
    });
  } else if (!ends && device.text === '*') {
    report.add('TW2123', device, 'a route by no device', {
      label: 'the name of a device wanted',
      help: 'only a route with TYPE BLACKHOLE, UNREACHABLE, REJECT or PROHIBIT has * here',
    });
  } else if (operands.has('WEIGHT') && (ends || config.gateway.isUnspecified)) {
    report.add('TW2124', operands.token('weight'), 'WEIGHT on a route without a gateway', {
      label: 'nothing is shared here',
      help: 'flows are shared between routes with gateways that have the same destination and number',
    });
  }
  return ends || device.text === '*';
}

function checkGateway(
  stack: StackDraft,
  { config, operands }: Drafted<RouteConfig>,
  links: readonly LinkConfig[],
  own: readonly LinkConfig[],
  report: Report,
): void {
  const family = familyOf(stack.version);
  const { gateway } = config;
  const token = operands.token('gateway');
  const text = family.format(gateway);
  if (links.some((l) => l.address.equals(gateway))) {
    report.add('TW2105', token, `gateway ${text} is an address of this stack itself`, {
      help: `a direct route has ${stack.version === 4 ? '0.0.0.0' : '::0'} here`,
    });
    return;
  }
  const kind = notUnicast(stack, gateway);
  if (kind !== undefined) {
    report.add('TW2106', token, `gateway ${text} is ${kind}`, { label: 'the address of one router wanted' });
    return;
  }
  if (stack.version === 6 && family.isLinkLocal(gateway)) return; // on every link (RFC 4861 §8)
  if (own.length === 0) return; // The networks of an AUTOCONF link are not written anywhere.
  const on = own.find((l) => family.matches(gateway, l.address, l.prefixLength));
  if (on !== undefined) {
    // The anycast address of all routers on the subnet is a lawful gateway in IPv6 (RFC 4291 §2.6.1).
    const host = stack.version === 4 ? hostPart(stack, gateway, on.prefixLength) : undefined;
    if (host !== undefined) {
      report.add('TW2106', token, `gateway ${text} is ${host} of ${networkText(stack, on)}`, {
        label: 'the address of one router wanted',
        help: `did you mean ${family.format(increment(family.network(gateway, on.prefixLength)))}?`,
      });
    }
    return;
  }
  if (onDirectRoute(stack, config)) return;
  const elsewhere = links.find((l) => family.matches(gateway, l.address, l.prefixLength));
  if (elsewhere !== undefined) {
    report.add('TW2104', token, `gateway ${text} is not on device ${config.device}`, {
      label: `it is on ${elsewhere.device} ${networkText(stack, elsewhere)}`,
      help: `did you mean ROUTE ${elsewhere.device} ...?`,
    });
    return;
  }
  report.add('TW2104', token, `gateway ${text} is not on a link of this stack`, {
    label: `links: ${links
      .slice(0, 4)
      .map((l) => `${l.device} ${networkText(stack, l)}`)
      .join(', ')}`,
    help: `a gateway must be inside a link's network; did you mean ${family.format(movedInto(stack, gateway, own[0]!))}?`,
  });
}

function onDirectRoute(stack: StackDraft, { device, gateway }: RouteConfig): boolean {
  const family = familyOf(stack.version);
  for (const [prefixLength, networks] of stack.direct.get(device) ?? []) {
    if (networks.has(family.format(family.network(gateway, prefixLength)))) return true;
  }
  return false;
}

/** The host part of `gateway` in the network of `link`; its first address when that is not free. */
function movedInto(stack: StackDraft, gateway: Address, link: LinkConfig): Address {
  const family = familyOf(stack.version);
  const network = family.network(link.address, link.prefixLength);
  const inside = family.network(gateway, link.prefixLength);
  const moved = network.clone();
  moved.w0 |= gateway.w0 ^ inside.w0;
  moved.w1 |= gateway.w1 ^ inside.w1;
  moved.w2 |= gateway.w2 ^ inside.w2;
  moved.w3 |= gateway.w3 ^ inside.w3;
  const free = !moved.equals(link.address) && hostPart(stack, moved, link.prefixLength) === undefined;
  if (free) return moved;
  const first = increment(network);
  return first.equals(link.address) ? increment(first) : first;
}

function checkNames(stack: StackDraft, report: Report): void {
  const hosts = new Map<string, number>();
  for (const { config, operands } of stack.hosts) {
    const before = hosts.get(config.name);
    if (before === undefined) hosts.set(config.name, config.at.line);
    else {
      report.add('TW2115', operands.token('name'), `a second HOST ${quote(config.name)}`, {
        label: `line ${before} counts`,
      });
    }
  }
  const servers = new Map<string, number>();
  for (const { config, operands } of stack.dns) {
    const key = familyOf(stack.version).format(config.address);
    const before = servers.get(key);
    if (before === undefined) servers.set(key, config.at.line);
    else
      report.add('TW2116', operands.token('address'), `a second DNS ${key}`, {
        label: `the first is in line ${before}`,
      });
  }
}
