/**
 * The log of what is in flight: the RACK.segment list of RFC 8985 §5.2 and the scoreboard of RFC 6675 §3 in one.
 *
 * What was sent in one microsecond and met the same fate is one record, and so is a run of bytes that the peer has
 * SACKed, whose times do not matter any more: the records of a lossy window are as many as its holes, not as its
 * segments. Three words a record in one growing array; a record begins where the one before it ends.
 */
import { MAX_RANGES } from './settings.ts';

/** The peer holds it (RFC 2018). */
export const SACKED = 1;
/** It is to be sent again. */
export const LOST = 2;
/** It was sent more than once (Segment.retransmitted of RFC 8985 §5.2). */
export const RETRANSMITTED = 4;

/** Is told of every run of bytes that newly proves to have arrived; `sentAt` in µs as int32. */
export interface Deliveries {
  delivered(start: number, end: number, sentAt: number, state: number): void;
}

const WORDS = 3;
const SENT_AT = 1;
const STATE = 2;
/** Records of room at first. */
const ROOM = 8;
/**
 * Records before those sent last become one, with the time of the last: more than a window of 8 MiB has segments, and a
 * sender of single bytes must not cost twelve a byte.
 */
export const MAX_RECORDS = 8_192;

export class Flight {
  /** SND.UNA, where the first record begins. */
  una = 0;
  /** Bytes that are SACKED; LOST; RETRANSMITTED and neither of the two. */
  sackedBytes = 0;
  lostBytes = 0;
  retransmittedBytes = 0;
  /** Runs of SACKed bytes, at most MAX_RANGES. */
  ranges = 0;
  #words: Int32Array = new Int32Array(WORDS * ROOM);
  #head = 0;
  #tail = 0;

  /** Nothing in flight; the next byte is `una`. */
  clear(una: number): void {
    this.una = una;
    this.sackedBytes = this.lostBytes = this.retransmittedBytes = this.ranges = this.#head = this.#tail = 0;
  }

  /** Words of its array. */
  get room(): number {
    return this.#words.length;
  }

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  /** Records are numbered from `first` up to, but not with, `last`; whatever changes the log changes the numbers. */
  get first(): number {
    return this.#head;
  }
  get last(): number {
    return this.#tail;
  }
  start(i: number): number {
    return i === this.#head ? this.una : this.#words[WORDS * (i - 1)]!;
  }
  end(i: number): number {
    return this.#words[WORDS * i]!;
  }
  sentAt(i: number): number {
    return this.#words[WORDS * i + SENT_AT]!;
  }
  state(i: number): number {
    return this.#words[WORDS * i + STATE]!;
  }
  bytes(i: number): number {
    return (this.end(i) - this.start(i)) | 0;
  }

  /** Sent for the first time at `now`: everything from where the last record ends up to `end`. */
  push(end: number, now: number): void {
    const words = this.#words;
    const last = WORDS * (this.#tail - 1);
    if (this.#head < this.#tail && words[last + STATE] === 0) {
      if (words[last + SENT_AT] === now || this.#tail - this.#head >= MAX_RECORDS) {
        words[last] = end;
        words[last + SENT_AT] = now;
        return;
      }
    }
    this.#reserve(1);
    const at = WORDS * this.#tail++;
    this.#words[at] = end;
    this.#words[at + SENT_AT] = now;
    this.#words[at + STATE] = 0;
  }

  /** Room for `n` more records behind the last. */
  #reserve(n: number): void {
    let words = this.#words;
    if (WORDS * (this.#tail + n) <= words.length) return;
    if (2 * this.#head < this.#tail) {
      words = new Int32Array(2 * words.length);
      words.set(this.#words.subarray(WORDS * this.#head, WORDS * this.#tail));
      this.#words = words;
    } else {
      words.copyWithin(0, WORDS * this.#head, WORDS * this.#tail);
    }
    this.#tail -= this.#head;
    this.#head = 0;
  }

  /** Everything below the new SND.UNA has arrived. */
  acknowledge(una: number, to: Deliveries): void {
    while (this.#head < this.#tail && ((this.end(this.#head) - una) | 0) <= 0) {
      this.#passed(this.end(this.#head), to);
      this.#head++;
    }
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
    else if (this.una !== una) this.#passed(una, to);
    this.una = una;
  }

  /** The first record, or the part of it below `end`, is acknowledged. */
  #passed(end: number, to: Deliveries): void {
    const head = this.#head;
    const state = this.state(head);
    const bytes = (end - this.una) | 0;
    this.#count(state, -bytes);
    if ((state & SACKED) === 0) to.delivered(this.una, end, this.sentAt(head), state);
    else if (end === this.end(head)) this.ranges--;
    this.una = end;
  }

  #count(state: number, bytes: number): void {
    if ((state & SACKED) !== 0) this.sackedBytes += bytes;
    else if ((state & LOST) !== 0) this.lostBytes += bytes;
    else if ((state & RETRANSMITTED) !== 0) this.retransmittedBytes += bytes;
  }

  /** The peer holds `[start, end)`, which lies in flight. One range more than MAX_RANGES is not believed. */
  sack(start: number, end: number, to: Deliveries): void {
    this.#reserve(2);
    let i = this.#find(start);
    while (i < this.#tail && ((this.start(i) - end) | 0) < 0) {
      if ((this.state(i) & SACKED) !== 0) {
        i++;
        continue;
      }
      const from = ((start - this.start(i)) | 0) > 0 ? start : this.start(i);
      const upTo = ((this.end(i) - end) | 0) > 0 ? end : this.end(i);
      i = this.#hold(i, from, upTo, to);
      if (i < 0) return;
    }
  }

  /** SACKs `[from, upTo)` of record `i`; returns the record behind it, -1 when there are too many ranges. */
  #hold(i: number, from: number, upTo: number, to: Deliveries): number {
    const words = this.#words;
    const joinsLeft = from === this.start(i) && i > this.#head && (this.state(i - 1) & SACKED) !== 0;
    const joinsRight = upTo === this.end(i) && i + 1 < this.#tail && (this.state(i + 1) & SACKED) !== 0;
    if (!joinsLeft && !joinsRight && this.ranges >= MAX_RANGES) return -1;
    const state = this.state(i);
    const bytes = (upTo - from) | 0;
    to.delivered(from, upTo, this.sentAt(i), state);
    this.#count(state, -bytes);
    this.sackedBytes += bytes;
    this.ranges += 1 - (joinsLeft ? 1 : 0) - (joinsRight ? 1 : 0);
    if (joinsLeft && upTo !== this.end(i)) {
      words[WORDS * (i - 1)] = upTo; // the edge moves, and that is all
      return i;
    }
    if (joinsRight && from !== this.start(i)) {
      words[WORDS * i] = from;
      return i + 1;
    }
    if (from !== this.start(i)) i = this.#split(i, from);
    if (upTo !== this.end(i)) i = this.#split(i, upTo) - 1;
    this.#words[WORDS * i + STATE] = SACKED;
    if (joinsRight) i = this.#joinNext(i);
    if (joinsLeft) i = this.#joinNext(i - 1);
    return i + 1;
  }

  /** The record that `seq` lies in; `last` when it lies behind all of them. */
  #find(seq: number): number {
    let low = this.#head;
    let high = this.#tail;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((this.end(middle) - seq) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Cuts record `i` at `seq`; there is room. Returns the number of the second part. Moves the shorter side. */
  #split(i: number, seq: number): number {
    const words = this.#words;
    if (this.#head > 0 && i - this.#head < this.#tail - i) {
      words.copyWithin(WORDS * (this.#head - 1), WORDS * this.#head, WORDS * (i + 1));
      this.#head--;
      i--;
    } else {
      words.copyWithin(WORDS * (i + 1), WORDS * i, WORDS * this.#tail);
      this.#tail++;
    }
    words[WORDS * i] = seq;
    words[WORDS * i + SENT_AT] = words[WORDS * (i + 1) + SENT_AT]!;
    words[WORDS * i + STATE] = words[WORDS * (i + 1) + STATE]!;
    return i + 1;
  }

  /** Makes one of record `i` and the next, which keeps its time and state; returns its number. */
  #joinNext(i: number): number {
    const words = this.#words;
    if (i - this.#head < this.#tail - i) {
      words.copyWithin(WORDS * (this.#head + 1), WORDS * this.#head, WORDS * i);
      this.#head++;
      return i + 1;
    }
    words[WORDS * i] = words[WORDS * (i + 1)]!;
    words[WORDS * i + SENT_AT] = words[WORDS * (i + 1) + SENT_AT]!;
    words[WORDS * i + STATE] = words[WORDS * (i + 1) + STATE]!;
    words.copyWithin(WORDS * (i + 1), WORDS * (i + 2), WORDS * this.#tail);
    this.#tail--;
    return i;
  }

  #setState(i: number, state: number): void {
    const bytes = this.bytes(i);
    this.#count(this.state(i), -bytes);
    this.#count(state, bytes);
    this.#words[WORDS * i + STATE] = state;
  }

  /** Record `i`, which is not SACKed, is to be sent again. */
  markLost(i: number): void {
    this.#setState(i, this.state(i) | LOST);
  }

  /** The first `length` bytes, as far as they are in flight and not SACKed, are to be sent again. */
  markFirstLost(length: number): void {
    if (this.isEmpty || (this.state(this.#head) & SACKED) !== 0) return;
    this.#reserve(1);
    if (this.bytes(this.#head) > length) this.#split(this.#head, (this.una + length) | 0);
    this.markLost(this.#head);
  }

  /** Everything that is not SACKed is to be sent again. */
  markAllLost(): void {
    for (let i = this.#head; i < this.#tail; i++) {
      if ((this.state(i) & SACKED) === 0) this.markLost(i);
    }
  }

  /** The peer has thrown away what it had SACKed (RFC 2018 §8): everything is to be sent again. */
  forgetSacks(): void {
    for (let i = this.#head; i < this.#tail; i++) this.#setState(i, (this.state(i) & ~SACKED) | LOST);
    this.ranges = 0;
  }

  /** Nothing was lost after all. */
  unmarkLost(): void {
    for (let i = this.#head; i < this.#tail; i++) {
      const state = this.state(i);
      if ((state & LOST) !== 0) this.#setState(i, state & ~LOST);
    }
  }

  /** The first record that is to be sent again; -1 when there is none. */
  firstLost(): number {
    if (this.lostBytes === 0) return -1;
    let i = this.#head;
    while ((this.state(i) & LOST) === 0) i++;
    return i;
  }

  /** `[start, end)` of record `i` was sent again at `now`. */
  retransmitted(i: number, start: number, end: number, now: number): void {
    this.#reserve(2);
    // Room may have been made by moving all of them.
    i = this.#find(start);
    if (start !== this.start(i)) i = this.#split(i, start);
    if (end !== this.end(i)) i = this.#split(i, end) - 1;
    this.#setState(i, RETRANSMITTED);
    this.#words[WORDS * i + SENT_AT] = now;
    const before = i - 1;
    if (before < this.#head || this.state(before) !== RETRANSMITTED || this.sentAt(before) !== now) return;
    this.#joinNext(before);
  }
}

/** Logs kept for the next flight, and how long an array of theirs may be: more is left to the garbage collector. */
const MAX_SPARE = 256;
const MAX_SPARE_WORDS = 1_024;

/** Logs lent out: a connection has one while something is in flight. */
export class Flights {
  readonly #spare: Flight[] = [];

  take(una: number): Flight {
    const log = this.#spare.pop() ?? new Flight();
    log.clear(una);
    return log;
  }

  release(log: Flight): void {
    if (this.#spare.length < MAX_SPARE && log.room <= MAX_SPARE_WORDS) this.#spare.push(log);
  }
}
