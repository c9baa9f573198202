import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../stacks/time/clock.ts';
import { families, pair, pattern, Wire, type WireOptions } from './network.ts';

const HEADERS = 20 + 12; // with timestamps

describe.each(families)('path MTU discovery without ICMP (RFC 4821), $name', (family) => {
  /** What is longer than `most` bytes vanishes, and nobody says so. */
  function hole(most: number, options: WireOptions): Wire {
    const wire = new Wire(family, options);
    wire.lose = (sent) => family.headerBytes + HEADERS + sent.data.length > most;
    return wire;
  }

  it('finds its way out of a black hole, and then the size that passes', () => {
    const wire = hole(1_300, { a: { mtuProbing: 'blackhole' } });
    const { client, server } = pair(wire);
    const data = pattern(400_000);
    client.connection.send(data);
    wire.settle();
    expect(Buffer.compare(server.bytes, data)).toBe(0);
    const largest = 1_300 - family.headerBytes - HEADERS;
    expect(client.connection.info().mss).toBeLessThanOrEqual(largest);
    expect(client.connection.info().mss).toBeGreaterThan(largest - 8);
  });

  it('gives up in it when it may not look for another size', () => {
    const wire = hole(1_300, { a: { maxRetransmits: 6 } });
    const { client } = pair(wire);
    client.connection.send(pattern(20_000));
    wire.settle();
    expect(client.failure?.code).toBe('ETIMEDOUT');
  });

  it('begins small and finds the link’s size, when it always probes', () => {
    const wire = new Wire(family, { a: { mtuProbing: 'on' }, record: true });
    const { client, server } = pair(wire);
    expect(client.connection.info().mss).toBe(1_024 - 12);
    const data = pattern(400_000);
    client.connection.send(data);
    wire.settle();
    expect(Buffer.compare(server.bytes, data)).toBe(0);
    expect(client.connection.info().mss).toBeGreaterThan(1_500 - family.headerBytes - HEADERS - 8);
    // Every probe went once, and one at a time.
    const sizes = wire.sent.filter((s) => s.from === 'a').map((s) => s.data.length);
    expect(new Set(sizes.filter((n) => n > 1_012)).size).toBeLessThan(10);
  });

  it('does not slow down for a probe that is lost', () => {
    const wire = hole(1_300, { a: { mtuProbing: 'on' } });
    const { client, server } = pair(wire);
    client.connection.send(pattern(400_000));
    wire.settle();
    expect(server.received).toBe(400_000);
    // Five or more are; each by itself would halve it.
    expect(client.connection.info().ssthresh).toBeGreaterThan(9 * 1_012);
  });

  it('searches again after ten minutes, for the path may have become better', () => {
    const wire = hole(1_300, { a: { mtuProbing: 'on' } });
    const { client } = pair(wire);
    client.connection.send(pattern(400_000));
    wire.settle();
    wire.lose = undefined;
    client.connection.send(pattern(100_000));
    wire.settle();
    expect(client.connection.info().mss).toBeLessThan(1_300);
    wire.run(600 * SECOND);
    client.connection.send(pattern(400_000));
    wire.settle();
    expect(client.connection.info().mss).toBeGreaterThan(1_500 - family.headerBytes - HEADERS - 8);
  });
});
