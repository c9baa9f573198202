/** How a script ends before its end. */
import type { Place } from './syntax.ts';

/** The script does not hold: what was expected, and what was. */
export class Failed extends Error {
  readonly at: Place;
  readonly reasons: readonly string[];
  readonly expected: string | undefined;
  readonly actual: string | undefined;

  constructor(at: Place, reasons: readonly string[], expected?: string, actual?: string) {
    super(reasons.join('; '));
    this.at = at;
    this.reasons = reasons;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The script cannot be judged here. */
export class Inconclusive extends Error {
  readonly at: Place;

  constructor(at: Place, reason: string) {
    super(reason);
    this.at = at;
  }
}
