/** The data structures against the plainest model there is: one flag or one byte for each sequence number. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Address } from '../../../stacks/address/address.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import { Buffers } from '../../../stacks/tcp/buffers.ts';
import { NOBODY } from '../../../stacks/tcp/connection.ts';
import { ReceiveQueue } from '../../../stacks/tcp/receive-queue.ts';
import { backOff, sample } from '../../../stacks/tcp/rtt.ts';
import { SendQueue } from '../../../stacks/tcp/send-queue.ts';
import { ConnectionTable } from '../../../stacks/tcp/table.ts';
import { FLAGS, type Host, REMOTE_V6, Tcb } from '../../../stacks/tcp/tcb.ts';
import { Tuple } from '../../../stacks/tcp/tuple.ts';
import { families, must, Owner, pattern, Seeded, serve, Wire } from './network.ts';

const SPAN = 200;
/** So that every run crosses the sign of int32 as well. */
const BASES = [0, 0x7fffffff - 100, -100];

describe('ReceiveQueue', () => {
  it('agrees with a byte for each sequence number, the first one staying', () => {
    const pool = new PacketPool();
    const piece = fc.tuple(fc.nat(SPAN - 1), fc.integer({ min: 1, max: 60 }), fc.nat(30));
    fc.assert(
      fc.property(fc.constantFrom(...BASES), fc.array(piece, { maxLength: 40 }), (base, pieces) => {
        const queue = new ReceiveQueue();
        const model = new Array<number>(SPAN).fill(-1);
        let next = 0;
        const read: number[] = [];
        let seed = 1;
        for (const [start, length, max] of pieces) {
          const from = Math.max(start, next);
          const to = Math.min(start + length, SPAN);
          if (from < to) {
            const bytes = pattern(to - from, seed++);
            const packet = pool.from(bytes)!;
            for (let i = from; i < to; i++) if (model[i] === -1) model[i] = bytes[i - from]!;
            const sequence = (base + from) | 0;
            if (from === next) {
              while (next < SPAN && model[next] !== -1) next++;
              expect(queue.append(sequence, packet, packet.start, packet.end)).toBe((base + next) | 0);
            } else {
              queue.insert(sequence, packet, packet.start, packet.end);
            }
            pool.release(packet);
          }
          const held = model.map((byte, i) => i >= next && byte !== -1);
          const ranges = held.filter((flag, i) => flag && held[i - 1] !== true).length;
          expect(queue.hasGap).toBe(ranges > 0);
          expect(queue.blocks(4)).toBeLessThanOrEqual(Math.min(ranges, 4));
          for (let i = 0; i < queue.blocks(4); i++) {
            const a = (queue.blockStart(i) - base) | 0;
            const b = (queue.blockEnd(i) - base) | 0;
            expect(held.slice(a, b).every((flag) => flag)).toBe(true);
            expect(held[a - 1] === true || held[b] === true).toBe(false);
          }
          const chunk = queue.read(max);
          if (chunk !== undefined) read.push(...chunk);
          expect(queue.length).toBe(next - read.length);
        }
        for (let chunk = queue.read(7); chunk !== undefined; chunk = queue.read(7)) read.push(...chunk);
        expect(read).toEqual(model.slice(0, next));
      }),
      { numRuns: 500, seed: 4 },
    );
    expect(pool.live).toBe(0);
  });
});

describe('SendQueue', () => {
  it('agrees with one long array', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 0, max: 3_000 }) }),
      fc.record({ pushCopy: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.constant(70_000)) }),
      fc.record({ copy: fc.tuple(fc.nat(9_999), fc.nat(9_999)) }),
      fc.record({ drop: fc.nat(9_999) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new SendQueue();
        let model: number[] = [];
        let seed = 1;
        for (const each of steps) {
          if ('push' in each) {
            const chunk = pattern(each.push, seed++);
            queue.push(chunk);
            model.push(...chunk);
          } else if ('pushCopy' in each) {
            const chunk = pattern(each.pushCopy, seed++);
            queue.pushCopy(chunk);
            for (const byte of chunk) model.push(byte);
            chunk.fill(0); // it is the caller's again
          } else if ('copy' in each) {
            const offset = model.length === 0 ? 0 : each.copy[0] % model.length;
            const length = Math.min(each.copy[1] % 1_500, model.length - offset);
            const into = new Uint8Array(2_000);
            queue.copy(offset, length, into, 5);
            expect([...into.subarray(5, 5 + length)]).toEqual(model.slice(offset, offset + length));
          } else {
            const n = Math.min(each.drop % 2_000, model.length);
            queue.drop(n);
            model = model.slice(n);
          }
          expect(queue.length).toBe(model.length);
        }
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it('takes blocks when they are filled soon, and for a little no more memory than it is', () => {
    class Counting extends Buffers {
      blocks = 0;
      override takeBlock(): Uint8Array {
        this.blocks++;
        return super.takeBlock();
      }
    }
    const buffers = new Counting();
    for (let i = 0; i < 10; i++) new SendQueue(buffers).pushCopy(pattern(3_000));
    expect([buffers.blocks, buffers.held]).toEqual([0, 30_000]);
    const bulk = new SendQueue(buffers);
    for (let i = 0; i < 100; i++) bulk.pushCopy(pattern(3_000));
    expect(buffers.blocks).toBe(Math.ceil((300_000 - 5 * 3_000) / 65_536));
  });
});

describe('ConnectionTable', () => {
  for (const family of families) {
    it(`finds what was added, and not what was removed, while it grows: ${family.name}`, () => {
      const table = new ConnectionTable(new Seeded(1), family.addressBytes);
      const local = new Address(0, 0, 0, 1);
      const host = { network: { family }, peer: new Address() } as unknown as Host;
      const remote = (i: number) =>
        family.version === 4 ? new Address(0, 0, 0, i >> 4) : new Address(i & 1, 0, i >> 4, 7, i & 2);
      const all = Array.from({ length: 5_000 }, () => new Tcb(host, NOBODY, local));
      const tuple = new Tuple();
      for (const [i, tcb] of all.entries())
        table.add(tcb, tuple.set(local, 80, remote(i), i & 15), remote(i));
      const full = table.bytes;
      for (const [i, tcb] of all.entries()) {
        expect(tcb.peer.equals(remote(i))).toBe(true);
        expect([tcb.localPort, tcb.remotePort, tcb.sndNxt, tcb.bytesSent]).toEqual([80, i & 15, 0, 0]);
        tcb.sndNxt = i;
      }
      for (let i = 0; i < all.length; i += 2) {
        expect(table.remove(all[i]!)).toBe(true);
        expect(table.remove(all[i]!)).toBe(false);
        table.release(all[i]!);
      }
      expect(table.size).toBe(2_500);
      expect([...table].length).toBe(2_500);
      for (const [i, tcb] of all.entries()) {
        const found = table.find(local, 80, remote(i), i & 15);
        expect(found).toBe(i % 2 === 0 ? undefined : tcb);
        expect(found?.sndNxt).toBe(i % 2 === 0 ? undefined : i);
      }
      expect(table.find(new Address(0, 0, 0, 1, 3), 80, remote(1), 1)).toBe(undefined);
      expect(table.bytes).toBe(full);
      for (const tcb of [...table]) {
        table.remove(tcb);
        table.release(tcb);
      }
      expect(table.size).toBe(0);
      expect(table.bytes).toBeLessThan(full / 10);
    });
  }

  it('gives a row of zeros to whoever comes next', () => {
    const table = new ConnectionTable(new Seeded(1), 4);
    const host = { network: { family: families[0] }, peer: new Address() } as unknown as Host;
    const local = new Address(0, 0, 0, 1);
    const first = new Tcb(host, NOBODY, local);
    const tuple = new Tuple().set(local, 1, local, 2);
    table.add(first, tuple, local);
    const before = first.words.slice(first.at + FLAGS, first.at + REMOTE_V6);
    first.bytesSent = 2 ** 40 + 5;
    first.sndShift = 14;
    first.rcvShift = 3;
    first.orphan = first.finQueued = true;
    first.events = 63;
    expect([first.bytesSent, first.sndShift, first.rcvShift, first.ackNow]).toEqual([
      2 ** 40 + 5,
      14,
      3,
      false,
    ]);
    const { at } = first;
    table.remove(first);
    table.release(first);
    const second = new Tcb(host, NOBODY, local);
    table.add(second, tuple, local);
    expect(second.at).toBe(at);
    expect(second.words.slice(second.at + FLAGS, second.at + REMOTE_V6)).toEqual(before);
  });
});

describe('the retransmission timeout (RFC 6298 §2)', () => {
  it('follows the equations', () => {
    const rtt = { srtt: 0, rttvar: 0, rto: 1_000_000 };
    sample(rtt, 100_000, 200_000, 60_000_000);
    expect(rtt).toEqual({ srtt: 100_000, rttvar: 50_000, rto: 300_000 });
    sample(rtt, 180_000, 200_000, 60_000_000);
    expect(rtt).toEqual({ srtt: 110_000, rttvar: 57_500, rto: 340_000 });
    for (let i = 0; i < 20; i++) backOff(rtt, 60_000_000);
    expect(rtt.rto).toBe(60_000_000);
  });
});

describe.each(families)('sequence numbers wrap, $name', (family) => {
  it.each([0x7fff8000, -0x8000])('around %i', (target) => {
    const wire = new Wire(family, { loss: 0.03, delay: 2_000, seed: 2 });
    const probe = new Owner();
    const open = () => must(wire.a.tcp.connect(wire.b.address, 80, { handler: probe, localPort: 4_000 }));
    const first = open();
    const isn = first.info().sndUna;
    first.abort();
    wire.settle();
    wire.run(((target - isn) >>> 0) * 4 - wire.clock.now);
    const server = new Owner();
    serve(wire.b, 80, () => server);
    const client = new Owner();
    client.connection = must(wire.a.tcp.connect(wire.b.address, 80, { handler: client, localPort: 4_000 }));
    expect((client.connection.info().sndUna - target) | 0).toBeLessThan(0x8000);
    const data = pattern(200_000, 8);
    client.connection.send(data);
    client.connection.shutdown();
    wire.settle();
    expect(Buffer.compare(server.bytes, data)).toBe(0);
    expect(server.events.at(-1)).toBe('ended');
  });
});
