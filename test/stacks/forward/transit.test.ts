import { describe, expect, it, vi } from 'vitest';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Transit as Ipv4Transit } from '../../../stacks/ipv4/transit.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { Transit as Ipv6Transit } from '../../../stacks/ipv6/transit.ts';
import { addBytes, finish } from '../../../stacks/packet/checksum.ts';
import type { BurstReceiver, Device } from '../../../stacks/packet/device.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { environment } from '../ipv4/net.ts';

const MEDIA = ['ip', 'ethernet'] as const;
const FAMILIES = [ipv4, ipv6] as const;
type Medium = (typeof MEDIA)[number];
type Family = (typeof FAMILIES)[number];
/** Of either family's `Transit`. */
type Receive = (
  packets: readonly Packet[],
  count: number,
  from: unknown,
  longWay: (packet: Packet, from: unknown) => void,
) => void;

/** A router between two links; the far one narrower. The next hop by the far link answers who it is. */
class Router {
  readonly env = environment();
  readonly stack: Ipv4Stack | Ipv6Stack;
  readonly sent: string[] = [];
  readonly #receive: ((packet: Packet) => void)[] = [];
  readonly #bursts: BurstReceiver[] = [];
  readonly #macs = [1, 2, 3].map((n) => Uint8Array.of(2, 0, 0, 0, 0, n));

  constructor(family: Family, medium: Medium) {
    const Stack = family === ipv4 ? Ipv4Stack : Ipv6Stack;
    this.stack = new Stack(this.env, { id: 1, name: 'R', forwarding: true });
    const texts = family === ipv4 ? ['10.1.0.1', '10.2.0.1'] : ['2001:db8:1::1', '2001:db8:2::1'];
    for (const [i, text] of texts.entries()) {
      const mtu = i === 0 ? 1_500 : 1_300;
      const address = family.parse(text)!;
      this.stack.addInterface(`l${i}`, this.#device(i, medium, mtu), {
        address,
        prefixLength: family.bits / 2,
        mtu,
      });
    }
    const gateway = family.parse(texts[1]!)!;
    gateway.w3++;
    for (let n = 0; n < 20; n++) {
      const destination = family === ipv4 ? `20.${n}.0.0` : `2a00:${n}::`;
      this.stack.addRoute({
        destination: family.parse(destination)!,
        prefixLength: family.bits / 2,
        gateway,
        interfaceIndex: 2,
        metric: 0,
        origin: 'static',
      });
    }
    const peer = new Stack(this.env, { id: 2, name: 'P' });
    peer.addInterface('p', this.#device(2, medium, 1_300), {
      address: gateway,
      prefixLength: family.bits / 2,
      mtu: 1_300,
    });
    peer.start();
    this.stack.start();
    this.env.clock.advance(5 * SECOND);
    this.sent.length = 0;
  }

  /** Together, as a device hands up what it has read. */
  burst(frames: readonly Uint8Array[]): void {
    const packets = frames.map((bytes) => this.env.pool.from(bytes)!);
    this.#bursts[0]!(packets, packets.length);
    this.env.clock.advance(this.env.clock.now + 10);
  }

  /** One after the other, all by the long way. */
  single(frames: readonly Uint8Array[]): void {
    const spies = [Ipv4Transit, Ipv6Transit].map(({ prototype }) =>
      vi
        .spyOn(prototype as { receive: Receive }, 'receive')
        .mockImplementation((packets, count, from, longWay) => {
          for (const packet of packets.slice(0, count)) longWay(packet, from);
        }),
    );
    for (const bytes of frames) this.#receive[0]!(this.env.pool.from(bytes)!);
    for (const spy of spies) spy.mockRestore();
    this.env.clock.advance(this.env.clock.now + 10);
  }

  state(): unknown {
    const counters = this.stack.interfaces().map((one) => one.counters);
    const neighbours = [...this.stack.neighbours()].map(({ state }) => state);
    return { all: this.stack.counters, counters, neighbours, live: this.env.pool.live };
  }

  #device(i: number, medium: Medium, mtu: number): Device {
    const mac = medium === 'ethernet' ? this.#macs[i]! : undefined;
    return {
      name: `l${i}`,
      medium,
      mac,
      mtu,
      transmit: (packet) => {
        this.sent.push(`${i} ${Buffer.from(packet.copy()).toString('hex')}`);
        // The far link ends at the peer, device 2; nobody is on the near one.
        if (i === 0) this.env.pool.release(packet);
        else this.#receive[3 - i]!(packet);
      },
      attach: (receive, burst) => {
        this.#receive[i] = receive;
        this.#bursts[i] = burst!;
      },
      close: () => {},
    };
  }
}

/** A packet with a few fields that may be anything. */
function packet(family: Family, medium: Medium, u32: () => number): Uint8Array {
  const pick = <T>(...of: T[]): T => of[u32() % of.length]!;
  const frame = medium === 'ethernet' ? 14 : 0;
  const header = family.headerBytes;
  const bytes = new Uint8Array(frame + header + pick(8, 24, 1_240, 1_400) + pick(0, 0, 6));
  const env = environment();
  if (frame > 0) {
    bytes.set([2, 0, 0, 0, 0, pick(1, 1, 1, 1, 7), 2, 0, 0, 0, 0, 9]);
    bytes.set(family === ipv4 ? [8, pick(0, 0, 0, 6)] : [0x86, 0xdd], 12);
  }
  const length = bytes.length - frame - pick(0, 0, 4);
  const often = <T>(usual: T, ...rare: T[]): T => (u32() % 4 > 0 ? usual : pick(...rare));
  if (family === ipv4) {
    bytes.set([often(0x45, 0x46, 0x44, 0x65), 0, length >> 8, length, 0, 1, pick(0, 0x40), 0], frame);
    bytes.set([often(64, 0, 1, 2), 17, 0, 0], frame + 8);
    const source = often('10.1.0.9', '20.0.0.9', '127.0.0.1', '10.2.0.1', '169.254.1.1', '224.0.0.1');
    const to = often(
      '20.3.0.1',
      '10.2.0.255',
      '10.1.0.1',
      '30.0.0.1',
      '10.2.0.9',
      '169.254.0.1',
      '240.0.0.1',
    );
    ipv4.write(ipv4.parse(source)!, bytes, frame + 12);
    ipv4.write(ipv4.parse(to)!, bytes, frame + 16);
    const scratch = env.pool.from(bytes.subarray(frame, frame + header))!;
    const sum = finish(addBytes(scratch, scratch.start, scratch.end, 0)) ^ often(0, 1, 0x100);
    bytes.set([sum >> 8, sum], frame + 10);
  } else {
    const payload = length - header;
    bytes.set([often(0x60, 0x40), 0, 0, 0, payload >> 8, payload, 17, often(64, 0, 1, 2)], frame);
    const source = often('2001:db8:1::9', 'fe80::9', '::', '::1', 'ff02::1', '64:ff9b::1', 'fd00::1');
    const to = often('2a00:3::1', '2001:db8:1::1', '2001:db8:2::77', 'fe80::1', '3000::1', '::1', 'ff05::1');
    ipv6.write(ipv6.parse(source)!, bytes, frame + 8);
    ipv6.write(ipv6.parse(to)!, bytes, frame + 24);
  }
  return bytes.subarray(0, often(bytes.length, frame + header, frame + header - 1, 4));
}

/** UDP to port 9, bare. */
function datagram(family: Family, source: string, destination: string): Uint8Array {
  const header = family.headerBytes;
  const bytes = new Uint8Array(header + 9);
  const [from, to] = [family.parse(source)!, family.parse(destination)!];
  const at = family === ipv4 ? 12 : 8;
  bytes.set(family === ipv4 ? [0x45, 0, 0, bytes.length, 0, 1, 0, 0, 64, 17] : [0x60, 0, 0, 0, 0, 9, 17, 64]);
  family.write(from, bytes, at);
  family.write(to, bytes, at + family.addressBytes);
  bytes.set([0, 9, 0, 9, 0, 9], header);
  const scratch = environment().pool.from(bytes)!;
  const udp = finish(
    addBytes(scratch, scratch.start + header, scratch.end, family.pseudoHeader(from, to, 17, 9)),
  );
  bytes.set([udp >> 8, udp], header + 6);
  const sum = finish(addBytes(scratch, scratch.start, scratch.start + header, 0));
  if (family === ipv4) bytes.set([sum >> 8, sum], 10);
  return bytes;
}

describe('the short way through a router', () => {
  it.each([
    ['IPv4', ipv4, '10.1.0.9', '10.1.0.1', '20.3.0.1'],
    ['IPv6', ipv6, '2001:db8:1::9', '2001:db8:1::1', '2a00:3::77'],
  ] as const)(
    'ends in the middle of a burst when a program takes the link down, %s',
    (_, family, from, own, to) => {
      const router = new Router(family, 'ip');
      const { stack, sent } = router;
      const closeLink = { message: () => stack.setLink(1, false), error() {}, closed() {} };
      stack.udp.bind(family.parse(own)!, 9, { handler: closeLink });
      const [transit, local] = [datagram(family, from, to), datagram(family, from, own)];
      router.burst([transit, local, transit, transit]);
      expect(sent.filter((frame) => frame.startsWith('1'))).toHaveLength(1);
      expect(stack.counters).toMatchObject({ forwarded: 1, delivered: 1, drops: { 'link-down': 2 } });
      expect(router.env.pool.live).toBe(0);
    },
  );

  for (const family of FAMILIES) {
    it.each(MEDIA)(`does to every packet what the long way does, ${family.name} on %s`, (medium) => {
      const short = new Router(family, medium);
      const long = new Router(family, medium);
      const { u32 } = environment(3).random;
      for (let n = 0; n < 600; n++) {
        const frames = Array.from({ length: 1 + (u32() % (n % 50 === 0 ? 150 : 5)) }, () =>
          packet(family, medium, u32),
        );
        short.burst(frames);
        long.single(frames);
        expect(short.sent).toEqual(long.sent);
        short.sent.length = long.sent.length = 0;
      }
      expect(short.state()).toEqual(long.state());
      expect(short.stack.counters.forwarded).toBeGreaterThan(100);
    });
  }
});
