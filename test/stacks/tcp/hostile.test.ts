/** Whatever arrives: no throw, bounded memory and work, and the next honest peer is served. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addBytes, finish } from '../../../stacks/packet/checksum.ts';
import { DROP_REASONS } from '../../../stacks/packet/verdict.ts';
import type { ConnectionOptions } from '../../../stacks/tcp/connection-options.ts';
import { MAX_RANGES } from '../../../stacks/tcp/settings.ts';
import { families, mssOption, Owner, Peer, pattern, sackOption, sackPermitted, serve } from './network.ts';

const VERDICTS = new Set<string>(['delivered', 'answered', ...Object.keys(DROP_REASONS)]);

/** Raw bytes as a TCP segment, the checksum set right when asked, so that the inside is reached. */
function raw(peer: Peer, bytes: Uint8Array, repair: boolean): string {
  const packet = peer.environment.pool.from(bytes)!;
  if (repair && packet.length >= 20) {
    packet.setU16(packet.start, peer.port);
    packet.setU16(packet.start + 2, peer.local);
    packet.setU16(packet.start + 16, 0);
    const pseudo = peer.end.family.pseudoHeader(peer.address, peer.end.address, 6, packet.length);
    packet.setU16(packet.start + 16, finish(addBytes(packet, packet.start, packet.end, pseudo)));
  }
  return peer.end.take(packet, peer.address, peer.end.address);
}

describe.each(families)('hostile segments, $name', (family) => {
  it.each([
    ['runt', [1, 2, 3]],
    ['bad-length', [...new Array(12).fill(0), 0x40, ...new Array(7).fill(0)]],
    ['bad-length', [...new Array(12).fill(0), 0xf0, ...new Array(7).fill(0)]],
  ])('%s', (reason, bytes) => {
    const peer = new Peer(family);
    expect(raw(peer, Uint8Array.from(bytes as number[]), false)).toBe(reason);
    expect(peer.environment.pool.live).toBe(0);
  });

  it('checksum', () => {
    const peer = new Peer(family);
    expect(raw(peer, Uint8Array.from([...new Array(12).fill(7), 0x50, ...new Array(7).fill(1)]), false)).toBe(
      'bad-checksum',
    );
  });

  it.each([
    ['length 0', [2, 0, 0, 0], 'bad-option'],
    ['length 1', [8, 1, 1, 1], 'bad-option'],
    ['past the end', [1, 1, 2, 4], 'bad-option'],
    ['a kind without a length', [1, 1, 1, 2], 'bad-option'],
    ['unknown, well formed', [77, 4, 9, 9], 'delivered'],
    ['after the end of options', [0, 2, 0, 0], 'delivered'],
    ['MSS of a wrong size', [2, 3, 1, 1], 'delivered'],
    ['SACK of a wrong size', [5, 4, 1, 1], 'delivered'],
    ['window scale 255', [1, 3, 3, 255], 'delivered'],
  ])('option %s', (_, options, verdict) => {
    const peer = new Peer(family);
    serve(peer.end, 80, () => new Owner());
    expect(peer.inject({ seq: 1, flags: 'S', options: options as number[] })).toBe(verdict);
    expect(peer.environment.pool.live).toBe(0);
  });

  it('an MSS of 0 or 1 does not make a segment a byte', () => {
    for (const mss of [0, 1]) {
      const peer = new Peer(family);
      const { owner } = peer.accept(mssOption(mss));
      owner.connection.send(new Uint8Array(1_000));
      expect(peer.take()[0]!.data.length).toBeGreaterThanOrEqual(52);
    }
  });

  it('invented SACK blocks change nothing', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept(sackPermitted());
    owner.connection.send(new Uint8Array(3_000));
    peer.take();
    const at = (n: number) => (iss + 1 + n) | 0;
    for (const block of [
      [at(2_000), at(90_000)],
      [at(-500), at(0)],
      [at(2_000), at(1_000)],
      [at(0x7fffffff), at(-0x7fffffff)],
    ] as [number, number][]) {
      for (let i = 0; i < 5; i++) {
        peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', options: sackOption(block) });
      }
    }
    expect(peer.take()).toEqual([]);
    expect(owner.connection.info().cwnd).toBe(10 * family.defaultMss);
  });

  it('a byte here and a byte there costs no more than a bounded number of records', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.reading = false;
    for (let i = 0; i < 30_000; i++) peer.inject({ seq: 1_002 + 2 * i, ack: iss + 1, flags: '.', data: 'x' });
    peer.take();
    for (let i = 0; i <= MAX_RANGES + 10; i++) {
      peer.inject({ seq: 1_001 + 2 * i, ack: iss + 1, flags: '.', data: 'y' });
    }
    // Exactly the first MAX_RANGES single bytes were kept.
    expect(owner.connection.available).toBe(2 * MAX_RANGES + 1);
    let reads = 0;
    while (owner.connection.read() !== undefined) reads++;
    expect(reads).toBeLessThan(5);
  });

  it('random bytes: one verdict each, no throw, nothing kept', () => {
    const peer = new Peer(family);
    const { owner } = peer.accept([...sackPermitted()]);
    owner.connection.send(pattern(20_000));
    let now = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, repair) => {
        expect(VERDICTS.has(raw(peer, bytes, repair))).toBe(true);
        peer.clock.advance((now += 10_000));
        expect(peer.environment.pool.live).toBe(0);
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect([...peer.tcp.connections()].length).toBeLessThanOrEqual(1);
  });

  it('random segments near the window, with calls in between: work and memory stay bounded', () => {
    const segment = fc.record({
      what: fc.constantFrom('segment', 'segment', 'segment', 'send', 'read', 'time', 'shutdown', 'set'),
      seq: fc.integer({ min: -10, max: 3_000 }),
      ack: fc.integer({ min: -10, max: 6_000 }),
      flags: fc.constantFrom('.', '.', 'P.', 'F.', 'S', 'S.', 'R', 'R.', '', 'U.', 'E.', 'W.', 'EW.'),
      trafficClass: fc.nat(3),
      set: fc.constantFrom<ConnectionOptions>(
        { cork: true },
        { cork: false },
        { maxSegment: 1 },
        { maxSegment: undefined },
        { receiveBuffer: 1 },
        { sendBuffer: 10, notsentLowat: 1 },
        { userTimeout: 500_000 },
        { userTimeoutOption: true, advertisedUserTimeout: 5e12 },
        { userTimeoutOption: false },
        { trafficClass: 999, hopLimit: 1 },
      ),
      window: fc.constantFrom(0, 1, 500, 65_535),
      size: fc.integer({ min: 0, max: 400 }),
      blocks: fc.array(fc.tuple(fc.integer({ min: -5, max: 6_000 }), fc.integer({ min: -5, max: 6_000 })), {
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 40 }), (script) => {
        const peer = new Peer(family, { mtuProbing: 'on', baseMss: 100, nagle: 'minshall' });
        const { owner, iss } = peer.accept([...sackPermitted()], 65_535, 'SEW');
        owner.reading = false;
        const sent = () => peer.take().length;
        for (const step of script) {
          if (step.what === 'send' && step.size % 3 === 0) owner.connection.sendUrgent(pattern(step.size));
          else if (step.what === 'send' && step.size % 3 === 1) owner.connection.sendMore(pattern(step.size));
          else if (step.what === 'send') owner.connection.send(pattern(step.size));
          else if (step.what === 'set') owner.connection.configure(step.set);
          else if (step.what === 'read') owner.connection.read(step.size);
          else if (step.what === 'time') peer.clock.advance(peer.clock.now + step.size * 1_000);
          else if (step.what === 'shutdown') owner.connection.shutdown();
          else {
            const at = (n: number) => (iss + 1 + n) | 0;
            const before = peer.sent.length;
            const verdict = peer.inject({
              seq: 1_001 + step.seq,
              ack: at(step.ack),
              flags: step.flags,
              window: step.window,
              trafficClass: step.trafficClass,
              data: pattern(step.size),
              options:
                step.blocks.length > 0
                  ? sackOption(...step.blocks.map(([a, b]): [number, number] => [at(a), at(b)]))
                  : [],
            });
            expect(VERDICTS.has(verdict)).toBe(true);
            expect(peer.sent.length - before).toBeLessThan(30);
          }
          expect(owner.connection.available).toBeLessThanOrEqual(65_535);
          const { cwnd, mss, sndUna, sndNxt } = owner.connection.info();
          expect(cwnd).toBeGreaterThanOrEqual(mss);
          expect((sndNxt - sndUna) | 0).toBeGreaterThanOrEqual(0);
        }
        sent();
        // Left alone, everything comes to an end.
        owner.connection.abort();
        while (peer.clock.step());
        expect([...peer.tcp.connections()]).toEqual([]);
        expect(owner.isClosed).toBe(true);
        expect(peer.environment.pool.live).toBe(0);
      }),
      { numRuns: 400, seed: 2 },
    );
  });

  it('a SYN flood fills the backlog and nothing else, and is answered by cookies', () => {
    const peer = new Peer(family);
    const owner = new Owner();
    serve(peer.end, 80, () => owner);
    for (let i = 0; i < 20_000; i++) {
      peer.port = 1_024 + i;
      peer.inject({ seq: i, flags: 'S' });
    }
    expect(peer.tcp.connectionCount).toBe(128);
    // An answer each, four bytes longer than the SYN: nothing is amplified.
    expect(peer.take().length).toBe(20_000);
    while (peer.clock.step());
    expect(peer.tcp.connectionCount).toBe(0);
    peer.take();
    peer.port = 999;
    peer.inject({ seq: 1, flags: 'S' });
    const iss = peer.take()[0]!.seq;
    peer.inject({ seq: 2, ack: iss + 1, flags: '.' });
    expect(owner.connection.state).toBe('ESTABLISHED');
  });
});
