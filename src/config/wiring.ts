/** What only the stacks of a segment together show: masks, gateways and MTUs that do not fit each other. */
import type { Address } from '../../stacks/address/address.ts';
import type { Token } from './card.ts';
import type { DeviceConfig, LinkConfig, RouteConfig } from './deck.ts';
import { nn, type SegmentDraft, segmentOf, whereOf } from './decks.ts';
import { MAX_LINKS } from './devices.ts';
import { familyOf } from './ip.ts';
import { hostPart, networkText } from './link-address.ts';
import type { Report } from './report.ts';
import type { Drafted, StackDraft } from './stack.ts';

/** A link of a stack on a segment. */
interface Standing extends Drafted<LinkConfig> {
  readonly stack: StackDraft;
}

interface Wiring {
  readonly name: string;
  readonly standings: Standing[];
  /** WIRE devices only: nothing outside the decks stands on it. */
  virtual: boolean;
  /** A LINK on it could not be read. */
  unsure: boolean;
}

/** `stacks`: each id once. `whole`: all of the decks could be read. */
export function checkWiring(
  stacks: readonly StackDraft[],
  segments: readonly SegmentDraft[],
  whole: boolean,
  report: Report,
): void {
  const wirings = wire(stacks);
  for (const wiring of wirings.values()) checkMasks(wiring, report);
  checkMtus(stacks, segments, report);
  const owners = new Map<string, { wiring: Wiring; standing: Standing }>();
  for (const wiring of wirings.values()) {
    for (const standing of wiring.standings) {
      const key = keyOf(standing.stack, standing.config.address);
      for (const where of [`${wiring.name} ${key}`, key]) {
        if (!owners.has(where)) owners.set(where, { wiring, standing });
      }
    }
  }
  const sure = whole && !stacks.some(({ source: { unread } }) => unread.any('DEVICE') || unread.any(''));
  for (const stack of stacks) {
    const segmentOfDevice = new Map(stack.devices.map(({ config }) => [config.name, segmentOf(config)]));
    const seen = new Set<string>();
    for (const route of stack.routes) {
      const { device, gateway } = route.config;
      const wiring = wirings.get(segmentOfDevice.get(device) ?? '');
      const key = `${device} ${keyOf(stack, gateway)}`;
      if (wiring === undefined || gateway.isUnspecified || seen.has(key)) continue;
      seen.add(key);
      const owner = owners.get(`${wiring.name} ${keyOf(stack, gateway)}`)?.standing;
      if (owner !== undefined) checkForwarding(stack, route, owner, report);
      else if (sure && wiring.virtual && !wiring.unsure)
        checkOwned(stack, route, wiring, owners.get(keyOf(stack, gateway)), report);
    }
  }
}

function wire(stacks: readonly StackDraft[]): Map<string, Wiring> {
  const wirings = new Map<string, Wiring>();
  for (const stack of stacks) {
    const devices = new Map<string, DeviceConfig>(stack.devices.map(({ config }) => [config.name, config]));
    const here = new Map<string, Wiring>();
    for (const device of devices.values()) {
      const name = segmentOf(device);
      if (name === undefined) continue;
      const wiring = wirings.get(name) ?? { name, standings: [], virtual: true, unsure: false };
      wirings.set(name, wiring);
      here.set(device.name, wiring);
      wiring.virtual &&= device.type === 'WIRE';
      wiring.unsure ||= stack.source.unread.has(device.name, 'LINK');
    }
    for (const link of stack.links.slice(0, MAX_LINKS)) {
      here.get(link.config.device)?.standings.push({ stack, ...link });
    }
  }
  return wirings;
}

function keyOf(stack: StackDraft, address: Address): string {
  return `${stack.version} ${familyOf(stack.version).format(address)}`;
}

/** Networks nest or are apart, so in the order of their addresses each link follows the wider ones it is inside of. */
function checkMasks({ name, standings }: Wiring, report: Report): void {
  for (const version of [4, 6] as const) {
    const family = familyOf(version);
    const sorted = standings
      .map((standing, order) => ({ ...standing, order }))
      .filter(({ stack, config }) => stack.version === version && !family.isLinkLocal(config.address))
      .map((link) => ({ ...link, network: family.network(link.config.address, link.config.prefixLength) }))
      .sort((a, b) => compare(a.network, b.network) || a.config.prefixLength - b.config.prefixLength);
    /** How many have the same network and mask: where two differ, the rarer one is the mistake. */
    const counts = new Map<string, number>();
    for (const { stack, config } of sorted) {
      const key = networkText(stack, config);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const around: typeof sorted = [];
    const told = new Set<Token>();
    for (const link of sorted) {
      const { address, prefixLength } = link.config;
      const contains = ({ config, network }: (typeof sorted)[number]): boolean =>
        config.prefixLength < prefixLength && family.matches(address, network, config.prefixLength);
      while (around.length > 0 && !contains(around.at(-1)!)) around.pop();
      const wider = around.at(-1);
      around.push(link);
      if (wider === undefined || wider.stack === link.stack) continue; // of one stack: TW2113
      const [wide, narrow] = [wider, link].map(
        ({ stack, config }) => counts.get(networkText(stack, config))!,
      );
      const blamesWider = wide === narrow ? wider.order > link.order : wide! < narrow!;
      const [odd, other] = blamesWider ? [wider, link] : [link, wider];
      const mask = odd.operands.token('mask');
      if (told.has(mask)) continue;
      told.add(mask);
      report.add('TW2210', mask, `another mask than stack ${nn(other.stack.id)} has on segment ${name}`, {
        label: `${networkText(other.stack, other.config)} there, ${whereOf(other.config.at, mask.at)}`,
        help: 'give both the same mask; a stack looks on the segment only for what its own mask covers',
      });
    }
  }
}

/** By the bits from the left, as unsigned numbers. */
function compare(a: Address, b: Address): number {
  for (const word of ['w0', 'w1', 'w2', 'w3'] as const) {
    if (a[word] !== b[word]) return (a[word] >>> 0) - (b[word] >>> 0);
  }
  return 0;
}

function checkMtus(stacks: readonly StackDraft[], segments: readonly SegmentDraft[], report: Report): void {
  const least = new Map<string, { readonly mtu: number; readonly at: Token['at'] }>();
  for (const { config } of segments) {
    const { mtu } = config.conditions;
    if (mtu !== undefined && !least.has(config.name)) least.set(config.name, { mtu, at: config.at });
  }
  for (const stack of stacks) {
    const segmentOfDevice = new Map(stack.devices.map(({ config }) => [config.name, segmentOf(config)]));
    for (const { config, operands } of [...stack.links, ...stack.autoconf]) {
      const name = segmentOfDevice.get(config.device);
      const limit = name === undefined ? undefined : least.get(name);
      if (limit === undefined || config.mtu <= limit.mtu) continue;
      const token = operands.token('mtu');
      report.add('TW2213', token, `MTU ${config.mtu} on segment ${name}, which takes ${limit.mtu}`, {
        label: `SEGMENT in ${whereOf(limit.at, token.at)}`,
        help: `larger packets vanish without an ICMP message; did you mean ${limit.mtu}?`,
      });
    }
  }
}

function checkForwarding(
  stack: StackDraft,
  { operands }: Drafted<RouteConfig>,
  owner: Standing,
  report: Report,
): void {
  if (owner.stack === stack || owner.stack.forward || owner.stack.source.unread.any('FORWARD')) return;
  const token = operands.token('gateway');
  report.add('TW2211', token, `gateway ${token.text} does not forward`, {
    label: `it is stack ${nn(owner.stack.id)}, ${whereOf(owner.config.at, token.at)}`,
    help: `put FORWARD ON into the deck of stack ${nn(owner.stack.id)}`,
  });
}

/** A gateway on a virtual segment where no stack has its address. */
function checkOwned(
  stack: StackDraft,
  { config, operands }: Drafted<RouteConfig>,
  { name, standings }: Wiring,
  elsewhere: { readonly wiring: Wiring; readonly standing: Standing } | undefined,
  report: Report,
): void {
  // To look for the router takes time, and nobody would see the note.
  if (report.full) return;
  const family = familyOf(stack.version);
  const on = standings.find(
    (link) =>
      link.stack === stack &&
      link.config.device === config.device &&
      family.matches(config.gateway, link.config.address, link.config.prefixLength),
  );
  // An address that is no host's is judged already; IPv6 link-local ones are nobody's LINK, as a rule.
  if (on === undefined || family.isLinkLocal(config.gateway)) return;
  if (hostPart(stack, config.gateway, on.config.prefixLength) !== undefined) return;
  const router = standings.find(
    (link) =>
      link.stack.forward &&
      link.stack !== stack &&
      link.stack.version === stack.version &&
      family.matches(link.config.address, on.config.address, on.config.prefixLength),
  );
  const token = operands.token('gateway');
  report.add('TW2212', token, `no stack on segment ${name} has ${token.text}`, {
    ...(elsewhere === undefined
      ? {}
      : { label: `stack ${nn(elsewhere.standing.stack.id)} has it on segment ${elsewhere.wiring.name}` }),
    help:
      router === undefined
        ? 'what goes there is lost unless a stack gets this address'
        : `did you mean ${family.format(router.config.address)} of stack ${nn(router.stack.id)}?`,
  });
}
