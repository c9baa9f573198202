/** From one input another: on the bytes, and on the operations. */
import {
  decode,
  encode,
  FAR,
  FIX_LENGTHS,
  FIX_SUMS,
  IN_BURST,
  KINDS,
  type Kind,
  MOST_OPERATIONS,
  type Operation,
} from './operation.ts';
import type { Choice } from './random.ts';

/** Longest body of one operation, and longest input that is no list of operations. */
const MOST_BODY = 2_048;
const MOST_BYTES = 4_096;

/** Values that headers are compared with: protocols, types, flags, limits, and their neighbours. */
const BYTES = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 16, 17, 20, 32, 40, 41, 43, 44, 50, 51, 58, 59, 60, 63, 64, 68,
  127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 143, 148, 194, 224, 240, 254, 255, 0x45, 0x46, 0x4f,
  0x60, 0x80, 0x9e, 0xc0,
];
const WORDS = [
  0, 1, 8, 20, 40, 68, 255, 256, 536, 576, 1_280, 1_460, 1_500, 0x1fff, 0x2000, 0x3fff, 0x4000, 0x7fff,
  0x8000, 0xfff8, 0xfffe, 0xffff,
];
const LONG_WORDS = [
  0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xc000_0201, 0xc000_0202, 0xc633_6401, 0x20010db8, 0xfe800000,
];

export interface Grammar {
  /** `operations`: a list of them. `bytes`: anything. `text`: lines of words. */
  readonly format: 'operations' | 'bytes' | 'text';
  /** How often a new operation is of each kind. */
  readonly weights?: Partial<Record<Kind, number>>;
  readonly templates?: number;
  readonly calls?: number;
  /** Words of the language. */
  readonly words?: readonly string[];
}

export function mutate(input: Uint8Array, other: Uint8Array, grammar: Grammar, choice: Choice): Uint8Array {
  if (grammar.format === 'text') return mutateText(input, other, grammar, choice);
  if (grammar.format === 'bytes') return mutateBytes(input, other, MOST_BYTES, choice);
  const list = decode(input.subarray(1)).map((op) => ({ ...op }));
  for (let rounds = 1 + choice.below(3); rounds > 0; rounds--)
    mutateList(list, other.subarray(1), grammar, choice);
  const body = encode(list.slice(0, MOST_OPERATIONS));
  const out = new Uint8Array(body.length + 1);
  out[0] = choice.chance(1, 16) ? choice.below(16) : (input[0] ?? 0);
  out.set(body, 1);
  return out;
}

function mutateList(list: Operation[], other: Uint8Array, grammar: Grammar, choice: Choice): void {
  const at = choice.below(list.length + 1);
  const op = list[at];
  switch (choice.below(10)) {
    case 0:
      list.splice(at, 1 + choice.below(3));
      return;
    case 1:
      if (op !== undefined) list.splice(at, 0, { ...op });
      return;
    case 2: {
      const to = choice.below(list.length + 1);
      if (op !== undefined) list.splice(to, 0, ...list.splice(at, 1));
      return;
    }
    case 3: {
      const more = decode(other);
      const from = choice.below(more.length + 1);
      list.splice(
        at,
        choice.below(3),
        ...more.slice(from, from + 1 + choice.below(6)).map((o) => ({ ...o })),
      );
      return;
    }
    case 4:
    case 5:
      list.splice(at, 0, fresh(grammar, choice));
      return;
    case 6:
      if (op !== undefined) op.a = op.kind === 'call' ? choice.below(grammar.calls ?? 1) : flags(choice, op);
      return;
    case 7:
      if (op !== undefined) op.b = choice.chance(1, 2) ? choice.below(8) : choice.below(256);
      return;
    default:
      if (op !== undefined)
        op.body = mutateBytes(op.body, decode(other)[0]?.body ?? op.body, MOST_BODY, choice);
  }
}

function flags(choice: Choice, op: Operation): number {
  if (op.kind === 'time') return choice.below(128);
  let bits = choice.chance(1, 8) ? 0 : FIX_SUMS;
  if (!choice.chance(1, 6)) bits |= FIX_LENGTHS;
  if (choice.chance(1, 4)) bits |= FAR;
  if (choice.chance(1, 4)) bits |= IN_BURST;
  return bits;
}

function fresh(grammar: Grammar, choice: Choice): Operation {
  const weights = grammar.weights ?? {};
  let left = choice.below(KINDS.reduce((sum, kind) => sum + (weights[kind] ?? 1), 0));
  const kind = KINDS.find((k) => (left -= weights[k] ?? 1) < 0) ?? 'time';
  const op: Operation = { kind, a: 0, b: choice.below(4), body: new Uint8Array() };
  op.a = kind === 'call' ? choice.below(grammar.calls ?? 1) : flags(choice, op);
  if (kind === 'time' || kind === 'call') op.b = choice.below(256);
  else if (kind === 'template' || kind === 'fragments') op.b = choice.below(grammar.templates ?? 1);
  if (kind === 'segment') op.body = freshSegment(choice);
  else if (kind === 'fragments') op.body = freshCuts(choice);
  else if (kind !== 'time' && kind !== 'call') op.body = freshPatches(choice);
  return op;
}

function freshPatches(choice: Choice): Uint8Array {
  const count = choice.chance(1, 2) ? 0 : 1 + choice.below(3);
  return Uint8Array.from({ length: 3 * count }, (_, i) => {
    if (i % 3 === 0) return choice.chance(1, 16) ? choice.below(6) : 0;
    return i % 3 === 1 ? choice.below(120) : choice.chance(1, 2) ? choice.pick(BYTES) : choice.below(256);
  });
}

/** See `Segment` in craft.ts: flags, differences of sequence and acknowledgement numbers, window, ... */
function freshSegment(choice: Choice): Uint8Array {
  const flag = choice.pick([16, 16, 16, 24, 17, 2, 18, 4, 20, 1, 0, 48, 56, choice.below(256)]);
  const near = (): number =>
    choice.chance(2, 3)
      ? 0
      : choice.pick([1, -1, 2, 1_460, -1_460, 536, 32_767, -32_768, choice.below(3_000)]);
  const seq = near();
  const ack = near();
  const window = choice.pick([0, 1, 10, 1_460, 8_192, 65_535, 65_535, choice.below(65_536)]);
  const data = choice.chance(1, 2) ? 0 : choice.pick([1, 2, 10, 100, 536, 1_000, 1_460]);
  const options = choice.chance(2, 3) ? [] : choice.pick(OPTIONS);
  const head = [
    flag,
    seq >> 8,
    seq,
    ack >> 8,
    ack,
    window >> 8,
    window,
    0,
    choice.chance(1, 8) ? choice.below(20) : 0,
  ];
  return Uint8Array.from([...head, options.length, ...options, data >> 8, data]);
}

const OPTIONS: readonly (readonly number[])[] = [
  [2, 4, 5, 180],
  [2, 4, 0, 0],
  [2, 4, 0, 1],
  [2, 4, 5, 180, 4, 2, 1, 3, 3, 7],
  [3, 3, 14],
  [3, 3, 255],
  [8, 10, 0, 0, 4, 0, 0, 0, 0, 0],
  [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 4, 0, 0, 0, 0, 0, 1, 3, 3, 7],
  [1, 1, 8, 10, 255, 255, 255, 255, 0, 0, 0, 0],
  [1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 5, 180],
  [1, 1, 5, 18, 0, 0, 0, 0, 0, 0, 5, 180, 0, 0, 11, 0, 0, 0, 12, 0],
  [5, 2],
  [5, 9],
  [8, 2],
  [2, 0],
  [2, 1],
  [1, 255],
  [0, 0, 0, 0],
  [28, 4, 128, 60],
  [34, 2],
  [253, 4, 0, 0],
];

/** Pieces of a packet: offset and length in units of 8 bytes, and a byte of bits (see craft.ts). */
function freshCuts(choice: Choice): Uint8Array {
  const pieces = 1 + choice.below(6);
  const cuts: number[] = [choice.below(4)];
  let offset = 0;
  for (let i = 0; i < pieces; i++) {
    const length = 1 + choice.below(8);
    const skew = choice.chance(1, 8) ? choice.below(5) - 2 : 0;
    const bits = (i < pieces - 1 ? 1 : 0) ^ (choice.chance(1, 12) ? choice.below(8) : 0);
    cuts.push(offset + skew, length, bits);
    offset += length;
  }
  return Uint8Array.from(cuts);
}

export function mutateBytes(input: Uint8Array, other: Uint8Array, most: number, choice: Choice): Uint8Array {
  let out: Uint8Array = input.slice();
  for (let rounds = 1 + choice.below(4); rounds > 0; rounds--) out = mutateOnce(out, other, choice);
  return out.length > most ? out.slice(0, most) : out;
}

function mutateOnce(out: Uint8Array, other: Uint8Array, choice: Choice): Uint8Array {
  const at = choice.below(out.length + 1);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  switch (choice.below(11)) {
    case 0:
      if (at < out.length) out[at]! ^= 1 << choice.below(8);
      return out;
    case 1:
      if (at < out.length) out[at] = choice.below(256);
      return out;
    case 2:
    case 3:
      if (at < out.length) out[at] = choice.pick(BYTES);
      return out;
    case 4:
      if (at + 2 <= out.length) view.setUint16(at & ~1, choice.pick(WORDS));
      return out;
    case 5:
      if (at + 4 <= out.length) view.setUint32(at, choice.pick(LONG_WORDS));
      return out;
    case 6:
      if (at + 2 <= out.length) view.setUint16(at, view.getUint16(at) + choice.below(17) - 8);
      return out;
    case 7:
      return spliced(out, at, 1 << choice.below(5), new Uint8Array());
    case 8:
      return spliced(
        out,
        at,
        0,
        Uint8Array.from({ length: 1 << choice.below(5) }, () => choice.pick(BYTES)),
      );
    case 9: {
      const from = choice.below(other.length + 1);
      const piece = other.subarray(from, from + 1 + choice.below(32));
      return spliced(out, at, choice.chance(1, 2) ? piece.length : 0, piece);
    }
    default: {
      const piece = out.slice(at, at + 1 + choice.below(24));
      return spliced(out, choice.below(out.length + 1), 0, piece);
    }
  }
}

function spliced(bytes: Uint8Array, at: number, remove: number, piece: Uint8Array): Uint8Array {
  const out = new Uint8Array(at + piece.length + Math.max(bytes.length - at - remove, 0));
  out.set(bytes.subarray(0, at));
  out.set(piece, at);
  out.set(bytes.subarray(at + remove), at + piece.length);
  return out;
}

function mutateText(input: Uint8Array, other: Uint8Array, grammar: Grammar, choice: Choice): Uint8Array {
  if (choice.chance(1, 3)) return mutateBytes(input, other, MOST_BYTES, choice);
  const lines = Buffer.from(input).toString('latin1').split('\n');
  const others = Buffer.from(other).toString('latin1').split('\n');
  const words = grammar.words ?? [''];
  for (let rounds = 1 + choice.below(3); rounds > 0; rounds--) {
    const at = choice.below(lines.length + 1);
    const line = lines[at];
    switch (choice.below(6)) {
      case 0:
        lines.splice(at, 1 + choice.below(2));
        break;
      case 1:
        lines.splice(at, choice.below(2), choice.pick(others));
        break;
      case 2:
        if (line !== undefined) lines.splice(choice.below(lines.length + 1), 0, line);
        break;
      default: {
        if (line === undefined) break;
        const parts = line.split(/( +)/);
        const part = choice.below(parts.length);
        parts[part] = choice.chance(1, 6)
          ? ''
          : choice.chance(1, 3)
            ? choice.pick(choice.pick(others).split(' '))
            : choice.pick(words);
        lines[at] = parts.join('');
      }
    }
  }
  const text = lines.join('\n');
  return new Uint8Array(Buffer.from(text.slice(0, MOST_BYTES), 'latin1'));
}
