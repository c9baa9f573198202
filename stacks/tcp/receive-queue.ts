/**
 * Bytes on their way to the owner: those in order, as the chunks that `read` returns, and the ranges that wait for a
 * gap to fill (RFC 9293 §3.10.7.4, RFC 2018 §4). Both lie inside the advertised window, so the buffer bounds them.
 */
import type { Packet } from '../packet/packet.ts';
import { Buffers } from './buffers.ts';
import { MAX_RANGES } from './settings.ts';

/** Two chunks of at most this together become one: a peer that sends single bytes must not cost an object a byte. */
const SMALL = 2_048;
/** Blocks that fit into the SACK option without timestamps (RFC 2018 §3). */
const RECENT = 4;

class Range {
  start: number;
  end: number;
  readonly chunks: Uint8Array[] = [];

  constructor(start: number) {
    this.start = this.end = start;
  }

  append(chunk: Uint8Array): void {
    push(this.chunks, 0, chunk);
    this.end = (this.end + chunk.length) | 0;
  }
}

/** Below this a loop is quicker than `slice`. */
const LOOP = 64;

function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (to - from >= LOOP) return bytes.slice(from, to);
  const copy = new Uint8Array(to - from);
  for (let i = from; i < to; i++) copy[i - from] = bytes[i]!;
  return copy;
}

function push(chunks: Uint8Array[], head: number, chunk: Uint8Array): void {
  const at = chunks.length - 1;
  const last = at >= head ? chunks[at]! : undefined;
  if (last === undefined || last.length + chunk.length > SMALL) {
    chunks.push(chunk);
    return;
  }
  const both = new Uint8Array(last.length + chunk.length);
  both.set(last);
  both.set(chunk, last.length);
  chunks[at] = both;
}

export class ReceiveQueue {
  /** Bytes in order, waiting for `read`. */
  length = 0;
  readonly #buffers: Buffers;
  /** Bytes out of order. */
  #waiting = 0;
  readonly #chunks: Uint8Array[] = [];
  #head = 0;
  /** Out of order, ascending, neither overlapping nor adjacent. */
  readonly #ranges: Range[] = [];
  /** The ranges that changed last, newest first (RFC 2018 §4). */
  readonly #recent: Range[] = [];

  constructor(buffers: Buffers = new Buffers()) {
    this.#buffers = buffers;
  }

  get hasGap(): boolean {
    return this.#ranges.length > 0;
  }

  /** Takes `[from, to)` of the packet, which begins at RCV.NXT; returns the new RCV.NXT, behind all that is in order. */
  append(rcvNxt: number, packet: Packet, from: number, to: number): number {
    if (this.#ranges.length > 0) {
      this.#keep(rcvNxt, packet, from, to);
      return this.#fill();
    }
    push(this.#chunks, this.#head, copyOf(packet.bytes, from, to));
    this.length += to - from;
    this.#buffers.held += to - from;
    return (rcvNxt + (to - from)) | 0;
  }

  read(max: number): Uint8Array | undefined {
    if (this.#head === this.#chunks.length || max <= 0) return undefined;
    const chunk = this.#chunks[this.#head]!;
    if (chunk.length > max) {
      this.#chunks[this.#head] = chunk.subarray(max);
      this.length -= max;
      this.#buffers.held -= max;
      return chunk.slice(0, max);
    }
    this.length -= chunk.length;
    this.#buffers.held -= chunk.length;
    this.#head++;
    if (this.#head === this.#chunks.length) {
      this.#head = 0;
      if (this.#chunks.length === 1)
        this.#chunks.pop(); // the usual case, and to set `length` is slow
      else this.#chunks.length = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
    return chunk;
  }

  /** Keeps `[from, to)` of the packet, which begins at `sequence`, behind a gap. */
  insert(sequence: number, packet: Packet, from: number, to: number): void {
    // One more than allowed is a lost packet, as far as the peer can tell; what extends a range needs no new one.
    if (this.#ranges.length < MAX_RANGES || this.#touches(sequence)) this.#keep(sequence, packet, from, to);
  }

  /** Where what was asked for last overlaps (`overlaps`). */
  overlapStart = 0;
  overlapEnd = 0;

  /** Is some of `[start, end)` held, waiting for a gap to fill? */
  overlaps(start: number, end: number): boolean {
    for (const range of this.#ranges) {
      if (((range.end - start) | 0) <= 0) continue;
      if (((range.start - end) | 0) >= 0) return false;
      this.overlapStart = ((range.start - start) | 0) > 0 ? range.start : start;
      this.overlapEnd = ((range.end - end) | 0) < 0 ? range.end : end;
      return true;
    }
    return false;
  }

  #touches(sequence: number): boolean {
    return this.#ranges.some(
      (range) => ((range.start - sequence) | 0) <= 0 && ((range.end - sequence) | 0) >= 0,
    );
  }

  /** Where bytes came twice, those that came first stay: nobody can change what was reported as received. */
  #keep(sequence: number, packet: Packet, from: number, to: number): void {
    const end = (sequence + (to - from)) | 0;
    const ranges = this.#ranges;
    // The first range that ends at or behind `sequence`; new data mostly belongs at the end.
    let i = ranges.length;
    while (i > 0 && ((ranges[i - 1]!.end - sequence) | 0) >= 0) i--;
    let range = ranges[i];
    if (range === undefined || ((range.start - sequence) | 0) > 0) {
      range = new Range(sequence);
      ranges.splice(i, 0, range);
    }
    // Extend `range` up to `end`, swallowing what lies on the way.
    while (((end - range.end) | 0) > 0) {
      const next = ranges[i + 1];
      const stop = next !== undefined && ((next.start - end) | 0) < 0 ? next.start : end;
      const skip = (range.end - sequence) | 0;
      const n = (stop - range.end) | 0;
      if (n > 0) {
        range.append(packet.bytes.slice(from + skip, from + skip + n));
        this.#waiting += n;
        this.#buffers.held += n;
      }
      if (next !== undefined && next.start === range.end) this.#swallow(range, i + 1);
    }
    const next = ranges[i + 1];
    if (next !== undefined && next.start === range.end) this.#swallow(range, i + 1);
    this.#touch(range);
  }

  #swallow(range: Range, index: number): void {
    const next = this.#ranges[index]!;
    for (const chunk of next.chunks) range.append(chunk);
    this.#ranges.splice(index, 1);
    this.#forget(next);
  }

  #touch(range: Range): void {
    this.#forget(range);
    this.#recent.unshift(range);
    if (this.#recent.length > RECENT) this.#recent.length = RECENT;
  }

  #forget(range: Range): void {
    const at = this.#recent.indexOf(range);
    if (at >= 0) this.#recent.splice(at, 1);
  }

  /** Moves the first range, which begins at RCV.NXT now, to the chunks; returns where it ends. */
  #fill(): number {
    const range = this.#ranges.shift()!;
    this.#forget(range);
    for (const chunk of range.chunks) push(this.#chunks, this.#head, chunk);
    const bytes = (range.end - range.start) | 0;
    this.length += bytes;
    this.#waiting -= bytes;
    return range.end;
  }

  /** Nobody will read it: the queue is at its end. */
  abandon(): void {
    this.#buffers.held -= this.length + this.#waiting;
    this.length = this.#waiting = 0;
  }

  /** How many SACK blocks there are to report, at most `max`. */
  blocks(max: number): number {
    return Math.min(this.#recent.length, max);
  }

  blockStart(i: number): number {
    return this.#recent[i]!.start;
  }

  blockEnd(i: number): number {
    return this.#recent[i]!.end;
  }
}
