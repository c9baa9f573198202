import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';
import { seededRandom } from '../../../src/lab/random.ts';
import { VirtualTime } from '../../../src/lab/virtual-time.ts';
import type { Socket } from '../../../src/sockets/net.ts';
import { Clock } from '../../../stacks/time/clock.ts';

describe('VirtualTime', () => {
  it('flows while something is in flight and rests when only housekeeping is left', async () => {
    const clock = new Clock();
    const time = new VirtualTime(clock);
    const fired: number[] = [];
    const ageing = clock.timer(() => fired.push(clock.now), { background: true });
    ageing.armIn(30_000_000);
    clock.timer(() => fired.push(clock.now)).armIn(5_000_000);
    await time.rest();
    expect(fired).toEqual([5_000_000]);
    expect(clock.now).toBe(5_000_000);
    await time.advance(40_000_000);
    expect(fired).toEqual([5_000_000, 30_000_000]);
    expect(clock.now).toBe(45_000_000);
    time.stop();
  });

  it('lets an application act between an event and the next deadline', async () => {
    const clock = new Clock();
    const time = new VirtualTime(clock);
    const log: string[] = [];
    clock
      .timer(() => {
        time.activity();
        void Promise.resolve()
          .then(() => Promise.resolve())
          .then(() => log.push(`application at ${clock.now}`));
      })
      .armIn(10);
    clock.timer(() => log.push(`deadline at ${clock.now}`)).armIn(11);
    await time.rest();
    expect(log).toEqual(['application at 10', 'deadline at 11']);
    time.stop();
  });
});

describe('advance', () => {
  it('lets whoever waited act at that very moment', async () => {
    const clock = new Clock();
    const time = new VirtualTime(clock);
    clock.timer(() => {}).armIn(11);
    await time.advance(10);
    expect(clock.now).toBe(10);
    time.stop();
  });
});

describe('seededRandom', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 8 }, () => random.u32());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    for (const n of draw(3)) expect(Number.isInteger(n) && n >= 0 && n <= 0xffffffff).toBe(true);
  });

  it('is even: each of 16 nibbles comes about as often as the others', () => {
    const random = seededRandom(7);
    const seen = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) seen[random.u32() >>> 28]!++;
    for (const n of seen) expect(Math.abs(n - 1_000)).toBeLessThan(5 * Math.sqrt(1_000));
  });
});

describe('a reader that has paused', () => {
  const DECK = (segment: string): string => `// EXEC TWINLAB
SEGMENT LAN ${segment}
/*
// EXEC BSTTINET
ID 01
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.1 255.255.255.0 1500
ATTACH TCP/IP
/*
// EXEC BSTTINET
ID 02
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.2 255.255.255.0 1500
ATTACH TCP/IP
/*
`;
  it.each([
    ['DELAY 1MS', 1],
    ['DELAY 1MS LOSS 30', 1],
    ['DELAY 1MS LOSS 30', 2],
    ['DELAY 1MS LOSS 30', 3],
  ])('lets a lab with %s (seed %i) rest, and gets everything when it reads on', async (segment, seed) => {
    await using network = await lab(DECK(segment), { seed });
    const server = network.host(2).net.createServer({ pauseOnConnect: true }).listen(5);
    const accepted = once(server, 'connection');
    const client = network.host(1).net.connect(5, '192.0.2.2');
    const [socket] = (await accepted) as [Socket];
    client.resume().end(Buffer.alloc(1_000_000));
    for (let rests = 0; rests < 3; rests++) {
      await network.rest();
      expect(network.now).toBeLessThan(8 * 3_600 * 1_000_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.resume();
    await Promise.all([once(socket, 'close'), once(client, 'close')]);
    expect(bytes).toBe(1_000_000);
  });
});

it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('a lab does not advance by %d', async (duration) => {
  await using net = await lab('// EXEC BSTTINET\nID 01\nATTACH TCP/IP\n/*\n');
  await expect(net.advance(duration)).rejects.toThrow(RangeError);
});
