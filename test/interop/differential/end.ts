/** A host that packets are given to and whose answers are looked at: ours in virtual time, or the Linux kernel. */
import { address, arp, type Bytes, ICMPV6, icmp, ip6, join } from '../../fuzz/packets.ts';

export interface End {
  /** Of the host, 6 bytes; meaningful on a TAP. */
  readonly mac: Bytes;
  /** Gives it one packet (a frame on a TAP); returns what it sent because of it. */
  give(packet: Bytes): Bytes[];
  /** Bytes of each datagram that its UDP socket got since the last call. */
  delivered(): number[];
  close(): void;
}

/** On Ethernet: who the neighbour .2 is, told as an ARP request and a solicitation. */
export function introductions(mac: Bytes): readonly Bytes[] {
  const ours = [2, 0, 0, 0, 0, 2];
  const head = [...mac, ...ours];
  const request = join(head, [8, 6], arp(1, ours, '192.0.2.2', [0, 0, 0, 0, 0, 0], '192.0.2.1'));
  const ask = ip6(
    { next: ICMPV6, hopLimit: 255 },
    icmp(135, 0, 0, join(address('2001:db8::1'), [1, 1], ours)),
  );
  return [request, join(head, [0x86, 0xdd], ask)];
}

export const ADDRESSES = [
  { address: '192.0.2.1', prefixLength: 24 },
  { address: '2001:db8::1', prefixLength: 64 },
] as const;
