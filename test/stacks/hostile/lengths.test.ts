/** Lengths that lie, each of them: no packet is read past its end, and none is answered that is not whole. */
import { describe, expect, it } from 'vitest';
import { type Bytes, checksum, data, u16 } from '../../compliance/bench/bytes.ts';
import { Tally } from './tally.ts';

const IP_HEADER = { ipv4: 20, ipv6: 40 } as const;
const ETHERNET = 14;

function kinds({ bench }: Tally): Record<string, Bytes> {
  return {
    echo: bench.echo({ body: data(24) }),
    datagram: bench.udp({ data: data(24) }),
    segment: bench.syn(80),
    fragment: bench.fragments(bench.echo({ body: data(64) }), [32])[1]!,
  };
}

describe.each(['ipv4', 'ipv6'] as const)('over %s', (family) => {
  const header = IP_HEADER[family];

  it('a packet that is cut anywhere is a runt or has a bad length (RFC 791 §3.1, RFC 8200 §3)', () => {
    const tally = new Tally(family, { medium: 'ip' });
    for (const packet of Object.values(kinds(tally))) {
      for (let length = 0; length < packet.length; length++) {
        expect(tally.bench.frame(packet.slice(0, length))).toEqual([]);
        expect(tally.drops()).toEqual({ [length < header ? 'runt' : 'bad-length']: 1 });
      }
    }
    tally.check();
  });

  it('a frame that is cut anywhere as well (RFC 894, RFC 2464)', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    const type = family === 'ipv4' ? [8, 0] : [0x86, 0xdd];
    const mac = (text: string): number[] => text.split(':').map((byte) => Number.parseInt(byte, 16));
    const frame = Uint8Array.from([
      ...mac(bench.macs[0]),
      ...mac(bench.peer.mac),
      ...type,
      ...bench.echo({ body: data(24) }),
    ]);
    for (let length = 0; length < frame.length; length++) {
      expect(bench.frame(frame.slice(0, length))).toEqual([]);
      expect(tally.drops()).toEqual({ [length < ETHERNET + header ? 'runt' : 'bad-length']: 1 });
    }
    tally.check();
  });

  it('every other value of the length field is dropped without an answer', () => {
    const tally = new Tally(family, { medium: 'ip' });
    const whole = tally.bench.echo({ body: data(24).map((byte) => byte | 1) });
    const said = family === 'ipv4' ? whole.length : whole.length - header;
    for (let length = 0; length <= 0xffff; length += length < 256 ? 1 : 251) {
      if (length === said) continue;
      const lie = whole.slice();
      lie.set(u16(length), family === 'ipv4' ? 2 : 4);
      if (family === 'ipv4') {
        lie.set([0, 0], 10);
        lie.set(u16(checksum(lie.subarray(0, header))), 10);
      }
      const message = family === 'ipv4' ? length - header : length;
      const reason = message < 0 || length > said ? 'bad-length' : message < 8 ? 'runt' : 'bad-checksum';
      expect(tally.bench.frame(lie)).toEqual([]);
      expect({ length, drops: tally.drops() }).toEqual({ length, drops: { [reason]: 1 } });
    }
    tally.check();
  });

  it('an ICMP message of fewer than eight bytes is a runt (RFC 792, RFC 4443 §2.1)', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    const whole = bench.echo();
    for (let length = 0; length < 8; length++) {
      const payload = whole.slice(header, header + length);
      if (length >= 4) {
        payload.set([0, 0], 2);
        const sum =
          family === 'ipv4'
            ? checksum(payload)
            : bench.sum(bench.peer.ip, bench.me, bench.icmpProtocol, payload);
        payload.set(u16(sum), 2);
      }
      expect(bench.send(bench.packet({ protocol: bench.icmpProtocol, payload }))).toEqual([]);
      expect(tally.drops()).toEqual({ runt: 1 });
    }
    tally.check();
  });

  it('a length of UDP that is less than a header or more than what came is dropped (RFC 768)', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    const inbox = bench.bind(9);
    for (let udpLength = 0; udpLength <= 0xffff; udpLength += udpLength < 64 ? 1 : 257) {
      if (udpLength >= 8 && udpLength <= 24) continue;
      expect(bench.send(bench.udp({ udpLength }))).toEqual([]);
      expect(tally.drops()).toEqual({ 'bad-length': 1 });
    }
    expect(inbox.messages).toEqual([]);
    tally.check();
  });
});
