import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { families, Peer, pattern, sackPermitted, scaleOption, timestampOption } from './network.ts';

const family = families[0]!;

describe('acknowledging', () => {
  it('waits 40 ms for a second segment, and no longer (RFC 9293 §3.8.6.3)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: pattern(1_000) });
    expect(peer.take()).toEqual([]);
    peer.clock.advance(peer.clock.now + 39 * MILLISECOND);
    expect(peer.take()).toEqual([]);
    peer.clock.advance(peer.clock.now + MILLISECOND);
    expect(peer.take()).toMatchObject([{ flags: '.', ack: 2_001 }]);
    expect(peer.clock.foreground).toBe(0);
    for (let i = 1; i <= 6; i++) {
      peer.inject({ seq: 1_001 + i * 1_000, ack: iss + 1, flags: '.', data: pattern(1_000) });
    }
    expect(peer.take().map((s) => s.ack)).toEqual([4_001, 6_001, 8_001]);
    expect(peer.clock.foreground).toBe(0);
    expect(owner.received).toBe(7_000);
  });

  it('acknowledges a burst of the device once, when it is over', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    for (let i = 0; i < 9; i++) {
      const seq = 1_001 + i * 1_000;
      peer.inject({ seq, ack: iss + 1, flags: '.', data: pattern(1_000, i), inBurst: true });
    }
    expect(peer.take()).toEqual([]);
    peer.clock.advance(peer.clock.now);
    expect(peer.take()).toMatchObject([{ flags: '.', ack: 10_001 }]);
    expect(peer.clock.foreground).toBe(0);
    // A gap is reported at once all the same (RFC 5681 §4.2).
    peer.inject({ seq: 20_001, ack: iss + 1, flags: '.', data: pattern(1_000), inBurst: true });
    expect(peer.take()).toMatchObject([{ ack: 10_001 }]);
    expect(owner.received).toBe(9_000);
    // One that is gone when the burst ends is not acknowledged any more.
    peer.inject({ seq: 10_001, ack: iss + 1, flags: '.', data: pattern(3_000), inBurst: true });
    peer.inject({ seq: 13_001, ack: iss + 1, flags: '.', data: pattern(1_000), inBurst: true });
    owner.connection.abort();
    peer.take();
    peer.clock.advance(peer.clock.now);
    expect(peer.take()).toEqual([]);
  });

  it('gives an owner the bytes without a queue between, as far as it takes them', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    const taken: number[] = [];
    owner.reading = false;
    owner.connection.handler.take = (bytes, from, to) => {
      const n = Math.min(to - from, 600);
      for (let i = from; i < from + n; i++) taken.push(bytes[i]!);
      return n;
    };
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: pattern(500) });
    expect(owner.connection.available).toBe(0);
    peer.inject({ seq: 1_501, ack: iss + 1, flags: '.', data: pattern(1_000, 500) });
    expect(taken).toHaveLength(1_100);
    expect(owner.connection.available).toBe(400);
    // What is queued goes first, so nothing is offered while there is a queue.
    peer.inject({ seq: 2_501, ack: iss + 1, flags: '.', data: pattern(100, 1_500) });
    expect(taken).toHaveLength(1_100);
    expect(owner.connection.info()).toMatchObject({ bytesReceived: 1_600 });
    let rest: number[] = [];
    for (let chunk = owner.connection.read(); chunk !== undefined; chunk = owner.connection.read()) {
      rest = [...rest, ...chunk];
    }
    expect([...taken, ...rest]).toEqual([...pattern(500), ...pattern(1_000, 500), ...pattern(100, 1_500)]);
    owner.connection.abort();
  });

  it('puts the acknowledgment on data of its own', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.onReadable = () => owner.connection.send(Buffer.from('echo'));
    peer.inject({ seq: 1_001, ack: iss + 1, flags: 'P.', data: 'ping' });
    const sent = peer.take();
    expect(sent).toMatchObject([{ flags: 'P.', ack: 1_005 }]);
    expect(Buffer.from(sent[0]!.data).toString()).toBe('echo');
    owner.connection.abort();
  });

  it('reports a gap, its growth and its end at once, newest block first (RFC 2018 §4, RFC 5681 §4.2)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept(sackPermitted());
    const data = (at: number) =>
      peer.inject({ seq: 1_001 + at, ack: iss + 1, flags: '.', data: pattern(100, at) });
    data(100);
    expect(peer.take()).toMatchObject([{ ack: 1_001, sack: [[1_101, 1_201]] }]);
    data(300);
    data(500);
    data(700);
    data(900);
    const blocks = peer.take().map((s) => s.sack);
    expect(blocks.at(-1)).toEqual([
      [1_901, 2_001],
      [1_701, 1_801],
      [1_501, 1_601],
      [1_301, 1_401],
    ]);
    data(400); // joins two
    expect(peer.take()[0]!.sack).toEqual([
      [1_301, 1_601],
      [1_901, 2_001],
      [1_701, 1_801],
    ]);
    data(0);
    expect(peer.take()).toMatchObject([{ ack: 1_201 }]);
    data(200);
    expect(peer.take()).toMatchObject([{ ack: 1_601 }]);
    data(600);
    data(800);
    expect(peer.take().at(-1)).toMatchObject({ ack: 2_001, sack: [] });
    const whole = Buffer.concat(
      [0, 100, 200, 300, 400, 500, 600, 700, 800, 900].map((at) => pattern(100, at)),
    );
    expect(Buffer.compare(owner.bytes, whole)).toBe(0);
  });

  it('has room for three blocks beside timestamps', () => {
    const peer = new Peer(family);
    const { iss } = peer.accept([4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0]);
    for (const at of [10, 30, 50, 70]) {
      peer.inject({ seq: 1_001 + at, ack: iss + 1, flags: '.', data: 'x', options: timestampOption(1, 0) });
    }
    expect(peer.take().at(-1)!.sack.length).toBe(3);
  });

  it('delivers urgent data in line (RFC 6093)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    peer.inject({ seq: 1_001, ack: iss + 1, flags: 'U.', data: 'now' });
    expect(owner.text).toBe('now');
  });

  it('keeps the first bytes it got when segments overlap', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    const data = (seq: number, text: string) => peer.inject({ seq, ack: iss + 1, flags: '.', data: text });
    data(1_005, 'EFGH');
    data(1_011, 'KL');
    data(1_003, 'xxxxxxxxxxxx');
    data(1_001, 'ABCD');
    expect(owner.text).toBe('ABxxEFGHxxKLxx');
  });
});

describe('the receive window', () => {
  it('closes on an owner that does not read, takes no more, and opens with an update', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.reading = false;
    let seq = 1_001;
    let window = 65_535;
    while (window > 0) {
      const data = pattern(Math.min(1_000, window));
      expect(peer.inject({ seq, ack: iss + 1, flags: '.', data })).toBe('delivered');
      seq += data.length;
      peer.clock.advance(peer.clock.now + 50 * MILLISECOND);
      const last = peer.take().at(-1)!;
      expect(last.ack).toBe(seq);
      // RFC 9293 §3.8.6: the right edge never moves left.
      expect(last.ack + last.window).toBe(1_001 + 65_535);
      window = last.window;
    }
    expect(owner.connection.available).toBe(65_535);
    // A probe is answered, its byte not taken, its ACK processed.
    expect(peer.inject({ seq, ack: iss + 1, flags: '.', data: '?' })).toBe('receive-buffer-full');
    expect(peer.take()).toMatchObject([{ ack: seq, window: 0 }]);
    // RFC 9293 §3.8.6.2.2: no silly window.
    owner.connection.read(10);
    expect(peer.take()).toEqual([]);
    owner.connection.read(2_000);
    expect(peer.take().at(-1)!.window).toBeGreaterThanOrEqual(1_000);
    owner.read();
    expect(peer.take().at(-1)!.window).toBeGreaterThan(60_000);
  });

  it('grows for an owner that keeps up, to the maximum and no further, and not for another', () => {
    const grow = (reading: boolean) => {
      const peer = new Peer(family);
      const { owner, iss } = peer.accept(scaleOption(0));
      owner.reading = reading;
      owner.keep = false;
      let seq = 1_001;
      for (let i = 0; i < 6_000; i++) {
        if (peer.inject({ seq, ack: iss + 1, flags: '.', data: pattern(1_400) }) === 'delivered')
          seq += 1_400;
      }
      const last = peer.take().at(-1)!;
      return { offered: last.window << 5, held: owner.connection.available };
    };
    expect(grow(true).offered).toBeGreaterThan(2_000_000);
    expect(grow(true).offered).toBeLessThanOrEqual(65_535 << 5);
    const stalled = grow(false);
    expect(stalled.offered).toBeLessThan(1_400);
    expect(stalled.held).toBeLessThanOrEqual(65_535);
  });

  it('honours a data segment up to the last edge it ever offered, and cuts off the rest', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.reading = false;
    for (let i = 0; i < 65; i++) {
      peer.inject({ seq: 1_001 + i * 1_000, ack: iss + 1, flags: '.', data: pattern(1_000) });
    }
    peer.inject({ seq: 66_001, ack: iss + 1, flags: '.', data: pattern(1_000) });
    expect(owner.connection.available).toBe(65_535);
    expect(owner.connection.info().rcvWnd).toBe(0);
  });

  it('an idle connection has no timer', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: 'a' });
    owner.connection.send(Buffer.from('b'));
    peer.inject({ seq: 1_002, ack: iss + 2, flags: '.' });
    peer.clock.advance(SECOND);
    expect(peer.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
