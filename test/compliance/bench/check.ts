/** What rows say about frames. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Bytes } from './bytes.ts';
import type { Seen } from './seen.ts';

export { deepEqual, equal, ok };

export function kinds(seen: readonly Seen[]): string[] {
  return seen.map(({ kind }) => kind);
}

export function none(seen: readonly Seen[]): void {
  deepEqual(kinds(seen), []);
}

/** The only one there is, with every checksum right. */
export function one(seen: readonly Seen[], kind?: string): Seen {
  equal(seen.length, 1, `one frame expected, seen: ${kinds(seen).join(', ') || 'none'}`);
  const only = seen[0]!;
  if (kind !== undefined) equal(only.kind, kind);
  ok(only.sound, `${only.kind}: its checksums verify`);
  return only;
}

/** The only frame is this error, and quotes the beginning of `about`. */
export function errs(seen: readonly Seen[], kind: string, about: Bytes): Seen {
  const error = one(seen, kind);
  const { body } = error.icmp;
  ok(body.length > 0 && body.length <= about.length, `${body.length} bytes quoted`);
  sameBytes(body, about.subarray(0, body.length));
  return error;
}

export function sameBytes(actual: Bytes, expected: Bytes): void {
  deepEqual([...actual], [...expected]);
}

/** `value` between the two, both included. */
export function within(value: number, low: number, high: number, what: string): void {
  ok(value >= low && value <= high, `${what}: ${value} is not between ${low} and ${high}`);
}
