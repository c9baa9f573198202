/**
 * A virtual Ethernet segment: a switch that knows its stations, with the faults of a real path.
 *
 * Read first: RFC 894 and RFC 2464 (14 bytes of header in front of an IP packet), IEEE 802.3 §3 (the group bit).
 * Every crossing is an event of the clock, even at zero delay, so no stack is ever entered from within another. All
 * chance comes from `environment.random`, and nothing is drawn for a condition that is off: a perfect segment leaves
 * the seed's sequence alone.
 */
import type { Device } from '../../stacks/packet/device.ts';
import type { Environment, Random } from '../../stacks/packet/environment.ts';
import type { Packet } from '../../stacks/packet/packet.ts';
import { Counters, type DropReason } from '../../stacks/packet/verdict.ts';
import { MILLISECOND, type Timer } from '../../stacks/time/clock.ts';
import { changed, PERFECT, type SegmentConditions } from './conditions.ts';
import { FlightQueue } from './in-flight.ts';
import { type Carrier, Station } from './station.ts';

export type { SegmentConditions } from './conditions.ts';

const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

/** A reordered frame is held back by up to the delay of the segment, and on a faster segment by up to this, µs. */
const SHORTEST_HOLD = MILLISECOND;

export class Segment implements Carrier {
  readonly name: string;
  /**
   * `received`: frames handed in, `forwarded`: arrived at a station, `dropped`: lost, by reason. Every copy, whether a
   * duplicate or for a further receiver, counts as a frame of its own, so received = forwarded + dropped + inFlight.
   */
  readonly counters: Counters = new Counters();
  readonly #environment: Environment;
  readonly #timer: Timer;
  readonly #flights: FlightQueue = new FlightQueue();
  #conditions: Required<SegmentConditions>;
  /** Replaced, never changed in place: a receiver may attach or detach a station while a frame is handed out. */
  #stations: readonly Station[] = [];
  /** Keys are the low 32 bits of the MACs of stations, which come from the configuration. */
  readonly #byMac: Map<number, readonly Station[]> = new Map();
  #delivering = false;
  #closed = false;

  /** @throws RangeError for impossible conditions */
  constructor(environment: Environment, name: string, conditions: SegmentConditions = {}) {
    this.#environment = environment;
    this.name = name;
    this.#conditions = changed(PERFECT, conditions);
    this.#timer = environment.clock.timer(() => this.#deliverDue());
  }

  get conditions(): Readonly<Required<SegmentConditions>> {
    return this.#conditions;
  }

  get stations(): readonly Device[] {
    return this.#stations;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  /**
   * Changes some conditions from the next frame on; what is in flight keeps its time.
   * @throws RangeError for impossible conditions; nothing is changed then
   */
  set(conditions: SegmentConditions): void {
    this.#conditions = changed(this.#conditions, conditions);
  }

  /**
   * A new station. `mac`: 6 bytes, copied. `mtu`: bytes of the largest IP packet, for the stack above.
   * @throws RangeError when `mac` is not 6 bytes or is a group address, or the segment is closed
   */
  attach(name: string, mac: Uint8Array, mtu: number): Device {
    if (mac.length !== 6 || (mac[0]! & 1) !== 0) throw new RangeError(`${name}: not the MAC of a station`);
    if (this.#closed) throw new RangeError(`${name}: segment ${this.name} is closed`);
    const station = new Station(this, name, mac, mtu);
    this.#stations = [...this.#stations, station];
    const key = lowWord(station.mac, 0);
    this.#byMac.set(key, [...(this.#byMac.get(key) ?? []), station]);
    return station;
  }

  /** Called by a station that leaves. With the last one goes what is still in flight. */
  detach(station: Station): void {
    const others = (list: readonly Station[]) => list.filter((other) => other !== station);
    this.#stations = others(this.#stations);
    const key = lowWord(station.mac, 0);
    this.#byMac.set(key, others(this.#byMac.get(key) ?? []));
    if (this.#stations.length === 0) this.#abandon();
  }

  /** Releases what is in flight; the stations stay without a segment, and what they send is dropped as `link-down`. */
  close(): void {
    this.#closed = true;
    this.#stations = [];
    this.#byMac.clear();
    this.#abandon();
  }

  /** Called by a station: a frame leaves `sender`. */
  carry(packet: Packet, sender: Station): void {
    const { clock, random, pool, trace } = this.#environment;
    const conditions = this.#conditions;
    this.counters.received++;
    trace?.frame(this.name, 'ethernet', packet);
    const obstacle = this.#obstacle(packet);
    if (obstacle !== undefined) {
      this.#drop(packet, obstacle);
      return;
    }
    const departure = sender.transmitter.send(packet.length, clock.now, conditions.rate, conditions.queue);
    if (departure < 0 || happens(conditions.loss, random)) {
      this.#drop(packet, departure < 0 ? 'segment-queue' : 'segment-loss');
      return;
    }
    if (happens(conditions.corrupt, random)) corrupt(packet, random);

    let arrival = departure + conditions.delay;
    if (conditions.jitter > 0) {
      const jitter = below(2 * conditions.jitter + 1, random) - conditions.jitter;
      arrival = Math.max(departure, arrival + jitter);
    }
    arrival = Math.max(arrival, sender.lastArrival);
    if (happens(conditions.reorder, random)) {
      arrival += 1 + below(Math.max(conditions.delay, SHORTEST_HOLD), random);
    } else {
      sender.lastArrival = arrival;
    }
    this.#flights.push(packet, sender, arrival);

    if (happens(conditions.duplicate, random)) {
      this.counters.received++;
      const copy = pool.clone(packet);
      if (copy === undefined) this.#lost(packet, 'no-buffer');
      else this.#flights.push(copy, sender, arrival);
    }
    if (!this.#delivering) this.#arm();
  }

  #arm(): void {
    const first = this.#flights.first();
    if (first === undefined) return;
    if (!this.#timer.armed || this.#timer.deadline !== first.arrival) {
      this.#environment.clock.arm(this.#timer, first.arrival);
    }
  }

  /** Hands out what has arrived, except frames that were sent meanwhile: those are events of their own. */
  #deliverDue(): void {
    const now = this.#environment.clock.now;
    const flights = this.#flights;
    const limit = flights.order;
    this.#delivering = true;
    try {
      for (let first = flights.first(); first !== undefined; first = flights.first()) {
        if (first.arrival > now || first.order >= limit) break;
        const flight = flights.shift()!;
        const packet = flight.packet!;
        const sender = flight.sender!;
        flights.recycle(flight);
        this.#deliver(packet, sender);
      }
    } finally {
      this.#delivering = false;
      this.#arm();
    }
  }

  /** To the station with the destination MAC; group addresses and unknown stations: to all but the sender. */
  #deliver(packet: Packet, sender: Station): void {
    const bytes = packet.bytes;
    const start = packet.start;
    const isGroup = (bytes[start]! & 1) !== 0;
    const known = isGroup ? undefined : this.#byMac.get(lowWord(bytes, start));
    // The last receiver gets the packet itself, those before it a copy.
    let last: Station | undefined;
    let isKnown = false;
    if (known !== undefined) {
      for (const station of known) {
        if (station.mac[0] !== bytes[start] || station.mac[1] !== bytes[start + 1]) continue;
        isKnown = true;
        if (station === sender) continue;
        if (last !== undefined) this.#handCopy(packet, last);
        last = station;
      }
    }
    if (!isKnown) {
      for (const station of this.#stations) {
        if (station === sender) continue;
        if (last !== undefined) this.#handCopy(packet, last);
        last = station;
      }
    }
    if (last !== undefined) this.#hand(packet, last);
    else this.#drop(packet, 'not-for-me');
  }

  #handCopy(packet: Packet, station: Station): void {
    this.counters.received++;
    const copy = this.#environment.pool.clone(packet);
    if (copy === undefined) this.#lost(packet, 'no-buffer');
    else this.#hand(copy, station);
  }

  #hand(packet: Packet, station: Station): void {
    if (station.receive === undefined) {
      this.#drop(packet, 'link-down');
    } else {
      this.counters.forwarded++;
      station.receive(packet);
    }
  }

  #obstacle(packet: Packet): DropReason | undefined {
    if (this.#closed) return 'link-down';
    if (packet.length < ETHERNET_HEADER) return 'runt';
    if (packet.length - ETHERNET_HEADER > this.#conditions.mtu) return 'over-mtu';
    return undefined;
  }

  #drop(packet: Packet, reason: DropReason): void {
    this.#lost(packet, reason);
    this.#environment.pool.release(packet);
  }

  #lost(packet: Packet, reason: DropReason): void {
    this.counters.drop(reason);
    this.#environment.trace?.verdict(this.name, 'dropped', reason, packet);
  }

  #abandon(): void {
    for (let flight = this.#flights.shift(); flight !== undefined; flight = this.#flights.shift()) {
      const packet = flight.packet!;
      this.#flights.recycle(flight);
      this.#drop(packet, 'link-down');
    }
    this.#timer.disarm();
  }
}

/** The last four bytes of the MAC at `at`. */
function lowWord(bytes: Uint8Array, at: number): number {
  return (bytes[at + 2]! << 24) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!;
}

function happens(probability: number, random: Random): boolean {
  return probability > 0 && random.u32() < probability * 0x1_0000_0000;
}

/** A whole number from 0 to `limit` - 1. */
function below(limit: number, random: Random): number {
  return Math.floor((random.u32() / 0x1_0000_0000) * limit);
}

/**
 * Inverts one bit of an IP packet. The frame's own check sequence catches what happens to it on a wire; what gets past
 * it is damage in the memory of something that forwards packets, which leaves the link's own protocols alone.
 */
function corrupt(packet: Packet, random: Random): void {
  const etherType = packet.u16(packet.start + 12);
  if (etherType !== ETHERTYPE_IPV4 && etherType !== ETHERTYPE_IPV6) return;
  const from = packet.start + ETHERNET_HEADER;
  const bits = (packet.end - from) * 8;
  if (bits === 0) return;
  const bit = below(bits, random);
  packet.bytes[from + (bit >>> 3)]! ^= 1 << (bit & 7);
}
