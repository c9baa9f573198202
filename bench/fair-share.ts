/**
 * Flows of twinstack and of Linux (CUBIC) share one bottleneck, live: how equally? Jain's index (RFC 5166 §2.3.1) over what
 * each of them got.
 *
 *    kernel A --near-- OUT ---- SLOW (the bottleneck) ---- IN ---- LAN ---- SERVER (twinstack)
 *                                                                   |
 *                                                                   +-- EXIT --far-- kernel B
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './compile.ts';
import { isPossible, kernelBehind, twinstackOn } from './live.ts';
import { type Comparison, tell } from './measure.ts';

/** Flows of each of the two. */
const FLOWS = [1, 4];
const MEASURED = '30';
const WARM_UP = '10';

const SIDES = [
  {
    family: 'IPv4',
    exec: 'BSTTINET',
    mask: '255.255.255.0',
    any: '0.0.0.0 0.0.0.0',
    net: (n: number) => `198.18.${n}.0`,
    host: (n: number, h: number) => `198.18.${n}.${h}`,
    bits: 24,
  },
  {
    family: 'IPv6',
    exec: 'BSTT6NET',
    mask: '/64',
    any: '::0 ::0',
    net: (n: number) => `2001:DB8:${n}::`,
    host: (n: number, h: number) => `2001:DB8:${n}::${h}`,
    bits: 64,
  },
] as const;

type Side = (typeof SIDES)[number];

/** Networks: 1 near, 2 the bottleneck, 3 the LAN behind it, 4 far. */
function deck({ exec, mask, any, net, host }: Side): string {
  const stack = (id: number, job: string, cards: readonly string[]): string =>
    [`// JOB ${job}`, `// EXEC ${exec}`, `ID ${id}`, ...cards, 'ATTACH TCP/IP', '/*', '/&'].join('\n');
  return `${[
    '// EXEC TWINLAB\nSEGMENT SLOW RATE 20M DELAY 10MS QUEUE 131072\n/*',
    stack(10, 'OUT', [
      'FORWARD ON',
      'DEVICE NEAR TUN near0',
      'DEVICE AWAY WIRE SLOW',
      `LINK NEAR 0 ${host(1, 1)} ${mask} 1500`,
      `LINK AWAY 0 ${host(2, 1)} ${mask} 1500`,
      `ROUTE AWAY ${any} ${host(2, 2)} 1`,
    ]),
    stack(11, 'IN', [
      'FORWARD ON',
      'DEVICE AWAY WIRE SLOW',
      'DEVICE HOME WIRE LAN',
      `LINK AWAY 0 ${host(2, 2)} ${mask} 1500`,
      `LINK HOME 0 ${host(3, 1)} ${mask} 1500`,
      `ROUTE AWAY ${net(1)} ${mask} ${host(2, 1)} 1`,
      `ROUTE HOME ${net(4)} ${mask} ${host(3, 2)} 1`,
    ]),
    stack(12, 'EXIT', [
      'FORWARD ON',
      'DEVICE FAR TUN far0',
      'DEVICE HOME WIRE LAN',
      `LINK FAR 0 ${host(4, 1)} ${mask} 1500`,
      `LINK HOME 0 ${host(3, 2)} ${mask} 1500`,
      `ROUTE HOME ${any} ${host(3, 1)} 1`,
    ]),
    stack(13, 'SERVER', [
      'DEVICE HOME WIRE LAN',
      `LINK HOME 0 ${host(3, 80)} ${mask} 1500`,
      `ROUTE HOME ${any} ${host(3, 1)} 1`,
    ]),
    "// JOB SERVICES\n// OPTION SYSPARM='13'\n// EXEC TWINSERV\nSERVICE SOURCE 5002\nATTACH TWINSERV\n/*\n/&",
  ].join('\n')}\n`;
}

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const file = join(temporaryFolder(), 'fair.deck');
  const results: Comparison[] = [];
  for (const side of SIDES) {
    const { family, host, net, bits } = side;
    writeFileSync(file, deck(side));
    const { client, close } = await twinstackOn(file);
    const network = (n: number): string => `${net(n)}/${bits}`;
    const kernel = await kernelBehind(client, 'far0', `${host(4, 2)}/${bits}`, host(4, 1), network(1));
    client.ip(
      'addr',
      'add',
      `${host(1, 2)}/${bits}`,
      'dev',
      'near0',
      ...(family === 'IPv6' ? ['nodad'] : []),
    );
    for (const n of [3, 4]) client.ip('route', 'add', network(n), 'via', host(1, 1));
    const flow = async (address: string): Promise<number> =>
      (await client.load('recv', address.toLowerCase(), '5002', '-t', MEASURED, '-o', WARM_UP))['gbps']! *
      1_000;
    for (const flows of FLOWS) {
      const name = `${flows} and ${flows} flows over one bottleneck, ${family}: Jain's index`;
      tell({ row: name, repetition: 1, repetitions: 1 });
      const both = Array.from({ length: flows }, () => [flow(host(3, 80)), flow(host(4, 2))] as const).flat();
      const shares = await Promise.all(both);
      const index = jain(shares);
      results.push({
        name,
        unit: '',
        subject: index,
        reference: 1,
        referenceName: 'equal shares',
        ratio: index,
      });
      const sum = (parity: number): number =>
        shares.filter((_, i) => i % 2 === parity).reduce((a, b) => a + b, 0);
      const ours = sum(0);
      const theirs = sum(1);
      results.push({
        name: `${flows} and ${flows} flows over one bottleneck, ${family}: share of twinstack's flows`,
        unit: 'Mbit/s',
        subject: ours,
        reference: theirs,
        referenceName: "Linux's flows",
        ratio: ours / theirs,
      });
    }
    await close();
    await kernel.remove();
  }
  return results;
}

function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b * b, 0));
}
