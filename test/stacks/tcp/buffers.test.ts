import { describe, expect, it } from 'vitest';
import { families, must, Owner, pattern, serve, Wire } from './network.ts';

const LIMIT = 512 << 10;
const FLOWS = 12;
const BYTES = 300_000;

/** Clients of stack b, whose buffers are bounded; each server is an owner that reads or does not. */
function flows(wire: Wire, reading: boolean, count = FLOWS): { servers: Owner[]; clients: Owner[] } {
  const servers: Owner[] = [];
  serve(wire.b, 80, () => {
    const owner = new Owner();
    owner.reading = reading;
    servers.push(owner);
    return owner;
  });
  const clients = Array.from({ length: count }, (_, i) => {
    const owner = new Owner();
    const options = { handler: owner, localPort: 4_000 + i };
    owner.connection = must(wire.a.tcp.connect(wire.b.address, 80, options));
    return owner;
  });
  wire.settle();
  return { servers, clients };
}

describe.each(families)('the buffers of a stack, $name', (family) => {
  it.each([
    [FLOWS, LIMIT, BYTES],
    [100, 4 * LIMIT, 100_000],
  ])(
    'of %i stalled consumers hold no more than their bound and a segment of each, and all arrives when it is read',
    (count, limit, bytes) => {
      const wire = new Wire(family, { b: { bufferBytes: limit }, loss: 0.01, reorder: 0.05, seed: 4 });
      const { servers, clients } = flows(wire, false, count);
      const data = pattern(bytes, 3);
      for (const { connection } of clients) connection.send(data);
      let most = 0;
      const verdicts = new Set<string>();
      for (let i = 0; i < 2_000; i++) {
        wire.run(1_000);
        for (const verdict of wire.b.verdicts.splice(0)) verdicts.add(verdict);
        most = Math.max(most, wire.b.tcp.storage().buffers);
      }
      expect(verdicts).toContain('buffers-full');
      expect(most).toBeGreaterThan(limit / 2);
      expect(most).toBeLessThan(limit + count * 1_500);
      expect(count * Math.min(bytes, 65_535)).toBeGreaterThan(limit + count * 1_500);
      for (const server of servers) {
        server.reading = true;
        server.readable();
      }
      wire.settle();
      for (const server of servers) expect(Buffer.compare(server.bytes, data)).toBe(0);
      for (const { tcp } of [wire.a, wire.b]) expect(tcp.storage().buffers).toBe(0);
    },
  );

  it('never take back what a window has offered (RFC 9293 §3.8.6)', () => {
    const wire = new Wire(family, { b: { bufferBytes: LIMIT, windowScaling: false }, record: true });
    const { clients } = flows(wire, false);
    for (const { connection } of clients) connection.send(pattern(BYTES, 3));
    wire.run(2_000_000);
    const edges = new Map<number, number>();
    let narrowest = Number.POSITIVE_INFINITY;
    for (const { from, destinationPort, ack, window, flags } of wire.sent) {
      if (from !== 'b' || flags.includes('S')) continue;
      const edge = (ack + window) | 0;
      const before = edges.get(destinationPort) ?? edge;
      expect((edge - before) | 0).toBeGreaterThanOrEqual(0);
      edges.set(destinationPort, edge);
      narrowest = Math.min(narrowest, window);
    }
    expect(edges.size).toBe(FLOWS);
    // Half of the first window at most is left to each, and none of them has read anything.
    expect(narrowest).toBeLessThan(65_535 - 32_768);
  });

  it('let a sender that waits go on, and are empty when connections end in whatever way', () => {
    const wire = new Wire(family, { a: { bufferBytes: LIMIT } });
    const { servers, clients } = flows(wire, true);
    const data = pattern(BYTES, 9);
    const sent = clients.map(() => 0);
    clients.forEach((client, i) => {
      const fill = (): void => {
        for (let space = client.connection.sendSpace; space > 0; space = client.connection.sendSpace) {
          const piece = data.subarray(sent[i]!, sent[i]! + Math.min(space, 10_000));
          if (piece.length === 0) return;
          client.connection.send(piece);
          sent[i]! += piece.length;
        }
      };
      client.onWritable = fill;
      fill();
    });
    expect(wire.a.tcp.storage().buffers).toBeLessThan(LIMIT + FLOWS * 10_000);
    expect(sent.some((n) => n < BYTES)).toBe(true);
    wire.settle();
    for (const server of servers) expect(Buffer.compare(server.bytes, data)).toBe(0);
    expect(wire.a.tcp.storage().buffers).toBe(0);

    for (const server of servers) server.reading = false;
    for (const { connection } of clients) connection.send(data.subarray(0, 20_000));
    for (const { connection } of servers) connection.send(data.subarray(0, 20_000));
    expect(wire.a.tcp.storage().buffers).toBe(FLOWS * 20_000);
    wire.run(10_000);
    clients[0]!.connection.abort();
    wire.b.tcp.stop();
    expect(wire.b.tcp.storage()).toMatchObject({ connections: 0, buffers: 0 });
    wire.a.tcp.stop();
    expect(wire.a.tcp.storage()).toMatchObject({ connections: 0, buffers: 0 });
    wire.drain();
  });
});
