/**
 * Gateways that do not answer: a host turns to another one while there is one (RFC 1122 §3.3.1.4, RFC 4191 §3.2), and
 * asks again from time to time (RFC 4191 §3.5). Routers leave this to whoever manages their routes; gateways that
 * advertise themselves are `ipv6/routers.ts`.
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

/** As many at most as there are gateways in routes that somebody wrote. */
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

  /** The neighbour stopped answering. */
  lost(address: Address, interfaceIndex: number): void {
    if (!this.#routes.setAnswers(address, interfaceIndex, false)) {
      // The routes by it are gone.
      this.found(address, interfaceIndex);
      return;
    }
    let known = this.#silent.find((one) => isAt(one, address, interfaceIndex));
    if (known === undefined) {
      const kept = address.clone();
      const asked: Silent = {
        address: kept,
        interfaceIndex,
        again: this.#clock.timer(
          () => {
            // Before the question: it may be given up for others, and then nobody tells.
            asked.again.armIn(PROBE_INTERVAL);
            this.#probe(kept, interfaceIndex);
          },
          { background: true },
        ),
      };
      known = asked;
      this.#silent.push(known);
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
