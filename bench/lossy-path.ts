/**
 * Flows over a path that loses and delays, live: twinstack and the kernel, and beside it the kernel and another kernel
 * (CUBIC) over the same segment of ours in the same run. Both directions, both families. Nothing but the losses limits
 * them, so the flows of a cell do not feel each other: each is a sample, and their sum is what is compared.
 *
 *    kernel A --near-- ROUTER ---- PATH (the segment) ---- SERVER (twinstack)
 *                                         |
 *                                         +-- EXIT --far-- kernel B
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './compile.ts';
import { isPossible, kernelBehind, twinstackOn } from './live.ts';
import { type Comparison, tell } from './measure.ts';

const LOSSES = [0.1, 1, 5];
/** ms there and back. */
const ROUND_TRIPS = [20, 100];
const DIRECTIONS = [
  { direction: 'in', mode: 'send', port: '5001' },
  { direction: 'out', mode: 'recv', port: '5002' },
] as const;
/** Losses are rare, so a short run of few flows measures their luck; seconds. */
const FLOWS = '16';
const MEASURED = '10';
const WARM_UP = '2';

/** The addresses of a family in the deck: networks of the near link, of the segment, of the far link. */
const FAMILIES = [
  {
    family: 'IPv4',
    exec: 'BSTTINET',
    id: 10,
    mask: '255.255.255.0',
    any: '0.0.0.0 0.0.0.0',
    near: ['198.18.1.1', '198.18.1.2/24', '198.18.1.0'],
    path: ['198.18.2.1', '198.18.2.2', '198.18.2.80', '198.18.2.0/24'],
    far: ['198.18.3.1', '198.18.3.2', '198.18.3.2/24', '198.18.3.0'],
    nearNetwork: '198.18.1.0/24',
    farNetwork: '198.18.3.0/24',
    interfaces: ['near4', 'far4'],
    suffix: '4',
  },
  {
    family: 'IPv6',
    exec: 'BSTT6NET',
    id: 20,
    mask: '/64',
    any: '::0 ::0',
    near: ['2001:DB8:1::1', '2001:db8:1::2/64', '2001:DB8:1::'],
    path: ['2001:DB8:2::1', '2001:DB8:2::2', '2001:DB8:2::80', '2001:db8:2::/64'],
    far: ['2001:DB8:3::1', '2001:db8:3::2', '2001:db8:3::2/64', '2001:DB8:3::'],
    nearNetwork: '2001:db8:1::/64',
    farNetwork: '2001:db8:3::/64',
    interfaces: ['near6', 'far6'],
    suffix: '6',
  },
] as const;

type Side = (typeof FAMILIES)[number];

function deck(side: Side, loss: number, roundTrip: number): string {
  const { exec, id, mask, any, near, path, far, interfaces, suffix } = side;
  return `// EXEC TWINLAB
SEGMENT PATH LOSS ${loss} DELAY ${roundTrip / 2}MS
/*
// JOB ROUTER${suffix}
// EXEC ${exec}
ID ${id}
FORWARD ON
DEVICE NEAR TUN ${interfaces[0]}
DEVICE AWAY WIRE PATH
LINK NEAR 0 ${near[0]} ${mask} 1500
LINK AWAY 0 ${path[0]} ${mask} 1500
ROUTE AWAY ${far[3]} ${mask} ${path[1]} 1
ATTACH TCP/IP
/*
/&
// JOB EXIT${suffix}
// EXEC ${exec}
ID ${id + 1}
FORWARD ON
DEVICE FAR TUN ${interfaces[1]}
DEVICE AWAY WIRE PATH
LINK FAR 0 ${far[0]} ${mask} 1500
LINK AWAY 0 ${path[1]} ${mask} 1500
ROUTE AWAY ${near[2]} ${mask} ${path[0]} 1
ATTACH TCP/IP
/*
/&
// JOB SERVER${suffix}
// EXEC ${exec}
ID ${id + 2}
DEVICE ETH WIRE PATH
LINK ETH 0 ${path[2]} ${mask} 1500
ROUTE ETH ${any} ${path[0]} 1
ATTACH TCP/IP
/*
/&
// JOB SERVICES
// OPTION SYSPARM='${id + 2}'
// EXEC TWINSERV
SERVICE SINK 5001
SERVICE SOURCE 5002
ATTACH TWINSERV
/*
/&
`;
}

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const file = join(temporaryFolder(), 'lossy.deck');
  const results: Comparison[] = [];
  for (const side of FAMILIES) {
    for (const roundTrip of ROUND_TRIPS) {
      for (const loss of LOSSES) {
        writeFileSync(file, deck(side, loss, roundTrip));
        results.push(...(await cell(side, file, `${side.family}, ${loss} % loss, ${roundTrip} ms`)));
      }
    }
  }
  return results;
}

async function cell(side: Side, file: string, title: string): Promise<Comparison[]> {
  const { interfaces, near, far, path, nearNetwork, farNetwork, family } = side;
  const ours = await twinstackOn(file);
  const { client } = ours;
  const kernel = await kernelBehind(client, interfaces[1], far[2], far[0], nearNetwork, path[3]);
  const nodad = family === 'IPv6' ? ['nodad'] : [];
  client.ip('addr', 'add', near[1], 'dev', interfaces[0], ...nodad);
  client.ip('route', 'add', path[3], 'via', near[0]);
  client.ip('route', 'add', farNetwork, 'via', near[0]);
  const results: Comparison[] = [];
  for (const { direction, mode, port } of DIRECTIONS) {
    const name = `TCP ${direction} over a path, ${title}`;
    tell({ row: name, repetition: 1, repetitions: 1 });
    const flow = async (address: string): Promise<number> =>
      (await client.load(mode, address.toLowerCase(), port, '-f', FLOWS, '-t', MEASURED, '-o', WARM_UP))[
        'gbps'
      ]! * 1_000;
    // At the same time each would be the other's noise, so one after the other.
    const subject = await flow(path[2]);
    const reference = await flow(far[1]);
    const referenceName = 'Linux to Linux, CUBIC';
    results.push({ name, unit: 'Mbit/s', subject, reference, referenceName, ratio: subject / reference });
  }
  await ours.close();
  await kernel.remove();
  return results;
}
