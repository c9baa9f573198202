/** The router's side of advertisements: RFC 4861 §6.2.4 (unsolicited), §6.2.5 (ceasing), §6.2.6 (solicited). */
import { MILLISECOND, SECOND, type Timer } from '../time/clock.ts';
import { MAX_INTERVAL, routerLifetime } from './advertisement.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { NdSender } from './nd-sender.ts';

/** RFC 4861 §6.2.1: MinRtrAdvInterval is this part of MaxRtrAdvInterval, or nearly all of one that is short. */
const MIN_PART = 1 / 3;
const MIN_PART_OF_SHORT = 3 / 4;
/** Seconds. */
const SHORT_INTERVAL = 9;
/** RFC 4861 §10. */
const MAX_INITIAL_INTERVAL: number = 16 * SECOND;
const MAX_INITIAL_ADVERTISEMENTS = 3;
const MIN_DELAY_BETWEEN: number = 3 * SECOND;
const MAX_DELAY: number = 500 * MILLISECOND;

interface Schedule {
  /** Unsolicited ones: housekeeping. */
  readonly periodic: Timer;
  /** The answer to a solicitation: somebody waits for it. */
  readonly answer: Timer;
  sent: number;
  /** µs of the last one. */
  last: number;
}

export class Advertiser {
  readonly #host: Host;
  readonly #sender: NdSender;
  readonly #schedules = new Map<Ipv6Interface, Schedule>();

  constructor(host: Host, sender: NdSender) {
    this.#host = host;
    this.#sender = sender;
  }

  /** The link has a link-local address to speak from. */
  start(link: Ipv6Interface): void {
    if (link.advertise === undefined || !this.#host.forwarding) return;
    this.#schedule(link).sent = 0;
    this.#send(link);
  }

  /** RFC 4861 §6.2.6: to all nodes, a random moment later, and not within three seconds of the last. */
  solicited(link: Ipv6Interface): void {
    const schedule = this.#schedule(link);
    if (schedule.answer.armed) return;
    const { clock, random } = this.#host.environment;
    const delay = random.u32() % MAX_DELAY;
    schedule.answer.armIn(Math.max(delay, schedule.last + MIN_DELAY_BETWEEN - clock.now));
  }

  /** RFC 4861 §6.2.5: a router that ceases to be one says so with a lifetime of zero. */
  stop(link: Ipv6Interface): void {
    const schedule = this.#schedules.get(link);
    if (schedule === undefined) return;
    schedule.periodic.disarm();
    schedule.answer.disarm();
    this.#schedules.delete(link);
    if (link.usable && link.advertise !== undefined) this.#sender.advertiseRouter(link, link.advertise, 0);
  }

  #schedule(link: Ipv6Interface): Schedule {
    const known = this.#schedules.get(link);
    if (known !== undefined) return known;
    const { clock } = this.#host.environment;
    const schedule = {
      periodic: clock.timer(() => this.#send(link), { background: true }),
      answer: clock.timer(() => this.#send(link)),
      sent: 0,
      last: Number.NEGATIVE_INFINITY,
    };
    this.#schedules.set(link, schedule);
    return schedule;
  }

  #send(link: Ipv6Interface): void {
    const { clock, random } = this.#host.environment;
    const schedule = this.#schedule(link);
    schedule.last = clock.now;
    schedule.sent++;
    const said = link.advertise ?? {};
    const seconds = said.interval ?? MAX_INTERVAL;
    const least = seconds * (seconds < SHORT_INTERVAL ? MIN_PART_OF_SHORT : MIN_PART) * SECOND;
    const interval = Math.round(least + (random.u32() % (seconds * SECOND - least)));
    const initial = schedule.sent < MAX_INITIAL_ADVERTISEMENTS;
    schedule.periodic.armIn(initial ? Math.min(interval, MAX_INITIAL_INTERVAL) : interval);
    this.#sender.advertiseRouter(link, said, routerLifetime(said));
  }
}
