/** The Linux kernel on the far side of a TUN or TAP, in a network namespace of this process alone. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { enterNamespace } from '../../../src/script/kernel/kernel-world.ts';
import { type Libc, loadLibc } from '../../../src/script/kernel/libc.ts';
import { type Bytes, ICMP, ICMPV6, icmp, ip4, ip6, join, u16 } from '../../fuzz/packets.ts';
import { ADDRESSES, type End, introductions } from './end.ts';
import { BOUND, HOST_MAC, OPEN } from './vectors.ts';

const O_RDWR_NONBLOCK = 0o4002;
const TUNSETIFF = 0x4004_54ca;
const IFF = { tun: 0x1001, tap: 0x1002 } as const;
const AF_INET6 = 10;
const SOCK_NONBLOCK = 0o4000;
const STREAM = 1;
const DATAGRAM = 2;
const INTERFACE = 'differ0';
const LARGEST = 65_600;
/** ms until the kernel must have answered a ping. */
const PATIENCE = 2_000;
/** What marks the ping that is sent behind each packet: its answer says that all others have come. */
const MARK = 0x7ead;

/** No limit may blur what is answered; no packet is dropped for where it came from, as our hosts do not. */
const SETTINGS = {
  'net/ipv4/icmp_ratelimit': '0',
  'net/ipv4/icmp_msgs_per_sec': '1000000',
  'net/ipv4/icmp_msgs_burst': '1000000',
  'net/ipv6/icmp/ratelimit': '0',
  'net/ipv4/tcp_invalid_ratelimit': '0',
  'net/ipv4/tcp_challenge_ack_limit': '2147483647',
  'net/ipv4/tcp_syncookies': '0',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv6/conf/default/accept_dad': '0',
  'net/ipv6/conf/default/accept_ra': '0',
  'net/ipv6/conf/default/router_solicitations': '0',
  'net/ipv6/conf/default/use_tempaddr': '0',
};

/** Loads koffi and leaves the namespace of the machine. @throws Error without the privilege. */
export async function kernel(): Promise<Libc> {
  const libc = await loadLibc();
  enterNamespace(libc);
  return libc;
}

function command(...words: readonly string[]): void {
  const [program, ...rest] = words;
  const { status, stderr } = spawnSync(program!, rest, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr.trim()}`);
}

export class KernelEnd implements End {
  readonly mac: Bytes = Uint8Array.from(HOST_MAC);
  readonly #libc: Libc;
  readonly #link: 'tun' | 'tap';
  readonly #tun: number;
  readonly #sockets: number[] = [];
  readonly #udp: readonly number[];
  readonly #buffer = new Uint8Array(LARGEST);
  readonly #sleep = new Int32Array(new SharedArrayBuffer(4));
  #sequence = 0;

  constructor(libc: Libc, link: 'tun' | 'tap') {
    this.#libc = libc;
    this.#link = link;
    for (const [name, value] of Object.entries(SETTINGS)) {
      // An older kernel lacks what it need not be told.
      if (existsSync(`/proc/sys/${name}`)) writeFileSync(`/proc/sys/${name}`, value);
    }
    this.#tun = this.#open();
    if (link === 'tap') {
      const mac = HOST_MAC.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
      command('ip', 'link', 'set', INTERFACE, 'address', mac);
    }
    command('ip', 'link', 'set', INTERFACE, 'mtu', '1500', 'up');
    for (const { address, prefixLength } of ADDRESSES) {
      command(
        'ip',
        'addr',
        'add',
        `${address}/${prefixLength}`,
        'dev',
        INTERFACE,
        ...(address.includes(':') ? ['nodad'] : []),
      );
    }
    // An ACK that is delayed would be heard of too late.
    const quick = ['dev', INTERFACE, 'proto', 'kernel', 'quickack', '1'];
    command('ip', 'route', 'change', '192.0.2.0/24', ...quick, 'scope', 'link', 'src', '192.0.2.1');
    command('ip', '-6', 'route', 'change', '2001:db8::/64', ...quick, 'metric', '256');
    // One socket of each kind for both families.
    const [stream, datagram] = [this.#bound(STREAM, OPEN), this.#bound(DATAGRAM, BOUND)];
    if (libc.listen(stream, 4_096) < 0) throw new Error(`listen: ${libc.errno()}`);
    this.#udp = [datagram];
    this.#await();
  }

  #open(): number {
    const fd = this.#libc.open('/dev/net/tun', O_RDWR_NONBLOCK);
    if (fd < 0) throw new Error(`/dev/net/tun: ${this.#libc.errno()}`);
    const request = new Uint8Array(40);
    request.set(new TextEncoder().encode(INTERFACE));
    new DataView(request.buffer).setUint16(16, IFF[this.#link], true);
    if (this.#libc.ioctl(fd, TUNSETIFF, request) < 0) throw new Error(`TUNSETIFF: ${this.#libc.errno()}`);
    return fd;
  }

  #bound(type: number, port: number): number {
    const fd = this.#libc.socket(AF_INET6, type | SOCK_NONBLOCK, 0);
    const address = new Uint8Array(28);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_INET6, true);
    view.setUint16(2, port);
    if (fd < 0 || this.#libc.bind(fd, address, address.length) < 0)
      throw new Error(`bind ${port}: ${this.#libc.errno()}`);
    this.#sockets.push(fd);
    return fd;
  }

  /** The kernel takes packets for new addresses a moment after the command has ended. */
  #await(): void {
    for (let i = 0; i < PATIENCE / 10; i++) {
      this.#prime();
      if (this.#ping(4, 10) !== undefined && this.#ping(6, 10) !== undefined) return;
      Atomics.wait(this.#sleep, 0, 0, 1);
    }
    throw new Error(`${INTERFACE} does not answer`);
  }

  /** On Ethernet it learns who we are. */
  #prime(): void {
    if (this.#link === 'tap') for (const frame of introductions(this.mac)) this.#write(frame);
  }

  #write(packet: Bytes): void {
    // A packet that the device itself refuses is not answered either.
    this.#libc.write(this.#tun, packet, packet.length);
  }

  give(packet: Bytes): Bytes[] {
    this.#prime();
    if (this.#ping(4, PATIENCE) === undefined || this.#ping(6, PATIENCE) === undefined) this.#silent();
    this.#write(packet);
    const four = this.#ping(4, PATIENCE);
    const six = this.#ping(6, PATIENCE);
    if (four === undefined || six === undefined) this.#silent();
    return [...four, ...six];
  }

  #silent(): never {
    throw new Error(`the kernel has not answered a ping for ${PATIENCE} ms`);
  }

  /** What came before the answer to a ping of ours; undefined when it did not come within `patience` ms. */
  #ping(version: 4 | 6, patience: number): Bytes[] | undefined {
    const word = (MARK << 16) | (++this.#sequence & 0xffff);
    const bare =
      version === 4 ? ip4({ protocol: ICMP }, icmp(8, 0, word)) : ip6({ next: ICMPV6 }, icmp(128, 0, word));
    const type = version === 4 ? [8, 0] : [0x86, 0xdd];
    this.#write(this.#link === 'tun' ? bare : join(HOST_MAC, [2, 0, 0, 0, 0, 2], type, bare));
    const seen: Bytes[] = [];
    const until = performance.now() + patience;
    while (performance.now() < until) {
      const length = this.#libc.read(this.#tun, this.#buffer, LARGEST);
      if (length <= 0) continue;
      const bytes = this.#buffer.slice(0, length);
      if (!this.#isPong(bytes)) seen.push(bytes);
      else if (u16(bytes, this.#body(bytes) + 6) === (this.#sequence & 0xffff)) return seen;
    }
    return undefined;
  }

  #body(bytes: Bytes): number {
    const ip = this.#link === 'tun' ? 0 : 14;
    return ip + (bytes[ip]! >> 4 === 4 ? 20 : 40);
  }

  #isPong(bytes: Bytes): boolean {
    const at = this.#body(bytes);
    return (bytes[at] === 0 || bytes[at] === 129) && u16(bytes, at + 4) === MARK;
  }

  delivered(): number[] {
    const lengths: number[] = [];
    for (const fd of this.#udp) {
      for (;;) {
        const length = this.#libc.recv(fd, this.#buffer, LARGEST, 0);
        if (length < 0) break;
        lengths.push(length);
      }
    }
    return lengths;
  }

  /** The version of the kernel, for the page. */
  static release(): string {
    return readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  }

  close(): void {
    for (const fd of [...this.#sockets, this.#tun]) this.#libc.close(fd);
  }
}
