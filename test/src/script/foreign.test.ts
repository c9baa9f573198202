/** What scripts of other collections say: read, and done, left undecided with the reason, or refused. */
import { describe, expect, it } from 'vitest';
import { modesOf } from '../../../src/script/modes.ts';
import { parseScript } from '../../../src/script/parse.ts';
import { runScript } from '../../../src/script/run.ts';
import { ScriptError } from '../../../src/script/scanner.ts';
import { readOptions } from '../../../src/script/script-options.ts';
import { LINUX } from '../../../src/script/settings.ts';
import { VirtualWorld } from '../../../src/script/virtual-world.ts';
import { ESTABLISHED, play } from './play.ts';

const established = ESTABLISHED.trimStart();
/** The same on a stack that does as Linux does, behind the line with which its collections begin. */
const linux = `\`../common/defaults.sh\`\n${established.replace('wscale 7>\n+.1', 'wscale 8>\n+.1')}`;

function refusal(text: string): string {
  try {
    readOptions(parseScript('x.pkt', text));
  } catch (error) {
    expect(error).toBeInstanceOf(ScriptError);
    return String(error);
  }
  return 'read';
}

describe('what is misspelt', () => {
  it.each([
    ['0 wirte(3, ..., 10) = 10', 'x.pkt:1:3: no system call is named wirte; write is'],
    ['0 frobnicate(3) = 0', 'x.pkt:1:3: no system call is named frobnicate'],
    ['0 setsockopt(3, SOL_TCP, TCP_NODELYA, [1], 4) = 0', '1:26: no socket option is named TCP_NODELYA'],
    [
      '--tolerance_usec=1\n0 close(3) = 0',
      '1:1: --tolerance_usec is no option of a script; --tolerance_usecs is',
    ],
    ['0 < S 0:0(0) <msss 1460>', '1:15: mss, wscale'],
  ])('is an error: %j', (text, message) => expect(refusal(text)).toContain(message));
});

describe('what is known and not here', () => {
  it.each([
    ['+0 recvmmsg(4, ..., 1, 0, ...) = 1', 'system call recvmmsg'],
    ['+0 sendto(4, ..., 10, MSG_FASTOPEN, ..., ...) = 10', 'sendto with MSG_FASTOPEN'],
    ['+0 recvmsg(4, {msg_iov(1)=[{..., 9}], msg_flags=MSG_ERRQUEUE}, MSG_ERRQUEUE) = 0', 'MSG_ERRQUEUE'],
    ['+0 setsockopt(4, SOL_SOCKET, SO_TIMESTAMPING, [SOF_TIMESTAMPING_TX_ACK], 4) = 0', 'SO_TIMESTAMPING'],
    ['+0 setsockopt(4, SOL_TCP, 14, [1], 4) = 0', 'TCP_MD5SIG'],
    ['+0 < ipv4 192.0.2.1 > 192.0.2.2: gre: . 1:1(0) ack 1 win 9\n  <nop,nop>', 'a packet with ipv4'],
    ['+0 > gre: mpls (label 3, tc 0, [S], ttl 9): . 1:1(0) ack 1', 'a packet with gre'],
    ['+0 < sctp: INIT[flgs=0, tag=1]', 'a packet with sctp'],
    ['+0 < S 0:0(0) win 9 <mss 1460,mpcapable v1 flags[flag_h] nokey>', 'TCP option mpcapable'],
    ['+0 < S 0:0(0) win 9 <FO TFO_COOKIE,nop>', 'FO TFO_COOKIE, a name that -D'],
    ['+0 `nstat | grep TcpExtTCPTimeouts`', 'nstat | grep TcpExtTCPTimeouts'],
    ['+0 `iptables -I INPUT -j DROP`', 'iptables'],
    ['+0 %{ import os; os.system("x") }%', 'not known here: os.system'],
  ])('leaves the script undecided: %j', (text, reason) => {
    const outcome = play(established + text);
    expect(outcome).toMatchObject({ verdict: 'inconclusive', at: { line: 8 } });
    expect(outcome.reasons[0]).toContain(reason);
  });

  it('is read all the same behind it', () => {
    expect(
      refusal('0 < [ce] W5. 1:1(0) ack 1 win 264 <ECN e1b 1 ceb 0 e0b 1,nop>\n+0 > [ect0] 5. 1:1(0) ack 1'),
    ).toBe('read');
  });
});

describe('shell lines', () => {
  const undecided = (line: string): string =>
    play(`\`${line}\`\n0 socket(..., SOCK_STREAM, 0) = 3`).reasons.join();
  it.each([
    'sysctl -q net.ipv4.tcp_ecn=1 net.ipv4.tcp_rmem="4096 87380 $((4*1024*1024))" > /dev/null 2>&1',
    '../common/set_sysctls.py /proc/sys/net/ipv4/tcp_sack=1 \\\n  /proc/sys/net/ipv4/tcp_fastopen=0x3 # why',
    './defaults.sh\nip tcp_metrics flush all > /dev/null 2>&1 || true',
    'echo 0 > /proc/sys/net/ipv4/tcp_timestamps; nstat -n',
    'ethtool -K tun0 tso off gso off 2>/dev/null && tc qdisc replace dev tun0 root pfifo',
    'ip route change 192.0.2.0/24 dev tun0 initcwnd 4 rto_min 5ms',
    '/tmp/sysctl_restore_123.sh',
    'kldload -n cc_newreno; sysctl net.inet.tcp.cc.algorithm=newreno; sysctl net.inet.tcp.rfc1323',
  ])('are understood: %j', (line) => expect(undecided(line)).toBe(''));
  it.each([
    ['sysctl -q net.ipv4.tcp_ecn=3', 'net.ipv4.tcp_ecn = 3'],
    ['tc qdisc add dev tun0 root tbf rate 1mbit', 'tbf'],
    ['ip link set dev tun0 mtu 1300', 'mtu 1300'],
    ['./unheard-of.sh', './unheard-of.sh'],
  ])('or are not: %j', (line, what) => expect(undecided(line)).toContain(what));

  it('read what stands beside the script', () => {
    const script = parseScript('x.pkt', `\`./set-up.sh\`\n0 socket(..., SOCK_STREAM, 0) = 3`);
    const options = readOptions(script);
    const beside = (name: string) =>
      name === './set-up.sh' ? 'sysctl -q net.ipv4.tcp_sack=nonsense' : undefined;
    const outcome = runScript(script, { ...options, beside }, new VirtualWorld('ipv4', undefined, 1, {}));
    expect(outcome.reasons[0]).toContain('net.ipv4.tcp_sack = nonsense');
  });

  it('let time pass', () => {
    expect(play('0 socket(..., SOCK_STREAM, 0) = 3\n+0 `sleep 0.5`\n+0 close(3) = 0').duration).toBe(500_000);
  });
});

describe('a script for Linux', () => {
  it('sees the first segments acknowledged at once, until it answers them', () => {
    const text = `+0 < P. 1:101(100) ack 1 win 257
+0 > . 1:1(0) ack 101
+0 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 101
+.1 < P. 101:201(100) ack 11 win 257
+.04 > . 11:11(0) ack 201`;
    expect(play(linux + text)).toMatchObject({ verdict: 'pass' });
    expect(play(established + text).verdict).toBe('fail');
  });
  it('may turn that off, and on again', () => {
    expect(
      play(`${linux}+0 setsockopt(4, SOL_TCP, TCP_QUICKACK, [0], 4) = 0
+0 < P. 1:101(100) ack 1 win 257
+.04 > . 1:1(0) ack 101
+0 < P. 101:201(100) ack 1 win 257
+0 > . 1:1(0) ack 201`),
    ).toMatchObject({ verdict: 'pass' });
  });
  it('is not held to PSH and our timestamps, as there they depend on offload and the clock', () => {
    const text = '+0 write(4, ..., 30000) = 30000\n+0 > P. 1:10001(10000) ack 1';
    expect(play(linux + text)).toMatchObject({ verdict: 'pass' });
    expect(play(established + text).verdict).toBe('fail');
    expect(play(`${linux}${text.replace('10001(10000)', '10000(9999)')}`).verdict).toBe('fail');
  });
  it('reduces the window, not what is in flight', () => {
    const text = `+0 write(4, ..., 4000) = 4000
+0 > P. 1:4001(4000) ack 1
+.1 < . 1:1(0) ack 1 win 257 <nop,nop,sack 1001:4001>
+0~+.1 > . 1:1001(1000) ack 1
+0 %{ assert tcpi_snd_ssthresh == `;
    expect(play(`${linux}${text}7 }%`)).toMatchObject({ verdict: 'pass' });
    expect(play(`${established}${text}2 }%`)).toMatchObject({ verdict: 'pass' });
  });
  it('probes a closed window without data', () => {
    const text = '+0 < . 1:1(0) ack 1 win 0\n+0 write(4, ..., 10) = 10\n+.2~+.4 > . 0:0(0) ack 1';
    expect(play(linux + text)).toMatchObject({ verdict: 'pass' });
    expect(play(established + text).verdict).toBe('fail');
  });
});

describe('calls', () => {
  it.each([
    [
      'splice and pipes',
      '+0 pipe([5, 6]) = 0\n+0 < P. 1:101(100) ack 1 win 257\n+.04 > . 1:1(0) ack 101\n+0 splice(4, NULL, 6, NULL, 999, 0) = 100\n+0 splice(5, NULL, 4, NULL, 100, 0) = 100\n+0 > P. 1:101(100) ack 101',
    ],
    [
      'files',
      '+0 `fallocate -l 1k name`\n+0 open("name", O_RDONLY) = 5\n+0 sendfile(4, 5, [24], 5000) = 1000\n+0 > P. 1:1001(1000) ack 1',
    ],
    [
      'MSG_PEEK and MSG_WAITALL',
      '+0 < P. 1:101(100) ack 1 win 257\n+.04 > . 1:1(0) ack 101\n+0 recv(4, ..., 60, MSG_PEEK) = 60\n+0...0.05 recv(4, ..., 150, MSG_WAITALL) = 150\n+.05 < P. 101:151(50) ack 1 win 257\n+.04 > . 1:1(0) ack 151',
    ],
    [
      'SO_RCVLOWAT',
      '+0 setsockopt(4, SOL_SOCKET, SO_RCVLOWAT, [150], 4) = 0\n+0 < P. 1:101(100) ack 1 win 257\n+.04 > . 1:1(0) ack 101\n+0 poll([{fd=4, events=POLLIN, revents=0}], 1, 0) = 0',
    ],
    [
      'EPOLLET',
      '+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLOUT|EPOLLET, fd=4}) = 0\n+0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1\n+0 epoll_wait(5, ..., 1, 0) = 0\n+0 < P. 1:101(100) ack 1 win 257\n+0 epoll_wait(5, {events=EPOLLIN|EPOLLOUT, fd=4}, 1, 0) = 1',
    ],
    [
      'EPOLLONESHOT',
      '+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT|EPOLLONESHOT, fd=4}) = 0\n+0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1\n+0 epoll_wait(5, ..., 1, 0) = 0',
    ],
    [
      'TCP_CM_INQ',
      '+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n+0 < P. 1:101(100) ack 1 win 257\n+.04 > . 1:1(0) ack 101\n+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 60}], msg_flags=0, msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=40}]}, 0) = 60',
    ],
    [
      'numbers for names',
      '+0 setsockopt(4, 6, 1 /* TCP_NODELAY */, [1], 4) = 0\n+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [01], [4]) = 0\n+0 fcntl(4, F_SETFL, 0x802) = 0\n+0 read(4, ..., 9) = -1 EAGAIN',
    ],
    [
      'structures',
      '+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_state=TCP_ESTABLISHED, tcpi_snd_cwnd=10, tcpi_rto=...}, [...]) = 0\n+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0\n+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, [8]) = 0',
    ],
    [
      'bad values',
      '+0 setsockopt(4, SOL_TCP, TCP_MAXSEG, [40], 4) = -1 EINVAL\n+0 setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [0], 4) = -1 EINVAL\n+0 setsockopt(4, SOL_TCP, TCP_CONGESTION, "nothing", 7) = -1 ENOENT',
    ],
  ])('%s', (_, text) => expect(play(established + text)).toMatchObject({ reasons: [], verdict: 'pass' }));

  it.each([
    '+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n+0 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 1',
    '+0 getsockopt(4, IPPROTO_TCP, TCP_INFO, {tcpi_snd_cwnd=11}, [...]) = 0',
    '+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, [8]) = 0',
  ])('compare what they tell: %j', (text) => expect(play(established + text).verdict).toBe('fail'));
});

describe('what a script is played on', () => {
  const modes = (text: string): string => {
    const script = parseScript('x.pkt', text);
    return modesOf(script, readOptions(script)).join();
  };
  it.each([
    ['0 socket(..., SOCK_STREAM, 0) = 3', 'ipv4,ipv6,coupled'],
    ['0 socket(..., SOCK_DGRAM, 0) = 3', 'ipv4,ipv6'],
    ['0 connect(3, {sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0', 'ipv4'],
    ['0 socket(AF_INET6, SOCK_STREAM, 0) = 3', 'ipv6'],
    ['0 connect(3, {sin6_port=htons(80), sin6_addr=inet_pton("::ffff:192.0.2.1")}, 28) = 0', 'coupled'],
  ])('%j: %s', (text, wanted) => expect(modes(text)).toBe(wanted));

  it('has the addresses that scripts name', () => {
    const text = `0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, 0) = 3
+0 bind(3, {sa_family = AF_INET, sin_port = htons(0), sin_addr = inet_addr("0.0.0.0")}, 16) = 0
+0 connect(3, {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("192.0.2.1")}, 16) = -1 EINPROGRESS
+0 > S 0:0(0) <...>`;
    expect(play(text)).toMatchObject({ verdict: 'pass' });
  });
  it('does as Linux does when it is told so from outside', () => {
    const world = new VirtualWorld('ipv4', undefined, 1, LINUX);
    const script = parseScript('x.pkt', linux);
    expect(runScript(script, { ...readOptions(script), isLinux: true }, world).verdict).toBe('pass');
  });
});
