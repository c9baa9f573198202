/** One attack: what arrives, what the RFC wants, what it costs, what bounds it, and the tests that play it. */
import type { DropReason } from '../../../stacks/packet/verdict.ts';

export interface Attack {
  readonly attack: string;
  /** What goes back, with the rule behind it. */
  readonly answer: string;
  /** What the packet is counted as; empty where it is taken, and a bound holds it. */
  readonly drops: readonly DropReason[];
  /** `file NAME`, the file without its ending. */
  readonly bounds: readonly string[];
  /** `file: part of a title` below test/. */
  readonly tests: readonly string[];
}

export interface AttackClass {
  readonly kind: string;
  readonly attacks: readonly Attack[];
}

interface Rest {
  readonly drops?: readonly DropReason[];
  readonly bounds?: readonly string[];
  readonly tests: readonly string[];
}

export function attack(what: string, answer: string, { drops = [], bounds = [], tests }: Rest): Attack {
  return { attack: what, answer, drops, bounds, tests };
}
