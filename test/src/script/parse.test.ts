import { describe, expect, it } from 'vitest';
import { parseScript } from '../../../src/script/parse.ts';
import { ScriptError } from '../../../src/script/scanner.ts';
import { readOptions } from '../../../src/script/script-options.ts';
import { lineText } from '../../../src/script/show-packet.ts';
import type { Action } from '../../../src/script/syntax.ts';

const actions = (text: string): Action[] => parseScript('x.pkt', text).events.map((e) => e.action);
const first = (text: string): Action => actions(text)[0]!;

describe('the times of a script', () => {
  const times = (text: string): unknown => {
    const { time, end } = parseScript('x.pkt', `${text} close(3) = 0`).events[0]!;
    return { ...time, ...(end !== undefined && { end }) };
  };
  it.each([
    ['0', { kind: 'absolute', from: 0, to: 0 }],
    ['0.1', { kind: 'absolute', from: 100_000, to: 100_000 }],
    ['+.05', { kind: 'relative', from: 50_000, to: 50_000 }],
    ['+0', { kind: 'relative', from: 0, to: 0 }],
    ['*', { kind: 'any' }],
    ['1~1.5', { kind: 'absolute', from: 1_000_000, to: 1_500_000 }],
    ['+0.2~+0.3', { kind: 'relative', from: 200_000, to: 300_000 }],
    ['+0...0.2', { kind: 'relative', from: 0, to: 0, end: 200_000 }],
    ['0.1...1', { kind: 'absolute', from: 100_000, to: 100_000, end: 1_000_000 }],
  ])('reads %s', (text, time) => expect(times(text)).toEqual(time));
});

describe('the packets of a script', () => {
  it('reads a segment with all that it can have', () => {
    expect(
      first('+0 > [ect0] FP. 1:101(100) ack 5 win 0 urg 7 <nop,nop,TS val 100 ecr 0,sack 1:2 3:4>'),
    ).toMatchObject({
      direction: 'out',
      ip: { ecn: 'ect0' },
      protocol: 'tcp',
      flags: 0x19,
      sequence: { start: 1, end: 101, length: 100 },
      ack: 5,
      window: 0,
      urgent: 7,
      options: [
        { kind: 'nop' },
        { kind: 'nop' },
        { kind: 'TS', value: 100, echo: 0 },
        { kind: 'sack', blocks: [[1, 2], [3, 4]] }, // biome-ignore format: pairs
      ],
    });
  });
  it.each([
    ['< S 0:0(0) win 0', []],
    ['< S 0:0(0) win 0 <...>', 'any'],
    ['< S 0:0(0) win 0 <FO 8a7b,nop>', [{ kind: 'FO', bytes: Uint8Array.of(0x8a, 0x7b) }, { kind: 'nop' }]],
    ['< S 0:0(0) win 0 <FOEXP>', [{ kind: 'FOEXP', bytes: new Uint8Array(0) }]],
    ['< S 0:0(0) win 0 <uto 5m>', [{ kind: 'uto', value: 5, isMinutes: true }]],
    ['< S 0:0(0) win 0 <nop,raw 0200>', [{ kind: 'nop' }, { kind: 'raw', bytes: Uint8Array.of(2, 0) }]],
  ])('reads the options of %s', (text, options) => expect(first(`0 ${text}`)).toMatchObject({ options }));
  it('reads ports, a flow label, UDP and ICMP', () => {
    expect(first('0 < [8081 > 8080] . 0:0(0) ack 1 win 5')).toMatchObject({
      ports: { source: 8081, destination: 8080 },
    });
    expect(first('0 > [flowlabel 0x12345, ttl 3] . 0:0(0) ack 1')).toMatchObject({
      ip: { flowLabel: 0x12345, ttl: 3 },
    });
    expect(first('0 < udp (1000)')).toMatchObject({ protocol: 'udp', length: 1_000 });
    const icmp = { protocol: 'icmp', type: 'unreachable', code: 'frag_needed', mtu: 1_200 };
    const quoted = { start: 1, end: 1_461, length: 1_460 };
    expect(first('0 < icmp unreachable frag_needed mtu 1200 [1:1461(1460)]')).toMatchObject({
      ...icmp,
      quoted,
    });
    expect(first('0 < [1:1461(1460)] icmp unreachable frag_needed mtu 1200')).toMatchObject({
      ...icmp,
      quoted,
    });
    expect(first('0 < icmp packet_too_big mtu 1300')).toMatchObject({ type: 'packet_too_big', mtu: 1_300 });
  });
});

describe('the lies of a script', () => {
  it.each([
    ['bad-checksum', { badChecksum: true }],
    ['land', { land: true }],
    ['ect0, data-offset 15', { dataOffset: 15 }],
    ['runt 12', { runt: 12 }],
    ['length -4', { length: -4 }],
    ['length 4, bad-checksum', { length: 4, badChecksum: true }],
  ])('reads [%s] and shows it again', (text, lies) => {
    const line = first(`0 < [${text}] . 0:0(0) ack 1 win 5`);
    expect(line).toMatchObject({ ip: { lies } });
    if (line.kind === 'packet') expect(actions(`0 ${lineText(line)}`)[0]).toMatchObject({ ip: { lies } });
  });
});

describe('the calls of a script', () => {
  it('reads errno, lists, structures, names and remarks', () => {
    expect(first('0 read(4, ..., 10) = -1 EAGAIN (Resource temporarily unavailable)')).toMatchObject({
      name: 'read',
      arguments: [{ value: 4 }, { kind: 'ellipsis' }, { value: 10 }],
      result: { value: -1 },
      errno: 'EAGAIN',
    });
    const call = first('0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0');
    expect(call).toMatchObject({ arguments: [{}, { names: ['SOL_SOCKET'] }, {}, { kind: 'struct' }, {}] });
    expect(first('0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0 // why')).toMatchObject({
      arguments: [{}, {}, { names: ['O_RDWR', 'O_NONBLOCK'] }],
    });
    expect(first('0 sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 100}]}, 0) = 100')).toMatchObject({
      name: 'sendmsg',
    });
  });
});

it('reads options, shell lines, code and comments', () => {
  const script = parseScript(
    'x.pkt',
    '// a\n--mtu=1400\n--tolerance_usecs=10000\n# b\n`sysctl -q x=1`\n0 `y`\n/* c\n */ +1 %{ assert 1 }%\n`z`\n',
  );
  expect(readOptions(script)).toMatchObject({ mtu: 1_400, tolerance: 10_000 });
  expect([script.init?.text, script.cleanup?.text]).toEqual(['sysctl -q x=1', 'z']);
  expect(script.events.map(({ action }) => action.kind)).toEqual(['shell', 'code']);
});

it('replaces defined words', () => {
  const script = parseScript('x.pkt', '0 listen(3, BACKLOG) = 0', new Map([['BACKLOG', '7']]));
  expect(script.events[0]!.action).toMatchObject({ arguments: [{}, { value: 7 }] });
});

describe('what cannot be read is told with its place', () => {
  it.each([
    ['', '1:1: a script needs at least one event'],
    ['0 socket(..., SOCK_STREAM = 3', '1:27: , or ) expected behind an argument, not "="'],
    ['0 close(3)', '1:11: = expected and a result behind close(...), not the end of the file'],
    ['0 < Q 0:0(0)', '1:5: TCP flags'],
    ['0 < S 0:10(5)', '1:7: 0:10(5): the length of 0:10 is 10'],
    ['0 < S 0:0(0) <mss>', '1:18: a segment size expected, not ">"'],
    ['0 < S 0:0(0) <mss 1 nop>', '1:21: , or > expected behind a TCP option, not "nop"'],
    ['\n  abc', '2:3: a time in seconds'],
    ['1~0.5 close(3) = 0', '1:7: this range ends before it begins'],
    ['* ...1 close(3) = 0', '1:1: * has no end'],
    ['0 `x', '1:3: this shell line has no end'],
    ['0 %{ x', '1:3: this block has no end'],
    ['/* x', '1:1: this comment has no end'],
    ['0 < [70000 > 1] S 0:0(0)', '70000 is no port'],
    ['0 < udp (70000)', 'no datagram holds 70000 bytes'],
    ['0 `a`\n`b`\n1 close(3) = 0', '3:1: a shell line without a time'],
    ['5 close(3) = 0\n+1 close(4) = 0\n1 close(5) = 0', '3:1: this time lies before that of an event above'],
  ])('%j', (text, message) => {
    let error: unknown;
    try {
      parseScript('x.pkt', text);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(ScriptError);
    expect(String(error)).toContain(message);
  });
  it.each(['--mtu=x', '--mtu', '--nonsense=1', '--ip_version=ipv5'])('refuses %s', (option) => {
    const script = parseScript('x.pkt', `${option}\n0 close(3) = 0`);
    expect(() => readOptions(script)).toThrow(ScriptError);
  });
});
