/** What connections have to tell their owners, told when the segment or the call is done with: RFC 9293 §3.9.1. */
import type { Connection } from './connection.ts';
import { NOBODY } from './connection.ts';
import type { Listener } from './listen.ts';
import { ACCEPT, CLOSED, CONNECTED, ENDED, READABLE, WRITABLE } from './tcb.ts';

export class News {
  /** Connections with something to tell, in order; the array keeps its length, which is quicker than to empty it. */
  readonly #waiting: (Connection | undefined)[] = [];
  #count = 0;
  #telling = false;
  readonly #over: (connection: Connection) => void;

  /** `over` is called when an owner has been told the last. */
  constructor(over: (connection: Connection) => void) {
    this.#over = over;
  }

  note(connection: Connection, events: number): void {
    if ((connection.events & ~CLOSED) === 0) this.#waiting[this.#count++] = connection;
    connection.events |= events;
  }

  /** Tells owners what has happened, unless it is an owner who is calling: then the outer call goes on with it. */
  tell(): void {
    if (this.#telling || this.#count === 0) return;
    this.#telling = true;
    let told = 0;
    try {
      while (told < this.#count) {
        const connection = this.#waiting[told]!;
        this.#waiting[told++] = undefined;
        this.#tellOne(connection);
      }
    } finally {
      // An owner that throws is its own affair; the others are told at the next entry.
      if (told < this.#count) this.#waiting.copyWithin(0, told, this.#count);
      this.#count -= told;
      this.#telling = false;
    }
  }

  #tellOne(connection: Connection): void {
    const { events } = connection;
    // A clean end waits until its owner has read everything, or wants nothing more.
    const held = (events & CLOSED) !== 0 && connection.unread > 0 && !connection.orphan;
    connection.events = held ? CLOSED : 0;
    if ((events & ACCEPT) !== 0) (connection.origin as Listener | undefined)?.announce(connection);
    if ((events & CONNECTED) !== 0) connection.handler.connected();
    // The owner may have closed in any of these calls; then only `closed` is left to tell.
    if ((events & READABLE) !== 0 && connection.unread > 0 && !connection.orphan)
      connection.handler.readable();
    if ((events & ENDED) !== 0 && !connection.orphan) connection.handler.ended();
    if ((events & WRITABLE) !== 0 && !connection.orphan) connection.handler.writable();
    if ((events & CLOSED) === 0 || held) {
      connection.rest();
      return;
    }
    connection.handler.closed(connection.failure);
    connection.handler = NOBODY;
    connection.failure = undefined;
    this.#over(connection);
  }
}
