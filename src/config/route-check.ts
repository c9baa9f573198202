/** What can be said about a route before it is tried: its device, its destination, its gateway. */
import type { Address } from '../../stacks/address/address.ts';
import type { LinkConfig, RouteConfig } from './deck.ts';
import { MAX_LINKS, unknownDevice } from './devices.ts';
import { familyOf } from './ip.ts';
import { hostPart, increment, networkText, notUnicast } from './link-address.ts';
import type { Report } from './report.ts';
import type { Drafted, StackDraft } from './stack.ts';

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
