import type { Packet } from '../../stacks/packet/packet.ts';
import type { Station } from './station.ts';

/** A frame between two stations. Records are used again, so a frame in flight allocates nothing. */
export interface Flight {
  packet: Packet | undefined;
  sender: Station | undefined;
  /** µs */
  arrival: number;
  /** Frames that arrive together arrive in the order they were sent. */
  order: number;
}

/** The frames in flight on one segment: a binary heap by arrival, then by order. */
export class FlightQueue {
  readonly #heap: Flight[] = [];
  readonly #spare: Flight[] = [];
  /** Given to the next frame. */
  order = 0;

  get size(): number {
    return this.#heap.length;
  }

  first(): Flight | undefined {
    return this.#heap[0];
  }

  push(packet: Packet, sender: Station, arrival: number): void {
    const flight = this.#spare.pop() ?? { packet, sender, arrival, order: 0 };
    flight.packet = packet;
    flight.sender = sender;
    flight.arrival = arrival;
    flight.order = this.order++;
    const heap = this.#heap;
    let at = heap.push(flight) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(flight, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = flight;
  }

  /** Takes the first frame out; its record goes back by `recycle`. */
  shift(): Flight | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++;
      if (!before(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }

  recycle(flight: Flight): void {
    flight.packet = flight.sender = undefined;
    this.#spare.push(flight);
  }
}

function before(a: Flight, b: Flight): boolean {
  return a.arrival < b.arrival || (a.arrival === b.arrival && a.order < b.order);
}
