import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { families, Peer, pair, pattern, sackPermitted, Wire } from './network.ts';

const family = families[0]!;

describe('what a connection counts', () => {
  it('the time for which its send buffer keeps its owner from sending', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    const { connection } = owner;
    connection.configure({ sendBuffer: 1_000 });
    const time = () => {
      const { busyTime, sendBufferLimitedTime, receiverLimitedTime } = connection.info();
      return { busyTime, sendBufferLimitedTime, receiverLimitedTime };
    };
    const wait = (ms: number) => peer.clock.advance(peer.clock.now + ms * MILLISECOND);
    // Two segments, all of the buffer, and its owner would send more.
    connection.send(pattern(1_072));
    expect(connection.sendSpace).toBe(0);
    connection.send(pattern(1));
    wait(50);
    expect(time()).toEqual({ busyTime: 50_000, sendBufferLimitedTime: 0, receiverLimitedTime: 0 }); // Nagle holds it
    peer.inject({ seq: 1_001, ack: iss + 1 + 536, flags: '.' });
    peer.inject({ seq: 1_001, ack: iss + 1 + 1_072, flags: '.' });
    connection.send(pattern(1_500));
    connection.setNoDelay(true);
    wait(100);
    expect(time()).toEqual({ busyTime: 150_000, sendBufferLimitedTime: 100_000, receiverLimitedTime: 0 });
    peer.inject({ seq: 1_001, ack: iss + 1 + 1_072 + 1 + 1_500, flags: '.' });
    wait(1_000);
    expect(time()).toEqual({ busyTime: 150_000, sendBufferLimitedTime: 100_000, receiverLimitedTime: 0 });
  });

  it('bytes, on either side of a lossy path', () => {
    const wire = new Wire(family, { loss: 0.05, reorder: 0.1, seed: 9 });
    const { client, server } = pair(wire);
    client.connection.send(pattern(300_000));
    wire.settle();
    const sender = client.connection.info();
    expect(sender).toMatchObject({ bytesSent: 300_000, bytesAcknowledged: 300_000, bytesNotSent: 0 });
    expect(sender.bytesRetransmitted).toBeGreaterThan(0);
    expect(sender.reorderings).toBeGreaterThan(0);
    expect(sender.delivered).toBeGreaterThanOrEqual(1 + Math.ceil(300_000 / sender.mss));
    const receiver = server.connection.info();
    expect(receiver.bytesReceived).toBe(300_000);
    expect(receiver.outOfOrder).toBeGreaterThan(0);
    // Each of its D-SACKs that arrived told of one segment.
    expect(sender.duplicates * sender.mss).toBeLessThanOrEqual(sender.bytesRetransmitted);
  });

  it('bytes that are not sent', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept([], 1_000);
    owner.connection.send(pattern(3_000));
    expect(owner.connection.info()).toMatchObject({
      bytesSent: 536,
      bytesNotSent: 2_464,
      bytesAcknowledged: 0,
    });
    peer.inject({ seq: 1_001, ack: iss + 1 + 500, flags: '.', window: 1_000 });
    expect(owner.connection.info().bytesAcknowledged).toBe(500);
  });
});

describe('the shortest round trip (RFC 8985 §6.2 step 1)', () => {
  it.each([
    ['SACK', sackPermitted()],
    ['no SACK', []],
  ])('of the last five minutes, with %s', (_, options) => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept(options);
    let sent = 0;
    const round = (ms: number): number => {
      owner.connection.send(pattern(100));
      sent += 100;
      peer.clock.advance(peer.clock.now + ms * MILLISECOND);
      peer.inject({ seq: 1_001, ack: iss + 1 + sent, flags: '.' });
      return owner.connection.info().minRtt / MILLISECOND;
    };
    const wait = (seconds: number) => peer.clock.advance(peer.clock.now + seconds * SECOND);
    expect(round(20)).toBe(20);
    expect(round(10)).toBe(10);
    expect(round(50)).toBe(10);
    wait(160);
    expect(round(40)).toBe(10);
    wait(160);
    expect(round(60)).toBe(40);
    wait(600);
    expect(round(70)).toBe(70);
  });
});
