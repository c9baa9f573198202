import { describe, expect, it } from 'vitest';
import { tapLine, toJson, toJunit } from '../../../src/script/report.ts';
import { MODES } from '../../../src/script/world.ts';
import { ESTABLISHED, play } from './play.ts';

describe('a script that holds', () => {
  it.each(MODES)('passes on %s, whatever the initial sequence number', (mode) => {
    const outcome = play(
      `${ESTABLISHED}
+0 write(4, ..., 10000) = 10000
+0 > P. 1:10001(10000) ack 1
+.1 < . 1:1(0) ack 10001 win 257
+0 %{ assert tcpi_snd_cwnd >= 10 }%
+0...0.2 read(4, ..., 100) = 50
+.2 < P. 1:51(50) ack 10001 win 257
+.04 > . 10001:10001(0) ack 51
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 read(4, ..., 100) = -1 EAGAIN (Resource temporarily unavailable)
+0 < F. 51:51(0) ack 10001 win 257
+0 > . 10001:10001(0) ack 52
+0 read(4, ..., 100) = 0
+0 close(4) = 0
+0 > F. 10001:10001(0) ack 52
+0 < . 52:52(0) ack 10002 win 257`,
      mode,
    );
    expect(outcome).toMatchObject({ verdict: 'pass', reasons: [] });
  });

  it('maps timestamps both ways', () => {
    expect(
      play(`0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
+.1 < S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK,TS val 700 ecr 100,nop,wscale 7>
+0 > . 1:1(0) ack 1 <nop,nop,TS val 200 ecr 700>
+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
+0 connect(3, ..., ...) = -1 EISCONN
+0 %{ assert abs(tcpi_rtt - 100000) < 1000, tcpi_rtt }%`),
    ).toMatchObject({ verdict: 'pass' });
  });

  it('reads a whole window as many segments, unless they are asked for one by one', () => {
    const write = `${ESTABLISHED}+0 write(4, ..., 3000) = 3000\n`;
    expect(play(`${write}+0 > P. 1:3001(3000) ack 1`).verdict).toBe('pass');
    expect(play(`${write}+0 > . 1:1001(1000) ack 1\n+0 > P. 1001:3001(2000) ack 1`).verdict).toBe('pass');
    expect(play(`--strict_segments\n${write}+0 > P. 1:3001(3000) ack 1`).verdict).toBe('fail');
  });

  it('lets a poll wait no longer than it says', () => {
    expect(
      play(`${ESTABLISHED}
+0...0.1 poll([{fd=4, events=POLLIN, revents=0}], 1, 100) = 0
+1...1.05 poll([{fd=4, events=POLLIN, revents=0}], 1, 50) = 0
+0 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 1`),
    ).toMatchObject({ verdict: 'pass' });
  });

  it('connects a socket once', () => {
    expect(
      play(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = 0
+0 > S 0:0(0) <...>
+.1 < S. 0:0(0) ack 1 win 65535
+0 > . 1:1(0) ack 1
+0 connect(3, ..., ...) = -1 EISCONN`),
    ).toMatchObject({ verdict: 'pass' });
  });

  it('speaks UDP, and ICMP errors about it', () => {
    const udp = `0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
+0 connect(3, ..., ...) = 0
+0 write(3, ..., 100) = 100
+0 > udp (100)
+.1 < udp (50)
+0 read(3, ..., 1000) = 50
+0 write(3, ..., 100) = 100
+0 > udp (100)
+0 < icmp unreachable port_unreachable
+0 read(3, ..., 100) = -1 ECONNREFUSED (Connection refused)`;
    expect(play(udp)).toMatchObject({ verdict: 'pass' });
    expect(play(udp, 'ipv6')).toMatchObject({ verdict: 'pass' });
  });

  it('takes settings from shell lines', () => {
    const timestamps = '<mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>';
    const plain = '<mss 1460,nop,nop,sackOK,nop,wscale 7>';
    const connect = (options: string): string =>
      `0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3
+0 connect(3, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) ${options}`;
    expect(play(connect(timestamps)).verdict).toBe('pass');
    expect(play(`\`sysctl -q net.ipv4.tcp_timestamps=0\`\n${connect(plain)}`).verdict).toBe('pass');
    expect(play(`\`./set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0\`\n${connect(plain)}`).verdict).toBe(
      'pass',
    );
  });
});

describe('a script that does not hold', () => {
  const fails = (text: string): readonly string[] => {
    const outcome = play(`${ESTABLISHED}${text}`);
    expect(outcome.verdict).toBe('fail');
    return outcome.reasons;
  };
  it.each([
    ['+0 write(4, ..., 1000) = 1000\n+0 > . 1:1001(1000) ack 1', 'flags: . expected, P. sent'],
    ['+0 write(4, ..., 1000) = 1000\n+0 > P. 2:1002(1000) ack 1', 'sequence number: 2 expected, 1 sent'],
    ['+0 write(4, ..., 1000) = 1000\n+0 > P. 1:1001(1000) ack 2', 'ack: 2 expected, 1 sent'],
    ['+0 write(4, ..., 1000) = 1000\n+0 > P. 1:501(500) ack 1', 'length: 500 expected, 1000 sent'],
    ['+0 write(4, ..., 1000) = 1000\n+0 > P. 1:1001(1000) ack 1 win 1', 'win: 1 expected'],
    ['+0 write(4, ..., 1000) = 1000\n+0 > P. 1:1001(1000) ack 1 <nop,nop>', 'options: <nop,nop> expected'],
    ['+0 write(4, ..., 1000) = 1000\n+0 > [ce] P. 1:1001(1000) ack 1', 'ECN: ce expected, noecn sent'],
    [
      '+0 write(4, ..., 1000) = 1000\n+.5 > P. 1:1001(1000) ack 1',
      'time: 0.600000 s expected, sent at 0.100000 s',
    ],
    ['+0 > . 1:1(0) ack 1', 'no packet was sent until'],
    ['+0 write(4, ..., 1000) = 999', 'write returned 1000, not 999'],
    ['+0 read(4, ..., 1000) = 5', 'read blocks, and no end time'],
    [
      '+0 setsockopt(4, SOL_TCP, TCP_USER_TIMEOUT, [1000], 4) = 0\n+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+0 read(4, ..., 10) = -1 ETIMEDOUT',
      'read blocks, and no end time',
    ],
    ['+0 poll([{fd=4, events=POLLIN, revents=0}], 1, 50) = 0', 'poll blocks, and no end time'],
    ['+0 close(9) = 0', 'close returned -1 EBADF, not 0'],
    ['+0 getsockopt(4, SOL_TCP, TCP_MAXSEG, [999], [4]) = 0', '1000 in argument 4, not 999'],
    [
      '+0...0.1 read(4, ..., 10) = 5\n+.3 < P. 1:6(5) ack 1 win 257\n+0 close(4) = 0',
      'read returned at 0.400000 s, not at 0.200000 s',
    ],
    ['+0 %{ assert tcpi_snd_cwnd == 3 }%', 'assert tcpi_snd_cwnd == 3: tcpi_snd_cwnd = 10'],
  ])('%j', (text, reason) => expect(fails(text).join('\n')).toContain(reason));

  it('shows what was expected, what came, and all packets', () => {
    const outcome = play(`${ESTABLISHED}+0 write(4, ..., 10) = 10\n+0 > P. 1:12(11) ack 1`);
    expect(outcome).toMatchObject({ expected: '> P. 1:12(11) ack 1', at: { line: 10, column: 1 } });
    expect(outcome.actual).toMatch(/^> P. 1:11\(10\) ack 1 win \d+$/);
    const line = tapLine(1, { file: 'x.pkt', mode: 'ipv4', outcome, took: 1 });
    expect(line).toContain('x.pkt:10:1: length: 11 expected, 10 sent');
    expect(line).toMatch(/0\.100000 {2}\|<- P\. 1:11\(10\) ack 1 win \d+ -+\|/);
    const judged = [{ file: 'a<b>.pkt', mode: 'ipv4' as const, outcome, took: 1 }];
    expect(toJunit(judged)).toContain('name="a&lt;b&gt;.pkt"');
    expect(toJunit(judged)).toContain('tests="1" failures="1" errors="0"');
    expect(toJson(judged)).toMatchObject({ failed: 1, results: [{ verdict: 'fail' }] });
  });
});

describe('a script that cannot be judged', () => {
  it.each([
    ['`sysctl -q net.ipv4.tcp_nothing=1`\n', 'net.ipv4.tcp_nothing = 1'],
    ['`rm -rf /`\n', 'this shell line means nothing here: rm -rf /'],
    ['`sysctl -q net.ipv4.tcp_sack=maybe`\n', 'net.ipv4.tcp_sack = maybe'],
  ])('is inconclusive, before it begins: %j', (head, reason) => {
    const outcome = play(head + ESTABLISHED.trimStart());
    expect(outcome).toMatchObject({ verdict: 'inconclusive', at: { line: 1, column: 1 } });
    expect(outcome.reasons[0]).toContain(reason);
  });
  it.each([
    ['+0 recvmmsg(4, ..., 1, 0, ...) = 1', 'system call recvmmsg is not supported here'],
    ['+0 setsockopt(4, SOL_TCP, TCP_REPAIR, [1], 4) = 0', 'setsockopt TCP_REPAIR'],
    ['+0 setsockopt(4, SOL_TCP, TCP_FASTOPEN, [5], 4) = 0', 'setsockopt TCP_FASTOPEN to 5'],
    ['+0 %{ assert tcpi_unheard_of == 1 }%', 'not known here: tcpi_unheard_of'],
  ])('%j', (text, reason) => {
    const outcome = play(ESTABLISHED + text);
    expect(outcome).toMatchObject({ verdict: 'inconclusive', at: { line: 9 } });
    expect(outcome.reasons[0]).toContain(reason);
  });
});
