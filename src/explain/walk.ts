/**
 * One way of one packet through a lab, from stack to stack. Every step is asked of the stack that takes it (`decideOutput`,
 * `decideInput`, its neighbour cache), so nothing is decided here; what a segment does with a frame is read off its stations.
 */
import type { Segment } from '../../devices/segment/segment.ts';
import type { Address } from '../../stacks/address/address.ts';
import type { Packet } from '../../stacks/packet/packet.ts';
import type { DropReason } from '../../stacks/packet/verdict.ts';
import type { Candidate, Decision, Interface, Neighbour, Stack } from '../../stacks/stack.ts';
import { formatMac, sameMac } from '../../stacks/wire/ethernet.ts';
import type { BuiltStack } from '../lab/build.ts';
import type { Lab } from '../lab/lab.ts';

/** What is sent: a flow has one way, its packets differ in what filters and listeners make of them. */
export interface Question {
  readonly source: Address;
  readonly destination: Address;
  /** Of the IP header. */
  readonly protocol: number;
  /** The transport header: ports first, or ICMP type and code. */
  readonly header: Uint8Array;
}

/** Where a packet leaves a stack. */
export interface Departure {
  readonly link: Interface;
  readonly segment: Segment | undefined;
  readonly nextHop: Address;
  /** Bytes of the largest packet that this stack sends whole. */
  readonly mtu: number;
  /** As the table has it after the neighbour was asked; undefined when nothing came of it. */
  readonly neighbour: Neighbour | undefined;
  /** Whoever has the neighbour's link address. */
  readonly to: Arrival | undefined;
}

export interface Arrival {
  readonly built: BuiltStack;
  readonly link: Interface;
}

export interface Hop {
  readonly built: BuiltStack;
  /** The interface by which the packet came; undefined where it begins. */
  readonly ingress: Interface | undefined;
  readonly decision: Decision;
  /** The routes that match, as the stack ranks them; none where the packet is for this host. */
  readonly candidates: readonly Candidate[];
  readonly departure: Departure | undefined;
}

export type End =
  | { readonly outcome: 'delivered' }
  /** `place`: a stack, by its job, or a segment. */
  | {
      readonly outcome: 'dropped';
      readonly place: string;
      readonly reason: DropReason;
      readonly cause?: string;
      /** It comes back to a stack where it was before. */
      readonly isLoop?: boolean;
    };

export interface Way {
  readonly question: Question;
  readonly hops: readonly Hop[];
  readonly end: End;
}

/** µs to look for an answer of a neighbour: soon, then until RFC 4861 §7.2.2 gives up after three seconds. */
const LOOKS = [1_000, 9_000, 90_000, 900_000, 1_000_000, 1_000_000, 100_000];

/** Lets lab time pass where a neighbour has to be asked. */
export class Walker {
  readonly #lab: Lab;
  /** Asked in vain, so nobody is asked twice. */
  readonly #silent = new Set<string>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async walk(from: BuiltStack, question: Question): Promise<Way> {
    const { pool } = this.#lab.environment;
    const packet = pool.from(question.header);
    if (packet === undefined) throw new Error('no packet buffer is free');
    try {
      return await this.#walk(packet, from, question);
    } finally {
      pool.release(packet);
    }
  }

  async #walk(packet: Packet, from: BuiltStack, question: Question): Promise<Way> {
    const hops: Hop[] = [];
    const seen = new Set<BuiltStack>();
    let built = from;
    let ingress: Interface | undefined;
    for (;;) {
      const hop =
        ingress === undefined
          ? await this.#first(packet, built, question)
          : await this.#hop(built, ingress, built.stack.decideInput(packet, ingress.index), question);
      hops.push(hop);
      const { decision, departure } = hop;
      const ended = (end: End): Way => ({ question, hops, end });
      const lost = (
        place: string,
        reason: DropReason,
        more: { cause?: string; isLoop?: boolean } = {},
      ): Way => ended({ outcome: 'dropped', place, reason, ...more });
      if (decision.outcome === 'local') return ended({ outcome: 'delivered' });
      const place = built.config.job;
      if (decision.outcome === 'dropped') {
        const { reason, cause } = decision;
        return lost(place, reason, cause === undefined ? {} : { cause });
      }
      // Where a packet goes does not depend on where it comes from, so the second visit is not the last.
      if (seen.has(built)) return lost(place, 'hop-limit', { isLoop: true });
      seen.add(built);
      const { segment, neighbour, to } = departure!;
      if (neighbour === undefined) return lost(place, 'neighbour-unresolved');
      if (segment !== undefined && segment.conditions.loss >= 1) return lost(segment.name, 'segment-loss');
      if (to === undefined) return lost(segment?.name ?? departure!.link.name, 'not-for-me');
      built = to.built;
      ingress = to.link;
    }
  }

  /** A host turns to another gateway when one does not answer (RFC 4191 §3.2), so it is asked again then. */
  async #first(packet: Packet, built: BuiltStack, question: Question): Promise<Hop> {
    const { source, destination, protocol } = question;
    const transport = packet.start;
    let before: Hop | undefined;
    for (;;) {
      packet.start = transport;
      const decision = built.stack.decideOutput(packet, source, destination, protocol);
      if (before !== undefined && sameWay(before.decision, decision)) return before;
      const hop = await this.#hop(built, undefined, decision, question);
      if (hop.departure === undefined || hop.departure.neighbour !== undefined) return hop;
      before = hop;
    }
  }

  async #hop(
    built: BuiltStack,
    ingress: Interface | undefined,
    decision: Decision,
    { source, destination }: Question,
  ): Promise<Hop> {
    const { stack } = built;
    const departure = decision.outcome === 'out' ? await this.#depart(built, decision) : undefined;
    const isRouted = !stack.isLocal(destination) && (ingress === undefined || stack.forwarding);
    const candidates = isRouted ? stack.explain(destination, source) : [];
    return { built, ingress, decision, candidates, departure };
  }

  async #depart(
    { stack }: BuiltStack,
    { interfaceIndex, nextHop, mtu }: Extract<Decision, { outcome: 'out' }>,
  ): Promise<Departure> {
    const link = stack.interfaces()[interfaceIndex - 1]!;
    const segment = segmentOf(this.#lab, link);
    const neighbour = await this.#ask(stack, nextHop, interfaceIndex);
    const to = neighbour === undefined ? undefined : stationOf(this.#lab, segment, link, neighbour.mac!);
    return { link, segment, nextHop, mtu, neighbour, to };
  }

  async #ask(stack: Stack, address: Address, interfaceIndex: number): Promise<Neighbour | undefined> {
    const known = (): Neighbour | undefined => {
      for (const one of stack.neighbours()) {
        if (one.interfaceIndex === interfaceIndex && one.address.sameWords(address)) return one;
      }
      return undefined;
    };
    const key = `${stack.id} ${interfaceIndex} ${stack.describe(address)}`;
    let neighbour = known();
    if (neighbour?.mac === undefined && !this.#silent.has(key)) {
      stack.askNeighbour(address, interfaceIndex);
      for (const wait of LOOKS) {
        await this.#lab.advance(wait);
        neighbour = known();
        if (neighbour?.state !== 'incomplete') break;
      }
      if (neighbour?.mac === undefined) this.#silent.add(key);
    }
    return neighbour?.mac === undefined ? undefined : neighbour;
  }
}

function sameWay(a: Decision, b: Decision): boolean {
  if (a.outcome !== 'out' || b.outcome !== 'out') return a.outcome === b.outcome;
  return a.interfaceIndex === b.interfaceIndex && a.nextHop.equals(b.nextHop);
}

export function segmentOf(lab: Lab, { device }: Interface): Segment | undefined {
  for (const segment of lab.segments.values()) {
    if (segment.stations.some((station) => station === device)) return segment;
  }
  return undefined;
}

/** The first other station with this link address. */
function stationOf(
  lab: Lab,
  segment: Segment | undefined,
  from: Interface,
  mac: Uint8Array,
): Arrival | undefined {
  for (const arrival of interfacesOf(lab)) {
    const { device } = arrival.link;
    if (device === undefined || device === from.device || device.mac === undefined) continue;
    if (sameMac(device.mac, mac) && segment?.stations.some((station) => station === device)) return arrival;
  }
  return undefined;
}

export function* interfacesOf(lab: Lab): Generator<Arrival> {
  for (const built of lab.stacks.values()) for (const link of built.stack.interfaces()) yield { built, link };
}

/** The route that a hop takes: of several that share the flows, the one by which this packet leaves. */
export function takenRoute({ candidates, departure, decision }: Hop): Candidate['route'] | undefined {
  const winners = candidates.filter(({ verdict }) => verdict === 'taken' || verdict === 'shares');
  const isThis = ({ route }: Candidate): boolean =>
    decision.outcome === 'out' &&
    route.interfaceIndex === decision.interfaceIndex &&
    (route.gateway.isUnspecified || route.gateway.sameWords(departure!.nextHop));
  // Among routers that advertise themselves, the source may speak for one that ranks lower (RFC 8028 §3.1).
  return (winners.find(isThis) ?? candidates.find(isThis) ?? winners[0])?.route;
}

export function macText(neighbour: Neighbour): string {
  return neighbour.mac === undefined ? '-' : formatMac(neighbour.mac);
}
