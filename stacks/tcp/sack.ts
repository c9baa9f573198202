/**
 * The sender's scoreboard (RFC 6675 §3, §4): which bytes above SND.UNA the peer has said it holds. Ascending ranges
 * in one growing Int32Array, neither overlapping nor adjacent.
 */
import { DUP_THRESH, MAX_RANGES } from './settings.ts';

export class Scoreboard {
  /** Number of ranges. */
  count = 0;
  /** Bytes in them. */
  bytes = 0;
  #edges: Int32Array = new Int32Array(16);

  /** Update(): marks `[start, end)`, which the caller has found to lie in flight; returns how many bytes are news. */
  add(start: number, end: number): number {
    const edges = this.#edges;
    // `first` = the first range that ends at or behind `start`, `last` = one past those that begin at or before `end`.
    let last = this.count;
    while (last > 0 && ((edges[2 * last - 2]! - end) | 0) > 0) last--;
    let first = last;
    while (first > 0 && ((edges[2 * first - 1]! - start) | 0) >= 0) first--;
    if (first === last) {
      if (this.count >= MAX_RANGES) return 0;
      this.#insert(first, start, end);
      this.bytes += (end - start) | 0;
      return (end - start) | 0;
    }
    let held = 0;
    for (let i = first; i < last; i++) held += (edges[2 * i + 1]! - edges[2 * i]!) | 0;
    if (((edges[2 * first]! - start) | 0) < 0) start = edges[2 * first]!;
    if (((edges[2 * last - 1]! - end) | 0) > 0) end = edges[2 * last - 1]!;
    edges[2 * first] = start;
    edges[2 * first + 1] = end;
    edges.copyWithin(2 * first + 2, 2 * last, 2 * this.count);
    this.count -= last - first - 1;
    const news = ((end - start) | 0) - held;
    this.bytes += news;
    return news;
  }

  #insert(at: number, start: number, end: number): void {
    if (2 * this.count === this.#edges.length) {
      const wider = new Int32Array(this.#edges.length * 2);
      wider.set(this.#edges);
      this.#edges = wider;
    }
    this.#edges.copyWithin(2 * at + 2, 2 * at, 2 * this.count);
    this.#edges[2 * at] = start;
    this.#edges[2 * at + 1] = end;
    this.count++;
  }

  /** Forgets what lies below the new SND.UNA. */
  acknowledge(sndUna: number): void {
    const edges = this.#edges;
    let gone = 0;
    while (gone < this.count && ((edges[2 * gone + 1]! - sndUna) | 0) <= 0) {
      this.bytes -= (edges[2 * gone + 1]! - edges[2 * gone]!) | 0;
      gone++;
    }
    if (gone > 0) {
      edges.copyWithin(0, 2 * gone, 2 * this.count);
      this.count -= gone;
    }
    if (this.count > 0 && ((edges[0]! - sndUna) | 0) < 0) {
      this.bytes -= (sndUna - edges[0]!) | 0;
      edges[0] = sndUna;
    }
  }

  clear(): void {
    this.count = this.bytes = 0;
  }

  /** One past the highest SACKed byte; `sndUna` when there is none. */
  highest(sndUna: number): number {
    return this.count === 0 ? sndUna : this.#edges[2 * this.count - 1]!;
  }

  /** Where the first range begins; meaningful when `count` > 0. */
  get lowest(): number {
    return this.#edges[0]!;
  }

  /**
   * IsLost() for all at once: what is not SACKed below the returned number is lost, because DupThresh ranges or more
   * than (DupThresh - 1) * SMSS bytes above it are SACKed. `sndUna` when nothing is.
   */
  lostEdge(sndUna: number, smss: number): number {
    let bytes = 0;
    for (let i = this.count - 1; i >= 0; i--) {
      bytes += (this.#edges[2 * i + 1]! - this.#edges[2 * i]!) | 0;
      if (this.count - i >= DUP_THRESH || bytes > (DUP_THRESH - 1) * smss) return this.#edges[2 * i]!;
    }
    return sndUna;
  }

  /** SACKed bytes below `edge`. */
  bytesBelow(edge: number): number {
    let bytes = 0;
    for (let i = 0; i < this.count; i++) {
      const start = this.#edges[2 * i]!;
      if (((start - edge) | 0) >= 0) break;
      const end = this.#edges[2 * i + 1]!;
      bytes += ((end - edge) | 0) > 0 ? (edge - start) | 0 : (end - start) | 0;
    }
    return bytes;
  }

  /** The first byte at or behind `from` that is not SACKed. */
  hole(from: number): number {
    for (let i = 0; i < this.count; i++) {
      if (((this.#edges[2 * i]! - from) | 0) > 0) break;
      if (((this.#edges[2 * i + 1]! - from) | 0) > 0) return this.#edges[2 * i + 1]!;
    }
    return from;
  }

  /** Where the hole at `from` ends: the next SACKed byte, or `sndNxt`. */
  holeEnd(from: number, sndNxt: number): number {
    for (let i = 0; i < this.count; i++) {
      if (((this.#edges[2 * i]! - from) | 0) > 0) return this.#edges[2 * i]!;
    }
    return sndNxt;
  }
}
