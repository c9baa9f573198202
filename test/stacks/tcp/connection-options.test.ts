import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { dial, families, mssOption, Owner, Peer, pair, pattern, serve, Wire } from './network.ts';

const family = families[0]!;

/** An established connection whose peer takes segments of 1,000 bytes and answers by hand. */
function established(settings = {}, window = 65_535) {
  const peer = new Peer(family, settings);
  const { owner, iss } = peer.accept(mssOption(1_000), window);
  const ack = (bytes: number, more: { window?: number; data?: string } = {}) =>
    peer.inject({ seq: 1_001, ack: (iss + 1 + bytes) | 0, flags: '.', ...more });
  const wait = (time: number) => peer.clock.advance(peer.clock.now + time);
  const lengths = () => peer.take().map((s) => s.data.length);
  return { peer, owner, connection: owner.connection, iss, ack, wait, lengths };
}

describe('the user timeout (RFC 9293 §3.8.3, RFC 5482 §3)', () => {
  it('ends a connection whose data is not acknowledged, to the point', () => {
    const { connection, owner, wait, peer } = established({ maxRetransmits: 2 });
    connection.configure({ userTimeout: 10 * SECOND });
    connection.send(pattern(100));
    wait(9.999 * SECOND);
    expect(owner.isClosed).toBe(false); // two retransmissions are long over
    wait(2 * MILLISECOND);
    expect(owner.failure?.code).toBe('ETIMEDOUT');
    expect(peer.take().at(-1)!.flags).toBe('R.');
  });

  it('ends one whose peer keeps its window shut, answered or not', () => {
    const { connection, owner, wait, ack } = established();
    connection.configure({ userTimeout: 5 * SECOND });
    ack(0, { window: 0 });
    connection.send(pattern(100));
    for (let i = 0; i < 12 && !owner.isClosed; i++) {
      wait(0.5 * SECOND);
      ack(0, { window: 0 });
    }
    expect(owner.failure?.code).toBe('ETIMEDOUT');
  });

  it('begins anew with every sign of progress', () => {
    const { connection, owner, wait, ack } = established();
    connection.configure({ userTimeout: 3 * SECOND });
    connection.send(pattern(10_000));
    for (let i = 1; i <= 10; i++) {
      wait(2.5 * SECOND);
      ack(i * 1_000);
    }
    expect(owner.isClosed).toBe(false);
  });

  it('stands in for the number of keep-alive probes', () => {
    const { connection, owner, wait } = established();
    connection.setKeepAlive(true, SECOND, SECOND, 9);
    connection.configure({ userTimeout: 3 * SECOND });
    wait(2.9 * SECOND);
    expect(owner.isClosed).toBe(false);
    wait(1.2 * SECOND);
    expect(owner.failure?.code).toBe('ETIMEDOUT');
  });

  it('bounds an attempt to connect', () => {
    const peer = new Peer(family);
    const owner = dial(peer.end, peer.address, 4_000, new Owner(), { userTimeout: 5 * SECOND });
    peer.clock.advance(4.9 * SECOND);
    expect(owner.isClosed).toBe(false);
    peer.clock.advance(5.1 * SECOND);
    expect(owner.failure?.code).toBe('ETIMEDOUT');
  });
});

describe('what a SYN obeys already', () => {
  it('the number of tries', () => {
    const peer = new Peer(family);
    const owner = dial(peer.end, peer.address, 4_000, new Owner(), { synCount: 1 });
    while (peer.clock.step());
    expect(peer.take().map((s) => s.flags)).toEqual(['S', 'S']);
    expect(owner.failure?.code).toBe('ETIMEDOUT');
  });

  it('the largest segment, offered and sent, by either side', () => {
    const wire = new Wire(family, { record: true });
    const server = new Owner();
    serve(wire.b, 80, () => server, { options: { maxSegment: 700 } });
    const client = dial(wire.a, wire.b.address, 80, new Owner(), { maxSegment: 900 });
    wire.settle();
    expect(wire.sent.slice(0, 2).map((s) => s.mss)).toEqual([900, 700]);
    client.connection.send(pattern(5_000, 1));
    server.connection.send(pattern(5_000, 2));
    wire.settle();
    expect(Math.max(...wire.sent.map((s) => s.data.length))).toBe(700 - 12);
  });

  it('the receive buffer, with the window and its scale; it does not grow', () => {
    const wire = new Wire(family, { record: true });
    const server = new Owner();
    serve(wire.b, 80, () => server, { options: { receiveBuffer: 20_000 } });
    const client = dial(wire.a, wire.b.address, 80, new Owner(), { receiveBuffer: 300_000 });
    wire.settle();
    expect(wire.sent.slice(0, 2).map((s) => s.shift)).toEqual([3, 0]);
    client.connection.send(pattern(500_000));
    wire.settle();
    expect(server.received).toBe(500_000);
    const offered = wire.sent.filter((s) => s.from === 'b').map((s) => s.window);
    expect(Math.max(...offered)).toBe(20_000);
    expect(client.connection.info().rcvWnd).toBeGreaterThan(65_535);
  });

  it('traffic class and hop limit; the bits of ECN are not the owner’s', () => {
    const wire = new Wire(family, { record: true, a: { ecn: 'on' } });
    serve(wire.b, 80, () => new Owner());
    const client = dial(wire.a, wire.b.address, 80, new Owner(), { trafficClass: 0xbb, hopLimit: 9 });
    wire.settle();
    expect(wire.a.lastOptions).toMatchObject({ trafficClass: 0xb8, hopLimit: 9, dontFragment: true });
    client.connection.send(pattern(10));
    expect(wire.a.lastOptions).toMatchObject({ trafficClass: 0xba, hopLimit: 9 });
    expect(wire.b.lastOptions.hopLimit).toBe(undefined);
  });

  it('that the listener waits for data', () => {
    const peer = new Peer(family);
    const owner = new Owner();
    let accepted = 0;
    const accept = () => {
      accepted++;
      return owner;
    };
    serve(peer.end, 80, accept, { options: { deferAccept: 2 } });
    peer.inject({ seq: 1_000, flags: 'S' });
    const ack = (peer.take()[0]!.seq + 1) | 0;
    expect(peer.inject({ seq: 1_001, ack, flags: '.' })).toBe('accept-deferred');
    expect(accepted).toBe(0);
    peer.inject({ seq: 1_001, ack, flags: '.', data: 'hello' });
    expect([accepted, owner.text]).toEqual([1, 'hello']);
  });

  it('but not for ever', () => {
    const peer = new Peer(family);
    let accepted = 0;
    const accept = () => {
      accepted++;
      return new Owner();
    };
    serve(peer.end, 80, accept, { options: { deferAccept: 2 } });
    peer.inject({ seq: 1_000, flags: 'S' });
    const ack = (peer.take()[0]!.seq + 1) | 0;
    peer.clock.advance(3.5 * SECOND);
    peer.inject({ seq: 1_001, ack, flags: '.' });
    expect(accepted).toBe(1);
  });
});

describe('what is held back', () => {
  it('under a cork all but full segments, until it is drawn', () => {
    const { connection, lengths, ack } = established();
    connection.configure({ cork: true });
    connection.send(pattern(400));
    connection.send(pattern(400));
    expect(lengths()).toEqual([]);
    connection.send(pattern(400));
    expect(lengths()).toEqual([1_000]);
    connection.configure({ cork: false });
    expect(lengths()).toEqual([200]);
    ack(1_200);
    connection.send(pattern(10));
    expect(lengths()).toEqual([10]);
  });

  it('but no longer than the override timeout, and what is sent then is looked after', () => {
    const { connection, lengths, wait } = established();
    connection.configure({ cork: true });
    connection.send(pattern(400));
    wait(0.25 * SECOND);
    expect(lengths()).toEqual([400]);
    wait(0.25 * SECOND);
    expect(lengths()).toEqual([400]); // sent again
  });

  it('by `sendMore` until the next call', () => {
    const { connection, lengths, ack } = established();
    connection.sendMore(pattern(400));
    expect(lengths()).toEqual([]);
    connection.send(pattern(400));
    expect(lengths()).toEqual([800]);
    ack(800);
    connection.sendMore(pattern(1_400));
    expect(lengths()).toEqual([1_000]);
    ack(1_800);
    expect(lengths()).toEqual([400]);
  });

  it('by Nagle: a tail waits for full segments (RFC 9293), or only for small ones (Minshall)', () => {
    for (const [nagle, sent] of [
      ['rfc9293', [1_000]],
      ['minshall', [1_000, 400]],
    ] as const) {
      const { connection, lengths, ack } = established({ nagle });
      connection.send(pattern(1_400));
      expect(lengths()).toEqual(sent);
      connection.send(pattern(10));
      expect(lengths()).toEqual([]);
      ack(1_000);
      expect(lengths()).toEqual(nagle === 'rfc9293' ? [410] : []);
      ack(1_400);
      expect(lengths()).toEqual(nagle === 'rfc9293' ? [] : [10]);
    }
  });
});

describe('how much an owner may queue', () => {
  it('is bounded by its own buffer', () => {
    const { connection, owner, ack } = established();
    connection.configure({ sendBuffer: 4_000 });
    expect(connection.sendSpace).toBe(4_000);
    connection.send(pattern(4_000));
    expect(connection.sendSpace).toBe(0);
    ack(1_000);
    expect(owner.events).toContain('writable');
    expect(connection.sendSpace).toBe(1_000);
  });

  it('is not bounded by 0, which is no size', () => {
    const { connection } = established();
    const before = connection.sendSpace;
    connection.configure({ sendBuffer: 0, notsentLowat: 0 });
    expect(connection.sendSpace).toBe(before);
  });

  it('is bounded by what was not sent', () => {
    const { connection, owner, ack } = established({}, 2_000);
    connection.configure({ notsentLowat: 3_000 });
    connection.send(pattern(5_000)); // two leave
    expect(connection.sendSpace).toBe(0);
    ack(1_000, { window: 2_000 });
    expect(owner.events).not.toContain('writable');
    ack(2_000, { window: 2_000 });
    expect(owner.events).toContain('writable');
    expect(connection.sendSpace).toBe(2_000);
  });
});

describe('the rest', () => {
  it('a closed connection waits in FIN-WAIT-2 as long as its owner said', () => {
    const { connection, ack, wait, iss, peer } = established();
    connection.configure({ lingerTimeout: 2 * SECOND });
    connection.close();
    peer.inject({ seq: 1_001, ack: (iss + 2) | 0, flags: '.' });
    expect(connection.state).toBe('FIN-WAIT-2');
    wait(2.1 * SECOND);
    expect(connection.state).toBe('CLOSED');
    peer.take();
    expect(ack(1)).toBe('answered');
  });

  it('urgent data stays in the stream, and the pointer leads behind it (RFC 6093 §2)', () => {
    const { connection, peer, iss, ack } = established();
    connection.setNoDelay(true);
    connection.send(pattern(10));
    connection.sendUrgent(pattern(1_500));
    connection.send(pattern(5));
    const [, first, second, third] = peer.take();
    expect(first).toMatchObject({ flags: 'U.', seq: iss + 11, urgent: 1_500 });
    expect(second).toMatchObject({ flags: 'PU.', urgent: 500 });
    expect(third).toMatchObject({ flags: 'P.', urgent: 0 });
    ack(1_515);
    connection.send(pattern(5));
    expect(peer.take()).toMatchObject([{ flags: 'P.', urgent: 0 }]);
  });

  it('`configure` leaves what it does not name', () => {
    const { connection } = established();
    connection.configure({ userTimeout: SECOND });
    connection.configure({ cork: true });
    expect(connection.options).toMatchObject({ userTimeout: SECOND, cork: true });
    connection.configure({ cork: undefined });
    expect(connection.options).toMatchObject({ userTimeout: SECOND, cork: undefined });
  });

  it('the window after a pause is the initial one, unless a setting says otherwise (RFC 5681 §4.1)', () => {
    const month = 30 * 86_400 * SECOND;
    for (const [slowStartAfterIdle, pause] of [
      [true, 60 * SECOND],
      [true, month],
      [false, 60 * SECOND],
    ] as const) {
      const wire = new Wire(family, { a: { slowStartAfterIdle } });
      const { client } = pair(wire);
      client.connection.send(pattern(300_000));
      wire.settle();
      const grown = client.connection.info().cwnd;
      wire.run(pause);
      client.connection.send(pattern(1));
      const { cwnd, mss } = client.connection.info();
      expect(cwnd).toBe(slowStartAfterIdle ? 10 * mss : grown);
    }
  });
});
