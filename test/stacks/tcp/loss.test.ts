import { describe, expect, it } from 'vitest';
import { dial, families, Owner, pattern, serve, Wire, type WireOptions } from './network.ts';

/** Sends `size` bytes each way through the faults; both ends close when they have sent and received everything. */
function exchange(
  wire: Wire,
  size: number,
): { client: Owner; server: Owner; up: Uint8Array; down: Uint8Array } {
  const up = pattern(size, 11);
  const down = pattern(size, 12);
  const server = new Owner();
  serve(wire.b, 80, () => server);
  const client = new Owner();
  client.onConnected = () => {
    client.connection.send(up);
    client.connection.shutdown();
  };
  server.onReadable = () => {
    if (server.connection.unacknowledged > 0 || server.connection.info().bytesSent > 0) return;
    server.connection.send(down);
    server.connection.shutdown();
  };
  dial(wire.a, wire.b.address, 80, client);
  wire.settle(24 * 3_600_000_000);
  return { client, server, up, down };
}

function check(wire: Wire, size: number): void {
  const { client, server, up, down } = exchange(wire, size);
  expect(Buffer.compare(server.bytes, up)).toBe(0);
  expect(Buffer.compare(client.bytes, down)).toBe(0);
  expect(server.events.at(-1)).toBe('closed');
  expect(client.events.at(-1)).toBe('closed');
  wire.drain();
  expect([...wire.a.tcp.connections(), ...wire.b.tcp.connections()]).toEqual([]);
  expect(wire.clock.foreground).toBe(0);
  expect(wire.environment.pool.live).toBe(0);
}

const SIZE = 64 << 10;

describe.each(families)('64 KiB each way over $name', (family) => {
  const cells: WireOptions[] = [];
  for (const loss of [0, 0.01, 0.05, 0.1, 0.2, 0.3]) {
    for (const reorder of [0, 0.2]) {
      for (const duplicate of [0, 0.1]) {
        for (const corrupt of [0, 0.05]) cells.push({ loss, reorder, duplicate, corrupt });
      }
    }
  }
  it.each(cells)(
    'survives loss $loss, reorder $reorder, duplicate $duplicate, corrupt $corrupt',
    (faults) => {
      for (const delay of [0, 20_000]) check(new Wire(family, { ...faults, delay, seed: 5 }), SIZE);
    },
  );

  it.each([
    ['no SACK', { sack: false }],
    ['no timestamps', { timestamps: false }],
    ['nothing', { sack: false, timestamps: false, windowScaling: false }],
  ])('survives with %s', (_, options) => {
    for (const loss of [0.02, 0.1, 0.25]) {
      check(new Wire(family, { loss, reorder: 0.1, delay: 5_000, b: options, seed: 9 }), SIZE);
    }
  });
});

describe('one way in bulk', () => {
  /** 8 MB through 2 % loss on a 20 ms path; the model (RFC 5681 with SACK) gives about 1.22 MSS / (RTT sqrt(p)). */
  it('holds the rate that loss allows', () => {
    const wire = new Wire(families[0]!, { loss: 0.02, delay: 20_000, seed: 3 });
    const total = 8 << 20;
    const server = new Owner();
    server.keep = false;
    serve(wire.b, 80, () => server);
    const client = new Owner();
    const chunk = pattern(64 << 10);
    let left = total;
    const fill = () => {
      while (left > 0 && client.connection.sendSpace > 0) {
        client.connection.send(chunk.subarray(0, Math.min(left, chunk.length)));
        left -= Math.min(left, chunk.length);
      }
      if (left === 0) client.connection.shutdown();
    };
    client.onConnected = fill;
    client.onWritable = fill;
    dial(wire.a, wire.b.address, 80, client);
    wire.settle();
    expect(server.received).toBe(total);
    const rate = total / (wire.clock.now / 1e6);
    expect(client.connection.info().retransmits).toBeLessThan(0.03 * wire.count);
    const model = (1.22 * 1_448) / (0.04 * Math.sqrt(0.02));
    expect(rate).toBeGreaterThan(0.5 * model);
  });
});
