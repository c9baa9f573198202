/**
 * One seed is one trace, whatever surrounds the program: locale and time zone, how V8 runs the code, where it moves
 * objects to, how it hashes strings. Judged by the trace hash that the built commands print.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = 'dist/src/cli/main.js';

/** Both families, everything that a segment can do to a frame, and pages that are fetched through it. */
const DECK = `// EXEC TWINLAB
SEGMENT LAN DELAY 3MS JITTER 2MS LOSS 4 REORDER 5 DUP 3 CORRUPT 2
/*
// JOB CLIENT4
// EXEC BSTTINET
ID 01
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.1 255.255.255.0 1500
AT 1S PING 192.0.2.2 COUNT 20
AT 2S FETCH 192.0.2.2 80
AT 3S FETCH 192.0.2.2 80
ATTACH TCP/IP
/*
// JOB CLIENT6
// EXEC BSTT6NET
ID 06
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8::1 /64 1500
AT 1S PING 2001:DB8::2 COUNT 20
AT 2S FETCH 2001:DB8::2 80
AT 3S FETCH 2001:DB8::2 80
ATTACH TCP/IP
/*
// JOB SERVER4
// EXEC BSTTINET
ID 02
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.2 255.255.255.0 1500
ATTACH TCP/IP
/*
// JOB SERVER6
// EXEC BSTT6NET
ID 07
COUPLE 02
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8::2 /64 1500
ATTACH TCP/IP
/*
// EXEC TWINSERV
ID 07
SERVICE HTTP 80
ATTACH TWINSERV
/*
`;

let folder: string;
let deck: string;
/** Of both labs, as this machine is. */
let here: readonly string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinstack-trace-'));
  deck = join(folder, 'lossy.deck');
  writeFileSync(deck, DECK);
  here = [demo({}), lossy({})];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Surroundings {
  readonly env?: NodeJS.ProcessEnv;
  /** Of node. */
  readonly flags?: readonly string[];
  readonly cwd?: string;
}

function traceOf(args: readonly string[], { env = {}, flags = [], cwd }: Surroundings): string {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, join(process.cwd(), MAIN), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    cwd,
    env: { ...process.env, ...env },
  });
  const found = /"hash":\s*"([0-9a-f]{16})"/.exec(stdout);
  expect(found, `a trace hash in: ${stdout.slice(-300)}${stderr.slice(-300)}`).not.toBeNull();
  return found![1]!;
}

const demo = (where: Surroundings): string =>
  traceOf(['demo', '--json', '--capture', join(folder, 'demo.pcapng')], where);
const lossy = (where: Surroundings, seed = '1'): string =>
  traceOf(['run', '--json', '--seed', seed, deck], where);

const SURROUNDINGS: readonly (readonly [string, Surroundings])[] = [
  ['the Turkish locale', { env: { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' } }],
  ['a time zone a day ahead', { env: { TZ: 'Pacific/Kiritimati' } }],
  ['a time zone with odd minutes', { env: { TZ: 'America/St_Johns', LC_ALL: 'ar_EG.UTF-8' } }],
  ['--jitless', { flags: ['--jitless'] }],
  ['no code that is optimised', { flags: ['--no-opt'] }],
  ['--stress-compaction', { flags: ['--stress-compaction'] }],
  ['other hashes of strings and objects', { flags: ['--hash-seed=77', '--random-seed=5'] }],
  ['another folder', { cwd: '/' }],
];

describe('one seed is one trace', () => {
  it.each(SURROUNDINGS)('under %s', (_, where) => {
    expect([demo(where), lossy(where)]).toEqual(here);
  });

  it('and another seed another one', () => {
    expect(here).not.toContain(lossy({}, '2'));
  });
});
