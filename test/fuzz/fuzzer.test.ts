/** The fuzzer itself: what it counts, what it makes of inputs, and that it finds and shrinks what is wrong. */
import { describe, expect, it } from 'vitest';
import { broken } from './broken.ts';
import { begin } from './coverage.ts';
import { craft, fragments } from './craft.ts';
import { Fuzzer } from './engine.ts';
import { instrument } from './instrument.ts';
import { minimise } from './minimise.ts';
import { mutate } from './mutate.ts';
import { decode, duration, encode, FIX_LENGTHS, FIX_SUMS, type Operation } from './operation.ts';
import { checksum, i32, ip4, SYN, TCP, tcp, turned, u16 } from './packets.ts';
import { Choice } from './random.ts';
import type { Target } from './target.ts';
import { SYNS4, WHOLE4, WHOLE6 } from './templates.ts';

const operation = (kind: Operation['kind'], a = 0, b = 0, body: number[] = []): Operation => ({
  kind,
  a,
  b,
  body: Uint8Array.from(body),
});

/** What instrumented `source` returns, and which of its counters were reached. */
function counted(source: string): { readonly value: unknown; readonly reached: number[] } {
  const hits = new Uint8Array(64);
  const { code, counters } = instrument('a.js', source, 0);
  const fuzz = { hits, work: Int32Array.of(100), stop: () => broken('endless') };
  const value = new Function('globalThis', `${code}\nreturn main();`)({ __fuzz: fuzz });
  return { value, reached: [...hits.subarray(0, counters)] };
}

describe('instrumentation', () => {
  it('counts functions, branches, loops, cases and short cuts, and changes nothing', () => {
    const source = `
      function main() {
        let sum = 0;
        for (let i = 0; i < 3; i++) sum += i === 1 ? 10 : 1;
        for (const x of [1, 2]) { if (x > 1) sum += 100; else sum += 1000; }
        switch (sum) { case 1: sum = 0; break; default: sum++; }
        const twice = (n) => ({ n: n * 2 }).n;
        return (sum && twice(sum)) || never();
      }
      function never() { return 0; }`;
    const { value, reached } = counted(source);
    expect(value).toBe(2 * 1113);
    // main; for, 1 yes, 1 no; for-of, if, else; case 1, default; twice; &&; ||; never.
    expect(reached).toEqual([1, 3, 1, 2, 2, 1, 1, 0, 1, 1, 1, 0, 0]);
  });

  it('ends what does not end', () => {
    expect(() => counted('function main() { for (;;); }')).toThrow('endless');
    expect(() => counted('function main() { do {} while (true); }')).toThrow('endless');
  });
});

describe('operations', () => {
  it('are bytes and operations again', () => {
    const list = [operation('time', 64, 200), operation('call', 3, 7), operation('frame', 1, 0, [1, 2, 3])];
    expect(decode(encode(list))).toEqual(list);
    expect(duration(list[0]!)).toBe(4 ** 8 * 200);
    // Any bytes are operations: a length beyond the end means the rest.
    expect(decode(Uint8Array.of(0, 0, 0, 255, 255, 9))).toEqual([operation('frame', 0, 0, [9])]);
  });

  it('mutate to the same for the same seed, and mostly to something else', () => {
    const seed = Uint8Array.of(0, ...encode([operation('template', 3, 1), operation('time', 50, 9)]));
    const grammar = { format: 'operations', templates: 4, calls: 8 } as const;
    const run = (): string[] => {
      const choice = new Choice(7);
      return Array.from({ length: 200 }, () =>
        Buffer.from(mutate(seed, seed, grammar, choice)).toString('hex'),
      );
    };
    expect(run()).toEqual(run());
    expect(new Set(run()).size).toBeGreaterThan(100);
  });
});

describe('packets', () => {
  const link = { medium: 'ip', mac: new Uint8Array(6), ourMac: new Uint8Array(6) } as const;

  it('that answer a SYN acknowledge it, with sums that hold', () => {
    const syn = SYNS4[0]!;
    const [answer] = craft(operation('reply', FIX_LENGTHS | FIX_SUMS), { ...link, sent: [syn] }, []);
    expect(answer!.subarray(12, 16)).toEqual(syn.subarray(16, 20));
    expect(answer![20 + 13]).toBe(0x12);
    expect(i32(answer!, 28)).toBe(1_001);
    expect(checksum(answer!, 0, 20)).toBe(0);
    const pseudo = 6 + (answer!.length - 20);
    let sum = pseudo;
    for (let at = 12; at < 20; at += 2) sum += u16(answer!, at);
    expect(checksum(answer!, 20, answer!.length, sum)).toBe(0);
  });

  it('that go on with a connection count from what was expected', () => {
    const ack = ip4(
      { protocol: TCP },
      tcp({ from: 1, to: 2, seq: 50, ack: 90, flags: 16 }, new Uint8Array(10)),
    );
    const how = [SYN, 0, 5, 255, 255, 0, 9, 0, 0, 0, 0, 3];
    const [next] = craft(operation('segment', FIX_LENGTHS | FIX_SUMS, 0, how), { ...link, sent: [ack] }, []);
    expect([i32(next!, 24), i32(next!, 28), next![33], u16(next!, 34)]).toEqual([95, 59, SYN, 9]);
    expect(next!.length).toBe(43);
    expect(turned(Uint8Array.of(1, 2, 3), 'ip', link.mac)).toBeUndefined();
  });

  it.each([WHOLE4[0]!, WHOLE6[0]!])('cut in pieces hold the whole', (whole) => {
    const pieces = fragments(whole, Uint8Array.of(1, 0, 4, 1, 4, 40, 0));
    const header = whole[0]! >> 4 === 4 ? 20 : 48;
    const together = Buffer.concat(pieces.map((piece) => piece.subarray(header)));
    expect(together).toEqual(Buffer.from(whole.subarray(whole[0]! >> 4 === 4 ? 20 : 40)));
  });
});

describe('a fault', () => {
  /** Fails when call 2 and call 3 are in one input. */
  const faulty: Target = {
    name: 'faulty',
    says: 'a planted fault',
    grammar: { format: 'operations', templates: 1, calls: 4 },
    seeds: () => [Uint8Array.of(0)],
    run(input) {
      const calls = decode(input.subarray(1)).filter(({ kind }) => kind === 'call');
      if (calls.some(({ a }) => a === 2) && calls.some(({ a }) => a === 3)) broken('2 and 3 were called');
    },
  };

  it('is found and made as small as it can be', () => {
    begin();
    const fuzzer = new Fuzzer(faulty, 1);
    expect(
      fuzzer.replay([Uint8Array.of(0, ...encode([operation('call', 2), operation('time', 9, 9)]))]),
    ).toBeUndefined();
    const whole = [
      operation('time', 1, 1),
      operation('call', 3),
      operation('frame', 0, 0, [1, 2]),
      operation('call', 2),
    ];
    const failure = fuzzer.replay([Uint8Array.of(0, ...encode(whole))])!;
    expect(failure.error.message).toBe('2 and 3 were called');
    const small = minimise(faulty, failure.input, failure.error);
    expect(decode(small.subarray(1))).toEqual([operation('call', 3), operation('call', 2)]);
  });

  it('is found by mutation', () => {
    const fuzzer = new Fuzzer(faulty, 3);
    fuzzer.inputs.push(Uint8Array.of(0, ...encode([operation('call', 2)])));
    let failure: ReturnType<Fuzzer['step']>;
    for (let i = 0; i < 20_000 && failure === undefined; i++) failure = fuzzer.step();
    expect(failure?.error.message).toBe('2 and 3 were called');
  });
});
