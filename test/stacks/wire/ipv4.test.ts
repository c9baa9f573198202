import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import { checkFrame, etherType, prependEthernet } from '../../../stacks/wire/ethernet.ts';
import { checkIpv4, decrementTtl, timeToLive, writeIpv4 } from '../../../stacks/wire/ipv4.ts';
import { recordAddress, recordTime, walkOptions } from '../../../stacks/wire/ipv4-options.ts';
import { datagram, sumOf } from '../ipv4/net.ts';

const pool = new PacketPool();

describe('the IPv4 header', () => {
  it('is written as it is read (the example of RFC 791 appendix A, figure 5)', () => {
    const packet = pool.take(21)!;
    writeIpv4(packet, 0x7b000000, 0x7b000001, 1, 0, 123, 111, 0);
    expect([...packet.copy().subarray(0, 20)]).toEqual([
      ...[0x45, 0, 0, 21, 0, 111, 0, 0, 123, 1],
      ...[...packet.copy(packet.start + 10, packet.start + 12)],
      ...[123, 0, 0, 0, 123, 0, 0, 1],
    ]);
    expect(checkIpv4(packet)).toBeUndefined();
    pool.release(packet);
  });

  it('loses one hop with a checksum that holds, whatever the header', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.integer({ min: 1, max: 255 }),
        (bytes, ttl) => {
          bytes[0] = 0x45;
          bytes[8] = ttl;
          bytes.set([0, 20], 2);
          bytes.set([0, 0], 10);
          const sum = sumOf(bytes);
          bytes.set([sum >> 8, sum & 255], 10);
          const packet = pool.from(bytes)!;
          expect(checkIpv4(packet)).toBeUndefined();
          decrementTtl(packet, packet.network);
          expect(timeToLive(packet, packet.network)).toBe(ttl - 1);
          expect(checkIpv4(packet)).toBeUndefined();
          pool.release(packet);
        },
      ),
    );
  });

  it('walks any options to an end', () => {
    const words = fc.integer({ min: 1, max: 10 });
    const options = words.chain((n) =>
      fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 12, 68, 131, 137)), {
        minLength: 4 * n,
        maxLength: 4 * n,
      }),
    );
    fc.assert(
      fc.property(options, (list) => {
        const packet = pool.from(datagram([], { options: list }))!;
        expect(checkIpv4(packet)).toBeUndefined();
        const places = { recordRoute: 0, timestamp: 0, sourceRoute: 0, routerAlert: false };
        const result = walkOptions(packet, places);
        if (result !== 0) {
          expect(result >= 20 && result < 20 + list.length).toBe(true);
        } else {
          // What is written stays inside the options.
          const before = packet.copy();
          const { recordRoute, timestamp, sourceRoute } = places;
          if (recordRoute !== 0) recordAddress(packet, recordRoute, -1);
          if (timestamp !== 0) recordTime(packet, timestamp, -1, -1, () => true);
          if (sourceRoute !== 0) recordAddress(packet, sourceRoute, -1);
          const after = packet.copy();
          expect(after.subarray(0, 20)).toEqual(before.subarray(0, 20));
          expect(walkOptions(packet, places) === 0 || timestamp !== 0).toBe(true);
        }
        pool.release(packet);
      }),
    );
  });
});

describe('Ethernet', () => {
  it.each([
    [[2, 0, 0, 0, 0, 1], undefined, 0],
    [[1, 0, 0x5e, 0, 0, 1], undefined, 1],
    [[255, 255, 255, 255, 255, 255], undefined, 2],
    [[2, 0, 0, 0, 0, 2], 'not-for-me', 0],
  ])('to %j', (to, reason, cast) => {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
    const packet = pool.take(1)!;
    prependEthernet(packet, Uint8Array.from(to), mac, 0x86dd);
    expect([packet.length, etherType(packet)]).toEqual([15, 0x86dd]);
    expect([checkFrame(packet, mac), packet.linkCast]).toEqual([reason, cast]);
    pool.release(packet);
  });
});
