/** ReachableTime and RetransTimer of each link, as constants or as a router advertises them: RFC 4861 §6.3.2, §6.3.4. */
import type { Environment } from '../packet/environment.ts';
import { SECOND } from '../time/clock.ts';

// RFC 4861 §10.
export const REACHABLE_TIME: number = 30 * SECOND;
export const RETRANS_TIMER: number = SECOND;
/** How often ReachableTime is drawn anew though nothing changed it: "every few hours" (RFC 4861 §6.3.2). */
const REDRAW_TIME: number = 7_200 * SECOND;

interface Times {
  /** µs: what it was drawn from, and when. */
  readonly base: number;
  readonly drawn: number;
  /** µs, drawn between 0.5 and 1.5 times the base. */
  readonly reachable: number;
  /** µs */
  readonly retransmit: number;
}

export class NeighbourTimes {
  readonly #environment: Environment;
  /** By interface index. */
  readonly #links: (Times | undefined)[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Base reachable time and retransmission interval of a link, in µs; undefined leaves what holds. */
  configure(interfaceIndex: number, reachableTime?: number, retransTimer?: number): void {
    const { clock, random } = this.#environment;
    const known = this.#links[interfaceIndex];
    const base = reachableTime ?? known?.base ?? REACHABLE_TIME;
    const retransmit = retransTimer ?? known?.retransmit ?? RETRANS_TIMER;
    if (known !== undefined && known.base === base && known.drawn + REDRAW_TIME > clock.now) {
      if (known.retransmit !== retransmit) this.#links[interfaceIndex] = { ...known, retransmit };
      return;
    }
    const factor = 0.5 + random.u32() / 0x100000000;
    this.#links[interfaceIndex] = { base, drawn: clock.now, reachable: base * factor, retransmit };
  }

  /** µs that a neighbour is known to be reachable. */
  reachable(interfaceIndex: number): number {
    const known = this.#links[interfaceIndex];
    if (known === undefined || known.drawn + REDRAW_TIME <= this.#environment.clock.now) {
      this.configure(interfaceIndex);
    }
    return this.#links[interfaceIndex]!.reachable;
  }

  /** µs between solicitations. */
  retransmit(interfaceIndex: number): number {
    return this.#links[interfaceIndex]?.retransmit ?? RETRANS_TIMER;
  }

  /** What a router said of the link is not true of the next one. */
  forget(interfaceIndex: number): void {
    this.#links[interfaceIndex] = undefined;
  }
}
