/**
 * Small UDP packets from one network namespace to another: through `run --live` between two TUN interfaces, and through
 * the kernel's router between two veth pairs. Needs root and Linux. LOAD_C may name a C file with the same `udpfwd`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, packageRoot, temporaryFolder } from './compile.ts';
import { type Comparison, compare } from './measure.ts';

const DECK = `
// JOB ROUTER4
// EXEC BSTTINET
ID 10
FORWARD ON
DEVICE NEAR TUN near4
DEVICE AWAY TUN far4
LINK NEAR 0 198.18.1.1 255.255.255.0 1500
LINK AWAY 0 198.18.2.1 255.255.255.0 1500
ATTACH TCP/IP
/*
/&
// JOB ROUTER6
// EXEC BSTT6NET
ID 11
FORWARD ON
DEVICE NEAR TUN near6
DEVICE AWAY TUN far6
LINK NEAR 0 2001:DB8:1::1 /64 1500
LINK AWAY 0 2001:DB8:2::1 /64 1500
ATTACH TCP/IP
/*
/&
`;
/** UDP payload. */
const BYTES = 64;
const [SECONDS, WARM_UP] = [1, 0.3];

const name = (part: string): string => `bench${process.pid}${part}`;
const [NEAR, FAR, ROUTER] = [name('near'), name('far'), name('router')];

export async function run(): Promise<Comparison[]> {
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
  const folder = temporaryFolder();
  const own = process.env['LOAD_C'];
  const load = compile(own ?? 'udpfwd.c', folder, '-pthread');
  const command = own === undefined ? [] : ['udpfwd'];
  const flood = (to: string): number => {
    const options = ['-A', NEAR, '-B', FAR, '-l', `${BYTES}`, '-t', `${SECONDS}`, '-o', `${WARM_UP}`];
    const said = execFileSync(load, [...command, to, '5001', ...options], { encoding: 'utf8' });
    return 1_000 * (JSON.parse(said) as { recv_kpps: number }).recv_kpps;
  };
  const spaces = [NEAR, FAR, ROUTER];
  let stack: ChildProcess | undefined;
  try {
    for (const space of spaces) ip('netns', 'add', space);
    kernelRouter();
    writeFileSync(join(folder, 'deck'), DECK);
    stack = await live(join(folder, 'deck'));
    const results: Comparison[] = [];
    for (const [family, ours, kernels] of [
      ['IPv4', '198.18.2.2', '198.18.4.2'],
      ['IPv6', '2001:db8:2::2', '2001:db8:4::2'],
    ] as const) {
      results.push(
        await compare(
          `UDP of ${BYTES} bytes forwarded between two TUNs, ${family}`,
          'packets/s',
          async () => flood(ours),
          'Linux between two veths',
          async () => flood(kernels),
        ),
      );
    }
    return results;
  } finally {
    stack?.kill('SIGTERM');
    for (const space of spaces) ip('netns', 'del', space);
  }
}

function kernelRouter(): void {
  for (const [space, port, net4, net6] of [
    [NEAR, 'toNear', '198.18.3', '2001:db8:3'],
    [FAR, 'toFar', '198.18.4', '2001:db8:4'],
  ] as const) {
    ip('-n', ROUTER, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'veth', 'netns', space);
    stand(ROUTER, port, `${net4}.1/24`, `${net6}::1/64`);
    stand(space, 'veth', `${net4}.2/24`, `${net6}::2/64`);
  }
  for (const [space, gateway, other] of [
    [NEAR, '3', '4'],
    [FAR, '4', '3'],
  ] as const) {
    ip('-n', space, 'route', 'add', `198.18.${other}.0/24`, 'via', `198.18.${gateway}.1`);
    ip('-n', space, 'route', 'add', `2001:db8:${other}::/64`, 'via', `2001:db8:${gateway}::1`);
  }
  for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) {
    execFileSync('ip', ['netns', 'exec', ROUTER, 'sysctl', '-qw', `${key}=1`]);
  }
}

/** The stacks, with their far interfaces moved to the other namespace. */
async function live(deck: string): Promise<ChildProcess> {
  const main = join(packageRoot(), 'dist', 'src', 'cli', 'main.js');
  const command = ['netns', 'exec', NEAR, process.execPath, main, 'run', '--live', '--no-host-side', deck];
  const child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  await new Promise<void>((done, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('twinstack is live')) done();
      });
    }
    child.on('exit', () => failed(new Error(said)));
  });
  for (const [space, port, net] of [
    [NEAR, 'near', 1],
    [FAR, 'far', 2],
  ] as const) {
    for (const family of [4, 6]) {
      if (space === FAR) ip('-n', NEAR, 'link', 'set', `far${family}`, 'netns', FAR);
      ip('-n', space, 'link', 'set', `${port}${family}`, 'mtu', '1500', 'txqueuelen', '16384');
    }
    stand(space, `${port}4`, `198.18.${net}.2/24`);
    stand(space, `${port}6`, `2001:db8:${net}::2/64`);
    ip('-n', space, 'route', 'add', `198.18.${3 - net}.0/24`, 'via', `198.18.${net}.1`);
    ip('-n', space, 'route', 'add', `2001:db8:${3 - net}::/64`, 'via', `2001:db8:${net}::1`);
  }
  return child;
}

function stand(space: string, port: string, ...addresses: string[]): void {
  for (const address of addresses) {
    const nodad = address.includes(':') ? ['nodad'] : [];
    ip('-n', space, 'addr', 'add', address, 'dev', port, ...nodad);
  }
  ip('-n', space, 'link', 'set', port, 'up');
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
