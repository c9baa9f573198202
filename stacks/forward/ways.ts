/** Ways out: all that routes to different prefixes have in common, kept once however many prefixes go the same way. */
import type { Address } from '../address/address.ts';
import type { NeighbourEntry } from './neighbour.ts';
import {
  mayShare,
  type Route,
  type RouteKind,
  type RouteMatch,
  type SourcePrefix,
  sameSources,
} from './route.ts';

export class Way {
  /** From 1. */
  readonly id: number;
  /** Unspecified for a direct route. */
  readonly gateway: Address;
  readonly interfaceIndex: number;
  readonly metric: number;
  readonly origin: Route['origin'];
  readonly card: string | undefined;
  readonly isDirect: boolean;
  /** False while the link is down, or the gateway does not answer, and routes by it stand aside. */
  usable: boolean;
  /** The gateway as a neighbour, remembered by whoever sent there last; it may have gone since, and is not ready then. */
  neighbour: NeighbourEntry | undefined;
  /** Routes that go this way. */
  routes = 0;
  readonly kind: RouteKind;
  readonly from: SourcePrefix | undefined;
  readonly weight: number;
  /** `mayShare` */
  readonly shares: boolean;
  /** More than the destination decides about it, or more than sending is to be done. */
  readonly isSpecial: boolean;
  isUp: boolean;
  /** Hosts: does the gateway answer, as far as is known? (RFC 4191 §3.2) */
  answers = true;

  constructor(id: number, route: Omit<Route, 'destination' | 'prefixLength'>, isUp: boolean) {
    this.id = id;
    this.gateway = route.gateway;
    this.isDirect = route.gateway.isUnspecified;
    this.interfaceIndex = route.interfaceIndex;
    this.metric = route.metric;
    this.origin = route.origin;
    this.card = route.card;
    this.usable = isUp;
    this.kind = route.kind ?? 'unicast';
    this.from = route.from;
    this.weight = route.weight ?? 1;
    this.shares = mayShare(route);
    this.isSpecial = this.kind !== 'unicast' || this.from !== undefined;
    this.isUp = isUp;
  }

  matches({ gateway, interfaceIndex, metric, origin, kind, from }: RouteMatch): boolean {
    return (
      (gateway === undefined || this.gateway.sameWords(gateway)) &&
      (interfaceIndex === undefined || this.interfaceIndex === interfaceIndex) &&
      (metric === undefined || this.metric === metric) &&
      (origin === undefined || this.origin === origin) &&
      (kind === undefined || this.kind === kind) &&
      (from === undefined || sameSources(this.from, from === 'any' ? undefined : from))
    );
  }
}

export class Ways {
  readonly #byId: (Way | undefined)[] = [undefined];
  /** Keys are gateways and what goes with them: the operator's, and those of the few routers and redirects that are kept. */
  readonly #byText = new Map<string, Way>();
  readonly #free: number[] = [];
  /** Routes that arrive in runs go one way. */
  #last: Way | undefined;
  /** By interface index: true while its link is down. */
  readonly #down: boolean[] = [];

  get(id: number): Way | undefined {
    return this.#byId[id];
  }

  isUp(interfaceIndex: number): boolean {
    return this.#down[interfaceIndex] !== true;
  }

  setUp(interfaceIndex: number, up: boolean): void {
    this.#down[interfaceIndex] = !up;
    for (const way of this.#byText.values()) {
      if (way.interfaceIndex !== interfaceIndex) continue;
      way.isUp = up;
      way.usable = up && way.answers;
    }
  }

  /** Whether a gateway answers; false when no written route goes by it. */
  setAnswers(gateway: Address, interfaceIndex: number, answers: boolean): boolean {
    let found = false;
    for (const way of this.#byText.values()) {
      if (!way.shares || way.origin !== 'static') continue;
      if (way.interfaceIndex !== interfaceIndex || !way.gateway.sameWords(gateway)) continue;
      found = true;
      way.answers = answers;
      way.usable = way.isUp && answers;
    }
    return found;
  }

  /** The way of one more route. */
  take(route: Route): Way {
    if (this.#last !== undefined && sameWay(this.#last, route)) {
      this.#last.routes++;
      return this.#last;
    }
    const text = textOf(route);
    let way = this.#byText.get(text);
    if (way === undefined) {
      const id = this.#free.pop() ?? this.#byId.length;
      const kept = { ...route, gateway: route.gateway.clone() };
      way = new Way(id, kept, this.isUp(route.interfaceIndex));
      this.#byId[id] = way;
      this.#byText.set(text, way);
    }
    way.routes++;
    this.#last = way;
    return way;
  }

  /** One route less. */
  release(way: Way): void {
    if (--way.routes > 0) return;
    this.#byText.delete(textOf(way));
    this.#byId[way.id] = undefined;
    this.#free.push(way.id);
    if (this.#last === way) this.#last = undefined;
  }
}

function sameWay(way: Way, route: Route): boolean {
  return (
    way.gateway.equals(route.gateway) &&
    way.interfaceIndex === route.interfaceIndex &&
    way.metric === route.metric &&
    way.origin === route.origin &&
    way.card === route.card &&
    way.kind === (route.kind ?? 'unicast') &&
    way.weight === (route.weight ?? 1) &&
    sameSources(way.from, route.from)
  );
}

function textOf(route: Omit<Route, 'destination' | 'prefixLength'> | Way): string {
  const { gateway: g, interfaceIndex, metric, origin, card, kind = 'unicast', weight = 1, from } = route;
  const { w0, w1, w2, w3 } = from?.address ?? {};
  const sources = from === undefined ? '' : `${w0},${w1},${w2},${w3}/${from.length}`;
  return `${g.w0},${g.w1},${g.w2},${g.w3},${g.zone},${interfaceIndex},${metric},${origin},${card},${kind},${weight},${sources}`;
}
