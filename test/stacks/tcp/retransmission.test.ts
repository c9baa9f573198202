import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { families, Peer, sackPermitted, timestampOption } from './network.ts';
import { Sender } from './sender.ts';

const family = families[0]!;

describe('loss', () => {
  it('sends new segments on the first two duplicates (RFC 3042), the lost one on the third (RFC 5681 §3.2)', () => {
    const s = new Sender([], 65_535, { congestion: 'newreno' });
    s.send(40_000);
    s.wait(10_000);
    s.peer.take();
    s.ack(0);
    expect(s.offsets()).toEqual([10_000]);
    s.ack(0);
    expect(s.offsets()).toEqual([11_000]);
    s.ack(0);
    expect(s.offsets()[0]).toBe(0);
    const { ssthresh, cwnd } = s.owner.connection.info();
    // The two of limited transmit do not count; PRR brings the window down as ACKs come in (RFC 9937).
    expect([ssthresh, cwnd]).toEqual([5_000, 9_000]);
    for (let i = 0; i < 5; i++) s.ack(0);
    expect(s.owner.connection.info().cwnd).toBe(6_000);
    expect(s.offsets()).toEqual([12_000, 13_000]);
  });

  it('has CUBIC by default: seven tenths (RFC 9438 §4.6)', () => {
    const s = new Sender();
    s.send(40_000);
    s.wait(10_000);
    for (let i = 0; i < 3; i++) s.ack(0);
    expect(s.owner.connection.info()).toMatchObject({ congestion: 'cubic', ssthresh: 7_000 });
  });

  it('mends one hole a round trip without SACK (RFC 6582 §3.2), and leaves recovery at the recovery point', () => {
    const s = new Sender();
    s.send(40_000);
    s.wait(10_000);
    s.peer.take();
    for (let i = 0; i < 9; i++) s.ack(0);
    s.peer.take();
    s.ack(3_000); // partial: 3,000 is missing too
    expect(s.offsets()[0]).toBe(3_000);
    s.ack(7_000);
    expect(s.offsets()[0]).toBe(7_000);
    s.ack(20_000);
    expect(s.offsets().every((o) => o >= 10_000)).toBe(true);
    expect(s.owner.connection.info().retransmits).toBe(3);
    expect(s.owner.connection.info().cwnd).toBeLessThanOrEqual(s.owner.connection.info().ssthresh);
  });

  it('mends every hole in one round trip with SACK, within the pipe (RFC 6675 §5)', () => {
    const s = new Sender(sackPermitted(), 65_535, { tailLossProbe: false });
    s.send(10_000);
    s.wait(10_000);
    s.peer.take();
    // 0, 2,000 and 5,000 are lost.
    s.ack(0, { sack: [[1_000, 2_000]] });
    s.ack(0, {
      sack: [
        [3_000, 4_000],
        [1_000, 2_000],
      ],
    });
    expect(s.offsets()).toEqual([]);
    s.ack(0, {
      sack: [
        [3_000, 5_000],
        [1_000, 2_000],
      ],
    });
    expect(s.offsets()).toEqual([0]);
    s.ack(0, {
      sack: [
        [6_000, 7_000],
        [3_000, 5_000],
        [1_000, 2_000],
      ],
    });
    s.ack(0, {
      sack: [
        [6_000, 8_000],
        [3_000, 5_000],
        [1_000, 2_000],
      ],
    });
    s.ack(0, {
      sack: [
        [6_000, 9_000],
        [3_000, 5_000],
        [1_000, 2_000],
      ],
    });
    s.ack(0, {
      sack: [
        [6_000, 10_000],
        [3_000, 5_000],
        [1_000, 2_000],
      ],
    });
    expect(s.offsets()).toEqual([2_000, 5_000]);
    s.ack(10_000);
    expect(s.peer.take()).toEqual([]);
    expect(s.peer.clock.foreground).toBe(0);
    expect(s.owner.connection.info().retransmits).toBe(3);
  });

  it('more than two segments SACKed above a hole are a loss without three duplicates (IsLost)', () => {
    const s = new Sender(sackPermitted());
    s.send(10_000);
    s.wait(10_000);
    s.peer.take();
    s.ack(0, { sack: [[1_000, 4_000]] });
    expect(s.offsets()).toEqual([0]);
  });

  it('finds a lost tail by the time of a retransmission that arrives (RFC 8985 §3.2)', () => {
    const s = new Sender(sackPermitted());
    s.send(10_000);
    s.wait(10_000);
    s.peer.take();
    // 0 and the last two are lost.
    for (let n = 2; n <= 8; n++) s.ack(0, { sack: [[1_000, n * 1_000]] });
    expect(s.offsets()).toEqual([0]);
    s.wait(10_000);
    s.ack(8_000);
    expect(s.offsets()).toEqual([8_000, 9_000]);
    s.ack(10_000);
    expect(s.owner.connection.unacknowledged).toBe(0);
  });

  it('after a timeout sends again what is not SACKed, in order, from a window of one (RFC 6675 §5.1)', () => {
    const s = new Sender(sackPermitted(), 65_535, {
      congestion: 'newreno',
      tailLossProbe: false,
      frto: false,
    });
    s.send(10_000);
    s.wait(400 * MILLISECOND);
    s.peer.take();
    expect(s.owner.connection.info()).toMatchObject({ cwnd: 1_000, ssthresh: 5_000, recovery: 'loss' });
    s.ack(1_000, { sack: [[4_000, 6_000]] });
    expect(s.offsets()).toEqual([1_000, 2_000, 3_000, 6_000]);
    s.ack(2_000, { sack: [[4_000, 6_000]] });
    s.ack(3_000, { sack: [[4_000, 6_000]] });
    expect(s.offsets()).toEqual([7_000, 8_000, 9_000]);
    s.ack(10_000);
    expect(s.owner.connection.unacknowledged).toBe(0);
  });

  it('forgets SACKs that the peer reneges on (RFC 2018 §8)', () => {
    const s = new Sender(sackPermitted());
    s.send(5_000);
    s.wait(10_000);
    s.ack(0, { sack: [[1_000, 3_000]] });
    s.wait(10_000);
    s.peer.take();
    s.ack(1_000); // and of 1,000 to 3,000 it knows nothing any more
    expect(s.offsets()).toEqual([]);
    s.wait(3 * SECOND);
    expect(s.offsets()).toContain(1_000);
    s.ack(5_000);
    expect(s.owner.connection.unacknowledged).toBe(0);
  });

  it('doubles the timeout each time, keeps it until a fresh sample (Karn), and gives up (RFC 6298 §5)', () => {
    const s = new Sender([], 65_535, { maxRetransmits: 6 });
    s.wait(100_000);
    s.send(500);
    s.wait(50_000);
    s.ack(500);
    const { srtt, rto } = s.owner.connection.info();
    expect(srtt).toBeGreaterThan(0);
    expect(rto - srtt).toBeGreaterThanOrEqual(200 * MILLISECOND);
    s.peer.take();
    s.send(500);
    s.wait(2 * rto);
    s.ack(1_000); // ambiguous
    expect(s.owner.connection.info()).toMatchObject({ srtt, rto: 2 * rto });
    s.send(500);
    s.peer.take();
    while (s.peer.clock.step());
    const sent = s.peer.take();
    expect(sent.at(-1)!.flags).toBe('R.');
    const gaps = sent.slice(1, -1).map((p, i) => p.time - sent[i]!.time);
    expect(gaps).toEqual([4, 8, 16, 32, 64].map((n) => n * rto));
    expect(s.owner.failure).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('a timestamp resolves the ambiguity (RFC 7323 §4.1)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept([...timestampOption(1, 0)]);
    owner.connection.send(new Uint8Array(100));
    peer.clock.advance(1_500 * MILLISECOND);
    const rto = owner.connection.info().rto;
    const last = peer.take().at(-1)!;
    peer.clock.advance(1_520 * MILLISECOND);
    peer.inject({ seq: 1_001, ack: iss + 101, flags: '.', options: timestampOption(2, last.timestamp![0]) });
    expect(owner.connection.info().rto).toBeLessThan(rto);
  });

  it('sends the FIN again', () => {
    const s = new Sender();
    s.send(100);
    s.owner.connection.shutdown();
    s.wait(300 * MILLISECOND);
    const sent = s.peer.take();
    expect(sent.map((p) => [s.offset(p), p.flags, p.data.length])).toEqual([
      [0, 'P.', 100],
      [100, 'F.', 0],
      [0, 'FP.', 100],
    ]);
    s.ack(101);
    expect(s.owner.connection.state).toBe('FIN-WAIT-2');
    expect(s.peer.clock.foreground).toBe(0);
  });
});
