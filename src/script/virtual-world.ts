/** Our own stack in virtual time: one, or a couple of two whose program speaks IPv6 sockets. */
import type { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { Ipv4Stack } from '../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../stacks/ipv6/stack.ts';
import { PacketPool } from '../../stacks/packet/pool.ts';
import type { Stack } from '../../stacks/stack.ts';
import { Clock } from '../../stacks/time/clock.ts';
import { Couple } from '../couple/couple.ts';
import { seededRandom } from '../lab/random.ts';
import type { HostAddress, SocketHost } from '../sockets/host.ts';
import { StackHost } from '../sockets/stack-host.ts';
import type { Seen } from './codec.ts';
import { DatagramSocket } from './datagram.ts';
import { StreamSocket } from './posix.ts';
import type { Tuning } from './settings.ts';
import { type ShellLine, tuningOfLine } from './shell.ts';
import { ScriptWire } from './wire.ts';
import type { Mode, PosixSocket, World } from './world.ts';

/** Of the stack, and of the script's own end, to which the default route leads: those that scripts may name. */
export const LOCAL = { 4: '192.168.0.1', 6: 'fd3d:fa7b:d17d::1' } as const;
export const REMOTE = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;
export const PREFIX = { 4: 16, 6: 48 } as const;

/** An MTU that gives every family an MSS of 1,460, so that one script fits both. */
export const defaultMtu = (family: Family): number => 1_460 + 20 + family.headerBytes;

/** Slabs are handed from script to script; each gives back all that it took. */
const pool = new PacketPool();

export class VirtualWorld implements World {
  readonly bindAddress: HostAddress;
  readonly connectAddress: HostAddress;
  readonly #clock = new Clock();
  readonly wireFamily: Family;
  readonly socketFamily: Family;
  readonly #host: SocketHost;
  readonly #wire: ScriptWire;
  readonly local: Address;
  readonly remote: Address;
  /** The stack on the wire first. */
  readonly #stacks: readonly Stack[];

  constructor(mode: Mode, mtu: number | undefined, seed: number, tuning: Tuning) {
    this.wireFamily = mode === 'ipv6' ? ipv6 : ipv4;
    this.socketFamily = mode === 'ipv4' ? ipv4 : ipv6;
    const environment = { clock: this.#clock, random: seededRandom(seed), pool, trace: undefined };
    this.#wire = new ScriptWire(environment, this.wireFamily, mtu ?? defaultMtu(this.wireFamily));
    const { version } = this.wireFamily;
    this.local = this.wireFamily.parse(LOCAL[version])!;
    this.remote = this.wireFamily.parse(REMOTE[version])!;
    const options = { id: 1, name: 'SCRIPT' };
    const stack = version === 4 ? new Ipv4Stack(environment, options) : new Ipv6Stack(environment, options);
    const { index: interfaceIndex } = stack.addInterface('WIRE', this.#wire, {
      address: this.local,
      prefixLength: PREFIX[version],
      mtu: this.#wire.mtu,
    });
    const anywhere = this.wireFamily.any;
    stack.addRoute({
      destination: anywhere,
      prefixLength: 0,
      gateway: anywhere,
      interfaceIndex,
      metric: 1,
      origin: 'static',
    });
    this.#stacks = [stack];
    const own = new StackHost(stack);
    this.#host = own;
    if (mode === 'coupled') {
      const six = new Ipv6Stack(environment, { id: 2, name: 'SCRIPT6' });
      const couple = new Couple(new StackHost(six), stack.id);
      couple.join(own);
      this.#stacks = [stack, six];
      this.#host = couple;
    }
    // A program of a couple that binds to everything gets both families.
    const bound = mode === 'coupled' ? this.socketFamily : this.wireFamily;
    this.bindAddress = { family: bound, address: mode === 'coupled' ? bound.any : this.local };
    this.connectAddress = { family: this.wireFamily, address: this.remote };
    this.#tune(tuning);
  }

  get now(): number {
    return this.#clock.now;
  }

  get waiting(): Seen[] {
    return this.#wire.waiting;
  }

  get onPacket(): World['onPacket'] {
    return this.#wire.onPacket;
  }
  set onPacket(told: World['onPacket']) {
    this.#wire.onPacket = told;
  }

  inject(bytes: Uint8Array): void {
    this.#wire.inject(bytes);
  }

  step(deadline: number): boolean {
    return this.#clock.step(deadline);
  }

  advance(deadline: number): void {
    if (this.#clock.now < deadline) this.#clock.advance(deadline);
  }

  socket(type: 'stream' | 'datagram'): PosixSocket {
    const { socketFamily: family } = this;
    return type === 'stream'
      ? new StreamSocket(this.#host)
      : new DatagramSocket(this.#host, { family, address: family.any });
  }

  parse(text: string): HostAddress | undefined {
    return this.#host.parse(text);
  }

  shell(line: ShellLine): readonly string[] {
    const { tuning, unknown } = tuningOfLine(line);
    if (unknown.length === 0) this.#tune(tuning);
    return unknown;
  }

  #tune(tuning: Tuning): void {
    for (const { tcp } of this.#stacks) tcp.configure(tuning);
  }

  /** The stack on the wire, for whoever wants to look at it. */
  get wireStack(): Stack {
    return this.#stacks[0]!;
  }

  /** Brings the stacks up; addresses are usable afterwards, and what the links said meanwhile is forgotten. */
  start(): void {
    for (const stack of this.#stacks) stack.start();
    const tentative = (): boolean =>
      this.#stacks.some((s) => s.interfaces().some((l) => l.addresses.some((a) => a.state === 'tentative')));
    while (tentative() && this.#clock.step());
    this.#wire.waiting.length = 0;
  }

  stop(): void {
    for (const stack of this.#stacks) stack.stop();
  }
}
