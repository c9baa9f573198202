/** Ways out: all that routes to different prefixes have in common, kept once however many prefixes go the same way. */
import type { Address } from '../address/address.ts';
import type { NeighbourEntry } from './neighbour.ts';
import type { Route } from './route.ts';

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
  /** False while the link is down and routes by it stand aside. */
  usable: boolean;
  /** The gateway as a neighbour, remembered by whoever sent there last; it may have gone since, and is not ready then. */
  neighbour: NeighbourEntry | undefined;
  /** Routes that go this way. */
  routes = 0;

  constructor(id: number, route: Omit<Route, 'destination' | 'prefixLength'>, usable: boolean) {
    this.id = id;
    this.gateway = route.gateway;
    this.isDirect = route.gateway.isUnspecified;
    this.interfaceIndex = route.interfaceIndex;
    this.metric = route.metric;
    this.origin = route.origin;
    this.card = route.card;
    this.usable = usable;
  }
}

export class Ways {
  readonly #byId: (Way | undefined)[] = [undefined];
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
    for (const way of this.#byText.values()) if (way.interfaceIndex === interfaceIndex) way.usable = up;
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
    way.card === route.card
  );
}

function textOf(route: Omit<Route, 'destination' | 'prefixLength'> | Way): string {
  const { gateway: g, interfaceIndex, metric, origin, card } = route;
  return `${g.w0},${g.w1},${g.w2},${g.w3},${g.zone},${interfaceIndex},${metric},${origin},${card}`;
}
