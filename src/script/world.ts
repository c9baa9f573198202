/** What a script is played to: a stack of ours in virtual time, or the kernel behind a TUN in real time. */
import type { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import type { HostAddress } from '../sockets/host.ts';
import type { Seen } from './codec.ts';
import type { Names } from './expression.ts';
import type { ShellLine } from './shell.ts';

/** `coupled`: IPv4 packets, and a program that speaks IPv6 sockets and sees its peers as `::ffff:`. */
export type Mode = 'ipv4' | 'ipv6' | 'coupled';
export const MODES: readonly Mode[] = ['ipv4', 'ipv6', 'coupled'];

/** Not an outcome of the stack: the script asks for what cannot be done here. */
export class NotSupported extends Error {}

/** A result, or an errno with the reason that was given for it. */
export type Result = number | { readonly errno: string; readonly cause?: string };
/** What a socket option is set to, or a call has written into the memory of its caller. */
export type OptionValue = number | string;
/** Not now: a blocking call tries again when something has happened. */
export const WOULD_BLOCK = undefined;
export type Tried = Result | typeof WOULD_BLOCK;

export const isErrno = (result: Result): result is { errno: string; cause?: string } =>
  typeof result === 'object';

/** What `poll` and `epoll` ask about. */
export interface Readiness {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly hungUp: boolean;
  readonly error: boolean;
  readonly peerClosed: boolean;
}

/** A socket of the program; calls by the manual pages of their names, none of them waits. */
export interface PosixSocket {
  readonly type: 'stream' | 'datagram';
  /** As the program has set it; only told, since no call here waits. */
  nonBlocking: boolean;
  /** The local port; 0 when there is none yet. */
  readonly port: number;
  readonly ready: Readiness;
  bind(local: HostAddress | undefined, port: number): Result;
  listen(backlog: number): Result;
  accept(): PosixSocket | Tried;
  connect(remote: HostAddress, port: number): Tried;
  /** `flags`: of MSG_PEEK and MSG_WAITALL. */
  read(max: number, flags: readonly string[]): Tried;
  /** As much as there is room for. */
  write(length: number, flags: readonly string[]): Tried;
  sendTo(length: number, remote: HostAddress, port: number): Tried;
  shutdown(how: string): Result;
  /**
   * Numbers, or one text (TCP_CONGESTION).
   * @throws NotSupported
   */
  setOption(name: string, values: readonly OptionValue[]): Result;
  /** @throws NotSupported */
  getOption(name: string): OptionValue;
  /** Bytes not yet read, not yet acknowledged, or not yet sent. */
  queued(direction: 'in' | 'out' | 'unsent'): number;
  /** SO_LINGER */
  readonly linger: readonly [onoff: number, seconds: number];
  /** Another number whenever something has happened to it: what edge-triggered events go by. */
  readonly news: number;
  /** `tcpi_*`, by name. */
  readonly info: Names;
  close(): Result;
  /** With a reset, whatever the program asked for. */
  abort(): void;
}

export const isSocket = (value: PosixSocket | Tried): value is PosixSocket =>
  typeof value === 'object' && 'sendTo' in value;

export interface World {
  readonly wireFamily: Family;
  readonly socketFamily: Family;
  /** Addresses on the wire: the stack's, and the script's own. */
  readonly local: Address;
  readonly remote: Address;
  /** What the program binds to and connects to when the script says `...`. */
  readonly bindAddress: HostAddress;
  readonly connectAddress: HostAddress;
  /** µs */
  readonly now: number;
  /** Sent by the stack and not yet compared, oldest first. */
  readonly waiting: Seen[];
  /** Called with every packet either way. */
  onPacket: (direction: 'in' | 'out', packet: Seen) => void;
  inject(bytes: Uint8Array): void;
  /** Lets the next thing happen, if it does until `deadline` (µs); false when it does not. */
  step(deadline: number): boolean;
  /** Lets all happen until `deadline`, and be it so late. */
  advance(deadline: number): void;
  socket(type: 'stream' | 'datagram'): PosixSocket;
  parse(text: string): HostAddress | undefined;
  /** Takes the settings of a shell line. What means nothing here. */
  shell(line: ShellLine): readonly string[];
  /** After the lines that stand before the first event. */
  start(): void;
  stop(): void;
}
