/** Two TCPs and nothing between them but a queue: what the transport alone costs. */
import { Address } from '../stacks/address/address.ts';
import type { Family } from '../stacks/address/family.ts';
import type { NetworkLayer } from '../stacks/address/network.ts';
import type { Environment } from '../stacks/packet/environment.ts';
import type { Packet } from '../stacks/packet/packet.ts';
import { PacketPool } from '../stacks/packet/pool.ts';
import type { TcpConnection, TcpHandler, TcpService } from '../stacks/tcp/api.ts';
import { Tcp, type TcpOptions } from '../stacks/tcp/tcp.ts';
import { Clock } from '../stacks/time/clock.ts';

const MTU = 1_500;

/** An owner of many connections that does nothing with them. */
export const IDLE: TcpHandler = { connected() {}, readable() {}, writable() {}, ended() {}, closed() {} };

/** Gives every byte back. */
export class Echo implements TcpHandler {
  readonly #connection: TcpConnection;

  constructor(connection: TcpConnection) {
    this.#connection = connection;
    connection.handler = this;
    connection.setNoDelay(true);
  }
  connected(): void {}
  readable(): void {
    const chunk = this.#connection.read();
    if (chunk !== undefined) this.#connection.send(chunk);
  }
  writable(): void {}
  ended(): void {}
  closed(): void {}
}

/** Reads, and does nothing with it. */
export class Reader extends Echo {
  readonly #own: TcpConnection;

  constructor(connection: TcpConnection) {
    super(connection);
    this.#own = connection;
  }
  override readable(): void {
    this.#own.read();
  }
}

/** Listens with a backlog for all that a benchmark opens at once. */
export function listen(
  tcp: TcpService,
  family: Family,
  port: number,
  accept: (c: TcpConnection) => void,
): void {
  const listener = tcp.listen(family.any, port, { backlog: 4_095, accept });
  if ('code' in listener) throw new Error(listener.cause);
}

class End implements NetworkLayer {
  readonly family: Family;
  readonly environment: Environment;
  readonly address: Address;
  readonly tcp: Tcp;
  readonly #wire: MemoryWire;

  constructor(wire: MemoryWire, address: Address, options: TcpOptions) {
    this.#wire = wire;
    this.family = wire.family;
    this.environment = wire.environment;
    this.address = address;
    this.tcp = new Tcp(this, options);
  }
  sourceFor(): Address {
    return this.address;
  }
  isLocal(address: Address): boolean {
    return address.equals(this.address);
  }
  pathMtu(): number {
    return MTU;
  }
  linkMtu(): number {
    return MTU;
  }
  offload(): undefined {}
  output(packet: Packet): undefined {
    this.#wire.carry(this, packet);
  }
  confirmReachable(): void {}
  describe(address: Address): string {
    return this.family.format(address);
  }
}

export class MemoryWire {
  readonly family: Family;
  readonly clock: Clock = new Clock();
  readonly environment: Environment;
  readonly client: End;
  readonly server: End;
  /** Segments carried. */
  segments = 0;
  readonly #packets: Packet[] = [];
  readonly #to: End[] = [];

  constructor(family: Family, connections: number) {
    this.family = family;
    this.environment = {
      clock: this.clock,
      random: { u32: () => Math.floor(Math.random() * 2 ** 32) },
      pool: new PacketPool(),
      trace: undefined,
    };
    const options = { maxConnections: connections };
    this.client = new End(this, addressOf(family, 1), options);
    this.server = new End(this, addressOf(family, 2), options);
  }

  carry(from: End, packet: Packet): void {
    this.#packets.push(packet);
    this.#to.push(from === this.client ? this.server : this.client);
  }

  /** Until nothing is on its way. Each segment takes a microsecond, so the clock moves as well. */
  settle(): void {
    const { client, server, clock, environment } = this;
    for (let i = 0; i < this.#packets.length; i++) {
      const to = this.#to[i]!;
      const packet = this.#packets[i]!;
      clock.advance(clock.now + 1);
      to.tcp.receive(packet, to === server ? client.address : server.address, to.address);
      environment.pool.release(packet);
      this.segments++;
    }
    this.#packets.length = this.#to.length = 0;
  }

  /** An active open whose handshake is left to `settle`. */
  connect(port: number, localPort: number, handler: TcpHandler = IDLE): TcpConnection {
    const opened = this.client.tcp.connect(this.server.address, port, { handler, localPort });
    if ('code' in opened) throw new Error(opened.cause);
    return opened;
  }
}

function addressOf(family: Family, host: number): Address {
  return family.version === 4 ? new Address(0, 0, 0, 0x0a000000 | host) : new Address(0x20010db8, 0, 0, host);
}
