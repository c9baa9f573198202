import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addBytes, finish, update, verifies } from '../../../stacks/packet/checksum.ts';
import { KeyedHash } from '../../../stacks/packet/keyed-hash.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';

describe('PacketPool', () => {
  it('serves every size up to the largest IP packet and refuses beyond its bound', () => {
    const pool = new PacketPool(2 << 20);
    const small = pool.take(1_500)!;
    const large = pool.take(65_535)!;
    expect([small.length, large.length, pool.live]).toEqual([1_500, 65_535, 2]);
    expect(pool.take(70_000)).toBeUndefined();
    expect(pool.take(9_000)).toBeUndefined(); // a third slab would pass 2 MiB
    pool.release(small);
    pool.release(large);
    expect(pool.live).toBe(0);
    expect(() => pool.release(small)).toThrow('released twice');
  });

  it('clones bytes and layer offsets', () => {
    const pool = new PacketPool();
    const packet = pool.from(Uint8Array.from([1, 2, 3, 4]))!;
    packet.network = packet.start + 1;
    packet.transport = packet.start + 3;
    const copy = pool.clone(packet)!;
    expect([...copy.copy()]).toEqual([1, 2, 3, 4]);
    expect(copy.u8(copy.network)).toBe(2);
    expect(copy.u8(copy.transport)).toBe(4);
  });
});

describe('the Internet checksum', () => {
  it('gives the sum of the example in RFC 1071 §3', () => {
    const packet = new PacketPool().from(Uint8Array.from([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]))!;
    expect(finish(addBytes(packet, packet.start, packet.end, 0))).toBe(~0xddf2 & 0xffff);
  });

  it('agrees with the plain definition at any alignment and length, and updates by RFC 1624', () => {
    const pool = new PacketPool();
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4, maxLength: 300 }),
        fc.nat(1),
        fc.nat(0xffff),
        (data, shift, word) => {
          const packet = pool.take(data.length + shift)!;
          const from = packet.start + shift;
          packet.bytes.set(data, from);
          let plain = 0;
          for (let i = 0; i < data.length; i += 2) plain += (data[i]! << 8) | (data[i + 1] ?? 0);
          while (plain > 0xffff) plain = (plain & 0xffff) + (plain >>> 16);
          const sum = addBytes(packet, from, packet.end, 0);
          expect(finish(sum)).toBe(~plain & 0xffff);
          expect(verifies(sum + finish(sum))).toBe(true);
          const old = packet.u16(from + 2);
          const updated = update(finish(sum), old, word);
          packet.setU16(from + 2, word);
          expect(verifies(addBytes(packet, from, packet.end, 0) + updated)).toBe(true);
          pool.release(packet);
        },
      ),
    );
  });
});

describe('KeyedHash', () => {
  it('spreads keys that an attacker has found to collide under another key', () => {
    const buckets = 256;
    const known = new KeyedHash(1, 2);
    const secret = new KeyedHash(3, 4);
    const colliding: Int32Array[] = [];
    for (let n = 0; colliding.length < 64; n++) {
      const key = Int32Array.of(n, n * 7, 80);
      if ((known.of(key, 0, 3) & (buckets - 1)) === 5) colliding.push(key);
    }
    const load = new Map<number, number>();
    for (const key of colliding) {
      const bucket = secret.of(key, 0, 3) & (buckets - 1);
      load.set(bucket, (load.get(bucket) ?? 0) + 1);
    }
    expect(Math.max(...load.values())).toBeLessThan(6);
  });

  it('is HalfSipHash-2-4: the vectors of the reference code for key 00..07 and inputs of whole words', () => {
    // vectors_hsip32 of the reference implementation: message bytes 00, 01, 02, ... of length 0 and 4.
    const hash = new KeyedHash(0x03020100, 0x07060504);
    const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
    expect(hex(hash.begin().end())).toBe('5b9f35a9');
    expect(hex(hash.begin().word(0x03020100).end())).toBe('89466e2a');
  });
});
