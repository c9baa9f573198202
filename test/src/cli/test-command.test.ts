/** `twinstack test` as a user runs it: exit codes, reports, and mistakes that are told before anything is played. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'twinstack-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOCKET = '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n';

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function test(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('node', ['dist/src/cli/main.js', 'test', ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: status, out: stdout, err: stderr };
}

const good = file('good.pkt', `${SOCKET}+0 close(3) = 0\n`);
const bad = file('bad.pkt', `${SOCKET}+0 close(3) = 1\n`);
const unclear = file('unclear.pkt', `${SOCKET}+0 splice(3) = 0\n`);

it('ends with 0, 1 and 3 for pass, fail and inconclusive', () => {
  expect(test(good)).toMatchObject({ code: 0, err: '' });
  expect(test(unclear, good).code).toBe(3);
  const { code, out } = test(good, bad, unclear);
  expect(code).toBe(1);
  expect(out).toContain('1..9\n# 3 scripts, 9 runs: 3 passed, 3 failed, 3 inconclusive');
  expect(out).toContain(`${bad}:2:4: close returned 0, not 1`);
});

it('tells every mistake of every script with its place, and plays the others', () => {
  const packet = file('packet.pkt', '0 < S 0:10(5)\n');
  const code = file('code.pkt', `${SOCKET}+0 %{ assert tcpi_snd_cwnd == }%\n`);
  const report = join(folder, 'unreadable.xml');
  const { code: exit, out } = test(packet, good, code, '--junit', report);
  expect(exit).toBe(2);
  expect(out).toContain(`not ok 1 - ${packet}: unreadable`);
  expect(out).toContain(`${packet}:1:7: 0:10(5): the length of 0:10 is 10`);
  expect(out).toContain(`    0 < S 0:10(5)\n          ^`);
  expect(out).toContain(`${code}:2:31: in %{ }%: a value expected`);
  expect(out).toContain('1..5\n# 3 scripts, 3 runs: 3 passed, 0 failed, 0 inconclusive, 2 unreadable');
  expect(readFileSync(report, 'utf8')).toContain('tests="5" failures="0" errors="2"');
  expect(JSON.parse(test(packet, '--json').out)).toMatchObject({ unreadable: 1 });
  expect(test(bad, packet).code).toBe(2);
});

it('writes JUnit and JSON, or says before it begins that it cannot', () => {
  const report = join(folder, 'report.xml');
  const { out } = test(good, bad, '--json', '--junit', report);
  expect(JSON.parse(out)).toMatchObject({ passed: 3, failed: 3, inconclusive: 0 });
  expect(readFileSync(report, 'utf8')).toContain('tests="6" failures="3"');
  const nowhere = test(good, '--junit', join(folder, 'no', 'x.xml'));
  expect(nowhere).toMatchObject({ code: 2, out: '' });
  expect(nowhere.err).toContain('cannot write the report');
});

it('takes shares, some of them empty, and names', () => {
  expect(test(good, bad, '--shard', '1/2').code).toBe(0);
  expect(test(good, bad, '--shard', '2/2').code).toBe(1);
  expect(test(good, '--shard', '2/2')).toMatchObject({ code: 0 });
  expect(test(good, bad, '--filter', 'good').code).toBe(0);
  expect(test(good, '--filter', 'nothing').err).toContain('no script or deck has nothing in its name');
  expect(test(folder, '--mode', 'ipv4').code).not.toBeNull();
  expect(test(join(folder, 'none')).err).toContain('there is no such file or folder');
  expect(existsSync(join(folder, '-'))).toBe(false);
});

it('replaces words', () => {
  const script = file('word.pkt', `${SOCKET}+0 close(FD) = 0\n`);
  expect(test(script, '-D', 'FD=3').code).toBe(0);
  expect(test(script).code).toBe(3);
});

const HOST = `// EXEC BSTTINET
ID 01
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.1 255.255.255.0 1500
CARDS
ATTACH TCP/IP
/*
`;
const OTHER = HOST.replace('ID 01', 'ID 02').replace('192.0.2.1 ', '192.0.2.2 ').replace('CARDS\n', '');
const deck = (name: string, ...cards: string[]): string =>
  file(name, HOST.replace('CARDS', cards.join('\n')) + OTHER);

const holds = deck('holds.deck', 'AT 1S EXPECT REACHABLE 192.0.2.2', 'AT 1S EXPECT PATH 192.0.2.2 DIRECT');
const fails = deck(
  'it fails.deck',
  'AT 1S EXPECT REACHABLE 192.0.2.2 TCP 80',
  'AT 1S EXPECT REACHABLE 192.0.2.2',
);
const silent = deck('silent.deck', 'AT 1S PING 192.0.2.2');
const unseen = deck('unseen.deck', 'AT 0S EXPECT NO-PACKET LAN WITHIN 1US');
const broken = deck('broken.deck', 'AT 1S EXPECT REACHABEL 192.0.2.2');

it('judges the claims of decks: 0, 1 and 3 for pass, fail and inconclusive', () => {
  const good = test(holds);
  expect(good).toMatchObject({ code: 0, err: '' });
  expect(good.out).toContain(`ok 1 - ${holds}:5:1 EXPECT REACHABLE 192.0.2.2\n`);
  expect(good.out).toContain('1..2\n# 1 deck, 2 verdicts: 2 passed');
  for (const path of [silent, unseen]) expect(test(path, holds)).toMatchObject({ code: 3 });
  expect(test(silent).out).toContain('the deck has no EXPECT card');
  expect(test(fails, unseen).code).toBe(1);
});

it('says of a claim that fails where it stands, what was expected and seen, the seed and how to see it again', () => {
  const { out } = test(fails, '--seed', '7');
  expect(out).toContain(`not ok 1 - ${fails}:5:1 EXPECT REACHABLE 192.0.2.2 TCP 80`);
  expect(out).toContain('    expected  an answer within 5 s\n    actual    ECONNREFUSED: ');
  const command = /seed 7; to see it again: (npx twinstack .*)/.exec(out)![1]!;
  expect(command).toBe(`npx twinstack run '${fails}' --seed 7`);
  const { status, stdout } = spawnSync(
    'sh',
    ['-c', command.replace('npx twinstack', 'node dist/src/cli/main.js')],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(1);
  expect(stdout).toMatch(/FAIL EXPECT REACHABLE 192\.0\.2\.2 TCP 80: ECONNREFUSED: .*, expected an answer/);
  expect(stdout).toMatch(/PASS EXPECT REACHABLE 192\.0\.2\.2: an echo reply/);
});

it('plays the other decks and scripts when a deck has an error', () => {
  const { code, out } = test(broken, holds, good);
  expect(code).toBe(2);
  expect(out).toContain(`not ok 1 - ${broken}: unreadable`);
  expect(out).toMatch(
    /broken\.deck:5:14 error TW2304: .*\n.*\n +\| +\^+.*\n +help: did you mean REACHABLE\?/,
  );
  expect(out).toContain('# 1 script, 2 decks, 5 verdicts: 5 passed, 0 failed, 0 inconclusive, 1 unreadable');
});

it('reports claims as JSON and JUnit, and takes shares of decks', () => {
  const report = join(folder, 'claims.xml');
  const { results, ...totals } = JSON.parse(test(holds, fails, '--json', '--junit', report).out);
  expect(totals).toMatchObject({ passed: 3, failed: 1, inconclusive: 0, unreadable: 0 });
  expect(results[2]).toMatchObject({
    file: fails,
    claim: 'EXPECT REACHABLE 192.0.2.2 TCP 80',
    verdict: 'fail',
    at: { line: 5, column: 1 },
    expected: 'an answer within 5 s',
  });
  const xml = readFileSync(report, 'utf8');
  expect(xml).toContain('tests="4" failures="1" errors="0"');
  expect(xml).toContain(`name="${holds}:6:1 EXPECT PATH 192.0.2.2 DIRECT"`);
  expect(test(holds, fails, '--shard', '1/2').code).toBe(0);
  expect(test(holds, fails, '--filter', 'it fails').code).toBe(1);
});

it('calls a change that was not made inconclusive, for the claims are about what it makes', () => {
  const path = deck(
    'not-made.deck',
    'AT 1S ROUTE DEL ETH 10.0.0.0 255.0.0.0 192.0.2.9 1',
    'AT 2S EXPECT REACHABLE 192.0.2.2',
  );
  const { code, out } = test(path);
  expect(code).toBe(3);
  expect(out).toContain('there is no such route');
});

it('plays no deck to a kernel', () => {
  expect(test('--kernel', holds)).toMatchObject({ code: 2, out: '' });
});

it.each([
  ['close(3) = zero', 2, 'a number, -1 with the name of an error, or ... expected as a result'],
  ['close(3, 5) = 0', 2, 'close takes 1 argument, not 2'],
  [
    'socket(..., SOCK_STREAM, IPPROTO_SCTP) = 4',
    3,
    'protocol IPPROTO_SCTP of a stream socket is not supported',
  ],
  ['fcntl(3, F_GETFL) = 2\n0 close(3) = 0', 1, '0.000000 s has passed'],
])('lets no false call pass: %s', (call, exit, says) => {
  const { code, out } = test(file('false.pkt', `${SOCKET}+1 ${call}\n`));
  expect({ code, says: out.includes(says) }).toEqual({ code: exit, says: true });
});
