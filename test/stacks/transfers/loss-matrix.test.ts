/**
 * 504 paths, from perfect to hopeless: loss, reordering, duplicates, corruption and delay, both families. Every byte
 * must arrive as it was sent; the goodput of each cell is kept beside this file, so that a change shows as a difference.
 */
import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { Pair, pattern, Reader, sha256, Writer } from './pair.ts';

const LOSS = [0, 0.5, 1, 3, 10, 20, 30];
const REORDER = [0, 5, 20];
const DUPLICATE = [0, 5];
const CORRUPT = [0, 1, 5];
const DELAY = [0, 20];
const VERSIONS = [4, 6] as const;

const BYTES = 256 << 10;
const RATE = 100e6;
/** Virtual: after this a transfer counts as stuck. */
const LIMIT = 4 * 3_600 * SECOND;
const DATA = pattern(BYTES, 1);
const DIGEST = sha256(DATA);

interface Cell {
  readonly version: 4 | 6;
  readonly loss: number;
  readonly reorder: number;
  readonly duplicate: number;
  readonly corrupt: number;
  /** ms each way */
  readonly delay: number;
}

/** Mbit/s from the SYN to the FIN. */
function transfer({ version, loss, reorder, duplicate, corrupt, delay }: Cell, seed: number): number {
  const conditions = {
    loss: loss / 100,
    reorder: reorder / 100,
    duplicate: duplicate / 100,
    corrupt: corrupt / 100,
    delay: delay * MILLISECOND,
    rate: RATE,
  };
  // Of 8 SYNs none gets through and back once in 200 times when a third of all frames is lost; patience is set so.
  const patience = { synRetries: 30, synAckRetries: 30, maxRetransmits: 30 };
  const pair = new Pair(version, seed, conditions, patience);
  const { clock } = pair;
  const readers: Reader[] = [];
  pair.listen((connection) => readers.push(new Reader(connection, clock)));
  const writer = new Writer(DATA);
  const began = clock.now;
  writer.connection = pair.connect(writer);
  const over = (): boolean => writer.isClosed && readers[0]?.endedAt !== undefined;
  while (!over() && clock.now - began < LIMIT && clock.step());
  const reader = readers[0];
  expect(writer.failure).toBeUndefined();
  expect(reader?.failure).toBeUndefined();
  expect(reader?.bytes).toBe(BYTES);
  expect(reader?.digest).toBe(DIGEST);
  // What is still on its way arrives, and then nothing is held any more.
  clock.advance(clock.now + 120 * SECOND);
  pair.sender.stop();
  pair.receiver.stop();
  clock.advance(clock.now + SECOND);
  expect(pair.pool.live).toBe(0);
  return (BYTES * 8) / (reader!.endedAt! - began);
}

describe('256 KiB over every path', () => {
  const rows = LOSS.flatMap((loss) =>
    REORDER.flatMap((reorder) =>
      DUPLICATE.flatMap((duplicate) => CORRUPT.map((corrupt) => ({ loss, reorder, duplicate, corrupt }))),
    ),
  );
  const lines: string[] = [];
  it.each(rows)('loss $loss % reorder $reorder % duplicate $duplicate % corrupt $corrupt %', (row) => {
    const seed = rows.indexOf(row) + 1;
    const figures = DELAY.flatMap((delay) =>
      VERSIONS.map((version) => transfer({ ...row, delay, version }, seed)),
    );
    const { loss, reorder, duplicate, corrupt } = row;
    const conditions = [loss, reorder, duplicate, corrupt].map((n) => String(n).padStart(9)).join(' ');
    lines[seed - 1] = `${conditions} ${figures.map((f) => f.toPrecision(3).padStart(9)).join(' ')}`;
  });
  it('gives the goodput that is on record', async () => {
    const head = [
      'Goodput in Mbit/s of 256 KiB over a segment of 100 Mbit/s; % of frames; 0 or 20 ms each way.',
      '     loss   reorder duplicate   corrupt   v4 0 ms   v6 0 ms  v4 20 ms  v6 20 ms',
    ];
    expect(lines).toHaveLength(rows.length);
    await expect(`${[...head, ...lines].join('\n')}\n`).toMatchFileSnapshot('loss-matrix.txt');
  });
});
