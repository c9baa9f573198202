import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../devices/tun/addon.ts';
import { mask } from '../../../devices/tun/steering.ts';
import { TunUnavailable } from '../../../devices/tun/tun.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const addon = join(root, 'devices/tun/build/Release/tun.node');
const namespace = `twintest-${process.pid}`;
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

function changedAt(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** Why these tests cannot run here, or undefined. Builds the addon when one of its sources is newer. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root: a network namespace cannot be made';
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun';
  for (const tool of ['ip', 'ping', 'setpriv', 'taskset', 'unshare']) {
    if (spawnSync(tool, ['-V']).error !== undefined) return `${tool} is not installed`;
  }
  const folder = join(root, 'devices/tun');
  const sources = readdirSync(folder).filter((name) => /\.[ch]$/.test(name));
  if (changedAt(addon) < Math.max(...sources.map((name) => changedAt(join(folder, name))))) {
    const { stdout } = spawnSync(process.execPath, [join(root, 'devices/tun/install.mjs')], {
      encoding: 'utf8',
    });
    if (!existsSync(addon)) return stdout.trim();
  }
  const made = spawnSync('ip', ['netns', 'add', namespace], { encoding: 'utf8' });
  if (made.status !== 0) return `no network namespace: ${made.stderr.trim()}`;
  execFileSync('ip', ['netns', 'delete', namespace]);
  return undefined;
}

const why = obstacle();
if (why !== undefined) console.log(`TUN tests skipped: ${why}`);

/** Of the machine, and those that this process may use; as bits. */
function processors(): { online: bigint; allowed: bigint } {
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    online: mask(readFileSync('/sys/devices/system/cpu/online', 'utf8')),
    allowed: mask(/^Cpus_allowed_list:(.*)$/m.exec(status)![1]!),
  };
}

/** A set of processors as the kernel prints it: `ff,ffffffff`. */
function bits(text: string): bigint {
  return BigInt(`0x${text.replaceAll(',', '')}`);
}

/** Runs a scenario of scenarios.ts inside the namespace, behind `prefix` (a command that changes who or where it is). */
function scenario<T>(name: string, ...prefix: string[]): T {
  const node = [process.execPath, '--import', './test/devices/tun/load-typescript.mjs'];
  const command = [...prefix, ...node, 'test/devices/tun/scenarios.ts', name];
  const { stdout, stderr, status } = spawnSync('ip', ['netns', 'exec', namespace, ...command], {
    cwd: root,
    encoding: 'utf8',
    timeout: 30_000,
    maxBuffer: 64 << 20,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as T;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

describe.skipIf(why !== undefined)('in a network namespace', () => {
  beforeAll(() => {
    execFileSync('ip', ['netns', 'add', namespace]);
  });
  afterAll(() => {
    execFileSync('ip', ['netns', 'delete', namespace]);
  });

  it('leaves what it writes to the processors that are not its own', () => {
    const { online, allowed } = processors();
    const first = allowed & -allowed;
    const number = first.toString(2).length - 1;
    const { kernel } = scenario<{ kernel: { steered: string } }>('tun', 'taskset', '-c', `${number}`);
    expect(bits(kernel.steered)).toBe(online & ~first || online);
  });

  it('TUN: the kernel pings both families through it, and it is gone after close', () => {
    const result = scenario<{
      codes: number[];
      kernel: { steered: string };
      counters: { received: number; delivered: number; transmitted: number; dropped: number };
      frames: string[];
      gone: boolean;
      live: number;
    }>('tun');
    expect(result.codes).toEqual([0, 0, 0]);
    expect(result.kernel).toMatchObject({ mtu: '1400', queue: '16384' });
    const { online, allowed } = processors();
    expect(bits(result.kernel.steered)).toBe(online & ~allowed || online);
    expect(result.counters.transmitted).toBe(6);
    expect(result.counters.received).toBe(result.counters.delivered);
    expect(result.gone).toBe(true);
    expect(result.live).toBe(0);
    // Bare packets, whole: an echo request of 84 bytes from 10.99.0.1 to 10.99.0.2, and one over IPv6.
    const request = result.frames.find((frame) => /^ip 45.{22}0a6300010a63000208/.test(frame));
    expect(request).toHaveLength(3 + 2 * 84);
    expect(result.frames.some((frame) => /^ip 6.{11}3a40(fd99.{28}){2}80/.test(frame))).toBe(true);
  });

  it('TAP: the kernel resolves our MAC by ARP, pings with full frames, and solicits by ND', () => {
    const result = scenario<{ code: number; medium: string; frames: string[]; live: number }>('tap');
    expect(result.code).toBe(0);
    expect(result.medium).toBe('ethernet');
    expect(result.frames.some((frame) => /^ethernet f{12}.{12}0806.{48}0a630002$/.test(frame))).toBe(true);
    const full = result.frames.filter((frame) => frame.length === 'ethernet '.length + 2 * 1514);
    expect(full).toHaveLength(4);
    // A neighbour solicitation for fd99::2 to its solicited-node group (RFC 4861 §4.3, RFC 2464 §7).
    expect(
      result.frames.some((frame) => /^ethernet 3333ff000002.{12}86dd.{80}87.{14}fd990{27}2/.test(frame)),
    ).toBe(true);
    expect(result.live).toBe(0);
  });

  it('reads at most 64 packets a callback and loses none of 5,000', () => {
    const { total, largest, live } = scenario<{ total: number; largest: number; live: number }>('burst');
    expect(total).toBe(5_000);
    expect(largest).toBeGreaterThan(1);
    expect(largest).toBeLessThanOrEqual(64);
    expect(live).toBe(0);
  });

  it('counts what comes while the pool is used up, and takes packets again afterwards', () => {
    const result = scenario<{ lost: number }>('exhausted');
    expect(result).toMatchObject({ again: 100, balanced: true, live: 0 });
    expect(result.lost).toBeGreaterThan(1_000);
  });

  it('says so when the interface is taken away, and does not spin', () => {
    expect(scenario('removed')).toMatchObject({
      code: 'EBADF',
      busy: false,
      counters: { unsent: 1 },
      live: 0,
    });
  });

  it('names what is wrong, in one line each, and counts what cannot be sent', () => {
    const result = scenario<Record<'busy' | 'mtu' | 'address' | 'noTun' | 'long', Refusal>>('refusals');
    expect(result.busy).toMatchObject({ code: 'EBUSY', message: expect.stringContaining('in use') });
    expect(result.mtu).toMatchObject({ code: 'EINVAL', message: expect.stringContaining('the MTU 1 of') });
    expect(result.address).toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('10.0.0.300/8'),
    });
    expect(result.noTun.code).toBe('EINVAL');
    expect(result.long.code).toBe('EINVAL');
    expect(result).toMatchObject({
      counters: { unsent: 2, drops: { 'link-down': 1, 'device-refused': 1 } },
      live: 0,
    });
  });

  it('drops packets over its MTU, which the kernel may have been told to send', () => {
    expect(scenario('big')).toEqual({ lengths: [1500], drops: { 'over-mtu': 1 }, live: 0 });
  });

  it('may be closed by its receiver in the middle of a burst', () => {
    expect(scenario('closeInside')).toEqual({ packets: 1, live: 0, gone: true });
  });

  it('may be closed before the packets of a burst are handed up', () => {
    expect(scenario('closeBefore')).toEqual({ packets: 0, live: 0, some: true, balanced: true });
  });

  it('hears its own interface when another was closed just before', () => {
    expect(scenario('reopened')).toEqual({ packets: 100, live: 0 });
  });

  it('goes with the worker that opened it', () => {
    expect(scenario('worker')).toEqual({ open: true, gone: true });
  });

  describe('without root', () => {
    // A device node that this user may open, as most systems have it, in a mount namespace of its own.
    const folder = mkdtempSync('/tmp/twintest-');
    afterAll(() => rmdirSync(folder));
    const node = `mount -t tmpfs none ${folder} && mknod ${folder}/tun c 10 200 && chmod 666 ${folder}/tun`;
    const openNode = [
      'unshare',
      '-m',
      'sh',
      '-c',
      `${node} && mount --bind ${folder}/tun /dev/net/tun && exec "$@"`,
    ];

    it('says what to do about a closed /dev/net/tun', () => {
      const closed = `${node} && chmod 600 ${folder}/tun && mount --bind ${folder}/tun /dev/net/tun && exec "$@"`;
      const { refused } = scenario<{ refused: Refusal }>(
        'open',
        'unshare',
        '-m',
        'sh',
        '-c',
        closed,
        'sh',
        ...NOBODY,
      );
      expect(refused.code).toBe('EACCES');
      expect(refused.message).toMatch(/^[^\n]*no permission for \/dev\/net\/tun; run as root[^\n]*$/);
    });

    it('says how to make the interface beforehand', () => {
      const { refused } = scenario<{ refused: Refusal }>('open', ...openNode, 'sh', ...NOBODY);
      expect(refused.code).toBe('EPERM');
      expect(refused.message).toContain('ip tuntap add mode tun user $USER name twintest0');
    });

    it('works on an interface made beforehand for the user, and leaves it there', () => {
      const ip = (...args: string[]) => execFileSync('ip', ['-n', namespace, ...args]);
      ip('tuntap', 'add', 'mode', 'tun', 'user', '65534', 'name', 'twintest0');
      ip('address', 'add', '10.99.0.1/24', 'dev', 'twintest0');
      ip('link', 'set', 'twintest0', 'up');
      try {
        expect(scenario('owned', ...openNode, 'sh', ...NOBODY)).toMatchObject({
          uid: 65534,
          code: 0,
          notAllowed: { code: 'EPERM' },
          kept: true,
        });
      } finally {
        ip('link', 'delete', 'twintest0');
      }
    });
  });

  it('says how to load the driver when there is no /dev/net/tun', () => {
    const hidden = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh'];
    const { refused } = scenario<{ refused: Refusal }>('open', ...hidden);
    expect(refused).toMatchObject({ code: 'ENOENT', message: expect.stringContaining('modprobe tun') });
  });
});

describe('the addon', () => {
  it('that is not built costs one line that says how to build it', () => {
    const attempt = () => loadAddon('/nonexistent/tun.node');
    expect(attempt).toThrow(TunUnavailable);
    expect(attempt).toThrow(process.platform === 'linux' ? /^[^\n]*npm rebuild twinstack[^\n]*$/ : /Linux/);
  });

  it.runIf(process.platform === 'linux')('that is something else is told apart from a missing one', () => {
    const folder = mkdtempSync('/tmp/twintest-');
    const path = join(folder, 'tun.node');
    writeFileSync(path, 'not an addon');
    try {
      expect(() => loadAddon(path)).toThrow(
        /^the TUN addon cannot be loaded [^\n]*npm rebuild twinstack[^\n]*$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
