/** Collects the findings of one pass, bounded, so that a file that is no deck cannot flood a terminal or the memory. */
import type { CardRef, Finding, Severity } from './deck.ts';
import { type RuleId, rules } from './rules.ts';

/** Enough for any deck a person wrote; what comes after is counted. */
export const MAX_FINDINGS = 100;

/** What a finding underlines. */
export interface Spot {
  readonly text: string;
  readonly at: CardRef;
}

export interface Remark {
  readonly label?: string;
  readonly help?: string;
  /** Instead of the severity that the rule has. */
  readonly severity?: Severity;
}

const WEIGHT: Record<Severity, number> = { note: 0, warning: 1, error: 2 };

export class Report {
  readonly #findings: Finding[] = [];
  #hidden = 0;
  #worstHidden: Severity = 'note';
  #firstHidden: CardRef | undefined;

  /** True when further findings are only counted; costly suggestions need not be computed any more. */
  get full(): boolean {
    return this.#findings.length >= MAX_FINDINGS;
  }

  add(rule: RuleId, spot: Spot, message: string, remark: Remark = {}): void {
    const severity = remark.severity ?? rules[rule].severity;
    if (this.full) {
      this.#hidden++;
      this.#firstHidden ??= spot.at;
      if (WEIGHT[severity] > WEIGHT[this.#worstHidden]) this.#worstHidden = severity;
      return;
    }
    this.#findings.push({
      at: spot.at,
      length: Math.max(1, spot.text.length),
      severity,
      rule,
      message,
      ...(remark.label === undefined ? {} : { label: remark.label }),
      ...(remark.help === undefined ? {} : { help: remark.help }),
    });
  }

  /** In the order of the files as given, then by line and column; the summary of what was not kept stands last. */
  finish(files: readonly string[]): Finding[] {
    const order = new Map(files.map((file, index) => [file, index]));
    const sorted = this.#findings.sort(
      (a, b) =>
        (order.get(a.at.file) ?? 0) - (order.get(b.at.file) ?? 0) ||
        a.at.line - b.at.line ||
        a.at.column - b.at.column,
    );
    if (this.#firstHidden !== undefined) {
      sorted.push({
        at: this.#firstHidden,
        length: 1,
        severity: this.#worstHidden,
        rule: 'TW1008',
        message: `${this.#hidden} more finding${this.#hidden === 1 ? '' : 's'} after the first ${MAX_FINDINGS}`,
        help: 'correct the first ones and check again',
      });
    }
    return sorted;
  }
}

/** Text of a deck inside a message: cut, and without characters that would move a terminal's cursor. */
export function quote(text: string): string {
  const cut = text.length > 40 ? `${text.slice(0, 37)}...` : text;
  return visible(cut);
}

export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
