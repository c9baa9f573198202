/** Ports that a stack chooses itself (RFC 6056), and those that an operator has suspended. */
import type { Random } from '../packet/environment.ts';
import { FIRST_EPHEMERAL, LAST_EPHEMERAL } from './settings.ts';

export class Ports {
  readonly #random: Random;
  /** Keys are the operator's. */
  readonly #suspended = new Set<number>();

  constructor(random: Random) {
    this.#random = random;
  }

  suspend(port: number, suspended: boolean): void {
    if (suspended) this.#suspended.add(port);
    else this.#suspended.delete(port);
  }

  isSuspended(port: number): boolean {
    return this.#suspended.has(port);
  }

  /** RFC 6056 §3.3.1: a random start, then one after the other. Undefined when none is free. */
  choose(isFree: (port: number) => boolean): number | undefined {
    const count = LAST_EPHEMERAL - FIRST_EPHEMERAL + 1;
    const start = this.#random.u32() % count;
    for (let i = 0; i < count; i++) {
      const port = FIRST_EPHEMERAL + ((start + i) % count);
      if (!this.#suspended.has(port) && isFree(port)) return port;
    }
    return undefined;
  }
}
