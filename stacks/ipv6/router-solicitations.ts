/** Asking for routers: RFC 4861 §6.3.7, and RFC 7559 for a link whose first solicitations were lost or came too early. */
import { SECOND, type Timer } from '../time/clock.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { NdSender } from './nd-sender.ts';

/** RFC 4861 §10: these come at this interval; whoever waits for a router waits for them. */
const MAX_RTR_SOLICITATIONS = 3;
const RTR_SOLICITATION_INTERVAL: number = 4 * SECOND;
/** RFC 7559 §2: those that follow come at twice the interval each time, up to this one, give or take a tenth. */
const MAX_RTR_SOLICITATION_INTERVAL: number = 3_600 * SECOND;
const RANDOM_PART = 0.1;

interface Asking {
  /** The first ones. */
  readonly timer: Timer;
  /** Those without end: housekeeping. */
  readonly backOff: Timer;
  sent: number;
  /** µs between the last one and the next. */
  interval: number;
}

export class RouterSolicitations {
  readonly #host: Host;
  readonly #sender: NdSender;
  readonly #asking = new Map<Ipv6Interface, Asking>();

  constructor(host: Host, sender: NdSender) {
    this.#host = host;
    this.#sender = sender;
  }

  /** Asks now, and goes on until a router answers. */
  start(link: Ipv6Interface): void {
    this.stop(link);
    const { clock } = this.#host.environment;
    const asking = {
      timer: clock.timer(() => this.#ask(link, asking)),
      backOff: clock.timer(() => this.#ask(link, asking), { background: true }),
      sent: 0,
      interval: RTR_SOLICITATION_INTERVAL,
    };
    this.#asking.set(link, asking);
    this.#ask(link, asking);
  }

  stop(link: Ipv6Interface): void {
    const asking = this.#asking.get(link);
    asking?.timer.disarm();
    asking?.backOff.disarm();
    this.#asking.delete(link);
  }

  #ask(link: Ipv6Interface, asking: Asking): void {
    asking.sent++;
    if (asking.sent < MAX_RTR_SOLICITATIONS) {
      asking.timer.armIn(asking.interval);
    } else {
      const random = (2 * (this.#host.environment.random.u32() / 0x1_0000_0000) - 1) * RANDOM_PART;
      asking.interval = Math.min(2 * asking.interval, MAX_RTR_SOLICITATION_INTERVAL);
      asking.backOff.armIn(Math.round(asking.interval * (1 + random)));
    }
    this.#sender.solicitRouters(link);
  }
}
