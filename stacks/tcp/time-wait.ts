/**
 * TIME-WAIT: RFC 9293 §3.6.1. All wait equally long, so the list is in order of expiry and one timer serves all. Its
 * length is bounded; the oldest goes first.
 */
import type { Clock, Timer } from '../time/clock.ts';
import { RST, SYN } from '../wire/tcp.ts';
import type { Segment } from './segment.ts';
import { MAX_TIME_WAIT } from './settings.ts';
import type { Tcb } from './tcb.ts';

export class TimeWaitList {
  size = 0;
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #expired: (tcb: Tcb) => void;
  #oldest: Tcb | undefined;
  #newest: Tcb | undefined;
  #timer: Timer | undefined;

  /** `delay` = 2 MSL in µs; `expired` is called with the record already off the list. */
  constructor(clock: Clock, delay: number, expired: (tcb: Tcb) => void) {
    this.#clock = clock;
    this.#delay = delay;
    this.#expired = expired;
  }

  /** Puts `tcb` at the end, or back there when its FIN came again. */
  wait(tcb: Tcb): void {
    this.remove(tcb);
    tcb.expires = this.#clock.now + this.#delay;
    tcb.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = tcb;
    else this.#newest.newer = tcb;
    this.#newest = tcb;
    this.size++;
    if (this.size > MAX_TIME_WAIT) this.#end(this.#oldest!);
    this.#arm();
  }

  remove(tcb: Tcb): void {
    if (tcb.older === undefined && this.#oldest !== tcb) return; // not on the list
    if (tcb.older === undefined) this.#oldest = tcb.newer;
    else tcb.older.newer = tcb.newer;
    if (tcb.newer === undefined) this.#newest = tcb.older;
    else tcb.newer.older = tcb.older;
    tcb.older = tcb.newer = undefined;
    this.size--;
    if (this.#oldest === undefined) this.#timer?.disarm();
  }

  #end(tcb: Tcb): void {
    this.remove(tcb);
    this.#expired(tcb);
  }

  #arm(): void {
    if (this.#oldest === undefined) return;
    this.#timer ??= this.#clock.timer(() => this.#fire(), { background: true });
    if (!this.#timer.armed) this.#clock.arm(this.#timer, this.#oldest.expires);
  }

  #fire(): void {
    while (this.#oldest !== undefined && this.#oldest.expires <= this.#clock.now) this.#end(this.#oldest);
    this.#arm();
  }
}

/**
 * May this SYN begin a new connection in place of one in TIME-WAIT? RFC 9293 §3.6.1 (MAY-2): its
 * sequence number is larger than any seen, or (RFC 6191 §2) its timestamp is.
 */
export function mayReuse(tcb: Tcb, segment: Segment): boolean {
  if ((segment.flags & (SYN | RST)) !== SYN) return false;
  const later = ((segment.seq - tcb.rcvNxt) | 0) > 0;
  if (!tcb.timestamps || !segment.hasTimestamp) return later;
  const newer = (segment.tsVal - tcb.tsRecent) | 0;
  return newer > 0 || (newer === 0 && later);
}
