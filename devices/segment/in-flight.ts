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

const SMALLEST = 16;

/**
 * The frames in flight on one segment, by arrival and then by order. Most arrive no earlier than what was sent before:
 * they stand in a line, a ring of records. Those that overtake (jitter, unequal rates) are in a binary heap beside it.
 */
export class FlightQueue {
  #line: (Flight | undefined)[] = new Array<Flight | undefined>(SMALLEST).fill(undefined);
  #head = 0;
  #length = 0;
  /** Of the last in the line. */
  #latest = Number.NEGATIVE_INFINITY;
  readonly #heap: Flight[] = [];
  readonly #spare: Flight[] = [];
  /** Given to the next frame. */
  order = 0;

  get size(): number {
    return this.#length + this.#heap.length;
  }

  first(): Flight | undefined {
    const inLine = this.#length === 0 ? undefined : this.#line[this.#head];
    const ahead = this.#heap.length === 0 ? undefined : this.#heap[0];
    if (inLine === undefined || ahead === undefined) return inLine ?? ahead;
    return before(ahead, inLine) ? ahead : inLine;
  }

  push(packet: Packet, sender: Station, arrival: number): void {
    const flight = this.#spare.pop() ?? { packet, sender, arrival, order: 0 };
    flight.packet = packet;
    flight.sender = sender;
    flight.arrival = arrival;
    flight.order = this.order++;
    if (this.#length > 0 && arrival < this.#latest) {
      this.#sift(flight);
      return;
    }
    if (this.#length === this.#line.length) this.#grow();
    this.#line[(this.#head + this.#length++) & (this.#line.length - 1)] = flight;
    this.#latest = arrival;
  }

  /** Takes the first frame out; its record goes back by `recycle`. */
  shift(): Flight | undefined {
    const first = this.first();
    if (first === undefined) return undefined;
    if (this.#heap.length > 0 && first === this.#heap[0]) return this.#unsift();
    this.#line[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#line.length - 1);
    this.#length--;
    return first;
  }

  recycle(flight: Flight): void {
    flight.packet = flight.sender = undefined;
    this.#spare.push(flight);
  }

  #grow(): void {
    const { length } = this.#line;
    const wider = new Array<Flight | undefined>(2 * length).fill(undefined);
    for (let i = 0; i < length; i++) wider[i] = this.#line[(this.#head + i) & (length - 1)];
    this.#line = wider;
    this.#head = 0;
  }

  #sift(flight: Flight): void {
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

  #unsift(): Flight | undefined {
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
}

function before(a: Flight, b: Flight): boolean {
  return a.arrival < b.arrival || (a.arrival === b.arrival && a.order < b.order);
}
