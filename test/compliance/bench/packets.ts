/** Packets in words that both families share. Unless said otherwise they go from the peer to the stack under test. */
import { ok } from 'node:assert/strict';
import { address, type Bytes, checksum, data, get16, join, u16, u32 } from './bytes.ts';
import {
  type ArpFields,
  arpPacket,
  ICMP,
  type Ipv4Fields,
  icmpMessage,
  ipv4Packet,
  UDP,
} from './ipv4-packet.ts';
import {
  fragmentHeader,
  ICMPV6,
  type Ipv6Fields,
  icmp6Message,
  ipv6Packet,
  upperChecksum,
} from './ipv6-packet.ts';
import { ethernet, type Places, type Station } from './stations.ts';

/** Fields of either header; those of the other family are not looked at. */
export type Fields = Partial<Ipv4Fields & Ipv6Fields>;

export interface IcmpFields extends Fields {
  readonly word?: number;
  readonly body?: Bytes | readonly number[];
  /** Added to the right checksum of the message. */
  readonly icmpError?: number;
}

export interface UdpFields extends Fields {
  readonly from?: number;
  readonly to?: number;
  readonly data?: Bytes;
  readonly udpLength?: number;
  /** `none` is zero, `bad` one too many. */
  readonly sum?: 'none' | 'bad';
}

/** Type and code in IPv4 and in IPv6. */
const MESSAGES = {
  'echo-request': [8, 0, 128, 0],
  'echo-reply': [0, 0, 129, 0],
  'net-unreachable': [3, 0, 1, 0],
  'host-unreachable': [3, 1, 1, 3],
  'protocol-unreachable': [3, 2, 4, 1],
  'port-unreachable': [3, 3, 1, 4],
  prohibited: [3, 13, 1, 1],
  'too-big': [3, 4, 2, 0],
  'time-exceeded': [11, 0, 3, 0],
  'reassembly-exceeded': [11, 1, 3, 1],
  'parameter-problem': [12, 0, 4, 0],
  redirect: [5, 1, 137, 0],
} as const;

export type MessageName = keyof typeof MESSAGES;

export class Packets {
  readonly is6: boolean;
  readonly places: Places;
  readonly stations: readonly Station[];

  constructor(is6: boolean, places: Places) {
    this.is6 = is6;
    this.places = places;
    this.stations = places.stations.map((station) => ({ ...station, answers: true }));
  }

  get me(): string {
    return this.places.me;
  }
  get me2(): string {
    return this.places.me2;
  }
  get far(): string {
    return this.places.far;
  }
  get peer(): Station {
    return this.stations[0]!;
  }
  get other(): Station {
    return this.stations[1]!;
  }
  get router(): Station {
    return this.stations[2]!;
  }
  get peer2(): Station {
    return this.stations[3]!;
  }
  get router2(): Station {
    return this.stations[5]!;
  }
  get icmpProtocol(): number {
    return this.is6 ? ICMPV6 : ICMP;
  }

  /** The directed broadcast of a link (IPv4). */
  broadcast(link = 1): string {
    return (link === 1 ? this.me : this.me2).replace(/\d+$/, '255');
  }

  packet(f: Fields): Bytes {
    const all = { source: this.peer.ip, destination: this.me, ...f };
    return this.is6 ? ipv6Packet(all) : ipv4Packet(all);
  }

  icmp(type: number, code: number, f: IcmpFields = {}): Bytes {
    const source = f.source ?? this.peer.ip;
    const destination = f.destination ?? this.me;
    const { word = 0, body = [], icmpError = 0 } = f;
    const payload = this.is6
      ? icmp6Message(source, destination, type, code, word, body, icmpError)
      : icmpMessage(type, code, word, body, icmpError);
    return this.packet({ ...f, protocol: this.icmpProtocol, payload });
  }

  message(name: MessageName, f: IcmpFields = {}): Bytes {
    const [type4, code4, type6, code6] = MESSAGES[name];
    return this.is6 ? this.icmp(type6, code6, f) : this.icmp(type4, code4, f);
  }

  echo(f: IcmpFields = {}): Bytes {
    return this.message('echo-request', { word: 0x0abc0007, body: data(16), ...f });
  }

  /** An error from the router about `quoted`. */
  error(name: MessageName, quoted: Bytes, f: IcmpFields = {}): Bytes {
    const most = this.is6 ? 1_232 : 548;
    return this.message(name, { source: this.router.ip, body: quoted.subarray(0, most), ...f });
  }

  udp(f: UdpFields = {}): Bytes {
    const source = f.source ?? this.peer.ip;
    const destination = f.destination ?? this.me;
    const bytes = f.data ?? data(16);
    const head = [...u16(f.from ?? 4_000), ...u16(f.to ?? 9), ...u16(f.udpLength ?? 8 + bytes.length)];
    const bare = join(head, [0, 0], bytes);
    let sum = 0;
    if (f.sum !== 'none') {
      const right = this.sum(source, destination, UDP, bare);
      sum = ((right === 0 ? 0xffff : right) + (f.sum === 'bad' ? 1 : 0)) & 0xffff;
    }
    return this.packet({ ...f, protocol: UDP, payload: join(head, u16(sum), bytes) });
  }

  /** A segment that opens a connection. */
  syn(to: number, f: Fields = {}): Bytes {
    const source = f.source ?? this.peer.ip;
    const destination = f.destination ?? this.me;
    const segment = join(u16(4_000), u16(to), u32(1), u32(0), [0x50, 2, 0x10, 0, 0, 0, 0, 0]);
    segment.set(u16(this.sum(source, destination, 6, segment)), 16);
    return this.packet({ ...f, protocol: 6, payload: segment });
  }

  /** The checksum of an upper layer of either family. */
  sum(source: string, destination: string, protocol: number, message: Bytes): number {
    if (this.is6) return upperChecksum(source, destination, protocol, message);
    return checksum(address(source), address(destination), [0, protocol], u16(message.length), message);
  }

  /** `packet` cut behind these payload bytes, in order. */
  fragments(packet: Bytes, cuts: readonly number[], id = 0x4321): Bytes[] {
    const header = this.is6 ? 40 : 20;
    const payload = packet.subarray(header);
    const ends = [...cuts, payload.length];
    return ends.map((end, i) => {
      const from = i === 0 ? 0 : ends[i - 1]!;
      return this.#piece(packet, payload.subarray(from, end), from, i < ends.length - 1, id);
    });
  }

  /** One fragment of a datagram with the header of `packet`. */
  piece(packet: Bytes, payload: Bytes, offset: number, more: boolean, id = 0x4321): Bytes {
    return this.#piece(packet, payload, offset, more, id);
  }

  #piece(packet: Bytes, payload: Bytes, offset: number, more: boolean, id: number): Bytes {
    if (this.is6) {
      const header = packet.slice(0, 40);
      const fragment = join([header[6]!], fragmentHeader(offset, more, id).body);
      header[6] = 44;
      header.set(u16(fragment.length + payload.length), 4);
      return join(header, fragment, payload);
    }
    const header = packet.slice(0, 20);
    header.set(u16(20 + payload.length), 2);
    header.set(u16(id), 4);
    header.set(u16((more ? 0x2000 : 0) | (offset / 8)), 6);
    header.set([0, 0], 10);
    header.set(u16(checksum(header)), 10);
    return join(header, payload);
  }

  // ARP and neighbour discovery.

  arp(f: Partial<ArpFields> = {}, to = 'ff:ff:ff:ff:ff:ff'): Bytes {
    const { mac, ip } = this.peer;
    const all = { operation: 1, senderMac: mac, sender: ip, target: this.me, ...f };
    return ethernet(to, all.senderMac, 0x0806, arpPacket(all));
  }

  /** A message of neighbour discovery: hop limit 255. */
  nd(type: number, f: NdFields = {}, ...fixed: (Bytes | readonly number[])[]): Bytes {
    ok(this.is6, 'neighbour discovery is IPv6');
    const { code = 0, cut, ...rest } = f;
    const body = join(...fixed, ...(f.with ?? []));
    return this.icmp(type, code, {
      source: this.peer.local,
      hopLimit: 255,
      body: body.subarray(0, cut),
      ...rest,
    });
  }

  ns(target: string, f: NdFields = {}): Bytes {
    return this.nd(135, f, address(target));
  }

  /** `flags` of `RSO`. */
  na(target: string, flags: string, f: NdFields = {}): Bytes {
    const bits =
      (flags.includes('R') ? 8 : 0) | (flags.includes('S') ? 4 : 0) | (flags.includes('O') ? 2 : 0);
    return this.nd(136, { word: bits * 0x10000000, ...f }, address(target));
  }

  ra(f: RaFields = {}): Bytes {
    const { lifetime = 1_800, curHopLimit = 64, flags = 0, reachable = 0, retrans = 0, ...rest } = f;
    const word = curHopLimit * 0x1000000 + flags * 0x10000 + lifetime;
    const to = { source: this.router.local, destination: 'ff02::1', word };
    return this.nd(134, { ...to, ...rest }, u32(reachable), u32(retrans));
  }

  rs(f: NdFields = {}): Bytes {
    return this.nd(133, { destination: 'ff02::2', ...f });
  }

  /** From the router: `about` is better reached by `target`. */
  redirect6(target: string, about: string, f: NdFields = {}): Bytes {
    return this.nd(137, { source: this.router.local, ...f }, address(target), address(about));
  }
}

export interface NdFields extends IcmpFields {
  readonly code?: number;
  /** Options. */
  readonly with?: readonly Bytes[];
  /** Bytes behind the eighth that are left. */
  readonly cut?: number;
}

export interface RaFields extends NdFields {
  /** Seconds. */
  readonly lifetime?: number;
  readonly curHopLimit?: number;
  /** M 0x80, O 0x40, preference 0x08 high and 0x18 low. */
  readonly flags?: number;
  /** ms */
  readonly reachable?: number;
  readonly retrans?: number;
}

/** Payload of a UDP datagram as it was seen. */
export function udpData(payload: Bytes): Bytes {
  return payload.subarray(8, get16(payload, 4));
}
