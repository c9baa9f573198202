/**
 * The Linux kernel in real time: its sockets, and a TUN on whose far end the script stands. In a network namespace of
 * this process alone, which ends with it. A second implementation to hold our reading of an RFC against.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Address } from '../../../stacks/address/address.ts';
import type { Family } from '../../../stacks/address/family.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import type { HostAddress } from '../../sockets/host.ts';
import { parseAddress } from '../../sockets/names.ts';
import { decode, type Seen } from '../codec.ts';
import type { ShellLine } from '../shell.ts';
import { LOCAL, PREFIX, REMOTE } from '../virtual-world.ts';
import type { Mode, PosixSocket, World } from '../world.ts';
import { KernelSocket } from './kernel-socket.ts';
import type { Libc } from './libc.ts';

const CLONE_NEWNET = 0x4000_0000;
const O_RDWR_NONBLOCK = 0o4002;
const TUNSETIFF = 0x4004_54ca;
const IFF_TUN_NO_PI = 0x1001;
const POLLIN = 1;
const INTERFACE = 'script0';
const LARGEST = 65_536;
/** ms that are slept in one piece: a socket may have become ready without a packet. */
const NAP = 1;
/** ms */
const LONGEST_WAIT = 2_000;

/** Nothing remembered from one script to the next, the buffers of our stack, and SYNs backed off as in RFC 6298. */
const SETTLED = {
  'net/ipv4/tcp_no_metrics_save': '1',
  'net/ipv4/tcp_rmem': '4096 131072 2097120',
  'net/ipv4/tcp_wmem': '4096 1048576 4194304',
  'net/ipv4/tcp_syn_linear_timeouts': '0',
};

/**
 * Moves this process into a network namespace of its own.
 * @throws Error without the privilege (CAP_SYS_ADMIN).
 */
export function enterNamespace(libc: Libc): void {
  if (libc.unshare(CLONE_NEWNET) < 0) {
    throw new Error(
      `a network namespace of its own: ${libc.errno()}; playing scripts to the kernel needs root`,
    );
  }
  command('ip', 'link', 'set', 'lo', 'up');
}

function command(...words: readonly string[]): void {
  const [program, ...rest] = words;
  const { status, stderr, error } = spawnSync(program!, rest, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr.trim()}`);
}

export class KernelWorld implements World {
  readonly wireFamily: Family;
  readonly socketFamily: Family;
  readonly local: Address;
  readonly remote: Address;
  readonly bindAddress: HostAddress;
  readonly connectAddress: HostAddress;
  readonly waiting: Seen[] = [];
  onPacket: World['onPacket'] = () => {};
  readonly #libc: Libc;
  readonly #tun: number;
  readonly #buffer = new Uint8Array(LARGEST);
  readonly #before = new Map<string, string>();
  readonly #sleep = new Int32Array(new SharedArrayBuffer(4));

  /** @throws Error when the interface cannot be made. */
  constructor(libc: Libc, mode: Mode, mtu: number | undefined) {
    this.#libc = libc;
    this.wireFamily = mode === 'ipv6' ? ipv6 : ipv4;
    this.socketFamily = mode === 'ipv4' ? ipv4 : ipv6;
    const { version, headerBytes } = this.wireFamily;
    this.local = this.wireFamily.parse(LOCAL[version])!;
    this.remote = this.wireFamily.parse(REMOTE[version])!;
    const bound = mode === 'coupled' ? this.socketFamily : this.wireFamily;
    this.bindAddress = { family: bound, address: mode === 'coupled' ? bound.any : this.local };
    this.connectAddress = { family: this.wireFamily, address: this.remote };
    this.#tun = this.#open();
    for (const [name, value] of Object.entries(SETTLED)) {
      // An older kernel lacks what it need not be told.
      if (existsSync(`/proc/sys/${name}`)) this.#set(name, value);
    }
    const size = String(mtu ?? 1_460 + 20 + headerBytes);
    // One segment at a time: the kernel puts PSH on the last of those that it hands down together.
    command('ip', 'link', 'set', INTERFACE, 'up', 'mtu', size, 'gso_max_segs', '1');
    const duplicates = version === 6 ? ['nodad'] : [];
    command('ip', 'addr', 'add', `${LOCAL[version]}/${PREFIX[version]}`, 'dev', INTERFACE, ...duplicates);
    command('ip', `-${version}`, 'route', 'add', 'default', 'dev', INTERFACE);
    if (version === 6) this.#await6();
  }

  /** The kernel takes packets for a new IPv6 address a moment after the command has ended. */
  #await6(): void {
    const bytes = new Uint8Array(16);
    this.wireFamily.write(this.local, bytes, 0);
    const route = `${Buffer.from(bytes).toString('hex')} 80 `;
    for (let i = 0; i < LONGEST_WAIT; i++) {
      if (readFileSync('/proc/thread-self/net/ipv6_route', 'utf8').includes(route)) return;
      Atomics.wait(this.#sleep, 0, 0, 1);
    }
    throw new Error(`${INTERFACE} has not got its address`);
  }

  #open(): number {
    const fd = this.#libc.open('/dev/net/tun', O_RDWR_NONBLOCK);
    if (fd < 0) throw new Error(`/dev/net/tun: ${this.#libc.errno()}`);
    const request = new Uint8Array(40);
    request.set(new TextEncoder().encode(INTERFACE));
    new DataView(request.buffer).setUint16(16, IFF_TUN_NO_PI, true);
    if (this.#libc.ioctl(fd, TUNSETIFF, request) < 0) throw new Error(`TUNSETIFF: ${this.#libc.errno()}`);
    return fd;
  }

  get now(): number {
    return Math.round(performance.now() * 1_000);
  }

  inject(bytes: Uint8Array): void {
    this.#drain();
    const seen = decode(this.wireFamily, this.now, bytes);
    if (seen !== undefined) this.onPacket('in', seen);
    if (this.#libc.write(this.#tun, bytes, bytes.length) < 0) {
      throw new Error(`write to ${INTERFACE}: ${this.#libc.errno()}`);
    }
    this.#drain();
  }

  /** True when the kernel has sent something, or time has gone on a little. */
  step(deadline: number): boolean {
    if (this.#drain()) return true;
    const left = deadline - this.now;
    if (left <= 0) return false;
    const pollfd = new Uint8Array(8);
    const view = new DataView(pollfd.buffer);
    view.setInt32(0, this.#tun, true);
    view.setInt16(4, POLLIN, true);
    if (left < NAP * 1_000) Atomics.wait(this.#sleep, 0, 0, left / 1_000);
    else this.#libc.poll(pollfd, 1, NAP);
    this.#drain();
    return true;
  }

  advance(deadline: number): void {
    while (this.now < deadline) this.step(deadline);
  }

  #drain(): boolean {
    const before = this.waiting.length;
    for (;;) {
      const length = this.#libc.read(this.#tun, this.#buffer, LARGEST);
      if (length <= 0) return this.waiting.length > before;
      if (this.#buffer[0]! >> 4 !== this.wireFamily.version) continue;
      const seen = decode(this.wireFamily, this.now, this.#buffer.slice(0, length));
      if (seen === undefined) continue;
      this.onPacket('out', seen);
      this.waiting.push(seen);
    }
  }

  socket(type: 'stream' | 'datagram'): PosixSocket {
    return new KernelSocket(this.#libc, this.socketFamily.version, type);
  }

  parse(text: string): HostAddress | undefined {
    return parseAddress(text, () => undefined);
  }

  shell({ settings, tuning, unknown }: ShellLine): readonly string[] {
    const missing = [...unknown];
    if (Object.keys(tuning).length > 0) missing.push('attributes of a route');
    for (const [name, value] of settings) {
      const path = name.replaceAll('.', '/');
      // Every socket asks for it anyway, and a network namespace may not choose.
      if (name === 'net.ipv4.tcp_congestion_control' && value === 'cubic') continue;
      if (!this.#setIfAllowed(path, value)) missing.push(`${name} = ${value}`);
    }
    return missing;
  }

  #setIfAllowed(name: string, value: string): boolean {
    if (!existsSync(`/proc/sys/${name}`)) return false;
    try {
      this.#set(name, value);
      return true;
    } catch {
      return false;
    }
  }

  #set(name: string, value: string): void {
    const path = `/proc/sys/${name}`;
    if (!this.#before.has(path)) this.#before.set(path, readFileSync(path, 'utf8').trim());
    writeFileSync(path, value);
  }

  start(): void {
    this.#drain();
    this.waiting.length = 0;
  }

  stop(): void {
    for (const [path, value] of this.#before) writeFileSync(path, value);
    this.#libc.close(this.#tun);
  }
}
