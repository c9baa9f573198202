/**
 * Gateways that do not answer: a host turns to another one while there is one (RFC 1122 §3.3.1.4, RFC 4191 §3.2), and
 * asks again from time to time (RFC 4191 §3.5). Routers leave this to whoever manages their routes.
 */
import type { Address } from '../address/address.ts';
import { type Clock, SECOND, type Timer } from '../time/clock.ts';
import type { RouteTable } from './routes.ts';

/** RFC 4191 §3.5: at most one question a minute. */
export const PROBE_INTERVAL: number = 60 * SECOND;

interface Silent {
  readonly address: Address;
  readonly interfaceIndex: number;
  readonly again: Timer;
}

/** As many at most as there are gateways in routes that may share, or were within the last minute. */
export class SilentGateways {
  readonly #clock: Clock;
  readonly #routes: RouteTable;
  readonly #probe: (address: Address, interfaceIndex: number) => void;
  #silent: Silent[] = [];

  constructor(clock: Clock, routes: RouteTable, probe: (address: Address, interfaceIndex: number) => void) {
    this.#clock = clock;
    this.#routes = routes;
    this.#probe = probe;
  }

  get size(): number {
    return this.#silent.length;
  }

  /** The neighbour stopped answering. */
  lost(address: Address, interfaceIndex: number): void {
    if (!this.#routes.setAnswers(address, interfaceIndex, false)) return;
    let known = this.#silent.find((one) => isAt(one, address, interfaceIndex));
    if (known === undefined) {
      const kept = address.clone();
      const again = this.#clock.timer(() => this.#ask(made), { background: true });
      const made: Silent = { address: kept, interfaceIndex, again };
      known = made;
      this.#silent.push(made);
    }
    known.again.armIn(PROBE_INTERVAL);
  }

  /** It answers. */
  found(address: Address, interfaceIndex: number): void {
    if (this.#silent.length > 0) this.#forget((one) => isAt(one, address, interfaceIndex));
  }

  /** The link went down: what comes back with it may answer. */
  forgetLink(interfaceIndex: number): void {
    this.#forget((one) => one.interfaceIndex === interfaceIndex);
  }

  /** The host becomes a router. */
  clear(): void {
    this.#forget(() => true);
  }

  /** Armed again before the answer: the question may come to nothing where neighbours have no room for it. */
  #ask(one: Silent): void {
    const { address, interfaceIndex, again } = one;
    if (!this.#routes.setAnswers(address, interfaceIndex, false)) {
      this.#forget((known) => known === one); // No route goes by it any more.
      return;
    }
    again.armIn(PROBE_INTERVAL);
    this.#probe(address, interfaceIndex);
  }

  #forget(which: (one: Silent) => boolean): void {
    for (const one of this.#silent.filter(which)) {
      one.again.disarm();
      this.#routes.setAnswers(one.address, one.interfaceIndex, true);
    }
    this.#silent = this.#silent.filter((one) => !which(one));
  }
}

function isAt(one: Silent, address: Address, interfaceIndex: number): boolean {
  return one.interfaceIndex === interfaceIndex && one.address.sameWords(address);
}
