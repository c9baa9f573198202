/** The scripted stations around the stack under test. They resolve like any host unless told to be silent. */
import { address, type Bytes, join, mac, text } from './bytes.ts';
import { arpPacket } from './ipv4-packet.ts';
import { ICMPV6, icmp6Message, ipv6Packet, targetLink } from './ipv6-packet.ts';
import type { Seen } from './seen.ts';

export interface Station {
  readonly link: number;
  readonly mac: string;
  /** IPv6: the global one. */
  readonly ip: string;
  /** IPv6: link-local. IPv4: the same as `ip`. */
  readonly local: string;
  /** Sets the router flag in its advertisements. */
  isRouter: boolean;
  /** Answers ARP requests and neighbour solicitations for its addresses. */
  answers: boolean;
}

export interface Places {
  readonly me: string;
  readonly me2: string;
  readonly length: number;
  readonly stations: readonly Omit<Station, 'answers'>[];
  /** Behind the routers. */
  readonly far: string;
  readonly farPrefix: string;
  readonly farLength: number;
  readonly nowhere: string;
  readonly any: string;
}

const MACS = ['02:00:00:00:01:02', '02:00:00:00:01:03', '02:00:00:00:01:fe'] as const;
const MACS2 = ['02:00:00:00:02:02', '02:00:00:00:02:03', '02:00:00:00:02:fe'] as const;

/** peer, other, router on link 1; the same on link 2. */
function around(
  prefix1: string,
  prefix2: string,
  hosts: readonly string[],
  locals: boolean,
): Omit<Station, 'answers'>[] {
  return [MACS, MACS2].flatMap((macs, i) =>
    macs.map((each, j) => {
      const ip = `${i === 0 ? prefix1 : prefix2}${hosts[j]}`;
      const local = locals ? `fe80::${i === 0 ? '' : '2:'}${hosts[j]}` : ip;
      return { link: i + 1, mac: each, ip, local, isRouter: j === 2 };
    }),
  );
}

export const IPV4_PLACES: Places = {
  me: '192.0.2.1',
  me2: '203.0.113.1',
  length: 24,
  stations: around('192.0.2.', '203.0.113.', ['2', '3', '254'], false),
  far: '198.51.100.9',
  farPrefix: '198.51.100.0',
  farLength: 24,
  nowhere: '10.99.9.9',
  any: '0.0.0.0',
};

export const IPV6_PLACES: Places = {
  me: '2001:db8:1::1',
  me2: '2001:db8:2::1',
  length: 64,
  stations: around('2001:db8:1::', '2001:db8:2::', ['2', '3', 'fe'], true),
  far: '2001:db8:9::9',
  farPrefix: '2001:db8:9::',
  farLength: 48,
  nowhere: '2001:db8:ffff::1',
  any: '::',
};

export function ethernet(to: string, from: string, etherType: number, payload: Bytes): Bytes {
  return join(mac(to), mac(from), [etherType >>> 8, etherType & 255], payload);
}

/** What a station says to a question for it; undefined when the frame is none. */
export function answerOf(station: Station, seen: Seen): Bytes | undefined {
  if (!station.answers || station.link !== seen.link) return undefined;
  if (seen.kind === 'arp') {
    const isRequest = seen.bytes[7] === 1;
    if (!isRequest || seen.destination !== station.ip || seen.source === station.ip) return undefined;
    const target = { targetMac: seen.fromMac, target: seen.source };
    const reply = arpPacket({ operation: 2, senderMac: station.mac, sender: station.ip, ...target });
    return ethernet(seen.fromMac, station.mac, 0x0806, reply);
  }
  if (seen.kind !== 'neighbour-solicitation' || seen.source === '::') return undefined;
  const target = text(seen.icmp.body.subarray(0, 16));
  if (target !== station.ip && target !== station.local) return undefined;
  const flags = station.isRouter ? 0xe0000000 : 0x60000000;
  const body = join(address(target), targetLink(station.mac));
  const payload = icmp6Message(target, seen.source, 136, 0, flags, body);
  const packet = ipv6Packet({
    source: target,
    destination: seen.source,
    hopLimit: 255,
    protocol: ICMPV6,
    payload,
  });
  return ethernet(seen.fromMac, station.mac, 0x86dd, packet);
}
