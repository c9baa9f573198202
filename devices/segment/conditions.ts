/** How a segment treats frames: what is asked for, and what it comes to. */

/** Undefined fields stay as they are, or at their default: perfect, instant and without bounds. */
export interface SegmentConditions {
  /** µs one way, a whole number. */
  readonly delay?: number;
  /** ± µs around the delay, uniform, a whole number. Jitter alone keeps the order, as queues do. */
  readonly jitter?: number;
  /** Bits per second of each station's transmitter, headers included; Infinity for no limit. */
  readonly rate?: number;
  /** Probabilities 0..1, each frame on its own. */
  readonly loss?: number;
  /** A reordered frame is held back so that later ones overtake it. */
  readonly reorder?: number;
  readonly duplicate?: number;
  /** One bit of the IP packet is inverted. */
  readonly corrupt?: number;
  /** Bytes of the largest IP packet. */
  readonly mtu?: number;
  /** Bytes that may wait for the rate in each station's transmitter, the frame being sent included. */
  readonly queue?: number;
}

/**
 * Bytes: about 170 frames of 1,514. Enough that one flow with a default window fills a slow link, small enough that
 * a full queue adds 0.2 s at 10 Mbit/s and no more.
 */
export const DEFAULT_QUEUE: number = 256 << 10;

export const PERFECT: Required<SegmentConditions> = {
  delay: 0,
  jitter: 0,
  rate: Number.POSITIVE_INFINITY,
  loss: 0,
  reorder: 0,
  duplicate: 0,
  corrupt: 0,
  mtu: Number.POSITIVE_INFINITY,
  queue: DEFAULT_QUEUE,
};

/**
 * `current` with the defined fields of `change`.
 * @throws RangeError for a probability outside 0..1, a negative or fractional time, or a rate that is not positive.
 */
export function changed(
  current: Required<SegmentConditions>,
  change: SegmentConditions,
): Required<SegmentConditions> {
  const next = { ...current };
  for (const [key, value] of Object.entries(change) as [keyof SegmentConditions, number | undefined][]) {
    if (value === undefined) continue;
    if (!isPossible(key, value)) throw new RangeError(`segment condition ${key} cannot be ${value}`);
    next[key] = value;
  }
  return next;
}

function isPossible(key: keyof SegmentConditions, value: number): boolean {
  switch (key) {
    case 'delay':
    case 'jitter':
      return Number.isSafeInteger(value) && value >= 0;
    case 'loss':
    case 'reorder':
    case 'duplicate':
    case 'corrupt':
      return value >= 0 && value <= 1;
    case 'rate':
    case 'mtu':
    case 'queue':
      return value > 0;
  }
}
