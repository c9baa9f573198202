import { describe, expect, it } from 'vitest';
import { Prr } from '../../../stacks/tcp/prr.ts';
import { MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { families, mssOption, Peer, pattern, sackPermitted, timestampOption } from './network.ts';
import { Sender } from './sender.ts';

const RTT = 20 * MILLISECOND;

/** With SACK, and a round trip of 20 ms. */
function warm(settings = {}, options = sackPermitted()): Sender {
  const s = new Sender(options, 65_535, settings);
  s.warm(RTT);
  return s;
}

/** Ten segments, a round trip ago. */
function flight(settings = {}): Sender {
  const s = warm({ tailLossProbe: false, ...settings });
  s.send(10_000);
  s.wait(RTT);
  s.peer.take();
  return s;
}

describe('RACK (RFC 8985 §6)', () => {
  it('waits a quarter of the round trip for what may be reordered, then sends it again', () => {
    const s = flight();
    s.ack(0, { sack: [[1_000, 2_000]] });
    s.wait(RTT / 4 - MILLISECOND);
    expect(s.offsets()).toEqual([]);
    expect(s.info).toMatchObject({ recovery: 'disorder', sacked: 1_000, lost: 0 });
    s.wait(2 * MILLISECOND);
    expect(s.offsets()).toEqual([0]);
    expect(s.info).toMatchObject({ recovery: 'recovery', retransmitted: 1_000, ssthresh: 7_000 });
  });

  it('sends nothing again when the late one comes in time, and has learnt that there is reordering', () => {
    const s = flight();
    s.ack(0, { sack: [[1_000, 2_000]] });
    s.wait(RTT / 8);
    s.ack(2_000);
    s.wait(RTT);
    expect(s.info).toMatchObject({ recovery: 'open', hasSeenReordering: true, retransmits: 0 });
    // From now on three SACKs are no reason for haste.
    s.ack(2_000, { sack: [[3_000, 7_000]] });
    expect(s.offsets()).toEqual([]);
    s.wait(RTT / 4 + 1);
    expect(s.offsets()).toEqual([2_000]);
  });

  it('widens the window with each round trip that brings a D-SACK (§6.2 step 4)', () => {
    const s = flight();
    s.ack(0, { sack: [[1_000, 2_000]] });
    s.wait(RTT / 8);
    s.ack(2_000);
    s.ack(2_000, { sack: [[0, 1_000]] });
    s.ack(2_000, { sack: [[3_000, 4_000]] });
    s.wait(RTT / 4 + 1);
    expect(s.offsets()).toEqual([]);
    s.wait(RTT / 4);
    expect(s.offsets()).toEqual([2_000]);
  });

  it('finds a lost retransmission without a timeout', () => {
    const s = flight();
    s.ack(0, { sack: [[1_000, 10_000]] });
    s.send(5_000);
    expect(s.offsets()).toEqual([0, 10_000, 11_000, 12_000, 13_000, 14_000]);
    s.wait(RTT);
    // What was sent after the retransmission has arrived, and it has not.
    s.ack(0, { sack: [[1_000, 15_000]] });
    expect(s.offsets()).toEqual([0]);
    s.wait(RTT);
    s.ack(15_000);
    expect(s.info).toMatchObject({ recovery: 'open', retransmits: 2, lost: 0, retransmitted: 0 });
  });
});

describe('tail loss probes (RFC 8985 §7)', () => {
  it('sends the last segment again after two round trips, whose SACK starts the repair', () => {
    const s = warm();
    s.send(3_500);
    s.wait(2 * RTT);
    expect(s.offsets()).toEqual([0, 1_000, 2_000]);
    s.owner.connection.setNoDelay(true);
    expect(s.offsets()).toEqual([3_000]);
    s.wait(2 * RTT);
    s.wait(4 * MILLISECOND);
    expect(s.offsets()).toEqual([3_000]);
    s.wait(RTT);
    s.ack(1_000, { sack: [[3_000, 3_500]] });
    s.wait(RTT);
    expect(s.offsets()).toEqual([1_000]);
    s.ack(2_000, { sack: [[3_000, 3_500]] });
    expect(s.offsets()).toEqual([2_000]);
    s.ack(3_500);
    expect(s.info).toMatchObject({ recovery: 'open', retransmits: 3 });
  });

  it('prefers new data, probes once, and leaves the rest to the timeout', () => {
    const s = warm();
    s.send(20_000);
    s.wait(2 * RTT + 4 * MILLISECOND);
    expect(s.offsets().slice(10)).toEqual([10_000]);
    s.wait(150 * MILLISECOND);
    expect(s.offsets()).toEqual([]);
    s.wait(SECOND / 10);
    expect(s.offsets()[0]).toBe(0);
    expect(s.info.recovery).toBe('loss');
  });

  it('takes a loss that a probe mended for what it is (§7.4.2), and none where both have arrived', () => {
    for (const arrivedTwice of [false, true]) {
      const s = warm();
      s.send(5_000);
      s.wait(RTT);
      s.ack(4_000);
      s.wait(300 * MILLISECOND);
      expect(s.offsets().slice(5)).toEqual([4_000]);
      s.ack(5_000, arrivedTwice ? { sack: [[4_000, 5_000]] } : {});
      s.send(1_000);
      s.wait(RTT);
      s.ack(6_000);
      expect(s.info.ssthresh < 0x3fffffff).toBe(!arrivedTwice);
    }
  });

  it('can be switched off, and is not sent without SACK', () => {
    for (const s of [warm({ tailLossProbe: false }), warm({}, [])]) {
      s.send(3_000);
      s.peer.take();
      s.wait(150 * MILLISECOND);
      expect(s.offsets()).toEqual([]);
    }
  });
});

describe('a timeout that was none', () => {
  it('is found by what was sent once and is SACKed now (F-RTO, RFC 5682 §3.1)', () => {
    const s = flight();
    s.wait(SECOND / 2);
    s.peer.take();
    expect(s.info.recovery).toBe('loss');
    s.ack(0, { sack: [[1_000, 2_000]] });
    expect(s.info).toMatchObject({ recovery: 'disorder', cwnd: 10_000, ssthresh: 0x3fffffff });
    expect(s.offsets()).toEqual([]);
  });

  it('is found without SACK by new data and the ACK after it (§2.1)', () => {
    const s = warm({}, []);
    s.send(20_000);
    s.wait(SECOND / 4);
    s.peer.take();
    s.ack(1_000);
    expect(s.offsets()).toEqual([10_000, 11_000]);
    s.ack(2_000);
    expect(s.info).toMatchObject({ recovery: 'open', ssthresh: 0x3fffffff });
    expect(s.offsets()[0]).toBe(12_000);
  });

  it('is real when a duplicate follows (§2.1 step 3a), or there is nothing new to send', () => {
    const s = warm({}, []);
    s.send(20_000);
    s.wait(SECOND / 4);
    s.peer.take();
    s.ack(1_000);
    s.peer.take();
    s.ack(1_000);
    expect(s.offsets()[0]).toBe(1_000);
    const short = warm({}, []);
    short.send(10_000);
    short.wait(SECOND / 4);
    short.peer.take();
    short.ack(1_000);
    expect(short.offsets()).toEqual([1_000, 2_000]);
  });
});

describe('a recovery that was none', () => {
  const stamped = () => [...timestampOption(0, 0), ...sackPermitted()];

  it('is found by the timestamp that is echoed (Eifel, RFC 3522), and the window is as it was', () => {
    const s = warm({ tailLossProbe: false }, stamped());
    s.send(9_000);
    const first = s.peer.take()[0]!.timestamp![0];
    s.wait(RTT);
    s.ack(0, { sack: [[1_000, 5_000]], echo: first });
    s.wait(RTT);
    expect(s.offsets()).toEqual([0]);
    const { cwnd } = s.info;
    s.ack(5_000, { echo: first });
    expect(s.info).toMatchObject({ recovery: 'open', ssthresh: 0x3fffffff });
    expect(s.info.cwnd).toBeGreaterThan(cwnd);
  });

  it('is found by a D-SACK for all that was sent again (RFC 3708), also when recovery is over', () => {
    const s = flight();
    s.ack(0, { sack: [[1_000, 5_000]] });
    expect(s.offsets()).toEqual([0]);
    s.wait(RTT);
    s.ack(10_000);
    expect(s.info).toMatchObject({ recovery: 'open', ssthresh: 7_000, cwnd: 7_000 });
    s.ack(10_000, { sack: [[0, 1_000]] });
    expect(s.info).toMatchObject({ recovery: 'open', ssthresh: 0x3fffffff, cwnd: 10_000 });
  });

  it('is not found any more when the next window has been acknowledged', () => {
    const s = flight();
    s.ack(0, { sack: [[1_000, 5_000]] });
    s.wait(RTT);
    s.ack(10_000);
    s.send(1_000);
    s.wait(RTT);
    s.ack(11_000, { sack: [[0, 1_000]] });
    expect(s.info.ssthresh).toBe(0x3fffffff);
    const late = flight();
    late.ack(0, { sack: [[1_000, 5_000]] });
    late.wait(RTT);
    late.ack(10_000);
    late.send(1_000);
    late.wait(RTT);
    late.ack(11_000);
    late.ack(11_000, { sack: [[0, 1_000]] });
    expect(late.info.ssthresh).toBe(7_000);
  });
});

describe('what has arrived twice is told (RFC 2883)', () => {
  const receiver = (settings = {}) => {
    const peer = new Peer(families[0]!, settings);
    const { iss } = peer.accept([...mssOption(1_460), ...sackPermitted()]);
    const data = (from: number, to: number) => {
      peer.inject({ seq: 1_001 + from, ack: iss + 1, flags: '.', data: pattern(to - from) });
      const blocks = peer.take().flatMap((s) => s.sack);
      return blocks.map((block) => block.map((edge) => edge - 1_001));
    };
    return { peer, data };
  };

  it('once, in the first block, with what waits behind it', () => {
    const { data, peer } = receiver();
    data(0, 1_000);
    expect(data(0, 1_000)).toEqual([[0, 1_000]]);
    expect(data(500, 1_500)).toEqual([]); // half of it is new: told with the acknowledgment of the new half
    peer.clock.advance(peer.clock.now + 100 * MILLISECOND);
    expect(peer.take().flatMap((s) => s.sack)).toEqual([[1_501, 2_001]]);
    expect(data(2_000, 3_000)).toEqual([[2_000, 3_000]]);
    expect(data(2_000, 2_500)).toEqual([
      [2_000, 2_500],
      [2_000, 3_000],
    ]);
    expect(data(3_000, 4_000)).toEqual([[2_000, 4_000]]);
    expect(data(1_500, 2_000)).toEqual([]);
  });

  it('not when it is switched off', () => {
    const { data } = receiver({ dsack: false });
    data(0, 1_000);
    expect(data(0, 1_000)).toEqual([]);
  });
});

describe('PRR (RFC 9937 §6)', () => {
  it('sends in proportion while more is in flight than ssthresh, and catches up when less is', () => {
    const prr = new Prr(20_000);
    let pipe = 20_000;
    let sent = 0;
    for (let i = 1; i <= 10; i++) {
      pipe -= 1_000;
      const room = prr.window(1_000, pipe, 10_000, 1_000, false) - pipe;
      for (let n = 1_000; n <= room; n += 1_000) {
        prr.sent(1_000);
        pipe += 1_000;
        sent += 1_000;
      }
    }
    expect(sent).toBe(5_000);
    // Ten more are found lost: with no sign of health one for one, with one a segment more.
    pipe -= 10_000;
    expect(prr.window(1_000, pipe - 1_000, 10_000, 1_000, false) - (pipe - 1_000)).toBe(6_000);
    prr.sent(6_000);
    expect(prr.window(1_000, 3_000, 10_000, 1_000, false)).toBe(4_000);
    prr.sent(1_000);
    expect(prr.window(1_000, 3_000, 10_000, 1_000, true)).toBe(5_000);
  });
});

describe('which congestion control', () => {
  it('is a setting, and a choice of each connection that keeps its window', () => {
    expect(warm({ congestion: 'newreno' }).info.congestion).toBe('newreno');
    const s = flight();
    expect(s.info.congestion).toBe('cubic');
    const { cwnd } = s.info;
    s.owner.connection.setCongestion('newreno');
    expect(s.info).toMatchObject({ congestion: 'newreno', cwnd });
    s.ack(0, { sack: [[1_000, 5_000]] });
    expect(s.info.ssthresh).toBe(5_000);
  });
});
