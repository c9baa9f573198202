/** Two ends and a wire between them that delays, loses, reorders, duplicates, damages and marks. */
import type { Address } from '../../../stacks/address/address.ts';
import type { Family } from '../../../stacks/address/family.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import type { PacketPool } from '../../../stacks/packet/pool.ts';
import { Tcp, type TcpOptions } from '../../../stacks/tcp/tcp.ts';
import type { Clock } from '../../../stacks/time/clock.ts';

import { addressOf, type Carry, End, environmentOf, Seeded, writeClass } from './ends.ts';
import { dial, Owner, serve } from './owner.ts';
import { decode, type Sent } from './sent.ts';

export interface Faults {
  /** µs */
  delay: number;
  loss: number;
  reorder: number;
  duplicate: number;
  corrupt: number;
}

export interface WireOptions extends Partial<Faults> {
  seed?: number;
  a?: Partial<TcpOptions>;
  b?: Partial<TcpOptions>;
  /** Keep what is sent, decoded. */
  record?: boolean;
  /** bits/s of either direction; unlimited when absent. */
  rate?: number;
  /** Packets that wait for the rate. */
  queue?: number;
}

/** Two ends. */
export class Wire {
  readonly environment: Environment & { clock: Clock; pool: PacketPool };
  readonly clock: Clock;
  readonly a: End;
  readonly b: End;
  readonly sent: Sent[] = [];
  readonly faults: Faults;
  count = 0;
  /** Looks at every packet first; true loses it. */
  lose: ((sent: Sent) => boolean) | undefined;
  /** A router on the way has a queue (RFC 3168 §5): true marks the packet, when it may be marked. */
  mark: ((sent: Sent) => boolean) | undefined;
  /** Packets over this are answered as an IPv4 or IPv6 router would. */
  pathMtu = 65_535;
  readonly #random: Seeded;
  readonly #options: WireOptions;
  readonly #free = new Map<End, number>();

  constructor(family: Family, options: WireOptions = {}) {
    this.environment = environmentOf(options.seed ?? 1);
    this.clock = this.environment.clock;
    this.#random = new Seeded((options.seed ?? 1) + 77);
    this.#options = options;
    this.faults = {
      delay: options.delay ?? 1_000,
      loss: options.loss ?? 0,
      reorder: options.reorder ?? 0,
      duplicate: options.duplicate ?? 0,
      corrupt: options.corrupt ?? 0,
    };
    const carry: Carry = (...sent) => this.#carry(...sent);
    this.a = new End('a', family, this.environment, addressOf(family, 1), carry);
    this.b = new End('b', family, this.environment, addressOf(family, 2), carry);
    this.a.tcp = new Tcp(this.a, { maxConnections: 4_095, ...options.a });
    this.b.tcp = new Tcp(this.b, { maxConnections: 4_095, ...options.b });
  }

  #carry(end: End, packet: Packet, source: Address, destination: Address, trafficClass: number): void {
    const { pool } = this.environment;
    const { faults } = this;
    this.count++;
    const sent =
      this.#options.record === true || this.lose !== undefined || this.mark !== undefined
        ? decode(packet, this.clock.now, end.name, trafficClass)
        : undefined;
    if (this.#options.record === true) this.sent.push(sent!);
    const other = end.isLocal(destination) ? end : end === this.a ? this.b : this.a;
    if (packet.length + end.family.headerBytes > this.pathMtu) {
      const error = {
        kind: 'too-big' as const,
        mtu: this.pathMtu,
        reporter: 'router',
        local: source,
        remote: destination,
        localPort: packet.u16(packet.start),
        remotePort: packet.u16(packet.start + 2),
        sequence: packet.i32(packet.start + 4),
      };
      pool.release(packet);
      this.#later(faults.delay, () => {
        if (end.tcp.networkError(error)) end.mtu = Math.min(end.mtu, this.pathMtu);
      });
      return;
    }
    if (this.lose?.(sent!) === true || this.#random.chance(faults.loss)) {
      pool.release(packet);
      return;
    }
    const isMarked = (trafficClass & 3) !== 0 && this.mark?.(sent!) === true;
    writeClass(packet, end.family, isMarked ? trafficClass | 3 : trafficClass);
    if (this.#random.chance(faults.duplicate)) {
      const copy = pool.clone(packet)!;
      this.#later(faults.delay, () => void other.take(copy, source, destination));
    }
    if (this.#random.chance(faults.corrupt)) {
      const at = packet.start + (this.#random.u32() % packet.length);
      packet.setU8(at, packet.u8(at) ^ (1 << (this.#random.u32() % 8)));
    }
    let delay = faults.delay;
    if (this.#random.chance(faults.reorder)) delay += this.#random.u32() % (faults.delay * 3 + 1);
    if (this.#options.rate !== undefined) {
      const now = this.clock.now;
      const start = Math.max(this.#free.get(end) ?? 0, now);
      const takes = ((packet.length + 34) * 8e6) / this.#options.rate;
      if ((start - now) / takes > (this.#options.queue ?? 100)) {
        pool.release(packet);
        return;
      }
      this.#free.set(end, start + takes);
      delay += start + takes - now;
    }
    this.#later(delay, () => void other.take(packet, source, destination));
  }

  #later(delay: number, what: () => void): void {
    this.clock.timer(what).armIn(delay);
  }

  /** Runs until nothing but housekeeping is left, at most `limit` µs further. */
  settle(limit: number = 3_600_000_000): void {
    const end = this.clock.now + limit;
    while (this.clock.foreground > 0 && this.clock.step(end));
  }

  run(time: number): void {
    this.clock.advance(this.clock.now + time);
  }

  /** Until no timer at all is armed. */
  drain(): void {
    while (this.clock.step());
  }
}

/** An established pair: `client` at a, `server` at b. */
export function pair(wire: Wire, port = 80): { client: Owner; server: Owner } {
  const server = new Owner();
  serve(wire.b, port, () => server);
  const client = dial(wire.a, wire.b.address, port);
  wire.settle(1_000_000);
  return { client, server };
}
