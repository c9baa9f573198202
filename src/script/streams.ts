/** Files and pipes of a script: their bytes are counted, since nobody looks at what they are. */
import { type Result, type Tried, WOULD_BLOCK } from './world.ts';

export interface Stream {
  /** As `read`: how many bytes were there. */
  take(max: number): Tried;
  /** As `write`: for how many there was room. */
  give(length: number): Tried;
  /** What `take` would find. */
  readonly available: number;
  close(): void;
}

/** pipe(7): what Linux lets wait in one. */
const CAPACITY = 65_536;

export function pipe(): readonly [reading: Stream, writing: Stream] {
  let held = 0;
  let isClosed = false;
  const nothing = (): Result => ({ errno: 'EBADF' });
  const reading: Stream = {
    take: (max) => {
      if (held === 0) return isClosed ? 0 : WOULD_BLOCK;
      const taken = Math.min(held, max);
      held -= taken;
      return taken;
    },
    give: nothing,
    get available() {
      return held;
    },
    close: () => {},
  };
  const writing: Stream = {
    take: nothing,
    give: (length) => {
      const room = Math.min(length, CAPACITY - held);
      if (room === 0 && length > 0) return WOULD_BLOCK;
      held += room;
      return room;
    },
    available: 0,
    close: () => {
      isClosed = true;
    },
  };
  return [reading, writing];
}

/** Reads from where the read before has ended; what is written is not kept. */
export class FileStream implements Stream {
  readonly #size: number;
  #at = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get available(): number {
    return this.#size - this.#at;
  }

  take(max: number): Tried {
    const taken = Math.min(max, this.available);
    this.#at += taken;
    return taken;
  }

  give(length: number): Tried {
    return length;
  }

  /** Where `sendfile` and `splice` begin when they are given an offset. */
  from(offset: number, max: number): number {
    return Math.max(Math.min(max, this.#size - offset), 0);
  }

  close(): void {}
}
