/** Memory that is really held: after the collector has been over it, typed arrays included. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** A full collection; its time in ms. */
export function collectGarbage(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  const start = performance.now();
  collect();
  return performance.now() - start;
}

/** Bytes. */
export function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The same when closed handles, ticks and finalizers have had their turns: until nothing more is given back. */
export async function settledBytes(): Promise<number> {
  for (let last = Number.POSITIVE_INFINITY; ; ) {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    const used = heldBytes();
    if (used > last - (16 << 10)) return used;
    last = used;
  }
}
