import { describe, expect, it } from 'vitest';
import { MAX_TIME_WAIT } from '../../../stacks/tcp/settings.ts';
import { dial, families, must, Owner, pair, pattern, serve, Wire } from './network.ts';

describe.each(families)('a connection over a perfect network, $name', (family) => {
  it('shakes hands, carries data both ways and closes', () => {
    const wire = new Wire(family, { record: true });
    const { client, server } = pair(wire);
    expect(wire.sent.slice(0, 3).map((s) => s.flags)).toEqual(['S', 'S.', '.']);
    expect(client.events).toEqual(['connected']);
    client.connection.send(Buffer.from('hello '));
    client.connection.send(Buffer.from('world'));
    server.connection.send(Buffer.from('hi'));
    wire.settle();
    expect(server.text).toBe('hello world');
    expect(client.text).toBe('hi');
    client.connection.shutdown();
    wire.settle();
    expect(server.events.at(-1)).toBe('ended');
    expect(server.connection.state).toBe('CLOSE-WAIT');
    expect(client.connection.state).toBe('FIN-WAIT-2');
    server.connection.send(Buffer.from(' and bye'));
    server.connection.shutdown();
    wire.settle();
    expect(client.text).toBe('hi and bye');
    expect(client.events).toEqual(['connected', 'readable', 'ended', 'closed']);
    expect(server.events).toEqual(['readable', 'ended', 'closed']);
    expect(client.connection.state).toBe('TIME-WAIT');
    expect(server.connection.state).toBe('CLOSED');
    expect(wire.clock.foreground).toBe(0);
    wire.drain();
    expect(wire.clock.now).toBeGreaterThan(60_000_000);
    expect([...wire.a.tcp.connections(), ...wire.b.tcp.connections()]).toEqual([]);
    expect(wire.environment.pool.live).toBe(0);
  });

  it('carries a megabyte each way with equal bytes', () => {
    const wire = new Wire(family);
    const { client, server } = pair(wire);
    const up = pattern(1 << 20, 3);
    const down = pattern(1 << 20, 4);
    for (let i = 0; i < up.length; i += 10_000) client.connection.send(up.subarray(i, i + 10_000));
    server.connection.send(down);
    client.connection.shutdown();
    server.connection.shutdown();
    wire.settle();
    expect(Buffer.compare(server.bytes, up)).toBe(0);
    expect(Buffer.compare(client.bytes, down)).toBe(0);
    expect(client.isClosed && server.isClosed).toBe(true);
    expect(client.connection.info().retransmits).toBe(0);
    expect(wire.environment.pool.live).toBe(0);
  });

  it('opens and closes 1,000 connections and leaves nothing behind', () => {
    const wire = new Wire(family);
    const owners: Owner[] = [];
    serve(wire.b, 80, () => {
      const owner = new Owner();
      owner.onEnded = () => owner.connection.close();
      owners.push(owner);
      return owner;
    });
    for (let i = 0; i < 1_000; i++) {
      const owner = new Owner();
      owner.onConnected = () => {
        owner.connection.send(Buffer.from(`number ${i}`));
        owner.connection.shutdown();
      };
      dial(wire.a, wire.b.address, 80, owner);
      if (i % 100 === 99) wire.settle(1_000_000);
    }
    wire.settle();
    expect(owners.length).toBe(1_000);
    expect(owners.every((owner, i) => owner.isClosed && owner.text === `number ${i}`)).toBe(true);
    expect(wire.clock.foreground).toBe(0);
    expect([...wire.a.tcp.connections()].length).toBe(1_000);
    expect(wire.a.tcp.connectionCount).toBe(0);
    wire.drain();
    expect([...wire.a.tcp.connections(), ...wire.b.tcp.connections()]).toEqual([]);
    expect(wire.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    expect(wire.environment.pool.live).toBe(0);
  });

  it('opens and closes 100,000 connections, which exhausts TIME-WAIT and keeps nothing', () => {
    const wire = new Wire(family, { delay: 100 });
    let accepted = 0;
    serve(wire.b, 80, () => {
      const owner = new Owner();
      owner.onEnded = () => owner.connection.close();
      accepted++;
      return owner;
    });
    let closed = 0;
    const baseline = wire.environment.pool.live;
    for (let i = 0; i < 100_000; i++) {
      const owner = new Owner();
      owner.onConnected = () => owner.connection.close();
      owner.onClosed = () => closed++;
      const connection = wire.a.tcp.connect(wire.b.address, 80, { handler: owner });
      owner.connection = must(connection);
      if (i % 200 === 199) wire.settle(1_000_000);
    }
    wire.settle();
    expect({ accepted, closed }).toEqual({ accepted: 100_000, closed: 100_000 });
    expect(wire.a.tcp.storage()).toMatchObject({ connections: 0, timeWait: MAX_TIME_WAIT, buffers: 0 });
    wire.drain();
    expect([...wire.a.tcp.connections(), ...wire.b.tcp.connections()]).toEqual([]);
    expect(wire.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    expect(wire.environment.pool.live).toBe(baseline);
  }, 60_000);
});
