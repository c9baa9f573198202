import { describe, expect, it } from 'vitest';
import type { Congestion } from '../../../stacks/tcp/congestion/congestion.ts';
import { Cubic } from '../../../stacks/tcp/congestion/cubic.ts';
import { NewReno } from '../../../stacks/tcp/congestion/newreno.ts';
import { SECOND } from '../../../stacks/time/clock.ts';

const MSS = 1_000;

describe('NewReno (RFC 5681)', () => {
  it('grows by a segment a window beyond ssthresh, and halves', () => {
    const reno = new NewReno(10_000);
    reno.loss(20_000, 1_000);
    expect([reno.cwnd, reno.ssthresh]).toEqual([10_000, 10_000]);
    for (let i = 0; i < 10; i++) reno.acknowledged(1_000, 1_000, 2_000);
    expect(reno.cwnd).toBe(11_000);
    reno.timeout(11_000, 1_000);
    expect(reno.ssthresh).toBe(5_500);
    reno.cwnd = 1_000;
    reno.undo();
    expect([reno.cwnd, reno.ssthresh]).toEqual([11_000, 10_000]);
    reno.loss(1_000, 1_000);
    expect(reno.ssthresh).toBe(2_000);
  });
});

/** A CUBIC that has lost at `segments` and recovered. */
function afterLoss(segments: number): Cubic {
  const cubic = new Cubic(segments * MSS);
  cubic.loss(segments * MSS, MSS);
  cubic.cwnd = cubic.ssthresh;
  return cubic;
}

/** Acknowledges window after window, one in `rtt` µs, from `from` to `to`; returns when it ended. */
function acknowledge(congestion: Congestion, rtt: number, from: number, to: number): number {
  let now = from;
  for (; now < to; now += rtt) {
    const segments = Math.floor(congestion.cwnd / MSS);
    for (let i = 0; i < segments; i++) congestion.acknowledged(MSS, MSS, 8 * MSS, now, rtt);
  }
  return now;
}

describe('CUBIC (RFC 9438)', () => {
  const rtt = SECOND / 10;

  it('follows equation 1: concave up to the old window after K seconds, convex beyond', () => {
    const cubic = afterLoss(1_000);
    expect(cubic.ssthresh).toBe(700_000);
    const k = Math.cbrt((1_000 - 700) / 0.4);
    for (const share of [0.25, 0.5, 0.75, 1, 1.25, 1.5]) {
      const fresh = afterLoss(1_000);
      const end = acknowledge(fresh, rtt, 0, share * k * SECOND);
      const expected = 0.4 * (end / SECOND - k) ** 3 + 1_000;
      expect(Math.abs(fresh.cwnd / MSS - expected)).toBeLessThan(5);
    }
  });

  it('is no slower than Reno on a short path (§4.3)', () => {
    const quick = 2_000;
    const cubic = afterLoss(20);
    acknowledge(cubic, quick, 0, 20 * quick);
    // 3 (1 - 0.7) / (1 + 0.7) segments a round trip, where the cubic function has not moved in 40 ms.
    expect(cubic.cwnd / MSS).toBeGreaterThan(14 + 0.8 * 20 * 0.529 * 0.9);
    acknowledge(cubic, quick, 20 * quick, 60 * quick);
    const before = cubic.cwnd;
    acknowledge(cubic, quick, 60 * quick, 70 * quick);
    expect((cubic.cwnd - before) / MSS).toBeGreaterThan(8); // beyond the old window by one segment
  });

  it('makes room when it has not come back to its old window (§4.7)', () => {
    const cubic = afterLoss(1_000);
    cubic.cwnd = 800_000;
    cubic.loss(800_000, MSS);
    cubic.cwnd = cubic.ssthresh;
    expect(cubic.ssthresh).toBe(560_000);
    // W_max is 800 * 1.7 / 2 = 680 now; the plateau is there.
    const k = Math.cbrt((680 - 560) / 0.4);
    acknowledge(cubic, rtt, 0, k * SECOND);
    expect(Math.abs(cubic.cwnd / MSS - 680)).toBeLessThan(3);
  });

  it('begins anew after a timeout, at the end of slow start (§4.8)', () => {
    const cubic = afterLoss(1_000);
    cubic.timeout(700_000, MSS);
    expect(cubic.ssthresh).toBe(490_000);
    cubic.cwnd = 490_000;
    const end = acknowledge(cubic, rtt, 0, 3 * SECOND);
    expect(Math.abs(cubic.cwnd / MSS - (0.4 * (end / SECOND) ** 3 + 490))).toBeLessThan(16); // Reno-friendly at first
  });

  it('does not count the time in which the window was not used (§5.8)', () => {
    const [steady, idle, unused] = [afterLoss(1_000), afterLoss(1_000), afterLoss(1_000)];
    const both = afterLoss(1_000);
    for (const cubic of [steady, idle, unused, both]) acknowledge(cubic, rtt, 0, SECOND);
    const hour = 3_600 * SECOND;
    idle.idle(hour);
    idle.cwnd = steady.cwnd;
    both.idle(hour);
    both.cwnd = steady.cwnd;
    both.unused(hour + SECOND); // the pause ends with something that leaves room
    unused.unused(hour / 2);
    unused.unused(hour);
    acknowledge(steady, rtt, SECOND, 3 * SECOND);
    acknowledge(idle, rtt, hour + SECOND, hour + 3 * SECOND);
    acknowledge(unused, rtt, hour, hour + 2 * SECOND);
    acknowledge(both, rtt, hour + SECOND, hour + 3 * SECOND);
    expect(idle.cwnd).toBe(steady.cwnd);
    expect(Math.abs(both.cwnd - steady.cwnd)).toBeLessThan(30 * MSS);
    expect(Math.abs(unused.cwnd - steady.cwnd)).toBeLessThan(30 * MSS);
  });

  it('is where it was when the loss was none (§4.9)', () => {
    const [kept, undone] = [afterLoss(1_000), afterLoss(1_000)];
    for (const cubic of [kept, undone]) acknowledge(cubic, rtt, 0, 4 * SECOND);
    undone.loss(undone.cwnd, MSS);
    undone.cwnd = undone.ssthresh;
    undone.undo();
    for (const cubic of [kept, undone]) acknowledge(cubic, rtt, 4 * SECOND, 8 * SECOND);
    expect(undone.cwnd).toBe(kept.cwnd);
    expect(undone.ssthresh).toBe(kept.ssthresh);
  });

  it('grows at most by half in a round trip (§4.2)', () => {
    const cubic = afterLoss(10);
    acknowledge(cubic, SECOND, 0, SECOND);
    const before = cubic.cwnd;
    acknowledge(cubic, SECOND, 1_000 * SECOND, 1_001 * SECOND);
    expect(cubic.cwnd).toBeLessThanOrEqual(1.5 * 1.5 * before);
  });
});

describe('HyStart++ (RFC 9406)', () => {
  const round = (cubic: Cubic, number: number, rtt: number) => {
    for (let i = 0; i < 10; i++) {
      cubic.measured(rtt, number * 100_000 + i * MSS, (number + 1) * 100_000);
      cubic.acknowledged(MSS, MSS, 8 * MSS, 0, rtt);
    }
  };
  const growth = (cubic: Cubic, number: number, rtt: number): number => {
    const before = cubic.cwnd;
    round(cubic, number, rtt);
    return cubic.cwnd - before;
  };

  it('slows down when the round trip grows by an eighth, and ends slow start after five rounds', () => {
    const cubic = new Cubic(10 * MSS);
    expect(growth(cubic, 0, 80_000)).toBe(10_000);
    expect(growth(cubic, 1, 89_000)).toBe(10_000);
    // Seven segments before there are samples enough, then a quarter of three.
    expect(growth(cubic, 2, 101_000)).toBe(7_750);
    for (let n = 3; n < 7; n++) expect(growth(cubic, n, 120_000)).toBe(2_500);
    expect(cubic.ssthresh).toBe(0x3fffffff);
    round(cubic, 7, 120_000);
    expect(cubic.ssthresh).toBe(47_750);
  });

  it('goes on as before when the round trip is short again', () => {
    const cubic = new Cubic(10 * MSS);
    growth(cubic, 0, 80_000);
    growth(cubic, 1, 100_000);
    expect(growth(cubic, 2, 100_000)).toBe(2_500);
    growth(cubic, 3, 80_000);
    for (let n = 4; n < 12; n++) expect(growth(cubic, n, 80_000)).toBe(10_000);
    expect(cubic.ssthresh).toBe(0x3fffffff);
  });

  it('has no part in a later slow start', () => {
    const cubic = new Cubic(10 * MSS);
    cubic.timeout(100 * MSS, MSS);
    cubic.cwnd = MSS;
    growth(cubic, 0, 80_000);
    expect(growth(cubic, 1, 200_000)).toBe(10_000);
  });
});
