/** What is wrong with a way, by name: one sentence, the card to blame, and what to do. */
import type { Address } from '../../stacks/address/address.ts';
import { DROP_REASONS, type DropReason } from '../../stacks/packet/verdict.ts';
import type { Stack } from '../../stacks/stack.ts';
import { PROTOCOL_TCP } from '../../stacks/wire/ipv4.ts';
import { PROTOCOL_UDP } from '../../stacks/wire/udp.ts';
import { type BuiltStack, cardText, filterVerdict } from '../lab/build.ts';
import type { Lab } from '../lab/lab.ts';
import { linkCard, routeCard, stackCard } from './cards.ts';
import type { Direction, Explanation, NamedFinding, Narrow } from './explanation.ts';
import { type Arrival, type Hop, interfacesOf, segmentOf, takenRoute, type Way } from './walk.ts';

type Case = Omit<Explanation, 'findings'>;

/** `others`: further addresses of the name that was asked for. */
export function findings(lab: Lab, of: Case, others: readonly Address[]): NamedFinding[] {
  const { there, back, from, destination } = of;
  const found: NamedFinding[] = [];
  if (there === undefined) found.push(noSource(of));
  else found.push(...wayFindings(lab, there, 'there'));
  if (of.delivery !== undefined && of.delivery !== 'answers') found.push(serviceFinding(lab, of, others));
  if (back !== undefined) found.push(...wayFindings(lab, back, 'back'));
  if (there !== undefined && back !== undefined) found.push(...asymmetry(there.way, back.way));
  const isBroken = found.some(({ breaks }) => breaks);
  found.push(...addressFindings(lab, from.stack, [destination, of.source], isBroken));
  return found;
}

function noSource({ from, cause, destination }: Case): NamedFinding {
  const { stack, config } = from;
  const text = `${config.job} cannot send to ${stack.describe(destination)}: ${cause}`;
  return { name: 'no-route', breaks: true, card: stackCard(from), text };
}

function wayFindings(lab: Lab, { way, narrows }: Direction, direction: 'there' | 'back'): NamedFinding[] {
  const found: NamedFinding[] = [];
  if (way.end.outcome === 'dropped') found.push(dropFinding(lab, way, direction));
  for (const narrow of narrows) {
    if (narrow.report?.end.outcome !== 'delivered') found.push(mtuFinding(lab, way, narrow));
  }
  return found;
}

const ON_THE_WAY = { there: '', back: 'on the way back, ' } as const;

function dropFinding(lab: Lab, way: Way, direction: 'there' | 'back'): NamedFinding {
  const { end, hops, question } = way;
  if (end.outcome !== 'dropped') throw new Error('a way that was delivered has no drop');
  const hop = hops.at(-1)!;
  const { stack, config } = hop.built;
  const to = stack.describe(question.destination);
  const on = ON_THE_WAY[direction];
  const card = takenCard(hop);
  const breaks = true;
  switch (end.reason) {
    case 'hop-limit': {
      const first = hops.findIndex(({ built }) => built === hop.built);
      const round = hops.slice(first).map(({ built }) => built.config.job);
      const cards = hops
        .slice(first, -1)
        .map((one) => `${one.built.config.job} by ${takenCard(one) ?? 'a learnt route'}`);
      const text = `${on}packets to ${to} go round ${round.join(' -> ')} (${cards.join(', ')}): correct the gateway of one of these routes`;
      return { name: 'routing-loop', breaks, card, text };
    }
    case 'no-route': {
      const name = direction === 'back' ? 'no-return-route' : 'no-route';
      const text = `${on}${config.job} has no route to ${to}: give it one, or a default route`;
      return { name, breaks, card: stackCard(hop.built), text };
    }
    case 'route-blackhole':
    case 'route-unreachable':
    case 'route-prohibited': {
      const silence = end.reason === 'route-blackhole' ? ' in silence' : '';
      const text = `${on}a route of ${config.job} ends packets to ${to}${silence}: remove it, or add a better route for ${to}`;
      return { name: 'blackhole-route', breaks, card, text };
    }
    case 'neighbour-unresolved':
      return neighbourFinding(lab, hop, on);
    case 'not-for-me': {
      const mac = hop.departure?.neighbour === undefined ? 'a station' : 'the link address it remembers';
      const text = `${on}${config.job} sends to ${mac} for ${stack.describe(hop.departure!.nextHop)} and nobody on ${end.place} has it any more: wait until neighbour unreachability detection has noticed`;
      return { name: 'stale-neighbour', breaks, card: linkCard(hop.built, hop.departure!.link.name), text };
    }
    case 'forwarding-off': {
      const text = `${on}${config.job} gets packets for ${to} and does not forward: FORWARD ON makes it a router, or another gateway is meant`;
      const before = hops.at(-2);
      const blame = (before && takenCard(before)) ?? stackCard(hop.built);
      return { name: 'not-a-router', breaks, card: blame, text };
    }
    case 'filtered':
      return filterFinding(hop, way, on);
    default: {
      const { says, rule } = DROP_REASONS[end.reason as DropReason];
      const at = lab.deck.segments.find(({ name }) => name === end.place)?.at ?? config.at;
      const text = `${on}${end.place} drops packets to ${to}: ${says} (${rule})`;
      return { name: 'dropped', breaks, card: cardText(at), text };
    }
  }
}

function neighbourFinding(lab: Lab, hop: Hop, on: string): NamedFinding {
  const { built, departure } = hop;
  const { link, segment, nextHop } = departure!;
  const { stack, config } = built;
  const address = stack.describe(nextHop);
  const route = takenRoute(hop);
  const isGateway = route !== undefined && !route.gateway.isUnspecified;
  const name = isGateway ? 'dead-gateway' : 'dead-neighbour';
  const card = takenCard(hop) ?? linkCard(built, link.name);
  const owners = ownersOf(lab, stack, nextHop);
  const here = owners.filter((owner) => segmentOf(lab, owner.link) === segment);
  const place = segment?.name ?? link.name;
  const what = isGateway ? `the gateway ${address}` : address;
  const finding = (why: string, todo: string): NamedFinding => ({
    name,
    breaks: true,
    card,
    text: `${on}${what} does not answer ${config.job} on ${place}: ${why}; ${todo}`,
  });
  const [owner] = here;
  if (owner !== undefined) {
    const { job } = owner.built.config;
    const local = owner.link.addresses.find((one) => one.address.sameWords(nextHop));
    if (!owner.built.stack.running) return finding(`${job}, whose it is, is stopped`, 'start it');
    if (!owner.link.up) return finding(`the link ${owner.link.name} of ${job} is down`, 'bring it up');
    if (local?.state === 'duplicate' || local?.state === 'tentative')
      return finding(`${job} does not use it, it is ${local.state}`, 'give it an address of its own');
    return finding(`${job} has it and is not heard`, `look at the conditions of ${place}`);
  }
  const [far] = owners;
  if (far === undefined) return finding('nobody in the lab has it', 'correct the address');
  const where = `${far.built.config.job} has it on ${segmentOf(lab, far.link)?.name ?? far.link.name}`;
  if (isGateway) return finding(where, 'name a gateway of this link');
  const text = `${on}the prefix length of ${link.name} of ${config.job} takes in ${address}, but ${where}: make the prefix longer, so that packets go to a gateway`;
  return { name: 'wrong-prefix-length', breaks: true, card: linkCard(built, link.name), text };
}

function filterFinding({ built }: Hop, { question }: Way, on: string): NamedFinding {
  const { config } = built;
  const { protocol, header } = question;
  const hasPorts = protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP;
  const port = hasPorts ? new DataView(header.buffer).getUint16(2) : 0;
  const rule = filterVerdict(config.filters, protocol, port).rule;
  const what = hasPorts ? `port ${port}` : 'echo requests';
  const text = `${on}an IN statement of ${config.job} denies ${what} without a word: allow it in a card before this one`;
  return { name: 'filtered', breaks: true, card: cardText(rule?.at ?? config.at), text };
}

function serviceFinding(lab: Lab, of: Case, others: readonly Address[]): NamedFinding {
  const { there, service, destination, delivery } = of;
  const { built } = there!.way.hops.at(-1)!;
  const { config, stack } = built;
  const card = stackCard(built);
  const where = `${stack.describe(destination)} of ${config.job}`;
  if (service.protocol === 'icmp') throw new Error('an echo request needs no listener');
  const { port, protocol } = service;
  const of6 = stack.family.name;
  if (delivery === 'port-suspended') {
    const text = `port ${port} of ${config.job} is suspended: resume it`;
    return { name: 'port-suspended', breaks: true, card, text };
  }
  const other = relatives(lab, built, others).find((one) => hears(one.stack, service));
  const name = `${protocol === 'tcp' ? 'TCP' : 'UDP'} port ${port}`;
  if (other === undefined) {
    const text = `nothing listens on ${name} at ${where}: start a program there, or name another port`;
    return { name: 'no-listener', breaks: true, card, text };
  }
  const family = other.stack.family.name;
  const coupled = other.config.couple?.id === stack.id;
  if (protocol === 'udp' && coupled) {
    const text = `${name} is bound through the couple of ${other.config.job}, which binds UDP on ${family} alone, so ${of6} clients are refused: start the program once more with the id of ${config.job}`;
    return { name: 'single-bind-udp', breaks: true, card: cardText(other.config.couple!.at), text };
  }
  const text = `${name} is listened to over ${family} (${other.config.job}) and not over ${of6} at ${where}: let the program listen on both, through a couple or once for each family`;
  return { name: 'wrong-family-listener', breaks: true, card, text };
}

function hears(stack: Stack, service: Explanation['service']): boolean {
  if (service.protocol === 'tcp') {
    return [...stack.tcp.listeners()].some(({ port }) => port === service.port);
  }
  return (
    service.protocol === 'udp' && [...stack.udp.sockets()].some(({ localPort }) => localPort === service.port)
  );
}

/** Stacks of the other family on the same host: coupled to this one, or with another address of the name. */
function relatives(lab: Lab, { config, stack }: BuiltStack, others: readonly Address[]): BuiltStack[] {
  return [...lab.stacks.values()].filter((one) => {
    if (one.stack.family === stack.family) return false;
    if (one.config.couple?.id === config.id || config.couple?.id === one.config.id) return true;
    return others.some((address) => one.stack.isLocal(address));
  });
}

function mtuFinding(lab: Lab, way: Way, { hop, size, mtu, report }: Narrow): NamedFinding {
  const { built, departure } = way.hops[hop]!;
  const { link, segment } = departure!;
  const { job } = built.config;
  const begin = `packets of more than ${mtu} bytes to ${built.stack.describe(way.question.destination)}`;
  const end = report?.end;
  if (end?.outcome === 'dropped') {
    const { says } = DROP_REASONS[end.reason];
    const text = `${begin} end at ${job}, and its message Packet Too Big is lost at ${end.place} (${says}): mend the way from there to ${built.stack.describe(way.question.source)}`;
    return {
      name: 'mtu-black-hole',
      breaks: true,
      card: lossCard(report!) ?? linkCard(built, link.name),
      text,
    };
  }
  const at = lab.deck.segments.find(({ name }) => name === segment?.name)?.at;
  const card = at === undefined ? linkCard(built, link.name) : cardText(at);
  const text =
    mtu === departure!.mtu
      ? `${begin} end at ${job}, which has no address and no route to say so`
      : `${begin} vanish on segment ${segment!.name}, since ${link.name} of ${job} believes in ${size}: give both the same MTU`;
  return { name: 'mtu-black-hole', breaks: true, card, text };
}

function lossCard({ hops }: Way): string | undefined {
  return takenCard(hops.at(-1)!);
}

function asymmetry(there: Way, back: Way): NamedFinding[] {
  if (there.end.outcome !== 'delivered' || back.end.outcome !== 'delivered') return [];
  const names = ({ hops }: Way): string[] => hops.map(({ built }) => built.config.job);
  const out = names(there);
  const home = names(back);
  if (out.join() === home.toReversed().join()) return [];
  // The first stack of the way back that hands over to another one than the way there came from.
  const expected = out.toReversed();
  const at = home.findIndex((name, i) => name !== expected[i]) - 1;
  const card = takenCard(back.hops[Math.max(at, 0)]!);
  const text = `the way there is ${out.join(' -> ')} and the way back ${home.join(' -> ')}: filters that keep state, and who measures, see one half; let the routes agree if that matters`;
  return [{ name: 'asymmetric-path', breaks: false, card, text }];
}

/** Addresses of the family in question that more than one has, or that a stack gave up. */
function addressFindings(
  lab: Lab,
  { family }: Stack,
  ends: readonly (Address | undefined)[],
  isBroken: boolean,
): NamedFinding[] {
  const found: NamedFinding[] = [];
  for (const { built, link } of interfacesOf(lab)) {
    if (built.stack.family !== family) continue;
    for (const { address, state, conflict } of link.addresses) {
      if (state !== 'duplicate' && conflict === undefined) continue;
      const isEnd = ends.some((end) => end?.sameWords(address) === true);
      if (!isEnd && !isBroken) continue;
      const text = `${built.stack.describe(address)} of ${built.config.job}`;
      const card = linkCard(built, link.name);
      const todo = 'give one of them another address';
      if (state === 'duplicate') {
        const why = `${text} is not used, since another station had it first: ${todo}`;
        found.push({ name: 'dad-failure', breaks: isEnd || isBroken, card, text: why });
      } else {
        const why = `${text} is claimed by another station as well: ${todo}`;
        found.push({ name: 'duplicate-address', breaks: isEnd, card, text: why });
      }
    }
  }
  return found;
}

function ownersOf(lab: Lab, { family }: Stack, address: Address): Arrival[] {
  return [...interfacesOf(lab)].filter(
    ({ built, link }) =>
      built.stack.family === family && link.addresses.some((own) => own.address.sameWords(address)),
  );
}

function takenCard(hop: Hop): string | undefined {
  const route = takenRoute(hop);
  return route && routeCard(hop.built, route);
}
