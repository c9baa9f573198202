import { describe, expect, it } from 'vitest';
import { REASSEMBLY_BYTES } from '../../../stacks/forward/reassembly.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { address, bytes, datagram, dropsOf, expectAtRest, icmp, pair, seen, settle } from './net.ts';

const A = '2001:db8::1';
const B = '2001:db8::2';

/** A fragment from A to B that carries `payload` at `offset`. */
function fragment(
  offset: number,
  more: boolean,
  payload: Uint8Array,
  id = 1,
  next = 58,
  source = A,
): Uint8Array {
  const header = [next, 0, offset >>> 8, (offset & 0xf8) | Number(more), id >>> 24, id >>> 16, id >>> 8, id];
  return datagram(
    bytes(
      header.map((byte) => byte & 255),
      payload,
    ),
    { source, destination: B, next: 44 },
  );
}

/** The same with another ECN field. */
function marked(ecn: number, packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  copy[1]! |= ecn << 4;
  return copy;
}

const ECHO = icmp(
  128,
  0,
  5,
  new Uint8Array(32).map((_, i) => i),
  A,
  B,
);
const answered = [{ type: 129, word: 5 }];

function take(...packets: Uint8Array[]) {
  const net = pair({ medium: 'ip' });
  const drops = dropsOf(net.b);
  for (const packet of packets) net.portB.inject(packet);
  return { ...net, drops, answers: () => seen(net.portB) };
}

describe('reassembly (RFC 8200 §4.5)', () => {
  it.each([
    ['in order', [0, 1, 2]],
    ['backwards', [2, 1, 0]],
    ['mixed', [1, 2, 0]],
  ])('joins fragments that come %s', (_, order) => {
    const pieces = [
      fragment(0, true, ECHO.subarray(0, 16)),
      fragment(16, true, ECHO.subarray(16, 24)),
      fragment(24, false, ECHO.subarray(24)),
    ];
    const { env, b, drops, answers } = take(...order.map((i) => pieces[i]!));
    expect(answers()).toMatchObject(answered);
    expect(drops()).toEqual({});
    expect(b.counters).toMatchObject({ received: 3, delivered: 2, answered: 1 });
    expectAtRest(env, b);
  });

  it('keeps headers in front of the fragment header, and finds those behind it', () => {
    const options = (next: number): Uint8Array => Uint8Array.of(next, 0, 1, 4, 0, 0, 0, 0);
    const rest = bytes(options(58), ECHO);
    const wrap = (packet: Uint8Array): Uint8Array =>
      datagram(bytes(options(44), packet.subarray(40)), { source: A, destination: B, next: 0 });
    const { env, b, answers, drops } = take(
      wrap(fragment(24, false, rest.subarray(24), 1, 60)),
      wrap(fragment(0, true, rest.subarray(0, 24), 1, 60)),
    );
    expect(drops()).toEqual({});
    expect(answers()).toMatchObject(answered);
    expectAtRest(env, b);
  });

  it('drops everything, in silence, when fragments overlap (RFC 5722)', () => {
    const { env, b, drops, answers } = take(
      fragment(0, true, ECHO.subarray(0, 24)),
      fragment(16, false, ECHO.subarray(16)),
      fragment(24, false, ECHO.subarray(24)),
    );
    settle(env);
    expect(drops()).toEqual({ 'fragment-overlap': 3 });
    expect(answers()).toEqual([]);
    expectAtRest(env, b);
  });

  it('treats an atomic fragment alone, whatever else has its identification (RFC 6946)', () => {
    const { env, b, answers, drops } = take(
      fragment(0, true, new Uint8Array(16).fill(9)),
      fragment(0, false, ECHO),
      fragment(0, false, ECHO),
    );
    expect(answers()).toMatchObject([...answered, ...answered]);
    settle(env);
    expect(drops()).toEqual({ 'reassembly-timeout': 1 });
    expectAtRest(env, b);
  });

  it('gives up after 60 seconds and says so only when the first fragment came', () => {
    for (const first of [true, false]) {
      const piece = first ? fragment(0, true, ECHO.subarray(0, 16)) : fragment(16, false, ECHO.subarray(16));
      const { env, b, drops, answers } = take(piece);
      const before = env.clock.now;
      settle(env);
      expect(Math.floor((env.clock.now - before) / SECOND)).toBe(60);
      expect(drops()).toEqual({ 'reassembly-timeout': 1 });
      expect(answers()).toMatchObject(first ? [{ type: 3, code: 1, destination: A }] : []);
      if (first) expect(answers()[0]!.body).toEqual(piece);
      expectAtRest(env, b);
    }
  });

  it.each([
    ['length that is no multiple of 8', fragment(0, true, ECHO.subarray(0, 15)), 'bad-length', 4],
    ['end past 65,535', fragment(65_528, false, new Uint8Array(16), 1, 17), 'fragment-bounds', 42],
  ])('reports a %s', (_, packet, reason, pointer) => {
    const { env, b, drops, answers } = take(packet);
    expect(drops()).toEqual({ [reason]: 1 });
    expect(answers()).toMatchObject([{ type: 4, code: 0, word: pointer }]);
    expectAtRest(env, b);
  });

  it('reports a first fragment that does not hold its headers (RFC 7112)', () => {
    for (const packet of [
      fragment(0, true, Uint8Array.of(58, 1, 1, 4, 0, 0, 0, 0), 1, 60),
      fragment(0, true, new Uint8Array(16), 1, 6),
    ]) {
      const { env, b, drops, answers } = take(packet);
      expect(drops()).toEqual({ 'fragment-chain': 1 });
      expect(answers()).toMatchObject([{ type: 4, code: 3, word: 0 }]);
      expectAtRest(env, b);
    }
  });

  it('reports a first fragment that says hop-by-hop options follow, which only an IPv6 header may (RFC 8200 §4)', () => {
    const options = Uint8Array.of(58, 0, 1, 4, 0, 0, 0, 0);
    const part = bytes(options, ECHO);
    const { env, b, drops, answers } = take(fragment(0, true, part.subarray(0, 24), 1, 0));
    expect(drops()).toEqual({ 'bad-extension-header': 1 });
    expect(answers()).toMatchObject([{ type: 4, code: 1, word: 40 }]);
    expectAtRest(env, b);
  });

  it('asks the first fragment alone what follows (RFC 8200 §4.5)', () => {
    const { env, b, drops, answers } = take(
      fragment(24, false, ECHO.subarray(24), 1, 0),
      fragment(0, true, ECHO.subarray(0, 24)),
    );
    expect(drops()).toEqual({});
    expect(answers()).toMatchObject(answered);
    expectAtRest(env, b);
  });

  it('drops empty fragments, and fragment headers inside a whole datagram', () => {
    const nested = bytes([58, 0, 0, 0, 0, 0, 0, 9], ECHO);
    const { env, b, drops } = take(
      fragment(0, true, new Uint8Array(0)),
      fragment(8, false, new Uint8Array(0)),
      fragment(0, true, nested.subarray(0, 24), 3, 44),
      fragment(24, false, nested.subarray(24), 3, 44),
      fragment(0, false, nested, 4, 44),
    );
    expect(drops()).toEqual({ 'bad-extension-header': 4 });
    expectAtRest(env, b);
  });

  it('takes no neighbour discovery out of several fragments either', () => {
    const question = icmp(135, 0, 0, address(B), A, B);
    const pieces = [fragment(0, true, question.subarray(0, 16)), fragment(16, false, question.subarray(16))];
    for (const piece of pieces) piece[7] = 255;
    const { env, a, b, drops } = take(...pieces);
    expect(drops()).toEqual({ 'bad-neighbour-message': 1 });
    expectAtRest(env, a, b);
  });

  it('answers a later fragment of ICMPv6 that ends past 65,535: no error is ever in fragments', () => {
    const { env, a, b, answers } = take(fragment(65_528, false, new Uint8Array(16)));
    expect(answers()).toMatchObject([{ type: 4, code: 0, word: 42 }]);
    expectAtRest(env, a, b);
  });

  it('takes no neighbour discovery out of fragments (RFC 6980)', () => {
    const question = icmp(135, 0, 0, address(B), A, B);
    const packet = fragment(0, false, question);
    packet[7] = 255;
    const { env, b, drops, answers } = take(packet);
    expect(drops()).toEqual({ 'bad-neighbour-message': 1 });
    expect(answers()).toEqual([]);
    expectAtRest(env, b);
  });

  it('stays within its budget whoever sends', () => {
    const { env, b, portB, drops } = take();
    for (let id = 0; id < 5_000; id++) portB.inject(fragment(8, true, new Uint8Array(8), id));
    expect(env.pool.live * 2_048).toBeLessThanOrEqual(REASSEMBLY_BYTES + 4_096);
    expect(drops()['reassembly-full']).toBeGreaterThan(2_500);
    b.stop();
    expectAtRest(env, b);
  });
});

describe('the ECN field of fragments (RFC 3168 §5.3)', () => {
  it('marks the whole by one mark, but not a datagram that knows nothing of congestion', () => {
    const sent = (first: number, last: number) => {
      const net = take(
        marked(first, fragment(0, true, ECHO.subarray(0, 16))),
        marked(last, fragment(16, false, ECHO.subarray(16))),
      );
      settle(net.env);
      expectAtRest(net.env, net.b);
      return { answers: net.answers().length, drops: net.drops() };
    };
    expect(sent(2, 3)).toEqual({ answers: 1, drops: {} });
    expect(sent(0, 2)).toEqual({ answers: 1, drops: {} });
    expect(sent(0, 3)).toEqual({ answers: 0, drops: { 'fragment-ecn': 2 } });
    expect(sent(3, 0)).toEqual({ answers: 0, drops: { 'fragment-ecn': 2 } });
  });
});
