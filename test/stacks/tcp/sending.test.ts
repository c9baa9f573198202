import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  dial,
  families,
  mssOption,
  type Owner,
  Peer,
  pair,
  pattern,
  sackPermitted,
  scaleOption,
  Wire,
} from './network.ts';
import { MSS, Sender } from './sender.ts';

const family = families[0]!;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => (from + i) * MSS);

describe('how much', () => {
  it('begins with ten segments and doubles (RFC 6928, RFC 5681 §3.1)', () => {
    const s = new Sender();
    s.send(100_000);
    expect(s.offsets()).toEqual(range(0, 10));
    s.wait(10_000);
    s.ack(2_000);
    expect(s.offsets()).toEqual(range(10, 14));
    s.ack(4_000);
    expect(s.offsets()).toEqual(range(14, 18));
    expect(s.owner.connection.info().cwnd).toBe(14_000);
  });

  it('does not grow a window that is not used', () => {
    const s = new Sender();
    for (let i = 1; i <= 30; i++) {
      s.send(1_000);
      s.wait(1_000);
      s.ack(i * 1_000);
    }
    expect(s.owner.connection.info().cwnd).toBe(10_000);
  });

  it('goes back to the initial window after an idle timeout (RFC 5681 §4.1)', () => {
    const s = new Sender();
    s.send(40_000);
    s.wait(10_000);
    for (let acked = 0; acked <= 40_000; acked += 10_000) s.ack(acked);
    s.peer.take();
    expect(s.owner.connection.info().cwnd).toBeGreaterThan(10_000);
    s.wait(5 * SECOND);
    s.send(60_000);
    expect(s.offsets()).toEqual(range(40, 50));
  });

  it('stays inside the offered window, scaled', () => {
    const s = new Sender(scaleOption(2), 1_000);
    s.ack(0, { window: 1_000 });
    s.send(50_000);
    expect(s.offsets()).toEqual(range(0, 4));
  });

  it('waits with a small segment while another is out (Nagle, RFC 9293 §3.7.4), unless told not to', () => {
    const s = new Sender();
    s.send(10);
    s.send(10);
    s.send(10);
    expect(s.offsets()).toEqual([0]);
    s.ack(10);
    expect(s.peer.take()).toMatchObject([{ data: { length: 20 } }]);
    s.send(1_005);
    expect(s.offsets()).toEqual([30]);
    s.ack(1_030);
    expect(s.offsets()).toEqual([1_030]);
    s.owner.connection.setNoDelay(true);
    s.send(1);
    s.send(1);
    expect(s.offsets()).toEqual([1_035, 1_036]);
  });

  it('sends no silly segment into a small window (RFC 9293 §3.8.6.2.1), but after a timeout what fits', () => {
    const s = new Sender([], 4_000);
    s.send(10_000);
    expect(s.offsets()).toEqual(range(0, 4));
    s.ack(4_000, { window: 300 });
    expect(s.offsets()).toEqual([]);
    s.wait(0.3 * SECOND);
    const [override] = s.peer.take();
    expect([s.offset(override!), override!.data.length]).toEqual([4_000, 300]);
    s.ack(4_300, { window: 2_000 });
    expect(s.peer.take().map((p) => [s.offset(p), p.data.length])).toEqual([
      [4_300, 1_000],
      [5_300, 1_000],
    ]);
  });

  it('tells when there is space again', () => {
    const s = new Sender([...scaleOption(5)], 65_535, { sendBuffer: 40_000 });
    s.send(39_000);
    expect(s.owner.connection.sendSpace).toBe(1_000);
    s.ack(5_000, { window: 65_535 });
    expect(s.owner.events).not.toContain('writable');
    s.ack(10_000, { window: 65_535 });
    expect(s.owner.events).toContain('writable');
    expect(s.owner.connection.unacknowledged).toBe(29_000);
  });
});

describe('the closed window', () => {
  it('is probed for ever, ever more rarely, and does not end the connection (RFC 9293 §3.8.6.1)', () => {
    const s = new Sender([], 1_000);
    s.send(3_000);
    s.wait(10_000);
    s.ack(1_000, { window: 0 });
    s.peer.take();
    const times: number[] = [];
    for (let hours = 0; times.length < 200; ) {
      if (!s.peer.clock.step()) throw new Error(`no probe any more after ${hours}`);
      for (const probe of s.peer.take()) {
        expect([s.offset(probe), probe.data.length]).toEqual([1_000, 1]);
        times.push(probe.time);
        s.ack(1_000, { window: 0 });
      }
      hours = s.peer.clock.now / (3_600 * SECOND);
    }
    const gaps = times.slice(1).map((t, i) => t - times[i]!);
    expect(gaps[1]! / gaps[0]!).toBe(2);
    expect(gaps.at(-1)).toBe(60 * SECOND);
    expect(s.owner.isClosed).toBe(false);
    s.ack(1_000, { window: 5_000 });
    expect(s.offsets()).toEqual([1_000, 2_000]);
    s.ack(3_000);
    expect(s.peer.clock.foreground).toBe(0);
  });

  it('a probe byte that is taken counts as sent', () => {
    const s = new Sender([], 1_000);
    s.send(3_001);
    s.ack(1_000, { window: 0 });
    s.wait(3 * SECOND);
    s.peer.take();
    s.ack(1_001, { window: 3_000 });
    expect(s.offsets()).toEqual([1_001, 2_001]);
    s.ack(3_001);
    expect(s.owner.connection.unacknowledged).toBe(0);
    expect(s.owner.connection.info()).toMatchObject({ bytesSent: 3_001, bytesAcknowledged: 3_001 });
  });

  it('gives up on a peer that does not answer its probes', () => {
    const s = new Sender([], 1_000, { maxRetransmits: 4 });
    s.send(3_000);
    s.ack(1_000, { window: 0 });
    while (s.peer.clock.step());
    expect(s.owner.failure).toMatchObject({ code: 'ETIMEDOUT' });
    expect(s.owner.failure!.cause).toContain('window probes');
  });

  it('shut on data in flight does not hold a connection that nobody owns', () => {
    const s = new Sender([], 4_000, { maxRetransmits: 4 });
    s.send(4_000);
    s.ack(1_000, { window: 0 });
    s.owner.connection.close();
    s.peer.take();
    let probes = 0;
    while (!s.owner.isClosed && probes < 30 && s.peer.clock.step()) {
      for (const _ of s.peer.take().filter(({ flags }) => !flags.includes('R'))) {
        s.ack(1_000, { window: 0 });
        probes++;
      }
    }
    expect(probes).toBe(4);
    expect(s.owner.failure).toMatchObject({ code: 'ETIMEDOUT' });
    expect(s.peer.tcp.connectionCount).toBe(0);
  });

  it('shut on data in flight does not count as a dead peer', () => {
    const s = new Sender([], 4_000, { maxRetransmits: 4 });
    s.send(4_000);
    s.ack(1_000, { window: 0 });
    s.peer.take();
    for (let answered = 0; answered < 30; ) {
      s.peer.clock.step();
      for (const again of s.offsets()) {
        expect(again).toBe(1_000);
        s.ack(1_000, { window: 0 });
        answered++;
      }
    }
    expect(s.owner.isClosed).toBe(false);
    s.ack(1_000);
    expect(s.offsets()).toEqual([1_000]);
    s.ack(2_000);
    expect(s.offsets()).toEqual([2_000, 3_000]);
  });
});

describe('keep-alive (RFC 9293 §3.8.4)', () => {
  it('is off until asked for, probes with SND.NXT-1, and is answered', () => {
    const s = new Sender();
    s.wait(24 * 3_600 * SECOND);
    expect(s.peer.take()).toEqual([]);
    s.owner.connection.setKeepAlive(true, 10 * SECOND, SECOND, 3);
    expect(s.peer.clock.foreground).toBe(0);
    s.wait(10 * SECOND);
    expect(s.peer.take()).toMatchObject([{ flags: '.', seq: s.iss, data: { length: 0 } }]);
    s.ack(0);
    s.wait(9 * SECOND);
    expect(s.peer.take()).toEqual([]);
    s.wait(1.5 * SECOND);
    expect(s.peer.take().length).toBe(1);
    s.wait(10 * SECOND);
    expect(s.owner.failure!.cause).toContain('keep-alive');
    expect(s.peer.take().map((p) => p.flags)).toEqual(['.', '.', 'R.']);
  });

  it('begins on time on a host that has run for a month', () => {
    const peer = new Peer(family);
    peer.clock.advance(30 * 86_400 * SECOND);
    const owner = dial(peer.end, peer.address, peer.port);
    const [syn] = peer.take();
    peer.local = syn!.sourcePort;
    peer.inject({ seq: 1_000, ack: (syn!.seq + 1) | 0, flags: 'S.' });
    peer.take();
    owner.connection.setKeepAlive(true, 10 * SECOND, SECOND, 3);
    peer.clock.advance(peer.clock.now + 10 * SECOND);
    expect(peer.take()).toMatchObject([{ flags: '.', seq: syn!.seq, data: { length: 0 } }]);
  });

  it('two ends keep each other alive', () => {
    const wire = new Wire(family);
    const { client, server } = pair(wire);
    client.connection.setKeepAlive(true, SECOND, SECOND, 2);
    server.connection.setKeepAlive(true, SECOND, SECOND, 2);
    wire.run(600 * SECOND);
    expect([client.connection.state, server.connection.state]).toEqual(['ESTABLISHED', 'ESTABLISHED']);
  });
});

describe.each(families)('path MTU, $name', (each) => {
  it('sends smaller segments again, without blaming congestion (RFC 1191, RFC 8201, RFC 5927 §7)', () => {
    const wire = new Wire(each);
    const { client, server } = pair(wire);
    wire.pathMtu = 1_300;
    const data = pattern(200_000);
    client.connection.send(data);
    wire.settle();
    expect(Buffer.compare(server.bytes, data)).toBe(0);
    expect(client.connection.info().mss).toBe(1_300 - each.headerBytes - 20 - 12);
    expect(client.connection.info().ssthresh).toBe(0x3fffffff);
    expect(wire.environment.pool.live).toBe(0);
  });

  it('believes no too-big for what is not in flight, and nothing below the minimum', () => {
    const peer = new Peer(each);
    const { owner, iss } = peer.accept(mssOption(1_400));
    owner.connection.send(new Uint8Array(1_400));
    const error = {
      kind: 'too-big' as const,
      mtu: 68,
      reporter: 'gw',
      local: peer.end.address,
      remote: peer.address,
      localPort: 80,
      remotePort: 4_000,
      sequence: iss + 1,
    };
    expect(peer.tcp.networkError({ ...error, sequence: iss + 2_000 })).toBe(false);
    expect(owner.connection.info().mss).toBe(1_400);
    peer.take();
    expect(peer.tcp.networkError(error)).toBe(true);
    const room = each.minimumMtu - each.headerBytes - 20;
    expect(owner.connection.info().mss).toBe(room);
    expect(peer.take()[0]!.data.length).toBe(room);
    owner.connection.abort();
  });
});

describe('segments beside SACK blocks', () => {
  it('are never longer than the path takes', () => {
    const wire = new Wire(family, { record: true, loss: 0.05, seed: 4 });
    const { client, server } = pair(wire);
    client.connection.send(pattern(300_000, 1));
    server.connection.send(pattern(300_000, 2));
    wire.settle();
    expect(server.received).toBe(300_000);
    expect(client.received).toBe(300_000);
    const withBlocks = wire.sent.filter((s) => s.sack.length > 0 && s.data.length > 500);
    expect(withBlocks.length).toBeGreaterThan(10);
    for (const s of withBlocks) expect(s.data.length + 12 + 4 + 8 * s.sack.length).toBeLessThanOrEqual(1_460);
  });

  it('are cut no longer by a device either, when the options are told once', () => {
    const peer = new Peer(family);
    peer.end.offloads = { segment: 65_535 };
    const { owner, iss } = peer.accept(sackPermitted());
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: pattern(100) });
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: pattern(50) });
    peer.take();
    // A duplicate whose report rides on data: 12 bytes of options in each segment of it.
    const connection = owner.connection;
    owner.onReadable = () => connection.send(pattern(5_000));
    peer.inject({ seq: 1_051, ack: iss + 1, flags: '.', data: pattern(100) });
    const [burst] = peer.take();
    expect(burst!.sack).toHaveLength(1);
    expect(burst!.data.length).toBeGreaterThan(536);
    expect(burst!.segmentSize).toBe(536 - 12);
  });

  it('a pool that runs dry is a loss like any other', () => {
    const wire = new Wire(family);
    const { client, server } = pair(wire);
    const { pool } = wire.environment;
    const data = pattern(100_000);
    let dry = 0;
    const take = pool.take.bind(pool);
    pool.take = (length) => (dry++ % 5 === 0 ? undefined : take(length));
    client.connection.send(data);
    client.connection.shutdown();
    wire.settle();
    expect(Buffer.compare(server.bytes, data)).toBe(0);
    server.connection.shutdown();
    wire.settle();
    expect([client.isClosed, server.isClosed]).toEqual([true, true]);
    expect(pool.live).toBe(0);
  });
});

describe('a bottleneck', () => {
  it('is filled by one flow and shared by eight (Jain >= 0.9)', () => {
    for (const flows of [1, 8]) {
      const wire = new Wire(family, { rate: 20_000_000, queue: 60, delay: 10_000 });
      const receivers: Owner[] = [];
      const senders: Owner[] = [];
      const chunk = pattern(32_768);
      for (let i = 0; i < flows; i++) {
        const { client, server } = pair(wire, 80 + i);
        server.keep = false;
        receivers.push(server);
        senders.push(client);
      }
      for (const client of senders) {
        const fill = () => {
          while (client.connection.sendSpace > 0) client.connection.send(chunk);
        };
        client.onWritable = fill;
        fill();
      }
      wire.run(5 * SECOND);
      const before = receivers.map((r) => r.received);
      wire.run(25 * SECOND);
      const rates = receivers.map((r, i) => (r.received - before[i]!) / 25);
      const sum = rates.reduce((a, b) => a + b);
      const squares = rates.reduce((a, b) => a + b * b, 0);
      expect((sum * 8) / 20e6).toBeGreaterThan(0.85);
      expect((sum * sum) / (flows * squares)).toBeGreaterThan(0.9);
      for (const client of senders) client.connection.abort();
      wire.settle();
      expect(wire.environment.pool.live).toBe(0);
    }
  });
});
