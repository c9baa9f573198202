import { describe, expect, it } from 'vitest';
import { bytes, datagram, dropsOf, expectAtRest, icmp, type Net, pair, seen, settle } from './net.ts';

const A = '2001:db8::1';
const B = '2001:db8::2';
/** An echo request from A to B, as the last link of a chain. */
const ECHO = icmp(128, 0, 7, [1, 2, 3, 4], A, B);

/** An extension header: `next`, then a body that is padded with zeros (Pad1) to a multiple of eight bytes. */
function ext(next: number, body: readonly number[], length?: number): Uint8Array {
  const size = Math.ceil((body.length + 2) / 8) * 8;
  const out = new Uint8Array(size);
  out.set([next, length ?? size / 8 - 1, ...body]);
  return out;
}

/** What B makes of a chain that begins with header `first`. */
function judge(
  first: number,
  ...parts: Uint8Array[]
): Net & { drops: object; answers: ReturnType<typeof seen> } {
  return judgeAt(B, first, ...parts);
}

function judgeAt(destination: string, first: number, ...parts: Uint8Array[]) {
  const net = pair({ medium: 'ip' });
  const drops = dropsOf(net.b);
  net.portB.inject(datagram(bytes(...parts), { source: A, destination, next: first }));
  settle(net.env);
  expectAtRest(net.env, net.a, net.b);
  return { ...net, drops: drops(), answers: seen(net.portB) };
}

const answered = [{ type: 129, word: 7 }];
const problem = (code: number, pointer: number): object[] => [
  { type: 4, code, word: pointer, destination: A },
];

describe('extension headers (RFC 8200 §4)', () => {
  it('are passed over in any order, hop-by-hop first', () => {
    const padded = ext(60, [1, 4, 0, 0, 0, 0]);
    const known = ext(43, [5, 2, 0, 0, 0x1e, 1, 0]); // router alert, an unknown option to skip, Pad1
    const routed = ext(60, [99, 0, 0, 0, 0, 0]); // nothing left of it
    const { drops, answers } = judge(0, padded, known, routed, ext(58, [1, 0]), ECHO);
    expect(drops).toEqual({});
    expect(answers).toMatchObject(answered);
  });

  it('of destination options know no router alert, which is hop-by-hop alone (RFC 2711 §2.1)', () => {
    const { drops, answers } = judge(60, ext(58, [5, 4, 0, 0, 0, 0]), ECHO);
    expect(drops).toEqual({});
    expect(answers).toMatchObject(answered);
  });

  it('anywhere but first, hop-by-hop is an unknown next header', () => {
    const { drops, answers } = judge(60, ext(0, []), ext(58, []), ECHO);
    expect(drops).toEqual({ 'bad-extension-header': 1 });
    expect(answers).toMatchObject(problem(1, 40));
    // Nor does the first place of what was fragmented count as one.
    const first = judge(
      44,
      Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1),
      ext(58, [5, 2, 0, 0]),
      ECHO.subarray(0, 8),
    );
    expect(first.drops).toEqual({ 'bad-extension-header': 1 });
    expect(first.answers).toMatchObject(problem(1, 40));
  });

  it.each([
    [0x1e, {}, answered],
    [0x5e, { 'unknown-option': 1 }, []],
    [0x9e, { 'unknown-option': 1 }, problem(2, 44)],
    [0xde, { 'unknown-option': 1 }, problem(2, 44)],
  ])('option %i asks for its own treatment', (type, expectedDrops, expected) => {
    for (const first of [0, 60]) {
      const { drops, answers } = judge(first, ext(58, [1, 0, type, 0]), ECHO);
      expect(drops).toEqual(expectedDrops);
      expect(answers).toHaveLength(expected.length);
      expect(answers).toMatchObject(expected);
    }
  });

  it.each([
    [0x9e, 1],
    [0xde, 0],
  ])('sent to a group, option %i is reported %i times', (type, count) => {
    const echo = icmp(128, 0, 7, [1, 2, 3, 4], A, 'ff02::1');
    const { drops, answers } = judgeAt('ff02::1', 60, ext(58, [type, 0]), echo);
    expect(drops).toEqual({ 'unknown-option': 1 });
    expect(answers).toHaveLength(count);
    if (count === 1) expect(answers).toMatchObject([{ type: 4, code: 2, word: 42, source: B }]);
  });

  it.each([0, 4, 99])('routing type %i with segments left is refused, pointing at the type', (type) => {
    const { drops, answers } = judge(43, ext(58, [type, 1]), ECHO);
    expect(drops).toEqual({ 'source-routed': 1 });
    expect(answers).toMatchObject(problem(0, 42));
  });

  it('an unknown next header is reported where it is named', () => {
    expect(judge(200, ECHO)).toMatchObject({ drops: { 'unknown-protocol': 1 }, answers: problem(1, 6) });
    expect(judge(60, ext(253, []), ECHO)).toMatchObject({
      drops: { 'unknown-protocol': 1 },
      answers: problem(1, 40),
    });
  });

  it('no next header ends in silence', () => {
    expect(judge(59)).toMatchObject({ drops: { 'no-next-header': 1 }, answers: [] });
    expect(judge(60, ext(59, []), ECHO)).toMatchObject({ drops: { 'no-next-header': 1 }, answers: [] });
  });

  it.each([
    ['a header past the end', 60, [ext(58, [], 200), ECHO], 'bad-extension-header'],
    ['a header cut short', 60, [Uint8Array.of(58, 0, 1)], 'bad-extension-header'],
    ['no header at all', 0, [], 'bad-extension-header'],
    ['an option past its header', 60, [ext(58, [1, 5, 0, 0, 0, 0]), ECHO], 'bad-option'],
    ['an option without a length', 60, [ext(58, [0, 0, 0, 0, 0, 1]), ECHO], 'bad-option'],
    ['a router alert of the wrong length', 0, [ext(58, [5, 1, 0]), ECHO], 'bad-option'],
    ['a fragment header that is cut', 44, [Uint8Array.of(58, 0, 0)], 'bad-extension-header'],
    [
      'more options than anybody needs',
      60,
      [ext(58, Array(9).fill([0x1e, 0]).flat()), ECHO],
      'bad-extension-header',
    ],
  ] as [string, number, Uint8Array[], string][])('%s costs one silent drop', (_, first, parts, reason) => {
    const { drops, answers } = judge(first, ...parts);
    expect(drops).toEqual({ [reason]: 1 });
    expect(answers).toEqual([]);
  });

  it('any number of them is walked (RFC 8200 §4.1)', () => {
    expect(judge(60, ...Array(127).fill(ext(60, [])), ext(58, []), ECHO)).toMatchObject({
      drops: {},
      answers: answered,
    });
  });

  it('a chain of pads as long as a packet can be is walked once', () => {
    const longest = new Uint8Array(2048);
    longest.set([58, 255]);
    expect(judge(60, longest, ECHO).answers).toMatchObject(answered);
  });
});

describe('the header itself (RFC 8200 §3)', () => {
  const take = (packet: Uint8Array): object => {
    const { env, a, b, portB } = pair({ medium: 'ip' });
    const drops = dropsOf(b);
    portB.inject(packet);
    settle(env);
    expectAtRest(env, a, b);
    return drops();
  };
  const echo = (source: string, destination: string, length?: number): Uint8Array =>
    datagram(icmp(128, 0, 1, [], source, destination), { source, destination, next: 58, length });

  it('is checked', () => {
    expect(take(echo(A, B).subarray(0, 39))).toEqual({ runt: 1 });
    expect(take(new Uint8Array(0))).toEqual({ runt: 1 });
    expect(take(Uint8Array.from(echo(A, B), (byte, i) => (i === 0 ? 0x45 : byte)))).toEqual({
      'bad-version': 1,
    });
    expect(take(echo(A, B, 9))).toEqual({ 'bad-length': 1 });
    expect(take(echo(A, B, 65_535))).toEqual({ 'bad-length': 1 });
    // Padding of the link is cut off; a length that hides part of the message breaks its checksum.
    expect(take(bytes(echo(A, B), [0, 0, 0]))).toEqual({});
    expect(take(echo(A, B, 7))).toEqual({ runt: 1 });
  });

  it.each([
    ['ff02::1', B, 'bad-source'],
    ['::1', B, 'bad-source'],
    ['::ffff:192.0.2.1', B, 'bad-source'],
    ['::', B, 'bad-source'],
    [A, '::', 'bad-destination'],
    [A, '::1', 'bad-destination'],
    [A, '::ffff:192.0.2.1', 'bad-destination'],
    [A, 'ff00::1', 'bad-destination'],
    [A, 'ff01::1', 'bad-destination'],
    [A, '2001:db8::3', 'forwarding-off'],
    [A, 'ff02::2', 'not-for-me'],
  ])('from %s to %s is dropped as %s', (source, destination, reason) => {
    expect(take(echo(source, destination))).toEqual({ [reason]: 1 });
  });
});
