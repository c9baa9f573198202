import { describe, expect, it } from 'vitest';
import { Ladder, type LadderOptions } from '../../../src/capture/ladder.ts';
import {
  arpRequest,
  ethernet,
  icmpv6Echo,
  icmpv6EchoBehindOptions,
  type Segment,
  tcp4,
  tcp6,
  udp4,
} from './frames.ts';

const [SYN, ACK, PSH, FIN] = [2, 16, 8, 1];
const CLIENT = '198.51.100.41';
const SERVER = '192.0.2.80';

/** A handshake and a request whose sequence numbers run over 2^32. */
const CLIENT_ISN = -2;
const SERVER_ISN = 0x7fffffff;
const REQUEST: [boolean, Segment][] = [
  [true, { flags: SYN, sequence: CLIENT_ISN }],
  [false, { flags: SYN | ACK, sequence: SERVER_ISN, acknowledgment: CLIENT_ISN + 1 }],
  [true, { flags: ACK, sequence: CLIENT_ISN + 1, acknowledgment: (SERVER_ISN + 1) | 0 }],
  [true, { flags: PSH | ACK, sequence: CLIENT_ISN + 1, acknowledgment: (SERVER_ISN + 1) | 0, data: 78 }],
  [false, { flags: FIN | ACK, sequence: (SERVER_ISN + 1) | 0, acknowledgment: 77 }],
];

function feed(ladder: Ladder, client: string, server: string, make: typeof tcp4): Ladder {
  for (const [i, [isClient, segment]] of REQUEST.entries()) {
    const [from, to] = isClient ? [client, server] : [server, client];
    const ports: [number, number] = isClient ? [40000, 80] : [80, 40000];
    ladder.frame({ time: i * 100, link: 'LAN', medium: 'ip', bytes: make(from, to, { ...segment, ports }) });
  }
  return ladder;
}

describe('a TCP connection', () => {
  it('is drawn with relative numbers, arrows and names', () => {
    const names = new Map([[SERVER, 'SERVER4']]);
    expect(`\n${feed(new Ladder({ port: 80, names }), CLIENT, SERVER, tcp4)}`).toBe(`
 µs  198.51.100.41                SERVER4 192.0.2.80
  0        │───────────SYN seq=0──────────▶│
100        │◀─────SYN ACK seq=0 ack=1──────│
200        │────────ACK seq=1 ack=1───────▶│
300        │──PSH ACK seq=1 ack=1 len=78──▶│
400        │◀─────FIN ACK seq=1 ack=79─────│`);
  });

  it('is the same over IPv6 and inside Ethernet', () => {
    const labels = (text: string) => text.split('\n').map((line) => /[A-Z]{3}.*\d(?=─)/.exec(line)?.[0]);
    const plain = feed(new Ladder(), CLIENT, SERVER, tcp4).toString();
    const six = feed(new Ladder(), '2001:db8::41', '2001:db8::80', tcp6).toString();
    expect(labels(six)).toEqual(labels(plain));
    expect(six).toContain('2001:db8::80');
    const framed = new Ladder();
    for (const [isClient, segment] of REQUEST.slice(0, 1)) {
      expect(isClient).toBe(true);
      const bytes = ethernet(0x0800, tcp4(CLIENT, SERVER, segment));
      framed.frame({ time: 0, link: 'LAN', medium: 'ethernet', bytes });
    }
    expect(framed.toString()).toContain('SYN seq=0──');
  });

  it('counts from the first number seen when the SYN was not', () => {
    const ladder = new Ladder();
    const segment = { flags: ACK, sequence: 5000, acknowledgment: 9000, data: 10 };
    const bytes = tcp4(CLIENT, SERVER, segment);
    ladder.frame({ time: 0, link: 'LAN', medium: 'ip', bytes });
    ladder.frame({
      time: 1,
      link: 'LAN',
      medium: 'ip',
      bytes: tcp4(CLIENT, SERVER, { ...segment, sequence: 5010 }),
    });
    expect(ladder.toString()).toMatch(/ACK seq=1 ack=1 len=10.*\n.*ACK seq=11 ack=1 len=10/);
  });
});

describe('the filter', () => {
  function shown(options: LadderOptions): number {
    const ladder = new Ladder(options);
    feed(ladder, CLIENT, SERVER, tcp4);
    ladder.frame({ time: 9, link: 'FAR', medium: 'ip', bytes: udp4(CLIENT, '192.0.2.53', 5353, 53, 4) });
    return ladder.toString().split('\n').slice(1).length;
  }

  it('takes links, hosts and a port of either side', () => {
    expect(shown({})).toBe(6);
    expect(shown({ port: 80 })).toBe(5);
    expect(shown({ port: 40000 })).toBe(5);
    expect(shown({ port: 53 })).toBe(1);
    expect(shown({ links: ['FAR'] })).toBe(1);
    expect(shown({ hosts: [CLIENT, '192.0.2.53'] })).toBe(1);
    expect(shown({ hosts: [SERVER] })).toBe(0);
  });

  it('says how much it left out', () => {
    const ladder = feed(new Ladder({ limit: 3 }), CLIENT, SERVER, tcp4);
    expect(ladder.toString().split('\n')).toHaveLength(5);
    expect(ladder.toString()).toMatch(/\n\.\.\. and 2 more$/);
  });
});

describe('other packets', () => {
  it('names ARP, UDP and ICMP, each link by its name, hosts by their columns', () => {
    const ladder = new Ladder();
    ladder.frame({ time: 5, link: 'LAN', medium: 'ethernet', bytes: arpRequest('10.0.0.1', '10.0.0.2') });
    ladder.frame({ time: 10, link: 'TUN', medium: 'ip', bytes: udp4('10.0.0.1', '10.0.0.3', 5000, 53, 3) });
    ladder.frame({ time: 15, link: 'LAN', medium: 'ip', bytes: udp4('10.0.0.3', '10.0.0.2', 53, 5000, 9) });
    expect(`\n${ladder}`).toBe(`
    µs  10.0.0.1         10.0.0.2                  10.0.0.3
 LAN 5      │──ARP who has──▶│                         │
TUN 10      │───────────UDP 5000 to 53 len=3──────────▶│
LAN 15      │                │◀──UDP 53 to 5000 len=9──│`);
  });

  it('reads ICMPv6 and passes over extension headers', () => {
    const ladder = new Ladder();
    for (const bytes of [icmpv6Echo('fe80::1', 'ff02::1'), icmpv6EchoBehindOptions('fe80::1', 'ff02::1')]) {
      ladder.frame({ time: 0, link: 'LAN', medium: 'ip', bytes });
    }
    expect(ladder.toString().match(/echo request seq=7/g)).toHaveLength(2);
  });

  it('draws nothing for bytes that are no packet, whatever they are', () => {
    const ladder = new Ladder();
    const whole = ethernet(0x0800, tcp4(CLIENT, SERVER, { flags: SYN }));
    for (let length = 0; length < 34; length++) {
      ladder.frame({ time: 0, link: 'LAN', medium: 'ethernet', bytes: whole.subarray(0, length) });
    }
    ladder.frame({ time: 0, link: 'LAN', medium: 'ip', bytes: Uint8Array.of(0x10, 0, 0) });
    ladder.frame({ time: 0, link: 'LAN', medium: 'ethernet', bytes: ethernet(0x88cc, new Uint8Array(50)) });
    expect(ladder.toString()).toBe('');
  });
});
