/** An explanation as text for a person, and as plain values for JSON. */
import { DROP_REASONS } from '../../stacks/packet/verdict.ts';
import type { Candidate, Stack } from '../../stacks/stack.ts';
import { routeCard } from './cards.ts';
import type { Delivery, Direction, Explanation } from './explanation.ts';
import { type Hop, macText, takenRoute, type Way } from './walk.ts';

/** In the words of a person; the table itself says which it is. */
export const ROUTE_VERDICTS: Readonly<Record<Candidate['verdict'], string>> = {
  taken: 'taken',
  shares: 'shares the flows',
  'longer-prefix': 'a longer prefix wins',
  'longer-source': 'a longer FROM wins',
  'lower-metric': 'a lower number wins',
  earlier: 'an earlier one wins',
  'link-down': 'its link is down',
  'other-source': 'for other sources',
  'gateway-silent': 'its gateway does not answer',
};

const DELIVERIES: Readonly<Record<Delivery, string>> = {
  answers: 'it answers',
  'no-listener': 'nothing listens there',
  'port-suspended': 'the port is suspended',
};

export function explanationText(explanations: readonly Explanation[]): string {
  return explanations.map(oneText).join('\n');
}

function oneText(of: Explanation): string {
  const { stack, config } = of.from;
  const lines = [`${config.job} to ${stack.describe(of.destination)}, ${serviceText(of)} over ${of.family}`];
  if (of.asked !== of.from) {
    lines.push(
      `  ${of.asked.config.job} hands ${of.family} over to ${config.job}, its couple (${coupleCard(of)})`,
    );
  }
  if (of.there === undefined) lines.push(`  no source address: ${of.cause}`);
  else {
    lines.push('', `there, from ${stack.describe(of.there.way.question.source)}`, ...wayLines(of.there));
    if (of.delivery !== undefined) lines.push(`   ${serviceText(of)}: ${DELIVERIES[of.delivery]}`);
  }
  if (of.back !== undefined) {
    lines.push('', `back, from ${stack.describe(of.back.way.question.source)}`, ...wayLines(of.back));
  }
  lines.push('');
  if (of.findings.length === 0) lines.push('no findings');
  for (const { name, card, text } of of.findings) {
    lines.push(`finding ${name}${card === undefined ? '' : ` ${card}`}`, `  ${text}`);
  }
  return `${lines.join('\n')}\n`;
}

function serviceText({ service }: Explanation): string {
  return service.protocol === 'icmp' ? 'echo' : `${service.protocol.toUpperCase()} port ${service.port}`;
}

function coupleCard({ asked }: Explanation): string {
  const at = asked.config.couple?.at;
  return at === undefined ? 'no card' : `${at.file}:${at.line}:${at.column}`;
}

function wayLines({ way, pathMtu, narrows }: Direction): string[] {
  const lines = way.hops.flatMap((hop, i) => hopLines(hop, i + 1));
  const { end } = way;
  if (end.outcome === 'dropped') {
    const { says, rule } = DROP_REASONS[end.reason];
    lines.push(`   ends at ${end.place}: ${end.isLoop === true ? 'it was here before' : says} (${rule})`);
  } else {
    lines.push(`   arrives${pathMtu === undefined ? '' : `, path MTU ${pathMtu}`}`);
  }
  for (const { hop, mtu, size, report } of narrows) {
    const { job } = way.hops[hop]!.built.config;
    lines.push(
      `   ${job} cannot pass on ${size === Number.POSITIVE_INFINITY ? 'large' : size} bytes, only ${mtu}: ${reportText(report)}`,
    );
  }
  return lines;
}

function reportText(report: Way | undefined): string {
  if (report === undefined) return 'nobody tells the sender';
  if (report.end.outcome === 'delivered') return 'its message to the sender arrives';
  return `its message to the sender ends at ${report.end.place}`;
}

function hopLines(hop: Hop, number: number): string[] {
  const { built, ingress, candidates, departure, decision } = hop;
  const { stack, config } = built;
  const lines = [
    `${String(number).padStart(2)} ${config.job}${ingress === undefined ? '' : ` by ${ingress.name}`}`,
  ];
  const taken = takenRoute(hop);
  for (const { route, verdict } of candidates) {
    const { destination, prefixLength, gateway, kind, interfaceIndex, metric, origin } = route;
    const way = kind ?? (gateway.isUnspecified ? 'direct' : stack.describe(gateway));
    const link = stack.interfaces()[interfaceIndex - 1]?.name ?? '-';
    const mark = route === taken && decision.outcome === 'out' ? '>' : ' ';
    const from =
      route.from === undefined ? '' : ` from ${stack.describe(route.from.address)}/${route.from.length}`;
    const to = `${stack.describe(destination)}/${prefixLength}${from}`;
    lines.push(
      `   ${mark} ${to} ${way} ${link} ${metric}: ${ROUTE_VERDICTS[verdict]} (${routeCard(built, route) ?? origin})`,
    );
  }
  if (departure !== undefined) lines.push(`     ${departureText(stack, departure)}`);
  return lines;
}

function departureText(
  stack: Stack,
  { nextHop, neighbour, to, segment, link, mtu }: NonNullable<Hop['departure']>,
): string {
  const where = `on ${segment?.name ?? link.name}, MTU ${mtu}`;
  const hop = stack.describe(nextHop);
  if (neighbour === undefined) return `next hop ${hop} ${where}: no answer`;
  const owner = to === undefined ? 'nobody now' : to.built.config.job;
  return `next hop ${hop} ${where}: ${macText(neighbour)} ${neighbour.state}, ${owner}`;
}

/** What JSON holds: text and numbers alone. */
export function plain(of: Explanation): object {
  const { stack } = of.from;
  const direction = (one: Direction | undefined): object | null => {
    if (one === undefined) return null;
    const { way, pathMtu, narrows } = one;
    return {
      source: stack.describe(way.question.source),
      destination: stack.describe(way.question.destination),
      hops: way.hops.map(plainHop),
      ...way.end,
      path_mtu: pathMtu ?? null,
      narrows: narrows.map(({ hop, mtu, report }) => ({
        at: way.hops[hop]!.built.config.job,
        mtu,
        told: report?.end.outcome === 'delivered',
      })),
    };
  };
  return {
    family: of.family,
    service: of.service,
    asked: of.asked.config.job,
    from: of.from.config.job,
    destination: stack.describe(of.destination),
    cause: of.cause ?? null,
    there: direction(of.there),
    delivery: of.delivery ?? null,
    back: direction(of.back),
    findings: of.findings.map(({ card, ...rest }) => ({ ...rest, card: card ?? null })),
  };
}

function plainHop(hop: Hop): object {
  const { built, ingress, candidates, decision, departure } = hop;
  const { stack, config } = built;
  const taken = takenRoute(hop);
  return {
    stack: config.job,
    ingress: ingress?.name ?? null,
    outcome: decision.outcome,
    routes: candidates.map(({ route, verdict }) => ({
      destination: `${stack.describe(route.destination)}/${route.prefixLength}`,
      gateway: route.gateway.isUnspecified ? null : stack.describe(route.gateway),
      kind: route.kind ?? 'unicast',
      link: stack.interfaces()[route.interfaceIndex - 1]?.name ?? null,
      metric: route.metric,
      verdict,
      is_taken: route === taken,
      card: routeCard(built, route) ?? null,
    })),
    next_hop: departure === undefined ? null : stack.describe(departure.nextHop),
    link: departure?.link.name ?? null,
    segment: departure?.segment?.name ?? null,
    mtu: departure?.mtu ?? null,
    neighbour:
      departure?.neighbour === undefined
        ? null
        : { mac: macText(departure.neighbour), state: departure.neighbour.state },
  };
}
