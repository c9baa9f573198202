/**
 * A TUN or TAP interface of Linux as a device: bare IP packets (`tun`) or Ethernet frames (`tap`) between a stack of
 * ours and the kernel's. Read first: tun.c and tun.h, for how packets come in without a look-up for each.
 */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { BurstReceiver, Device, Offload } from '../../stacks/packet/device.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import type { Packet } from '../../stacks/packet/packet.ts';
import { Counters, type DropReason } from '../../stacks/packet/verdict.ts';
import { type TunAddon, type TunHandle, tunAddon } from './addon.ts';
import { steer } from './steering.ts';
import { configuringFailed, isSystemError, openingFailed } from './unavailable.ts';
import { OFFLOADS, readVnetHeader, VNET_HEADER, writeVnetHeader } from './vnet-header.ts';

export { TunUnavailable } from './unavailable.ts';

export interface TunOptions {
  /** At most 15 characters; `name%d` lets the kernel count. */
  readonly interface: string;
  readonly mode: 'tun' | 'tap';
  /** `tap`: the address of our station, 6 bytes. The kernel's side has one of its own. */
  readonly mac?: Uint8Array | undefined;
  /** Bytes of the largest IP packet. */
  readonly mtu: number;
  /** False: only plain packets cross the interface, even where the kernel would do checksums and segmentation. */
  readonly offload?: boolean;
  /** Called before the packets of a burst are handed up: the live runner brings the clock up to date here. */
  readonly beforeBurst?: () => void;
  /** The interface was taken away from outside; `code` is the errno. No packet comes or goes any more. */
  readonly onDown?: (code: string) => void;
}

/** The kernel's side of an interface. */
export interface KernelSide {
  /** As text, of either family, e.g. `192.0.2.1`, `2001:db8::1`; IPv6 ones are usable at once, without DAD. */
  readonly addresses?: readonly { readonly address: string; readonly prefixLength: number }[];
  /** Bytes. */
  readonly mtu?: number;
  readonly up?: boolean;
  /** Packets that wait for us before the kernel drops them silently; `DEFAULT_KERNEL_QUEUE` when undefined. */
  readonly queue?: number;
}

/** The kernel's default of 500 or 1,000 overflows, without a word to its TCP, under one window of 4 MiB. */
export const DEFAULT_KERNEL_QUEUE = 16_384;

/** The largest IP packet, whatever the MTU: what the kernel hands up and takes as a super-segment. */
const LARGEST = 65_535;

/** Of an Ethernet frame. */
const FRAME_HEADER = 14;

/** An Ethernet header with a VLAN tag: what a frame may have beyond the MTU. */
const LINK_HEADER = 18;

/** What read(2) says of an interface that is gone, when it is asked before libuv says EBADF; libuv has no name for it. */
const EBADFD = 77;

/** Where the exchange holds what (tun.h). */
const OFFERED = 0;
const OFFERED_LARGE = 1;
const DISCARDED = 2;
const FIRST_SLOT = 3;
const SLOT_WORDS = 3;
/** In `OFFERED_LARGE`: no packet is longer than a slot. */
const NO_LARGE = -1;

export class TunDevice implements Device {
  readonly name: string;
  readonly medium: 'ethernet' | 'ip';
  readonly mac: Uint8Array | undefined;
  readonly mtu: number;
  /** The kernel's or, where only plain packets cross, the addon's; undefined when the kernel grants half of it. */
  readonly offload: Offload | undefined;
  /** `received` = `delivered` + `dropped` - `unsent`; `unsent` packets are also in `drops`, by reason. */
  readonly counters: Counters = new Counters();
  readonly #environment: Environment;
  readonly #options: TunOptions;
  readonly #addon: TunAddon;
  readonly #handle: TunHandle;
  readonly #exchange: Int32Array;
  /** Bytes of a frame's own header. */
  readonly #link: number;
  /** Empty packets that the next burst is read into: the first `exchange[OFFERED]`. They are live while it is open. */
  readonly #slots: Packet[] = [];
  /** The same for what is longer than the MTU. */
  readonly #large: Packet[] = [];
  readonly #firstLarge: number;
  readonly #order: number;
  readonly #slabs: Map<Uint8Array, number> = new Map();
  #receive: ((packet: Packet) => void) | undefined;
  #burst: BurstReceiver | undefined;
  /** What is handed up next. */
  readonly #taken: Packet[] = [];
  #open = true;
  /** Taken away from outside. */
  #gone = false;

  /** @throws TunUnavailable, RangeError when a TAP is asked for without a MAC */
  static open(environment: Environment, options: TunOptions): TunDevice {
    return new TunDevice(environment, options, tunAddon());
  }

  private constructor(environment: Environment, options: TunOptions, addon: TunAddon) {
    if (options.mode === 'tap' && options.mac?.length !== 6) {
      throw new RangeError(`${options.interface}: a TAP needs a MAC of 6 bytes`);
    }
    this.#environment = environment;
    this.#options = options;
    this.#addon = addon;
    this.#firstLarge = FIRST_SLOT + SLOT_WORDS * addon.burst;
    this.#order = this.#firstLarge + SLOT_WORDS * addon.large;
    this.#exchange = new Int32Array(this.#order + addon.burst);
    this.medium = options.mode === 'tap' ? 'ethernet' : 'ip';
    this.mac = options.mode === 'tap' ? options.mac?.slice() : undefined;
    this.mtu = options.mtu;
    this.#link = options.mode === 'tap' ? FRAME_HEADER : 0;
    const wanted = options.offload !== false;
    try {
      this.#handle = addon.open(options.interface, options.mode === 'tap', wanted, this.#exchange, (count) =>
        this.#readable(count),
      );
    } catch (error) {
      throw isSystemError(error) ? openingFailed(error, options.interface, options.mode) : error;
    }
    this.name = addon.name(this.#handle);
    const kernels = addon.hasVnetHeader(this.#handle);
    const granted = !kernels || OFFLOADS.some((mask) => addon.setOffload(this.#handle, mask));
    this.offload = granted ? { segment: LARGEST } : undefined;
    this.#offer();
  }

  attach(receive: (packet: Packet) => void, burst?: BurstReceiver): void {
    this.#receive = receive;
    this.#burst = burst;
  }

  transmit(packet: Packet): void {
    this.#environment.trace?.frame(this.name, this.medium, packet);
    const reason = this.#open && !this.#gone ? this.#write(packet) : 'link-down';
    if (reason === undefined) {
      this.counters.transmitted++;
      this.#environment.pool.release(packet);
    } else {
      this.counters.unsent++;
      this.#drop(packet, reason);
    }
  }

  /**
   * Sets up the kernel's side. Not needed for an interface that was made and configured beforehand.
   * @throws TunUnavailable: EPERM without CAP_NET_ADMIN, EINVAL for an impossible address or MTU, ...
   */
  configure(side: KernelSide): void {
    const attempt = (what: string, set: () => void): void => {
      try {
        set();
      } catch (error) {
        throw isSystemError(error) ? configuringFailed(error, this.name, what) : error;
      }
    };
    const { mtu, up, queue = DEFAULT_KERNEL_QUEUE, addresses = [] } = side;
    if (mtu !== undefined) attempt(`the MTU ${mtu}`, () => this.#addon.setMtu(this.name, mtu));
    attempt('the queue length', () => this.#addon.setQueue(this.name, queue));
    steer(this.name, this.#addon.index(this.name));
    if (up !== undefined)
      attempt(up ? 'the link up' : 'the link down', () => this.#addon.setUp(this.name, up));
    for (const { address, prefixLength } of addresses) {
      attempt(`the address ${address}/${prefixLength}`, () =>
        this.#addon.addAddress(this.name, address, prefixLength),
      );
    }
  }

  /** Removes the interface, unless it was made persistent beforehand. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#addon.close(this.#handle);
    this.#receive = undefined;
    const { pool } = this.#environment;
    for (let i = 0; i < this.#exchange[OFFERED]!; i++) pool.release(this.#slots[i]!);
    for (let i = 0; i < this.#exchange[OFFERED_LARGE]!; i++) pool.release(this.#large[i]!);
    this.#exchange[OFFERED] = this.#exchange[OFFERED_LARGE] = 0;
    this.#slabs.clear();
  }

  #write(packet: Packet): DropReason | undefined {
    writeVnetHeader(packet, this.#link);
    const slab = this.#slab(packet.bytes);
    const written = this.#addon.write(
      this.#handle,
      slab,
      packet.start - VNET_HEADER,
      packet.length + VNET_HEADER,
    );
    if (written >= 0) return undefined;
    switch (-written) {
      case constants.errno.EAGAIN:
      case constants.errno.ENOBUFS:
      case constants.errno.ENOMEM:
        return 'no-buffer';
      case constants.errno.EIO: // The kernel's side is set down.
        return 'link-down';
      default:
        return 'device-refused';
    }
  }

  /** Called by the addon with `count` packets, with 0 when it has no slot, or with -errno. */
  #readable(count: number): void {
    if (count < 0) {
      this.#gone = true;
      this.#options.onDown?.(getSystemErrorName(count === -EBADFD ? -constants.errno.EBADF : count));
      return;
    }
    const exchange = this.#exchange;
    const burst = this.#taken;
    let taken = 0;
    this.counters.received += count;
    // The addon uses slots from the end; taken off the offer first: what is called from here may close the device.
    for (let i = 0; i < count; i++) exchange[exchange[this.#order + i]! < 0 ? OFFERED_LARGE : OFFERED]!--;
    this.#options.beforeBurst?.();
    for (let i = 0; i < count; i++) {
      const at = exchange[this.#order + i]!;
      const packet = at < 0 ? this.#large[~at]! : this.#slots[at]!;
      const word = at < 0 ? this.#firstLarge + SLOT_WORDS * ~at : FIRST_SLOT + SLOT_WORDS * at;
      packet.end = packet.start + exchange[word + 2]! - VNET_HEADER;
      packet.inBurst = true;
      if (!this.#take(packet)) continue;
      if (this.#burst === undefined) this.#receive?.(packet);
      else burst[taken++] = packet;
    }
    this.#burst?.(burst, taken);
    const discarded = exchange[DISCARDED]!;
    exchange[DISCARDED] = 0;
    this.counters.received += discarded;
    for (let i = 0; i < discarded; i++) this.counters.drop('no-buffer');
    if (this.#open) this.#offer();
  }

  /** False when it was dropped. */
  #take(packet: Packet): boolean {
    if (!(packet.length > 0 && readVnetHeader(packet, this.#link))) {
      packet.end = Math.max(packet.end, packet.start);
      this.#drop(packet, 'bad-length');
      return false;
    }
    this.#environment.trace?.frame(this.name, this.medium, packet);
    const limit = this.medium === 'ethernet' ? this.mtu + LINK_HEADER : this.mtu;
    if (packet.length > limit && packet.segmentSize === 0) {
      this.#drop(packet, 'over-mtu');
    } else if (this.#receive === undefined) {
      this.#drop(packet, 'link-down');
    } else {
      this.counters.delivered++;
      return true;
    }
    return false;
  }

  #drop(packet: Packet, reason: DropReason): void {
    this.counters.drop(reason);
    this.#environment.trace?.verdict(this.name, 'dropped', reason, packet);
    this.#environment.pool.release(packet);
  }

  /** Fills the slots; fewer, or none, when the pool has no more. */
  #offer(): void {
    const { burst, large } = this.#addon;
    const link = this.medium === 'ethernet' ? LINK_HEADER : 0;
    // One byte more than a packet may have, so that a longer one is seen to be longer.
    this.#fill(OFFERED, this.#slots, burst, FIRST_SLOT, this.mtu + link + 1);
    if (this.offload === undefined || this.mtu >= LARGEST) this.#exchange[OFFERED_LARGE] = NO_LARGE;
    else this.#fill(OFFERED_LARGE, this.#large, large, this.#firstLarge, LARGEST + link + 1);
  }

  #fill(count: number, slots: Packet[], most: number, firstWord: number, capacity: number): void {
    const { pool } = this.#environment;
    const exchange = this.#exchange;
    let offered = exchange[count]!;
    while (offered < most) {
      const packet = pool.take(capacity);
      if (packet === undefined) break;
      const slab = this.#slab(packet.bytes);
      if (slab < 0) {
        pool.release(packet);
        break;
      }
      const word = firstWord + SLOT_WORDS * offered;
      exchange[word] = slab;
      exchange[word + 1] = packet.start - VNET_HEADER;
      exchange[word + 2] = packet.length + VNET_HEADER;
      slots[offered++] = packet;
    }
    exchange[count] = offered;
  }

  #slab(bytes: Uint8Array): number {
    let slab = this.#slabs.get(bytes);
    if (slab === undefined) {
      slab = this.#addon.addSlab(this.#handle, bytes);
      this.#slabs.set(bytes, slab);
    }
    return slab;
  }
}
