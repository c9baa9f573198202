/** One link of the stack: its addresses, its groups, and how a packet gets onto it. */
import type { Address } from '../address/address.ts';
import { allNodes, ipv6, withInterfaceId } from '../address/ipv6.ts';
import type { Device } from '../packet/device.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import type { Packet } from '../packet/packet.ts';
import { Counters } from '../packet/verdict.ts';
import type { Advertisement, Interface } from '../stack.ts';
import { ETHERTYPE_IPV6, type FrameHeader, prependEthernet } from '../wire/ethernet.ts';
import type { StableIdentifiers } from './identifiers.ts';
import type { LocalAddress } from './local-address.ts';

/** RFC 4861 §10 and §6.3.2: what holds until a router says otherwise. */
const DEFAULT_HOP_LIMIT = 64;

/** A group that the interface listens to, with the number of addresses that need it. */
interface Membership {
  readonly group: Address;
  users: number;
}

export class Ipv6Interface implements Interface {
  readonly index: number;
  readonly name: string;
  readonly device: Device;
  readonly counters: Counters = new Counters();
  readonly addresses: LocalAddress[] = [];
  /** Subnet-router anycast addresses of its networks (RFC 4291 §2.6.1); a router answers to them. */
  readonly anycasts: Address[] = [];
  readonly autoconfigure: boolean;
  /** What to say as a router; undefined: nothing. */
  readonly advertise: Advertisement | undefined;
  /** Temporary addresses are made (RFC 8981). */
  readonly temporary: boolean;
  /** Undefined: identifiers come from the MAC. */
  readonly identifiers: StableIdentifiers | undefined;
  /** Operated upon by the stack: `setLink`, `start` and `stop`. */
  up = false;
  /** A duplicate of the address made from our MAC: another station has this MAC, so IPv6 stays silent (RFC 4862 §5.4.5). */
  disabled = false;
  /** Bytes of the largest IP packet: configured, then as routers advertise it, never above the former. */
  mtu: number;
  configuredMtu: number;
  readonly isEthernet: boolean;
  /** Of frames to this interface, by any sender. */
  header: FrameHeader | undefined;
  hopLimit: number = DEFAULT_HOP_LIMIT;
  /** Told of every group joined and left, so that MLD can report it. */
  onJoin: ((group: Address) => void) | undefined;
  onLeave: ((group: Address) => void) | undefined;
  readonly #groups: Membership[] = [];
  readonly #groupMac = new Uint8Array([0x33, 0x33, 0, 0, 0, 0]);
  readonly #identifier: Uint8Array;

  constructor(
    index: number,
    name: string,
    device: Device,
    options: {
      mtu: number;
      autoconfigure: boolean;
      advertise: Advertisement | undefined;
      temporary: boolean;
      stackId: number;
      identifiers: StableIdentifiers | undefined;
    },
  ) {
    this.index = index;
    this.name = name;
    this.device = device;
    this.isEthernet = device.medium === 'ethernet';
    this.mtu = this.configuredMtu = options.mtu;
    this.autoconfigure = options.autoconfigure;
    this.advertise = options.advertise;
    this.temporary = options.temporary;
    this.identifiers = options.identifiers;
    this.#identifier = device.mac ?? derivedIdentifier(name, index, options.stackId);
  }

  get usable(): boolean {
    return this.up && !this.disabled;
  }

  /** From the MAC: a duplicate then says that the MAC is in use twice (RFC 4862 §5.4.5). */
  get isEui64(): boolean {
    return this.isEthernet && this.identifiers === undefined;
  }

  /**
   * `prefix`/64 with this interface's identifier: stable and opaque, for the given attempt; or from the MAC (RFC 2464
   * §4), or derived where there is none.
   */
  addressIn(prefix: Address, attempt = 0): Address {
    const address =
      this.identifiers?.addressIn(prefix, this.name, attempt) ?? withInterfaceId(prefix, this.#identifier);
    if (ipv6.isLinkLocal(address)) address.zone = this.index;
    return address;
  }

  find(address: Address): LocalAddress | undefined {
    for (const local of this.addresses) if (local.address.sameWords(address)) return local;
    return undefined;
  }

  isAnycast(address: Address): boolean {
    for (const anycast of this.anycasts) if (anycast.sameWords(address)) return true;
    return false;
  }

  /** The link-local address to speak from (RFC 4861 §4: source of advertisements), undefined until it is unique. */
  linkLocal(): LocalAddress | undefined {
    for (const local of this.addresses) {
      if (local.usable && ipv6.isLinkLocal(local.address)) return local;
    }
    return undefined;
  }

  /** Is `group` one that this interface listens to? All-nodes always is (RFC 4291 §2.8). */
  listens(group: Address): boolean {
    return group.sameWords(allNodes) || this.#groups.some((member) => member.group.sameWords(group));
  }

  join(group: Address): void {
    const member = this.#groups.find((other) => other.group.sameWords(group));
    if (member !== undefined) {
      member.users++;
      return;
    }
    this.#groups.push({ group, users: 1 });
    this.onJoin?.(group);
  }

  leave(group: Address): void {
    const at = this.#groups.findIndex((other) => other.group.sameWords(group));
    if (at < 0 || --this.#groups[at]!.users > 0) return;
    const [left] = this.#groups.splice(at, 1);
    this.onLeave?.(left!.group);
  }

  memberships(): readonly Readonly<Membership>[] {
    return this.#groups;
  }

  groups(): readonly Address[] {
    return this.#groups.map(({ group }) => group);
  }

  /** What routers said of the link is not true of the next one. */
  forgetParameters(): void {
    this.mtu = this.configuredMtu;
    this.hopLimit = DEFAULT_HOP_LIMIT;
  }

  /** Onto the link to a resolved station; `packet.start` is at the IPv6 header. Takes ownership. */
  transmit(packet: Packet, mac: Uint8Array): void {
    prependEthernet(packet, mac, this.device.mac!, ETHERTYPE_IPV6);
    this.device.transmit(packet);
  }

  /** Onto the link to a group (RFC 2464 §7), or to the other end of a point-to-point link. Takes ownership. */
  transmitTo(packet: Packet, group: Address): void {
    if (!this.isEthernet) {
      this.device.transmit(packet);
      return;
    }
    const mac = this.#groupMac;
    mac[2] = group.w3 >>> 24;
    mac[3] = group.w3 >>> 16;
    mac[4] = group.w3 >>> 8;
    mac[5] = group.w3;
    this.transmit(packet, mac);
  }
}

/** Constants without a meaning: the identifier is to be stable, not secret. */
const IDENTIFIER_KEYS = [0x74776973, 0x746c6c61] as const;

/**
 * Six bytes in the place of a MAC on links that have none: the same for the same stack and interface at every start
 * (RFC 7217 without a secret), marked as locally administered.
 */
function derivedIdentifier(name: string, index: number, stackId: number): Uint8Array {
  const hash = new KeyedHash(IDENTIFIER_KEYS[0], IDENTIFIER_KEYS[1]);
  hash.begin().word(stackId).word(index);
  for (let i = 0; i < name.length; i++) hash.word(name.charCodeAt(i));
  const low = hash.end();
  const high = hash.begin().word(low).word(stackId).end();
  return new Uint8Array([0x02, high, low >>> 24, low >>> 16, low >>> 8, low]);
}
