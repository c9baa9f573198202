/** Two ends and a wire between them, or one end and a peer played by the test; all on one clock, all from one seed. */
import { Address } from '../../../stacks/address/address.ts';
import type { Family } from '../../../stacks/address/family.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import type {
  Failure,
  NetworkLayer,
  OutputOptions,
  TransportVerdict,
} from '../../../stacks/address/network.ts';
import { addBytes, finish } from '../../../stacks/packet/checksum.ts';
import type { Offload } from '../../../stacks/packet/device.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { ListenOptions, TcpConnection, TcpHandler, TcpListener } from '../../../stacks/tcp/api.ts';
import type { ConnectionOptions } from '../../../stacks/tcp/connection-options.ts';
import { Tcp, type TcpOptions } from '../../../stacks/tcp/tcp.ts';
import { Clock } from '../../../stacks/time/clock.ts';
import { CHECKSUM, HEADER, TCP, writeHeader } from '../../../stacks/wire/tcp.ts';

export const families: readonly Family[] = [ipv4, ipv6];

/** xorshift32 */
export class Seeded {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.u32();
  }
  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
  chance(p: number): boolean {
    return this.u32() < p * 0x1_0000_0000;
  }
}

export interface Sent {
  time: number;
  from: string;
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  flags: string;
  window: number;
  data: Uint8Array;
  mss: number | undefined;
  shift: number | undefined;
  sackPermitted: boolean;
  timestamp: [number, number] | undefined;
  sack: [number, number][];
  /** As the IP header has it. */
  trafficClass: number;
  urgent: number;
  /** Bytes of data that the device is to cut it into; 0 for one segment. */
  segmentSize: number;
}

const LETTERS: [number, string][] = [
  [2, 'S'],
  [1, 'F'],
  [4, 'R'],
  [8, 'P'],
  [32, 'U'],
  [64, 'E'],
  [128, 'W'],
  [16, '.'],
];

export function decode(packet: Packet, time: number, from: string, trafficClass = 0): Sent {
  const at = packet.start;
  const flags = packet.u8(at + 13);
  const header = (packet.u8(at + 12) >> 4) * 4;
  const sent: Sent = {
    time,
    from,
    sourcePort: packet.u16(at),
    destinationPort: packet.u16(at + 2),
    seq: packet.i32(at + 4),
    ack: packet.i32(at + 8),
    flags: LETTERS.filter(([bit]) => (flags & bit) !== 0)
      .map(([, letter]) => letter)
      .join(''),
    window: packet.u16(at + 14),
    data: packet.copy(at + header),
    mss: undefined,
    shift: undefined,
    sackPermitted: false,
    timestamp: undefined,
    sack: [],
    trafficClass,
    urgent: packet.u16(at + 18),
    segmentSize: packet.segmentSize,
  };
  for (let i = at + HEADER; i < at + header; ) {
    const kind = packet.u8(i);
    if (kind === 0) break;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = packet.u8(i + 1);
    if (kind === 2) sent.mss = packet.u16(i + 2);
    if (kind === 3) sent.shift = packet.u8(i + 2);
    if (kind === 4) sent.sackPermitted = true;
    if (kind === 8) sent.timestamp = [packet.i32(i + 2), packet.i32(i + 6)];
    if (kind === 5) {
      for (let j = i + 2; j < i + length; j += 8) sent.sack.push([packet.i32(j), packet.i32(j + 4)]);
    }
    i += length;
  }
  return sent;
}

export interface Faults {
  /** µs */
  delay: number;
  loss: number;
  reorder: number;
  duplicate: number;
  corrupt: number;
}

type Carry = (end: End, packet: Packet, source: Address, destination: Address, trafficClass: number) => void;

export class End implements NetworkLayer {
  readonly name: string;
  readonly family: Family;
  readonly environment: Environment;
  readonly address: Address;
  /** Of the path as it is known, and of the link. */
  mtu = 1_500;
  readonly link = 1_500;
  /** What its link does for it. */
  offloads: Offload | undefined;
  failure: Failure | undefined;
  confirmed = 0;
  lastOptions: OutputOptions = {};
  tcp!: Tcp;
  readonly verdicts: TransportVerdict[] = [];
  readonly #carry: Carry;

  constructor(name: string, family: Family, environment: Environment, address: Address, carry: Carry) {
    this.name = name;
    this.family = family;
    this.environment = environment;
    this.address = address;
    this.#carry = carry;
  }

  sourceFor(): Address {
    return this.address;
  }
  isLocal(address: Address): boolean {
    return address.equals(this.address) || address.equals(this.family.loopback);
  }
  pathMtu(): number {
    return this.mtu;
  }
  linkMtu(): number {
    return this.link;
  }
  offload(): Offload | undefined {
    return this.offloads;
  }
  output(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: OutputOptions,
  ): Failure | undefined {
    this.lastOptions = options;
    if (protocol !== TCP) throw new Error('not TCP');
    if (this.failure !== undefined) {
      this.environment.pool.release(packet);
      return this.failure;
    }
    this.#carry(this, packet, source.clone(), destination.clone(), options.trafficClass ?? 0);
    return undefined;
  }
  confirmReachable(): void {
    this.confirmed++;
  }
  describe(address: Address): string {
    return this.family.format(address);
  }
  /** Takes the packet as if IP had validated it. */
  take(packet: Packet, source: Address, destination: Address): TransportVerdict {
    const verdict = this.tcp.receive(packet, source, destination);
    this.environment.pool.release(packet);
    if (this.verdicts.length < 1_000) this.verdicts.push(verdict);
    return verdict;
  }
}

/** As much of an IP header as anybody reads behind IP. */
function writeClass(packet: Packet, family: Family, trafficClass: number): void {
  packet.network = packet.start - family.headerBytes;
  packet.setU8(packet.network + 1, family.version === 4 ? trafficClass : (trafficClass << 4) & 0xff);
}

function addressOf(family: Family, host: number): Address {
  return family.addressBytes === 4
    ? new Address(0, 0, 0, 0x0a000000 | host)
    : new Address(0x20010db8, 0, 0, host);
}

function environmentOf(seed: number): Environment & { clock: Clock; pool: PacketPool } {
  return { clock: new Clock(), random: new Seeded(seed), pool: new PacketPool(), trace: undefined };
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

/** An owner that writes down what it is told, reads at once, and keeps the bytes. */
export class Owner implements TcpHandler {
  connection!: TcpConnection;
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  received = 0;
  failure: Failure | undefined;
  isClosed = false;
  /** False leaves the bytes in the connection. */
  reading = true;
  keep = true;
  onReadable: (() => void) | undefined;
  onEnded: (() => void) | undefined;
  onWritable: (() => void) | undefined;
  onConnected: (() => void) | undefined;
  onClosed: (() => void) | undefined;

  connected(): void {
    this.events.push('connected');
    this.onConnected?.();
  }
  readable(): void {
    if (this.events.at(-1) !== 'readable') this.events.push('readable');
    if (this.reading) this.read();
    this.onReadable?.();
  }
  read(): void {
    for (let chunk = this.connection.read(); chunk !== undefined; chunk = this.connection.read()) {
      this.received += chunk.length;
      if (this.keep) this.chunks.push(chunk);
    }
  }
  writable(): void {
    this.events.push('writable');
    this.onWritable?.();
  }
  ended(): void {
    this.events.push('ended');
    this.onEnded?.();
  }
  closed(failure: Failure | undefined): void {
    this.events.push(failure === undefined ? 'closed' : `closed ${failure.code}`);
    this.failure = failure;
    this.isClosed = true;
    this.onClosed?.();
  }
  get bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.chunks));
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

export function must<T extends object>(value: T | Failure): T {
  if ('code' in value && 'cause' in value) throw new Error(`${value.code}: ${value.cause}`);
  return value as T;
}

/** `b` listens at `port`; each accepted connection gets the owner that `make` returns. */
export function serve(
  end: End,
  port: number,
  make: () => Owner,
  options: Partial<ListenOptions> = {},
): TcpListener {
  return must(
    end.tcp.listen(end.family.any, port, {
      ...options,
      accept: (connection) => {
        const owner = make();
        owner.connection = connection;
        connection.handler = owner;
      },
    }),
  );
}

export function dial(
  end: End,
  remote: Address,
  port: number,
  owner: Owner = new Owner(),
  options?: ConnectionOptions,
): Owner {
  owner.connection = must(
    end.tcp.connect(remote, port, { handler: owner, ...(options !== undefined && { options }) }),
  );
  return owner;
}

/** An established pair: `client` at a, `server` at b. */
export function pair(wire: Wire, port = 80): { client: Owner; server: Owner } {
  const server = new Owner();
  serve(wire.b, port, () => server);
  const client = dial(wire.a, wire.b.address, port);
  wire.settle(1_000_000);
  return { client, server };
}

export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  const random = new Seeded(seed);
  for (let i = 0; i < length; i++) bytes[i] = random.u32() >>> 11;
  return bytes;
}

export interface Crafted {
  seq: number;
  ack?: number;
  flags: string;
  window?: number;
  data?: Uint8Array | string;
  /** Raw bytes of the option field, a multiple of four. */
  options?: number[];
  /** It comes with others. */
  inBurst?: boolean;
  trafficClass?: number;
}

/** One end; the test is the other. */
export class Peer {
  readonly environment: Environment & { clock: Clock; pool: PacketPool };
  readonly clock: Clock;
  readonly end: End;
  readonly address: Address;
  readonly sent: Sent[] = [];
  port = 4_000;
  local = 80;

  constructor(family: Family, options: Partial<TcpOptions> = {}, seed = 1) {
    this.environment = environmentOf(seed);
    this.clock = this.environment.clock;
    this.address = addressOf(family, 2);
    this.end = new End(
      'a',
      family,
      this.environment,
      addressOf(family, 1),
      (end, packet, _from, _to, trafficClass) => {
        this.sent.push(decode(packet, this.clock.now, end.name, trafficClass));
        this.environment.pool.release(packet);
      },
    );
    this.end.tcp = new Tcp(this.end, { maxConnections: 4_095, ...options });
  }

  get tcp(): Tcp {
    return this.end.tcp;
  }

  /** What was sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }

  inject(
    segment: Crafted,
    destination: Address = this.end.address,
    source: Address = this.address,
  ): TransportVerdict {
    const { family } = this.end;
    const data =
      typeof segment.data === 'string' ? Buffer.from(segment.data, 'latin1') : (segment.data ?? []);
    const options = segment.options ?? [];
    const header = HEADER + options.length;
    const packet = this.environment.pool.take(header + data.length)!;
    let flags = 0;
    for (const [bit, letter] of LETTERS) if (segment.flags.includes(letter)) flags |= bit;
    const { seq, ack = 0, window = 65_535 } = segment;
    writeHeader(packet, this.port, this.local, seq, ack, header, flags, window);
    packet.bytes.set(options, packet.start + HEADER);
    packet.bytes.set(data, packet.start + header);
    packet.inBurst = segment.inBurst === true;
    writeClass(packet, family, segment.trafficClass ?? 0);
    const pseudo = family.pseudoHeader(source, destination, TCP, packet.length);
    packet.setU16(packet.start + CHECKSUM, finish(addBytes(packet, packet.start, packet.end, pseudo)));
    return this.end.take(packet, source, destination);
  }

  /** Passive open of our end at `local`; returns the owner, with `iss` of ours and the peer's at 1000. */
  accept(options: number[] = [], window = 65_535, flags = 'S'): { owner: Owner; iss: number } {
    const owner = new Owner();
    serve(this.end, this.local, () => owner);
    this.inject({ seq: 1_000, flags, options, window });
    const iss = this.take()[0]!.seq;
    // RFC 7323 §3.2: once agreed upon, timestamps are in every segment.
    const stamped = options[2] === 8 ? options.slice(0, 12) : [];
    this.inject({ seq: 1_001, ack: (iss + 1) | 0, flags: '.', window, options: stamped });
    this.take();
    return { owner, iss };
  }
}

export function mssOption(mss: number): number[] {
  return [2, 4, mss >> 8, mss & 0xff];
}
export function sackPermitted(): number[] {
  return [1, 1, 4, 2];
}
export function scaleOption(shift: number): number[] {
  return [1, 3, 3, shift];
}
function word(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
export function timestampOption(value: number, echo: number): number[] {
  return [1, 1, 8, 10, ...word(value), ...word(echo)];
}
export function sackOption(...blocks: [number, number][]): number[] {
  return [
    1,
    1,
    5,
    2 + 8 * blocks.length,
    ...blocks.flatMap(([start, end]) => [...word(start), ...word(end)]),
  ];
}
