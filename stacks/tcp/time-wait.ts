/**
 * TIME-WAIT: RFC 9293 §3.6.1. All wait equally long, so the list is in order of expiry and one timer serves all. Its
 * length is bounded; the oldest goes first.
 */
import { type Clock, MILLISECOND, type Timer } from '../time/clock.ts';
import { RST, SYN } from '../wire/tcp.ts';
import type { Segment } from './segment.ts';
import { MAX_TIME_WAIT } from './settings.ts';
import type { ConnectionTable } from './table.ts';
import type { Tcb } from './tcb.ts';

export class TimeWaitList {
  size = 0;
  readonly #clock: Clock;
  readonly #table: ConnectionTable;
  readonly #delay: number;
  readonly #expired: (tcb: Tcb) => void;
  /** Rows of the table, 0 for none. */
  #oldest = 0;
  #newest = 0;
  #timer: Timer | undefined;

  /** `delay` = 2 MSL in µs; `expired` is called with the record already off the list. */
  constructor(clock: Clock, table: ConnectionTable, delay: number, expired: (tcb: Tcb) => void) {
    this.#clock = clock;
    this.#table = table;
    this.#delay = delay;
    this.#expired = expired;
  }

  /** Puts `tcb` at the end, or back there when its FIN came again. */
  wait(tcb: Tcb): void {
    this.remove(tcb);
    const row = this.#table.rowOf(tcb);
    tcb.waits = true;
    tcb.expires = Math.ceil((this.#clock.now + this.#delay) / MILLISECOND);
    tcb.older = this.#newest;
    tcb.newer = 0;
    if (this.#newest === 0) this.#oldest = row;
    else this.#table.at(this.#newest).newer = row;
    this.#newest = row;
    this.size++;
    if (this.size > MAX_TIME_WAIT) this.#end(this.#table.at(this.#oldest));
    this.#arm();
  }

  remove(tcb: Tcb): void {
    if (!tcb.waits) return;
    const { older, newer } = tcb;
    tcb.waits = false;
    if (older === 0) this.#oldest = newer;
    else this.#table.at(older).newer = newer;
    if (newer === 0) this.#newest = older;
    else this.#table.at(newer).older = older;
    tcb.older = tcb.newer = tcb.expires = 0; // they are round-trip times for whoever asks
    this.size--;
    if (this.#oldest === 0) this.#timer?.disarm();
  }

  #end(tcb: Tcb): void {
    this.remove(tcb);
    this.#expired(tcb);
  }

  /** µs until the oldest has waited long enough. */
  #left(): number {
    const { now } = this.#clock;
    const ms = Math.floor(now / MILLISECOND);
    return ((this.#table.at(this.#oldest).expires - ms) | 0) * MILLISECOND - (now - ms * MILLISECOND);
  }

  #arm(): void {
    if (this.#oldest === 0) return;
    this.#timer ??= this.#clock.timer(() => this.#fire(), { background: true });
    if (!this.#timer.armed) this.#timer.armIn(Math.max(this.#left(), 0));
  }

  #fire(): void {
    while (this.#oldest !== 0 && this.#left() <= 0) this.#end(this.#table.at(this.#oldest));
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
