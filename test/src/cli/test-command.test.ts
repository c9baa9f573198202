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
