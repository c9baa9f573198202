import { describe, expect, it } from 'vitest';
import type { SegmentConditions } from '../../../devices/segment/conditions.ts';
import { Segment } from '../../../devices/segment/segment.ts';
import type { Device } from '../../../stacks/packet/device.ts';
import type { Environment, Random, Trace } from '../../../stacks/packet/environment.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import { Clock } from '../../../stacks/time/clock.ts';

/** mulberry32, which also counts its draws. */
class Seeded implements Random {
  draws = 0;
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  u32(): number {
    this.draws++;
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
}

interface Arrival {
  at: number;
  station: string;
  number: number;
  bytes: Uint8Array;
}

class Bench {
  readonly clock = new Clock();
  readonly random: Seeded;
  readonly pool: PacketPool;
  readonly log: string[] = [];
  readonly environment: Environment;
  readonly segment: Segment;
  readonly arrivals: Arrival[] = [];

  constructor(conditions: SegmentConditions = {}, seed = 1, poolBytes?: number) {
    this.random = new Seeded(seed);
    this.pool = new PacketPool(poolBytes);
    const trace: Trace = {
      verdict: (place, verdict, reason) => this.log.push(`${this.clock.now} ${place} ${verdict} ${reason}`),
      frame: (link, medium, packet) => this.log.push(`${this.clock.now} ${link} ${medium} ${packet.length}`),
    };
    this.environment = { clock: this.clock, random: this.random, pool: this.pool, trace };
    this.segment = new Segment(this.environment, 'LAN', conditions);
  }

  station(number: number): Device {
    const device = this.segment.attach(`S${number}`, mac(number), 1500);
    device.attach((packet) => {
      this.arrivals.push({
        at: this.clock.now,
        station: device.name,
        number: packet.u16(packet.start + 14),
        bytes: packet.copy(),
      });
      this.pool.release(packet);
    });
    return device;
  }

  /** A frame of `length` bytes in all with its number behind the header. */
  frame(from: number, to: Uint8Array, number: number, length = 64, etherType = 0x0800): Packet {
    const packet = this.pool.take(length)!;
    packet.bytes.fill(0, packet.start, packet.end);
    packet.bytes.set(to, packet.start);
    packet.bytes.set(mac(from), packet.start + 6);
    packet.setU16(packet.start + 12, etherType);
    if (length >= 16) packet.setU16(packet.start + 14, number);
    return packet;
  }

  run(): void {
    this.clock.advance(this.clock.now + 100_000_000);
  }
}

const BROADCAST_MAC = new Uint8Array(6).fill(0xff);

function mac(number: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, number >> 8, number);
}

function numbers(bench: Bench): number[] {
  return bench.arrivals.map((arrival) => arrival.number);
}

describe('timing', () => {
  it('delivers after exactly the delay, as a foreground event', () => {
    const bench = new Bench({ delay: 1234 });
    const a = bench.station(1);
    bench.station(2);
    bench.clock.advance(77);
    a.transmit(bench.frame(1, mac(2), 5));
    expect(bench.clock.foreground).toBe(1);
    bench.clock.advance(77 + 1233);
    expect(bench.arrivals).toHaveLength(0);
    bench.clock.advance(77 + 1234);
    expect(bench.arrivals.map(({ at, station, number }) => [at, station, number])).toEqual([[1311, 'S2', 5]]);
    expect(bench.clock.foreground).toBe(0);
    expect(bench.pool.live).toBe(0);
  });

  it('goes through the clock even without delay, and an answer is an event of its own', () => {
    const bench = new Bench();
    const a = bench.station(1);
    const b = bench.segment.attach('S2', mac(2), 1500);
    let inside = false;
    b.attach((packet) => {
      inside = true;
      bench.pool.release(packet);
      b.transmit(bench.frame(2, mac(1), 9));
      inside = false;
    });
    a.attach((packet) => {
      expect(inside).toBe(false);
      bench.arrivals.push({ at: bench.clock.now, station: 'S1', number: 9, bytes: packet.copy() });
      bench.pool.release(packet);
    });
    a.transmit(bench.frame(1, mac(2), 1));
    expect(bench.arrivals).toHaveLength(0);
    expect(bench.clock.step()).toBe(true);
    expect(bench.arrivals).toHaveLength(0);
    expect(bench.clock.step()).toBe(true);
    expect(bench.arrivals).toHaveLength(1);
    expect(bench.clock.step()).toBe(false);
    expect(bench.clock.now).toBe(0);
  });

  it('serialises at the rate without drift: 12.112 µs a frame at 1 Gbit/s', () => {
    const bench = new Bench({ rate: 1e9, delay: 100, queue: 10e6 });
    const a = bench.station(1);
    bench.station(2);
    for (let i = 0; i < 1000; i++) a.transmit(bench.frame(1, mac(2), i, 1514));
    bench.run();
    expect(bench.arrivals.map((arrival) => arrival.at)).toEqual(
      Array.from({ length: 1000 }, (_, i) => 100 + Math.ceil(((i + 1) * 12112) / 1000)),
    );
  });

  it('stays exact through a busy period of more than a second and after an idle one', () => {
    const bench = new Bench({ rate: 8_000, queue: 1e6 });
    const a = bench.station(1);
    bench.station(2);
    for (let i = 0; i < 50; i++) a.transmit(bench.frame(1, mac(2), i, 100));
    bench.run();
    expect(bench.arrivals.map((arrival) => arrival.at)).toEqual(
      Array.from({ length: 50 }, (_, i) => (i + 1) * 100_000),
    );
    const now = bench.clock.now;
    a.transmit(bench.frame(1, mac(2), 50, 100));
    bench.run();
    expect(bench.arrivals[50]!.at).toBe(now + 100_000);
  });

  it('has a transmitter for each station: two directions do not wait for each other', () => {
    const bench = new Bench({ rate: 8e6 });
    const a = bench.station(1);
    const b = bench.station(2);
    a.transmit(bench.frame(1, mac(2), 1, 1000));
    b.transmit(bench.frame(2, mac(1), 2, 1000));
    bench.run();
    expect(bench.arrivals.map((arrival) => arrival.at)).toEqual([1000, 1000]);
  });

  it('applies a new rate and delay from the next frame on', () => {
    const bench = new Bench({ rate: 8e6, delay: 50 });
    const a = bench.station(1);
    bench.station(2);
    a.transmit(bench.frame(1, mac(2), 1, 1000));
    bench.segment.set({ rate: 16e6, delay: 70 });
    a.transmit(bench.frame(1, mac(2), 2, 1000));
    bench.segment.set({ rate: Number.POSITIVE_INFINITY });
    a.transmit(bench.frame(1, mac(2), 3, 1000));
    bench.run();
    expect(bench.arrivals.map((arrival) => arrival.at)).toEqual([1050, 1570, 1570]);
    expect(numbers(bench)).toEqual([1, 2, 3]);
  });

  it('keeps the order under jitter and stays within its bounds', () => {
    const bench = new Bench({ delay: 1000, jitter: 300 });
    const a = bench.station(1);
    bench.station(2);
    const sent: number[] = [];
    for (let i = 0; i < 500; i++) {
      sent.push(bench.clock.now);
      a.transmit(bench.frame(1, mac(2), i));
      bench.clock.advance(bench.clock.now + 50);
    }
    bench.run();
    expect(numbers(bench)).toEqual(sent.map((_, i) => i));
    const times = bench.arrivals.map((arrival, i) => arrival.at - sent[i]!);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(700);
    expect(Math.max(...times)).toBeLessThanOrEqual(1300);
    expect(new Set(times).size).toBeGreaterThan(100);
  });
});

describe('switching', () => {
  it('sends unicast to its station alone, and hands over the very packet', () => {
    const bench = new Bench();
    const a = bench.station(1);
    const b = bench.station(2);
    bench.station(3);
    let got: Packet | undefined;
    b.attach((packet) => {
      got = packet;
    });
    const packet = bench.frame(1, mac(2), 1);
    a.transmit(packet);
    bench.run();
    expect(got).toBe(packet);
    expect(bench.arrivals).toHaveLength(0);
    expect(bench.pool.live).toBe(1);
  });

  it('tells apart two MACs that share their last four bytes', () => {
    const bench = new Bench();
    const a = bench.station(1);
    bench.station(2);
    const other = bench.segment.attach('other', Uint8Array.of(6, 0, 0, 0, 0, 2), 1500);
    let others = 0;
    other.attach((packet) => {
      others++;
      bench.pool.release(packet);
    });
    a.transmit(bench.frame(1, mac(2), 1));
    bench.run();
    expect([bench.arrivals.length, others]).toEqual([1, 0]);
  });

  it.each([
    ['broadcast', BROADCAST_MAC],
    ['multicast', Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)],
    ['unknown unicast', mac(99)],
  ])('floods %s to all but the sender, each with bytes of its own', (_, to) => {
    const bench = new Bench();
    const stations = [1, 2, 3, 4].map((number) => bench.station(number));
    stations[1]!.transmit(bench.frame(2, to, 7));
    bench.run();
    expect(bench.arrivals.map((arrival) => arrival.station).sort()).toEqual(['S1', 'S3', 'S4']);
    expect(numbers(bench)).toEqual([7, 7, 7]);
    expect(bench.segment.counters).toMatchObject({ received: 3, forwarded: 3, dropped: 0 });
    expect(bench.pool.live).toBe(0);
  });

  it('never returns a frame to its sender', () => {
    const bench = new Bench();
    const a = bench.station(1);
    bench.station(2);
    a.transmit(bench.frame(1, mac(1), 1));
    bench.run();
    expect(bench.arrivals).toHaveLength(0);
    expect(bench.segment.counters.drops).toEqual({ 'not-for-me': 1 });
    expect(bench.pool.live).toBe(0);
  });

  it('counts a copy that finds no buffer and still serves the last receiver', () => {
    const bench = new Bench({}, 1, 1 << 20);
    const a = bench.station(1);
    bench.station(2);
    bench.station(3);
    const frame = bench.frame(1, BROADCAST_MAC, 1);
    const held: Packet[] = [];
    for (let packet = bench.pool.take(64); packet !== undefined; packet = bench.pool.take(64))
      held.push(packet);
    a.transmit(frame);
    bench.run();
    expect(bench.arrivals.map((arrival) => arrival.station)).toEqual(['S3']);
    expect(bench.segment.counters.drops).toEqual({ 'no-buffer': 1 });
    for (const packet of held) bench.pool.release(packet);
    expect(bench.pool.live).toBe(0);
  });

  it('refuses what is not a station and takes no frame without a header', () => {
    const bench = new Bench();
    expect(() => bench.segment.attach('x', BROADCAST_MAC, 1500)).toThrow(RangeError);
    expect(() => bench.segment.attach('x', new Uint8Array(5), 1500)).toThrow(RangeError);
    const a = bench.station(1);
    a.transmit(bench.frame(1, mac(2), 0, 13, 0));
    expect(bench.segment.counters.drops).toEqual({ runt: 1 });
    expect(bench.pool.live).toBe(0);
  });
});

describe('faults', () => {
  function thousands(conditions: SegmentConditions, seed = 42, count = 10_000): Bench {
    const bench = new Bench(conditions, seed);
    const a = bench.station(1);
    bench.station(2);
    for (let i = 0; i < count; i++) {
      a.transmit(bench.frame(1, mac(2), i));
      bench.clock.advance(bench.clock.now + 10);
    }
    bench.run();
    expect(bench.pool.live).toBe(0);
    const { received, forwarded, dropped } = bench.segment.counters;
    expect(received).toBe(forwarded + dropped);
    return bench;
  }

  it('draws nothing while every condition is off', () => {
    const bench = thousands({ delay: 10, rate: 1e9 }, 1, 100);
    expect(bench.random.draws).toBe(0);
    expect(bench.arrivals).toHaveLength(100);
  });

  it('loses as often as it says, within four standard deviations', () => {
    for (const loss of [0.01, 0.1, 0.5]) {
      const bench = thousands({ loss });
      const sigma = Math.sqrt(10_000 * loss * (1 - loss));
      expect(Math.abs(bench.segment.counters.dropped - 10_000 * loss)).toBeLessThan(4 * sigma);
      expect(bench.arrivals).toHaveLength(10_000 - bench.segment.counters.drops['segment-loss']!);
    }
    expect(thousands({ loss: 1 }, 1, 100).arrivals).toHaveLength(0);
  });

  it('does the same again for the same seed, and something else for another', () => {
    const conditions = { delay: 500, jitter: 100, loss: 0.1, reorder: 0.1, duplicate: 0.1, corrupt: 0.1 };
    const one = thousands(conditions, 7, 2_000);
    const again = thousands(conditions, 7, 2_000);
    const other = thousands(conditions, 8, 2_000);
    expect(again.arrivals).toEqual(one.arrivals);
    expect(again.log).toEqual(one.log);
    expect(numbers(other)).not.toEqual(numbers(one));
  });

  it('reorders as often as it says and loses nothing', () => {
    const bench = thousands({ delay: 2000, reorder: 0.1 });
    const order = numbers(bench);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    // A frame that was held back follows one with a higher number.
    let highest = -1;
    let late = 0;
    for (const number of order) {
      if (number < highest) late++;
      highest = Math.max(highest, number);
    }
    expect(late).toBeGreaterThan(800);
    expect(late).toBeLessThan(1200);
  });

  it('duplicates with the same bytes', () => {
    const bench = thousands({ duplicate: 0.25 });
    const extra = bench.arrivals.length - 10_000;
    expect(Math.abs(extra - 2500)).toBeLessThan(4 * Math.sqrt(10_000 * 0.25 * 0.75));
    expect(new Set(numbers(bench)).size).toBe(10_000);
  });

  it('inverts one bit behind the Ethernet header, of IP packets alone', () => {
    const bench = new Bench({ corrupt: 1 });
    const a = bench.station(1);
    bench.station(2);
    const sent: Uint8Array[] = [];
    for (let i = 0; i < 200; i++) {
      const packet = bench.frame(1, mac(2), i, 100, i < 100 ? 0x0800 : i < 150 ? 0x86dd : 0x0806);
      sent.push(packet.copy());
      a.transmit(packet);
    }
    bench.run();
    for (const [i, arrival] of bench.arrivals.entries()) {
      expect(arrival.bytes.subarray(0, 14)).toEqual(sent[i]!.subarray(0, 14));
      let flipped = 0;
      for (const [at, byte] of arrival.bytes.entries()) {
        for (let x = byte ^ sent[i]![at]!; x !== 0; x >>= 1) flipped += x & 1;
      }
      expect(flipped).toBe(i < 150 ? 1 : 0);
    }
  });

  it('drops what the queue cannot hold, and drains at the rate', () => {
    const bench = new Bench({ rate: 8e6, queue: 10_000 });
    const a = bench.station(1);
    bench.station(2);
    for (let i = 0; i < 20; i++) a.transmit(bench.frame(1, mac(2), i, 1000));
    expect(bench.segment.counters.drops).toEqual({ 'segment-queue': 10 });
    // After 2.5 frames have left there is room for two more whole ones.
    bench.clock.advance(2500);
    for (let i = 20; i < 24; i++) a.transmit(bench.frame(1, mac(2), i, 1000));
    bench.run();
    expect(numbers(bench)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21]);
    expect(bench.arrivals.at(-1)!.at).toBe(12_000);
  });

  it('drops packets over the MTU, which counts without the Ethernet header', () => {
    const bench = new Bench({ mtu: 1400 });
    const a = bench.station(1);
    bench.station(2);
    a.transmit(bench.frame(1, mac(2), 1, 1414));
    a.transmit(bench.frame(1, mac(2), 2, 1415));
    bench.run();
    expect(numbers(bench)).toEqual([1]);
    expect(bench.segment.counters.drops).toEqual({ 'over-mtu': 1 });
    expect(bench.log).toEqual(['0 LAN ethernet 1414', '0 LAN ethernet 1415', '0 LAN dropped over-mtu']);
  });

  it.each([
    { loss: 1.1 },
    { loss: -0.1 },
    { corrupt: Number.NaN },
    { delay: -1 },
    { delay: 0.5 },
    { rate: 0 },
    { queue: 0 },
  ])('refuses %o and keeps what it had', (conditions) => {
    const bench = new Bench({ delay: 5 });
    expect(() => bench.segment.set({ mtu: 900, ...conditions })).toThrow(RangeError);
    expect(bench.segment.conditions).toMatchObject({ delay: 5, loss: 0, mtu: Number.POSITIVE_INFINITY });
  });
});

describe('ending', () => {
  it('releases what is in flight when it closes, and what is sent afterwards', () => {
    const bench = new Bench({ delay: 1000 });
    const a = bench.station(1);
    bench.station(2);
    for (let i = 0; i < 5; i++) a.transmit(bench.frame(1, mac(2), i));
    expect([bench.segment.inFlight, bench.pool.live]).toEqual([5, 5]);
    bench.segment.close();
    expect([bench.segment.inFlight, bench.pool.live, bench.clock.foreground]).toEqual([0, 0, 0]);
    a.transmit(bench.frame(1, mac(2), 6));
    bench.run();
    expect(bench.pool.live).toBe(0);
    expect(bench.segment.counters.drops).toEqual({ 'link-down': 6 });
    expect(bench.arrivals).toHaveLength(0);
  });

  it('lets a station leave and another come with its MAC', () => {
    const bench = new Bench({ delay: 1000 });
    const a = bench.station(1);
    const b = bench.station(2);
    a.transmit(bench.frame(1, mac(2), 1));
    b.close();
    bench.run();
    expect(bench.segment.counters.drops).toEqual({ 'not-for-me': 1 });
    bench.station(2);
    a.transmit(bench.frame(1, mac(2), 2));
    bench.run();
    expect(numbers(bench)).toEqual([2]);
    a.transmit(bench.frame(1, mac(2), 3));
    a.close();
    bench.run();
    expect(numbers(bench)).toEqual([2, 3]);
    expect(bench.pool.live).toBe(0);
  });
});
