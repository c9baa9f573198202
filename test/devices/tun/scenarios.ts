/**
 * What the TUN tests run inside a network namespace, as a process of its own: `node scenarios.ts NAME`. Prints one line
 * of JSON; the test judges it.
 */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { TunDevice, type TunOptions, TunUnavailable } from '../../../devices/tun/tun.ts';
import { update } from '../../../stacks/packet/checksum.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import { Clock } from '../../../stacks/time/clock.ts';

const NAME = 'twintest0';
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);
const KERNEL = [
  { address: '10.99.0.1', prefixLength: 24 },
  { address: '10.98.0.1', prefixLength: 24 },
  { address: 'fd99::1', prefixLength: 64 },
];

const pool = new PacketPool(4 << 20);
const frames: string[] = [];
const environment: Environment = {
  clock: new Clock(),
  random: { u32: () => 4 },
  pool,
  trace: {
    verdict: () => {},
    frame: (_, medium, packet) => frames.push(`${medium} ${Buffer.from(packet.copy()).toString('hex')}`),
  },
};

function open(options: Partial<TunOptions> = {}): TunDevice {
  return TunDevice.open(environment, { interface: NAME, mode: 'tun', mtu: 1500, ...options });
}

function run(command: string, ...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(command, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

function exists(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

/** Turns an echo request whose IP header begins at `ip` into its reply in place; false for anything else. */
function echo(packet: Packet, ip: number): boolean {
  const isV4 = packet.u8(ip) >>> 4 === 4;
  const icmp = ip + (isV4 ? 20 : 40);
  if (packet.u8(isV4 ? ip + 9 : ip + 6) !== (isV4 ? 1 : 58)) return false;
  const request = isV4 ? 8 : 128;
  const reply = isV4 ? 0 : 129;
  if (packet.u8(icmp) !== request) return false;
  swap(packet.bytes, isV4 ? ip + 12 : ip + 8, isV4 ? 4 : 16);
  packet.setU16(icmp + 2, update(packet.u16(icmp + 2), request << 8, reply << 8));
  packet.setU8(icmp, reply);
  return true;
}

/** The `length` bytes at `at` and those behind them change places. */
function swap(bytes: Uint8Array, at: number, length: number): void {
  const first = bytes.slice(at, at + length);
  bytes.copyWithin(at, at + length, at + 2 * length);
  bytes.set(first, at + length);
}

/** Turns an Ethernet ARP request into the reply of `MAC` (RFC 826). */
function answerArp(packet: Packet): boolean {
  const { bytes, start } = packet;
  if (packet.u16(start + 12) !== 0x0806 || packet.u16(start + 20) !== 1) return false;
  bytes.copyWithin(start, start + 6, start + 12);
  bytes.set(MAC, start + 6);
  packet.setU16(start + 20, 2);
  swap(bytes, start + 22, 10);
  bytes.set(MAC, start + 22);
  return true;
}

/** Sends `count` UDP datagrams into the kernel's side, as fast as it takes them. */
async function flood(count: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  for (let i = 0; i < count; i += 100) {
    const sent = Array.from(
      { length: 100 },
      () => new Promise((resolve) => socket.send('x', 9, '10.99.0.2', resolve)),
    );
    await Promise.all(sent);
  }
  socket.close();
}

/** Until nothing more comes in. Between two looks at least one burst is read, however loaded the machine is. */
async function quiet(device: TunDevice): Promise<void> {
  for (let before = -1; device.counters.received !== before; ) {
    before = device.counters.received;
    await sleep(50);
  }
}

function refusal(attempt: () => void): { code: string; message: string } | undefined {
  try {
    attempt();
  } catch (error) {
    if (error instanceof TunUnavailable) return { code: error.code, message: error.message };
    throw error;
  }
  return undefined;
}

const scenarios: Record<string, () => Promise<object>> = {
  async tun() {
    const device = open();
    device.configure({ addresses: KERNEL, up: true, mtu: 1400 });
    device.attach((packet) => {
      if (echo(packet, packet.start)) device.transmit(packet);
      else pool.release(packet);
    });
    const sys = `/sys/class/net/${NAME}`;
    const kernel = {
      mtu: readFileSync(`${sys}/mtu`, 'utf8').trim(),
      queue: readFileSync(`${sys}/tx_queue_len`, 'utf8').trim(),
      steered: readFileSync(`${sys}/queues/rx-0/rps_cpus`, 'utf8').trim(),
    };
    const pings = await Promise.all([
      run('ping', '-c', '2', '-i', '0.05', '-W', '2', '10.99.0.2'),
      run('ping', '-c', '2', '-i', '0.05', '-W', '2', '-s', '1300', '10.98.0.2'),
      run('ping', '-c', '2', '-i', '0.05', '-W', '2', 'fd99::2'),
    ]);
    const { received, delivered, transmitted, dropped } = device.counters;
    device.close();
    await sleep(20);
    return {
      codes: pings.map((ping) => ping.code),
      kernel,
      counters: { received, delivered, transmitted, dropped },
      frames,
      gone: !exists(NAME),
      live: pool.live,
    };
  },

  async tap() {
    const device = open({ mode: 'tap', mac: MAC });
    device.configure({ addresses: KERNEL, up: true, mtu: 1500 });
    device.attach((packet) => {
      if (answerArp(packet)) {
        device.transmit(packet);
      } else if (packet.u16(packet.start + 12) === 0x0800 && echo(packet, packet.start + 14)) {
        swap(packet.bytes, packet.start, 6);
        device.transmit(packet);
      } else {
        pool.release(packet);
      }
    });
    const full = await run('ping', '-c', '2', '-i', '0.05', '-W', '2', '-M', 'do', '-s', '1472', '10.99.0.2');
    await run('ping', '-c', '1', '-W', '0.2', 'fd99::2');
    device.close();
    return { code: full.code, medium: device.medium, mac: device.mac, frames, live: pool.live };
  },

  async burst() {
    const bursts: number[] = [];
    const device = open({ beforeBurst: () => bursts.push(0) });
    device.configure({ addresses: KERNEL, up: true });
    device.attach((packet) => {
      if (packet.u8(packet.start + 9) === 17) bursts[bursts.length - 1]!++;
      pool.release(packet);
    });
    await flood(5_000);
    await quiet(device);
    device.close();
    return {
      total: bursts.reduce((sum, burst) => sum + burst, 0),
      largest: Math.max(...bursts),
      live: pool.live,
    };
  },

  async exhausted() {
    const device = open();
    device.configure({ addresses: KERNEL, up: true });
    const held: Packet[] = [];
    let udp = 0;
    let hold = true;
    device.attach((packet) => {
      if (packet.u8(packet.start + 9) === 17) udp++;
      if (hold) held.push(packet);
      else pool.release(packet);
    });
    await flood(4_000);
    await quiet(device);
    const lost = device.counters.drops['no-buffer'] ?? 0;
    const { received, delivered, dropped } = device.counters;
    hold = false;
    for (const packet of held) pool.release(packet);
    udp = 0;
    await flood(100);
    await quiet(device);
    device.close();
    return {
      lost,
      held: held.length,
      again: udp,
      balanced: received === delivered + dropped,
      live: pool.live,
    };
  },

  async removed() {
    let code = '';
    const device = open({ onDown: (why) => (code = why) });
    device.configure({ up: true });
    await run('ip', 'link', 'delete', NAME);
    await sleep(50);
    const before = process.cpuUsage();
    await sleep(200);
    const { user, system } = process.cpuUsage(before);
    device.transmit(pool.take(40)!);
    device.close();
    return { code, busy: user + system > 100_000, counters: device.counters, live: pool.live };
  },

  async refusals() {
    const device = open();
    const busy = refusal(() => open());
    const mtu = refusal(() => device.configure({ mtu: 1 }));
    const address = refusal(() =>
      device.configure({ addresses: [{ address: '10.0.0.300', prefixLength: 8 }] }),
    );
    const noTun = refusal(() => open({ interface: 'lo' }));
    const long = refusal(() => open({ interface: 'a-name-of-16-char' }));
    // The kernel's side is down: a packet cannot leave.
    const packet = pool.take(20)!;
    packet.setU8(packet.start, 0x45);
    device.transmit(packet);
    // Neither IPv4 nor IPv6.
    device.configure({ up: true });
    const nonsense = pool.take(20)!;
    nonsense.setU8(nonsense.start, 0x10);
    device.transmit(nonsense);
    device.close();
    device.close();
    return { busy, mtu, address, noTun, long, counters: device.counters, live: pool.live };
  },

  async big() {
    const device = open();
    device.configure({ addresses: KERNEL, up: true, mtu: 4000 });
    const lengths: number[] = [];
    device.attach((packet) => {
      if (packet.u8(packet.start) === 0x45) lengths.push(packet.length);
      pool.release(packet);
    });
    await run('ping', '-c', '1', '-W', '0.2', '-s', '1472', '10.99.0.2');
    await run('ping', '-c', '1', '-W', '0.2', '-s', '1473', '10.99.0.2');
    device.close();
    return { lengths, drops: device.counters.drops, live: pool.live };
  },

  async closeInside() {
    const device = open();
    device.configure({ addresses: KERNEL, up: true });
    let packets = 0;
    device.attach((packet) => {
      packets++;
      pool.release(packet);
      device.close();
    });
    await flood(200);
    await sleep(50);
    return { packets, live: pool.live, gone: !exists(NAME) };
  },

  /** Timers that are due fire before a burst is handed up, and may end what the packets are for. */
  async closeBefore() {
    const device: TunDevice = open({ beforeBurst: () => device.close() });
    device.configure({ addresses: KERNEL, up: true });
    let packets = 0;
    device.attach((packet) => {
      packets++;
      pool.release(packet);
    });
    await flood(200);
    await sleep(50);
    const { received, delivered, dropped } = device.counters;
    return { packets, live: pool.live, some: received > 0, balanced: received === delivered + dropped };
  },

  /** From a timer: libuv asks for events before it calls back what was closed. */
  async reopened() {
    const first = open({ interface: 'twintest1' });
    await sleep(20);
    first.close();
    const device = open();
    let packets = 0;
    device.attach((packet) => {
      if (packet.u8(packet.start + 9) === 17) packets++;
      pool.release(packet);
    });
    device.configure({ addresses: KERNEL, up: true });
    await sleep(50);
    await flood(100);
    await quiet(device);
    device.close();
    return { packets, live: pool.live };
  },

  async worker() {
    const worker = new Worker(new URL(import.meta.url), { workerData: 'stay' });
    await new Promise((resolve) => worker.once('message', resolve));
    const open = exists(NAME);
    await worker.terminate();
    await sleep(20);
    return { open, gone: !exists(NAME) };
  },

  async open() {
    const refused = refusal(() => open().close());
    return { refused };
  },

  /** Without root, on an interface that was made and configured beforehand for this user. */
  async owned() {
    const device = open();
    device.attach((packet) => {
      if (echo(packet, packet.start)) device.transmit(packet);
      else pool.release(packet);
    });
    const notAllowed = refusal(() => device.configure({ mtu: 1400 }));
    // Until one is answered: in its first moments the kernel may drop what it sends.
    const ping = await run('ping', '-c', '1', '-w', '10', '10.99.0.2');
    device.close();
    return { uid: process.getuid?.(), code: ping.code, output: ping.output, notAllowed, kept: exists(NAME) };
  },
};

if (isMainThread) {
  console.log(JSON.stringify(await scenarios[process.argv[2]!]!()));
} else if (workerData === 'stay') {
  const { parentPort } = await import('node:worker_threads');
  open().configure({ up: true });
  parentPort!.postMessage('open');
}
