/**
 * A hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 7): arming and
 * disarming cost the same whether ten timers are armed or a million. Nothing about it is approximate: what is due
 * comes out by deadline, and in the order of arming where deadlines are equal.
 *
 * A slot of level k spans 256^k µs. An entry lies on the level of the highest byte in which its deadline differs from
 * `#base`, in the slot that this byte names; so all of level k is due before any of level k + 1. When time comes to a
 * slot of a higher level, its entries move down in their order, before anything can be armed straight into where they
 * go: that keeps the order of arming without a number for it.
 */

/** Intrusive: an entry is in one wheel at most. */
export interface WheelEntry {
  /** µs, any finite number. */
  deadline: number;
  /** -1 when in no wheel. */
  slot: number;
  next: WheelEntry | undefined;
  previous: WheelEntry | undefined;
}

const BITS = 8;
const SLOTS = 1 << BITS;
const LEVELS = 6;
/** Levels whose byte is in the low half of a tick, which is two words of 24 bits: bit operations end at 32. */
const LOW_LEVELS = 3;
const HALF = 2 ** 24;
/** Whatever is more than 2^48 µs, nine years, away: one slot behind all others. */
const FAR = LEVELS * SLOTS;

export class Wheel<Entry extends WheelEntry> {
  size = 0;
  readonly #heads = new Array<Entry | undefined>(FAR + 1).fill(undefined);
  readonly #tails = new Array<Entry | undefined>(FAR + 1).fill(undefined);
  /** One bit a slot: is anything in it? */
  readonly #occupied = new Int32Array((FAR >> 5) + 1);
  /** The µs that everything is placed against; nothing due before it is left but what was armed too late. */
  #base = 0;
  /** Nothing is due before: most questions are answered by it. */
  #quiet = 0;
  /** The entry due first, when it is known. */
  #first: Entry | undefined;

  /** `now`: nothing in the wheel is due before it, or it is due at once. */
  add(entry: Entry, now: number): void {
    if (this.size++ === 0) this.#base = Math.max(Math.floor(now), 0);
    if (this.size === 1 || (this.#first !== undefined && entry.deadline < this.#first.deadline)) {
      this.#first = entry;
    }
    if (entry.deadline < this.#quiet) this.#quiet = entry.deadline;
    this.#place(entry);
  }

  remove(entry: Entry): void {
    this.size--;
    if (this.#first === entry) this.#first = undefined;
    const { slot } = entry;
    const next = entry.next as Entry | undefined;
    const previous = entry.previous as Entry | undefined;
    if (previous === undefined) this.#heads[slot] = next;
    else previous.next = next;
    if (next === undefined) this.#tails[slot] = previous;
    else next.previous = previous;
    if (next === undefined && previous === undefined) this.#occupied[slot >> 5]! &= ~(1 << (slot & 31));
    entry.next = entry.previous = undefined;
    entry.slot = -1;
  }

  /** The entry that is due first. */
  first(): Entry | undefined {
    if (this.size === 0) return undefined;
    if (this.#first !== undefined) return this.#first;
    let first = this.#heads[this.#lowest()]!;
    // Only the slots of level 0 are sorted.
    for (let e = first.slot < SLOTS ? undefined : first.next; e !== undefined; e = e.next) {
      if (e.deadline < first.deadline) first = e as Entry;
    }
    this.#first = first;
    return first;
  }

  /** The entry that is due first, if it is due at or before `to`: time comes to there, so slots move down on the way. */
  due(to: number): Entry | undefined {
    if (to < this.#quiet) return undefined;
    while (this.size > 0) {
      const slot = this.#lowest();
      if (slot < SLOTS) {
        const head = this.#heads[slot]!;
        if (head.deadline <= to) return head;
        this.#quiet = head.deadline;
        return undefined;
      }
      const start = slot === FAR ? Math.floor(this.first()!.deadline) : this.#start(slot);
      if (start > to) {
        this.#quiet = start;
        return undefined;
      }
      this.#base = start;
      this.#moveDown(slot);
    }
    return undefined;
  }

  #moveDown(slot: number): void {
    let entry = this.#heads[slot];
    this.#heads[slot] = this.#tails[slot] = undefined;
    this.#occupied[slot >> 5]! &= ~(1 << (slot & 31));
    while (entry !== undefined) {
      const next = entry.next as Entry | undefined;
      this.#place(entry);
      entry = next;
    }
  }

  /** The lowest slot with anything in it. */
  #lowest(): number {
    let word = 0;
    while (this.#occupied[word] === 0) word++;
    const bits = this.#occupied[word]!;
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  /** When the span of a slot above level 0 begins. */
  #start(slot: number): number {
    const level = slot >> BITS;
    const span = 2 ** (BITS * level);
    return Math.floor(this.#base / (span * SLOTS)) * span * SLOTS + (slot & (SLOTS - 1)) * span;
  }

  #place(entry: Entry): void {
    const slot = this.#slot(Math.max(Math.floor(entry.deadline), this.#base));
    let before = this.#tails[slot];
    // What is due within one µs, or armed too late, is sorted here; elsewhere the order is that of arming.
    if (slot < SLOTS) {
      while (before !== undefined && before.deadline > entry.deadline) before = before.previous as Entry;
    }
    const after = before === undefined ? this.#heads[slot] : (before.next as Entry | undefined);
    entry.slot = slot;
    entry.previous = before;
    entry.next = after;
    if (before === undefined) this.#heads[slot] = entry;
    else before.next = entry;
    if (after === undefined) this.#tails[slot] = entry;
    else after.previous = entry;
    this.#occupied[slot >> 5]! |= 1 << (slot & 31);
  }

  #slot(tick: number): number {
    const high = Math.floor(tick / HALF);
    const baseHigh = Math.floor(this.#base / HALF);
    if (high === baseHigh) return slotOf(tick % HALF, this.#base % HALF, 0);
    if (high >= HALF || Math.floor(high / HALF) !== Math.floor(baseHigh / HALF)) return FAR;
    return slotOf(high, baseHigh, LOW_LEVELS);
  }
}

/** By the highest byte in which two words of 24 bits differ; the lowest byte when they are equal. */
function slotOf(word: number, base: number, level: number): number {
  const difference = word ^ base;
  const byte = difference < 1 << BITS ? 0 : difference < 1 << (2 * BITS) ? 1 : 2;
  return ((level + byte) << BITS) | ((word >>> (byte * BITS)) & (SLOTS - 1));
}
