/**
 * One stack under test in virtual time, on one link (a host) or two (a router), among scripted stations. The same words
 * build packets of either family, so that one test shows a rule on both.
 */
import { ok } from 'node:assert/strict';
import type { Address } from '../../../stacks/address/address.ts';
import { isFailure } from '../../../stacks/address/network.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Device } from '../../../stacks/packet/device.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { EchoOptions, EchoResult, InterfaceOptions, Neighbour, Stack } from '../../../stacks/stack.ts';
import { Clock } from '../../../stacks/time/clock.ts';
import type { UdpSocket } from '../../../stacks/udp/api.ts';
import { address, type Bytes, mac, macText } from './bytes.ts';
import { Packets } from './packets.ts';
import { decode, isChatter, type Seen } from './seen.ts';
import { answerOf, ethernet, IPV4_PLACES, IPV6_PLACES, type Places, type Station } from './stations.ts';

export const MS = 1_000;
export const SECOND = 1_000_000;
export const MINUTE: number = 60 * SECOND;

export type FamilyName = 'ipv4' | 'ipv6';

export interface Setup {
  readonly router?: boolean;
  readonly medium?: 'ethernet' | 'ip';
  readonly mtu?: number;
  /** Of the second link. */
  readonly mtu2?: number;
  /** False: the test starts the stack itself. */
  readonly start?: boolean;
  /** Without the static way to the rest of the world. */
  readonly bare?: boolean;
  /** Without a written address: link-local and what routers give. */
  readonly auto?: boolean;
  readonly seed?: number;
  /** Two links also for a host. */
  readonly links?: 1 | 2;
  readonly on?: Partial<InterfaceOptions>;
  readonly on2?: Partial<InterfaceOptions>;
}

/** Long enough for probes, announcements, duplicate detection, router solicitations and first reports. */
const STARTED: number = 30 * SECOND;
/** Longer than a station takes to answer. */
const AT_ONCE: number = 1 * MS;

export interface Inbox {
  readonly messages: {
    readonly data: Bytes;
    readonly source: string;
    readonly port: number;
    readonly to: string;
  }[];
  readonly errors: string[];
  readonly socket: UdpSocket;
}

export interface Sending {
  /** Who the frame comes from; the peer of the first link when undefined. */
  readonly from?: Station;
  /** Its destination, when it does not follow from the packet's. */
  readonly toMac?: string;
}

export class Bench extends Packets {
  readonly family: FamilyName;
  readonly clock = new Clock();
  readonly stack: Stack;
  readonly macs: readonly [string, string];
  readonly setup: Setup;
  readonly #medium: 'ethernet' | 'ip';
  readonly #pool = new PacketPool();
  readonly #receivers: ((packet: Packet) => void)[] = [];
  readonly #log: Seen[] = [];
  #mark = 0;

  constructor(family: FamilyName, setup: Setup = {}) {
    const places: Places = family === 'ipv4' ? IPV4_PLACES : IPV6_PLACES;
    super(family === 'ipv6', places);
    this.family = family;
    this.setup = setup;
    this.#medium = setup.medium ?? 'ethernet';
    this.macs = ['02:00:00:00:01:01', '02:00:00:00:02:01'];
    const environment = {
      clock: this.clock,
      random: seeded(setup.seed ?? 1),
      pool: this.#pool,
      trace: undefined,
    };
    const options = { id: 1, name: 'NODE', forwarding: setup.router === true };
    this.stack =
      family === 'ipv4' ? new Ipv4Stack(environment, options) : new Ipv6Stack(environment, options);
    const links = setup.router === true ? 2 : (setup.links ?? 1);
    for (let link = 1; link <= links; link++) this.#addLink(link, places);
    if (setup.bare !== true && setup.auto !== true) {
      if (setup.router === true) this.addRoute(places.farPrefix, places.farLength, this.router2);
      else this.addRoute(places.any, 0, this.router);
    }
    if (setup.start !== false) {
      this.stack.start();
      this.wait(STARTED);
    }
    this.forget();
  }

  /** The same node once more, alone in a world of its own. */
  another(setup: Setup): Bench {
    return new Bench(this.family, { ...this.setup, ...setup });
  }

  /** A static route by `way`. */
  addRoute(destination: string, prefixLength: number, way: Station, metric = 0): void {
    const gateway = this.at(way.local);
    const route = { destination: this.at(destination), prefixLength, gateway, metric };
    this.stack.addRoute({ ...route, interfaceIndex: way.link, origin: 'static' });
  }

  /** The address as the stack under test takes it. */
  at(text: string, zone = 0): Address {
    const parsed = this.stack.family.parse(text);
    ok(parsed !== undefined, `not an address: ${text}`);
    parsed.zone = zone;
    return parsed;
  }

  // Time and frames.

  /** µs */
  wait(time: number): void {
    this.clock.advance(this.clock.now + time);
  }

  /** A packet in a frame; what the stack says to it at once, neighbour chatter aside. */
  send(packet: Bytes, how: Sending = {}): Seen[] {
    const from = how.from ?? this.peer;
    if (this.#medium === 'ip') return this.frame(packet, from.link);
    const to = how.toMac ?? this.#macFor(packet, from.link);
    return this.frame(ethernet(to, from.mac, this.is6 ? 0x86dd : 0x0800, packet), from.link);
  }

  /** As `send`, without letting time pass. */
  inject(packet: Bytes, from: Station = this.peer): void {
    const frame = ethernet(this.#macFor(packet, from.link), from.mac, this.is6 ? 0x86dd : 0x0800, packet);
    this.#receivers[from.link - 1]!(this.#pool.from(frame)!);
  }

  /** A frame as it is. */
  frame(frame: Bytes, link = 1): Seen[] {
    this.forget();
    this.#receivers[link - 1]!(this.#pool.from(frame)!);
    this.wait(AT_ONCE);
    return this.seen();
  }

  /** Everything but chatter since the last `send` or `forget`; or all of one kind. */
  seen(kind?: string): Seen[] {
    const since = this.#log.slice(this.#mark);
    return kind === undefined
      ? since.filter((each) => !isChatter(each))
      : since.filter((each) => each.kind === kind);
  }

  /** Everything since the last `send` or `forget`. */
  all(): Seen[] {
    return this.#log.slice(this.#mark);
  }

  forget(): void {
    this.#mark = this.#log.length;
  }

  // Applications.

  bind(port: number, local?: string): Inbox {
    const messages: Inbox['messages'] = [];
    const errors: string[] = [];
    const name = (a: Address): string => this.stack.family.format(a);
    const handler = {
      message: (bytes: Bytes, source: Address, from: number, to: Address): void => {
        messages.push({ data: bytes, source: name(source), port: from, to: name(to) });
      },
      error: ({ code }: { code: string }): void => {
        errors.push(code);
      },
      closed: (): void => {},
    };
    const socket = this.stack.udp.bind(this.at(local ?? this.places.any), port, { handler });
    ok(!isFailure(socket), 'the port can be bound');
    return { messages, errors, socket };
  }

  /** A datagram from a socket of the stack; what leaves at once. */
  sendFrom(inbox: Inbox, to: string, bytes: Bytes, port = 9, zone = 0): Seen[] {
    this.forget();
    const failed = inbox.socket.send(bytes, this.at(to, zone), port);
    if (failed !== undefined) inbox.errors.push(failed.code);
    this.wait(AT_ONCE);
    return this.seen();
  }

  /** An echo request by the stack. The results come as time passes. */
  ping(to: string, options: Partial<EchoOptions> = {}, zone = 0): EchoResult[] {
    this.forget();
    const results: EchoResult[] = [];
    const all = { size: 32, timeout: 10 * SECOND, ...options };
    this.stack.echo(this.at(to, zone), all, (result) => results.push(result));
    this.wait(AT_ONCE);
    return results;
  }

  // States.

  neighbour(of: string): Neighbour | undefined {
    for (const each of this.stack.neighbours())
      if (this.stack.family.format(each.address) === of) return each;
    return undefined;
  }

  state(of: string): string {
    return this.neighbour(of)?.state ?? 'none';
  }

  macOf(of: string): string {
    const known = this.neighbour(of)?.mac;
    return known === undefined ? 'none' : macText(known);
  }

  addresses(link = 1): { readonly ip: string; readonly state: string }[] {
    const { addresses } = this.stack.interfaces()[link - 1]!;
    return addresses.map((each) => ({ ip: this.stack.family.format(each.address), state: each.state }));
  }

  /** preferred, deprecated, tentative, duplicate or none. */
  addressState(of: string, link = 1): string {
    return this.addresses(link).find(({ ip }) => ip === of)?.state ?? 'none';
  }

  /** `gateway` of each way to exactly this prefix, best first; `direct` without one. */
  ways(destination: string, prefixLength: number): string[] {
    const wanted = this.at(destination);
    return [...this.stack.routes()]
      .filter((route) => route.prefixLength === prefixLength && route.destination.sameWords(wanted))
      .sort((a, b) => a.metric - b.metric)
      .map(({ gateway }) => (gateway.isUnspecified ? 'direct' : this.stack.family.format(gateway)));
  }

  /** The link-local address of the stack (IPv6). */
  myLocal(link = 1): string {
    return this.addresses(link).find(({ ip }) => ip.startsWith('fe80:'))?.ip ?? 'none';
  }

  #addLink(link: number, places: Places): void {
    const mtu = (link === 1 ? this.setup.mtu : this.setup.mtu2) ?? 1_500;
    const device: Device = {
      name: `DEVICE${link}`,
      medium: this.#medium,
      mac: this.#medium === 'ip' ? undefined : mac(this.macs[link - 1]!),
      mtu,
      transmit: (packet) => {
        const frame = packet.copy();
        this.#pool.release(packet);
        this.#sent(frame, link);
      },
      attach: (receive) => {
        this.#receivers[link - 1] = receive;
      },
      close: () => {},
    };
    const own = this.at(link === 1 ? places.me : places.me2);
    const written = this.setup.auto === true ? {} : { address: own, prefixLength: places.length };
    const extra = link === 1 ? this.setup.on : this.setup.on2;
    this.stack.addInterface(`LINK${link}`, device, { mtu, ...written, ...extra });
  }

  #sent(frame: Bytes, link: number): void {
    const seen = decode(frame, this.#medium, link, this.clock.now);
    this.#log.push(seen);
    for (const station of this.stations) {
      const answer = this.#medium === 'ip' ? undefined : answerOf(station, seen);
      if (answer === undefined) continue;
      this.clock.timer(() => this.#receivers[link - 1]!(this.#pool.from(answer)!)).armIn(10);
    }
  }

  #macFor(packet: Bytes, link: number): string {
    const own = this.macs[link - 1]!;
    if (packet.length < 20) return own;
    if (this.is6) {
      if (packet.length < 40 || packet[24] !== 0xff) return own;
      return `33:33:${macText(packet.subarray(36, 40))}`;
    }
    const [a, b, c, d] = packet.subarray(16, 20);
    const isBroadcast =
      a === 255 || macText(packet.subarray(16, 20)) === macText(address(this.broadcast(link)));
    if (isBroadcast) return 'ff:ff:ff:ff:ff:ff';
    return a! >>> 4 === 14 ? `01:00:5e:${macText(Uint8Array.of(b! & 127, c!, d!))}` : own;
  }
}

function seeded(seed: number): { u32(): number } {
  let state = seed | 1;
  return {
    u32: () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    },
  };
}
