/**
 * A row is one requirement of an RFC in our own words, with the test that shows it: frames in, frames out, states seen.
 * What we do on purpose differently is shown as well, so that the row falls when the difference is gone.
 */
import { Bench, type FamilyName, type Setup } from './bench/bench.ts';

export type Level = 'MUST' | 'SHOULD' | 'MAY';
export type Role = 'host' | 'router';
export type Show = (bench: Bench) => void;

export type Shown =
  | { readonly as: 'pass'; readonly show: Show }
  /** On purpose; `why` it is so, and the test shows the difference. */
  | { readonly as: 'differs'; readonly why: string; readonly show: Show }
  /** What the stack does wrong; the test states the rule and fails. */
  | { readonly as: 'failing'; readonly why: string; readonly show: Show }
  /** Nothing that can be seen from outside. */
  | { readonly as: 'not observable'; readonly why: string };

export interface Rule {
  readonly rfc: number;
  /** `§4.2`, or a heading where an RFC numbers nothing. */
  readonly section: string;
  readonly level: Level;
}

export interface Row {
  readonly role: Role;
  readonly topic: string;
  readonly says: string;
  readonly rules: Partial<Record<FamilyName, Rule>>;
  readonly shown: Shown;
  readonly setup: Setup;
  /** Of the IPv6 Ready Logo, Phase 2 core: the title of its test. */
  readonly logo: string | undefined;
}

/** What a row needs besides the setup of its topic. */
export interface RowSetup extends Setup {
  readonly logo?: string;
}

export function differs(why: string, show: Show): Shown {
  return { as: 'differs', why, show };
}

export function failing(why: string, show: Show): Shown {
  return { as: 'failing', why, show };
}

export function unseen(why: string): Shown {
  return { as: 'not observable', why };
}

/** Collects the rows of one topic. A rule is written `4861 §7.2.2 MUST`. */
export class Topic {
  readonly rows: Row[] = [];
  readonly #role: Role;
  readonly #topic: string;
  readonly #setup: Setup;

  constructor(role: Role, topic: string, setup: Setup = {}) {
    this.#role = role;
    this.#topic = topic;
    this.#setup = role === 'router' ? { router: true, ...setup } : setup;
  }

  readonly v4 = (rule: string, says: string, shown: Show | Shown, setup?: RowSetup): void => {
    this.#add({ ipv4: parse(rule) }, says, shown, setup);
  };

  readonly v6 = (rule: string, says: string, shown: Show | Shown, setup?: RowSetup): void => {
    this.#add({ ipv6: parse(rule) }, says, shown, setup);
  };

  readonly both = (
    rule4: string,
    rule6: string,
    says: string,
    shown: Show | Shown,
    setup?: RowSetup,
  ): void => {
    this.#add({ ipv4: parse(rule4), ipv6: parse(rule6) }, says, shown, setup);
  };

  #add(rules: Row['rules'], says: string, shown: Show | Shown, options: RowSetup = {}): void {
    const { logo, ...setup } = options;
    this.rows.push({
      role: this.#role,
      topic: this.#topic,
      says,
      rules,
      shown: typeof shown === 'function' ? { as: 'pass', show: shown } : shown,
      setup: { ...this.#setup, ...setup },
      logo,
    });
  }
}

function parse(text: string): Rule {
  const found = /^(\d+) (.+) (MUST|SHOULD|MAY)$/.exec(text);
  if (found === null) throw new Error(`not a rule: ${text}`);
  return { rfc: Number(found[1]), section: found[2]!, level: found[3] as Level };
}

/** One row on one family. */
export interface Case {
  readonly row: Row;
  readonly family: FamilyName;
  readonly rule: Rule;
}

export function casesOf(rows: readonly Row[]): Case[] {
  return rows.flatMap((row) =>
    (['ipv4', 'ipv6'] as const).flatMap((family) => {
      const rule = row.rules[family];
      return rule === undefined ? [] : [{ row, family, rule }];
    }),
  );
}

/** Says what is wrong with a case; undefined when it is as its row says. */
export function judge({ row, family }: Case): string | undefined {
  const { shown } = row;
  if (shown.as === 'not observable') return undefined;
  let problem: string | undefined;
  try {
    shown.show(new Bench(family, row.setup));
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  if (shown.as !== 'failing') return problem;
  return problem === undefined ? 'it holds by now: the row is failing no more' : undefined;
}
