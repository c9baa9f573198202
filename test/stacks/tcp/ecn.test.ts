import { describe, expect, it } from 'vitest';
import { MILLISECOND } from '../../../stacks/time/clock.ts';
import {
  families,
  mssOption,
  Peer,
  pair,
  pattern,
  type Sent,
  sackOption,
  sackPermitted,
  Wire,
  type WireOptions,
} from './network.ts';

const ECT_0 = 2;
const on = { a: { ecn: 'on' }, b: { ecn: 'passive' }, record: true } as const;

describe.each(families)('explicit congestion notification (RFC 3168), $name', (family) => {
  /** A transfer over a wire that marks the packets which `mark` names; `a` sends. */
  function transfer(options: WireOptions, mark: (sent: Sent) => boolean, bytes = 300_000) {
    const wire = new Wire(family, options);
    const { client, server } = pair(wire);
    wire.mark = mark;
    const data = pattern(bytes);
    client.connection.send(data);
    wire.settle();
    expect(Buffer.compare(server.bytes, data)).toBe(0);
    const sent = wire.sent.filter((s) => s.from === 'a');
    const answers = wire.sent.filter((s) => s.from === 'b');
    return { wire, client, server, sent, answers };
  }

  it.each([
    ['on', 'on', true],
    ['on', 'passive', true],
    ['on', 'off', false],
    ['passive', 'on', false],
    ['off', 'on', false],
  ] as const)('is agreed when the opener asks and the other side answers: %s to %s', (a, b, agreed) => {
    const wire = new Wire(family, { a: { ecn: a }, b: { ecn: b } });
    const { client, server } = pair(wire);
    expect(client.connection.info().ecn).toBe(agreed);
    expect(server.connection.info().ecn).toBe(agreed);
  });

  it('does without when the SYN that asks is lost (§6.1.1.1)', () => {
    const wire = new Wire(family, on);
    wire.lose = (sent) => sent.flags.includes('W');
    const { client } = pair(wire);
    wire.settle();
    expect(wire.sent.slice(0, 2).map((s) => s.flags)).toEqual(['SEW', 'S']);
    expect(client.connection.info()).toMatchObject({ state: 'ESTABLISHED', ecn: false });
  });

  it('slows down once for a window with marks, loses nothing, and the echo ends with CWR', () => {
    let marks = 0;
    const { client, server, sent, answers } = transfer(on, (s) => {
      const marked = s.data.length > 0 && marks < 3;
      if (marked) marks++;
      return marked;
    });
    const { retransmits, ssthresh } = client.connection.info();
    expect(retransmits).toBe(0);
    expect(ssthresh).toBeLessThan(14_480);
    expect(ssthresh).toBeGreaterThan(5_000);
    expect(sent.filter((s) => s.flags.includes('W') && !s.flags.includes('S'))).toHaveLength(1);
    expect(answers.some((s) => s.flags === 'E.')).toBe(true);
    expect(answers.at(-1)!.flags).toBe('.');
    expect(server.connection.info().ecnSeen).toBe(true);
  });

  it('slows down again for the next window (§6.1.2)', () => {
    const { client, sent } = transfer(on, (s) => s.data.length > 0);
    expect(sent.filter((s) => s.flags.includes('W')).length).toBeGreaterThan(5);
    expect(client.connection.info().ssthresh).toBe(2 * client.connection.info().mss);
  });

  it('marks new data as ECN-capable and nothing else (§6.1.4, §6.1.5), and says CWR after a loss', () => {
    const { sent, answers } = transfer({ ...on, loss: 0.03, seed: 5 }, () => false);
    let highest = sent[0]!.seq;
    for (const s of sent.slice(1)) {
      const isNew = s.data.length > 0 && ((s.seq - highest) | 0) >= 0;
      expect(s.trafficClass).toBe(isNew ? ECT_0 : 0);
      const end = (s.seq + s.data.length) | 0;
      if (((end - highest) | 0) > 0) highest = end;
    }
    expect(sent.slice(2).some((s) => s.flags.includes('W'))).toBe(true);
    expect(sent.some((s) => s.trafficClass === 0 && s.data.length > 0)).toBe(true); // retransmissions
    expect(answers.every((s) => s.trafficClass === 0 && !s.flags.replace('SE', '').includes('E'))).toBe(true);
  });

  it('slows down for good, even when a loss of before proves to have been none (RFC 3708)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept([...sackPermitted(), ...mssOption(1_000)], 65_535, 'SEW');
    const ack = (bytes: number, flags: string, sack?: [number, number]): number => {
      const blocks: [number, number][] = sack === undefined ? [] : [[iss + 1 + sack[0], iss + 1 + sack[1]]];
      const options = blocks.length === 0 ? [] : sackOption(...blocks);
      peer.clock.advance(peer.clock.now + MILLISECOND);
      peer.inject({ seq: 1_001, ack: iss + 1 + bytes, flags, options });
      return owner.connection.info().cwnd;
    };
    owner.connection.send(pattern(40_000));
    ack(0, '.', [1_000, 5_000]);
    ack(0, '.', [1_000, 10_000]);
    expect(owner.connection.info().recovery).toBe('recovery');
    ack(10_000, '.');
    expect(owner.connection.info().recovery).toBe('open');
    const mended = owner.connection.info().cwnd;
    const slower = ack(11_000, '.E');
    expect(slower).toBeLessThan(mended);
    expect(ack(11_000, '.', [0, 1_000])).toBe(slower);
  });

  it('takes no notice of the bits when it is not agreed', () => {
    const { sent, answers, client } = transfer({ ...on, b: { ecn: 'off' } }, () => true);
    expect(sent.every((s) => s.trafficClass === 0)).toBe(true);
    expect(answers.every((s) => !s.flags.includes('E'))).toBe(true);
    expect(client.connection.info().ssthresh).toBe(0x3fffffff);
  });
});
