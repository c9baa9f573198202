/**
 * An input of a stack: what happens to it, one after the other. As bytes an operation is its kind, two arguments, the
 * length of its body in two bytes, and the body; any bytes at all are some list of operations.
 */

export const KINDS = ['frame', 'template', 'reply', 'quote', 'segment', 'fragments', 'time', 'call'] as const;
export type Kind = (typeof KINDS)[number];

/** Operations in one input; more of them is a longer run, not another one. */
export const MOST_OPERATIONS = 24;

/**
 * `frame`: the body as it is. `template`: honest packet `b`. `reply`: the answer to the packet that went out `b` before
 * the last. `quote`: an ICMP error about it, type by the first byte of the body. `segment`: a TCP segment of the
 * connection to which that packet belongs. `fragments`: honest packet `b` in pieces. Of all these `a` has the bits
 * below, and the body says what is changed. `time`: goes on by 4^(a/16) times b. `call`: number `a`, argument `b`.
 */
export interface Operation {
  kind: Kind;
  a: number;
  b: number;
  body: Uint8Array;
}

export const FIX_LENGTHS = 1;
export const FIX_SUMS = 2;
/** By the second link, where there is one. */
export const FAR = 4;
/** Comes marked as one of a burst. */
export const IN_BURST = 8;

const HEAD = 5;

export function decode(input: Uint8Array): Operation[] {
  const list: Operation[] = [];
  for (let at = 0; at + HEAD <= input.length && list.length < MOST_OPERATIONS; ) {
    const length = (input[at + 3]! << 8) | input[at + 4]!;
    const body = input.subarray(at + HEAD, at + HEAD + length);
    list.push({ kind: KINDS[input[at]! % KINDS.length]!, a: input[at + 1]!, b: input[at + 2]!, body });
    at += HEAD + body.length;
  }
  return list;
}

export function encode(list: readonly Operation[]): Uint8Array {
  const out = new Uint8Array(list.reduce((length, { body }) => length + HEAD + body.length, 0));
  let at = 0;
  for (const { kind, a, b, body } of list) {
    out.set([KINDS.indexOf(kind), a, b, body.length >>> 8, body.length & 255], at);
    out.set(body, at + HEAD);
    at += HEAD + body.length;
  }
  return out;
}

/** µs of a `time` operation: from 0 to some hours. */
export function duration({ a, b }: Operation): number {
  return Math.min(Math.floor(4 ** ((a & 0x7f) / 8) * b), 4 * 3_600_000_000);
}

/** Changes of single bytes, three bytes each: offset in two, value. Offsets beyond the end count from the front again. */
export function patch(bytes: Uint8Array, changes: Uint8Array): void {
  if (bytes.length === 0) return;
  for (let i = 0; i + 3 <= changes.length; i += 3) {
    bytes[((changes[i]! << 8) | changes[i + 1]!) % bytes.length] = changes[i + 2]!;
  }
}

/** A printed list, for whoever looks at a failure. */
export function describe(input: Uint8Array): string {
  return decode(input)
    .map((op, i) => {
      const body = Buffer.from(op.body).toString('hex');
      const what = op.kind === 'time' ? `${duration(op)} µs` : `a=${op.a} b=${op.b} ${body}`;
      return `${String(i).padStart(3)} ${op.kind.padEnd(9)} ${what}`;
    })
    .join('\n');
}
