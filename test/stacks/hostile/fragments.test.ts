/** Fragments that an honest host does not make, on both families. */
import { describe, expect, it } from 'vitest';
import { MAX_DATAGRAMS, MAX_FRAGMENTS, REASSEMBLY_BYTES } from '../../../stacks/forward/reassembly.ts';
import type { Bench } from '../../compliance/bench/bench.ts';
import { type Bytes, data } from '../../compliance/bench/bytes.ts';
import { Tally } from './tally.ts';

/** The pieces of an echo request, cut behind every 64 bytes. */
function pieces(bench: Bench, id = 7): Bytes[] {
  return bench.fragments(bench.echo({ body: data(300) }), [64, 128, 192, 256], id);
}

describe.each(['ipv4', 'ipv6'] as const)('over %s', (family) => {
  const bare = (): Tally => new Tally(family, { medium: 'ip' });

  it.each([
    ['reaches back', 56, 16, true],
    ['lies inside another', 16, 8, true],
    ['has the range of another and other bytes', 0, 64, true],
    ['lies around all', 0, 200, true],
    ['ends before what has come', 8, 8, false],
    ['ends elsewhere than the last one', 400, 8, false],
  ])(
    'a fragment that %s costs the datagram, and what is yet to come of it (RFC 5722 §4)',
    (_, offset, length, more) => {
      const tally = bare();
      const { bench } = tally;
      const [first, second, third, fourth, last] = pieces(bench);
      const evil = bench.piece(bench.echo(), new Uint8Array(length).fill(0xee), offset, more, 7);
      for (const one of [first, second, last, evil, third, fourth]) expect(bench.frame(one!)).toEqual([]);
      expect(tally.drops()).toEqual({ 'fragment-overlap': 6 });
      tally.check();
    },
  );

  it('a datagram in more pieces than any link makes is given up', () => {
    const tally = bare();
    const { bench } = tally;
    for (let i = 0; i <= MAX_FRAGMENTS; i++) {
      bench.frame(bench.piece(bench.echo(), data(8), 16 * i + 8, true, 7));
    }
    expect(tally.drops()).toEqual({ 'reassembly-full': MAX_FRAGMENTS + 1 });
    tally.check();
  });

  it('as many datagrams wait as may, the oldest goes', () => {
    const tally = bare();
    const { bench } = tally;
    for (let id = 0; id < 3 * MAX_DATAGRAMS; id++) {
      bench.frame(bench.piece(bench.echo(), data(8), 8, true, id));
    }
    expect(tally.drops()).toEqual({ 'reassembly-full': 2 * MAX_DATAGRAMS });
    tally.check();
  });

  it('a flood from one source does not cost another one its datagram, and stays within its bytes', () => {
    const tally = bare();
    const { bench } = tally;
    const [first, ...rest] = pieces(bench);
    bench.frame(first!);
    for (let id = 0; id < 600; id++) {
      const large = bench.piece(bench.echo({ source: bench.far }), data(4_000), 8, true, id);
      bench.frame(large);
    }
    // A piece of 4,000 bytes takes a slot of 16,384.
    expect(tally.drops()).toEqual({ 'reassembly-full': 600 - (REASSEMBLY_BYTES >> 14) + 1 });
    const answers = rest.flatMap((one) => bench.frame(one));
    expect(answers.map(({ kind }) => kind)).toEqual(['echo-reply']);
    tally.check();
  });

  it('what never becomes whole goes when its time is up, and nothing is left', () => {
    const tally = bare();
    const { bench } = tally;
    for (let id = 0; id < 100; id++) bench.frame(bench.piece(bench.echo(), data(8), 8, true, id));
    bench.forget();
    bench.wait(61_000_000);
    expect(tally.drops()).toEqual({ 'reassembly-timeout': 100 });
    expect(bench.seen()).toEqual([]);
    tally.check();
  });
});
