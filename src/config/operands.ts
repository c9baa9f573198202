/** Matches the tokens of a card against the operand grammar of its statement; reports all that does not fit. */
import type { Address } from '../../stacks/address/address.ts';
import type { Card, Token } from './card.ts';
import { place } from './card.ts';
import { type Operand, syntaxOf, tokenKinds } from './grammar.ts';
import type { Version } from './ip.ts';
import { quote, type Report } from './report.ts';
import { nearest } from './suggest.ts';
import { isRefusal, readToken, type Value } from './token-reader.ts';

/** An operand of dots only, as documentation writes what the reader shall fill in. */
const PLACEHOLDER = /^\.+$/;

/** The operands of one card by the names the table gives them. Asking for one that the grammar did not demand is a bug. */
export class Operands {
  readonly #values = new Map<string, Value>();

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
  has(name: string): boolean {
    return this.#values.has(name);
  }
  token(name: string): Token {
    return this.#get(name).token;
  }
  text(name: string): string {
    return this.#get(name).text;
  }
  number(name: string): number {
    return this.#get(name).number!;
  }
  address(name: string): Address {
    return this.#get(name).address!;
  }
  bytes(name: string): Uint8Array {
    return this.#get(name).bytes!;
  }
  /** The number, or undefined when the card did not name it. */
  maybe(name: string): number | undefined {
    return this.#values.get(name)?.number;
  }
  #get(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`the statement table has no operand ${name} here`);
    return value;
  }
}

/**
 * Reads `card` from its token number `from` on. `title` names the statement in messages. Undefined when something is
 * wrong or a placeholder stands there; all of it has been reported then.
 */
export function matchOperands(
  title: string,
  grammar: readonly Operand[],
  card: Card,
  tokens: readonly Token[],
  from: number,
  version: Version | undefined,
  report: Report,
): Operands | undefined {
  const matcher = new Matcher(title, grammar, card, tokens, from, version, report);
  return matcher.run();
}

class Matcher {
  readonly #title: string;
  readonly #grammar: readonly Operand[];
  readonly #card: Card;
  readonly #tokens: readonly Token[];
  readonly #version: Version | undefined;
  readonly #report: Report;
  readonly #operands = new Operands();
  #next: number;
  #good = true;
  /** Optional keywords that might stand at the current token. */
  #expected: string[] = [];

  constructor(
    title: string,
    grammar: readonly Operand[],
    card: Card,
    tokens: readonly Token[],
    from: number,
    version: Version | undefined,
    report: Report,
  ) {
    this.#title = title;
    this.#grammar = grammar;
    this.#card = card;
    this.#tokens = tokens;
    this.#next = from;
    this.#version = version;
    this.#report = report;
  }

  run(): Operands | undefined {
    const complete = this.#sequence(this.#grammar);
    if (complete && this.#next < this.#tokens.length) this.#leftOver();
    return this.#good ? this.#operands : undefined;
  }

  /** False when the card ended or took a way that is not known, so that what follows cannot be judged. */
  #sequence(operands: readonly Operand[]): boolean {
    for (const operand of operands) if (!this.#one(operand)) return false;
    return true;
  }

  #one(operand: Operand): boolean {
    switch (operand.kind) {
      case 'optional':
        return this.#optional(operand.operands);
      case 'options':
        return this.#options(operand.options, operand.atLeastOne);
      case 'either':
        if (this.#peek()?.text === '*') {
          const star = this.#take()!;
          this.#operands.set(operand.star, { token: star, text: '*' });
          return true;
        }
        return this.#one(operand.operand);
      case 'branch':
        return this.#branch(operand.name, operand.branches);
      case 'choice': {
        const token = this.#need(operand);
        if (token === undefined) return false;
        this.#keyword(operand.name, token, operand.words);
        return true;
      }
      case 'keyword': {
        const token = this.#need(operand);
        if (token === undefined) return false;
        return this.#keyword(operand.word, token, [operand.word]);
      }
      case 'rest': {
        const token = this.#need(operand);
        if (token === undefined) return false;
        const text = this.#card.text.slice(token.at.column - 1).trimEnd();
        this.#operands.set(operand.name, { token: { text, at: token.at }, text });
        this.#next = this.#tokens.length;
        if (PLACEHOLDER.test(text)) this.#placeholder(token);
        return true;
      }
      case 'number': {
        const token = this.#need(operand);
        if (token !== undefined) this.#number(operand.name, token, operand.min, operand.max);
        return token !== undefined;
      }
      default: {
        const token = this.#need(operand);
        if (token === undefined) return false;
        if (PLACEHOLDER.test(token.text)) {
          this.#placeholder(token);
          return true;
        }
        const value = readToken(operand.kind, token, this.#version);
        if (isRefusal(value)) {
          this.#good = false;
          const help = value.shifted === true ? `${value.help}; ${this.#help()}` : value.help;
          this.#report.add(value.rule, token, value.message, {
            ...value,
            ...(help === undefined ? {} : { help }),
          });
          return value.shifted !== true;
        }
        this.#operands.set(operand.name, value);
        return true;
      }
    }
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(): Token | undefined {
    this.#expected = [];
    return this.#tokens[this.#next++];
  }

  /** The next token; when there is none, a finding behind the last one. */
  #need(operand: Operand): Token | undefined {
    const token = this.#peek();
    if (token !== undefined) return this.#take();
    this.#good = false;
    const end = this.#card.text.trimEnd().length;
    this.#report.add(
      'TW1203',
      { text: ' ', at: place(this.#card, end + 1) },
      `${this.#title} wants ${wanted(operand)} here`,
      { label: 'the card ends', help: this.#help() },
    );
    return undefined;
  }

  #help(): string {
    return `write it as ${`${this.#title} ${syntaxOf(this.#grammar)}`.trim()}`;
  }

  #placeholder(token: Token): void {
    this.#good = false;
    this.#report.add('TW1213', token, `${quote(token.text)} is a placeholder`, {
      label: 'fill in before running',
    });
  }

  #keyword(name: string, token: Token, words: readonly string[]): boolean {
    const upper = token.text.toUpperCase();
    if (words.includes(upper)) {
      this.#operands.set(name, { token, text: upper });
      return true;
    }
    if (PLACEHOLDER.test(token.text)) this.#placeholder(token);
    else this.#unknown(token, words);
    return false;
  }

  #unknown(token: Token, words: readonly string[]): void {
    this.#good = false;
    const near = this.#report.full ? undefined : nearest(token.text, words);
    this.#report.add('TW1207', token, `${quote(token.text)} is not known to ${this.#title} here`, {
      label: words.length === 1 ? `${words[0]} wanted` : `one of ${words.join(', ')}`,
      help: near === undefined ? this.#help() : `did you mean ${near}?`,
    });
  }

  #number(name: string, token: Token, min: number, max: number): void {
    if (PLACEHOLDER.test(token.text)) {
      this.#placeholder(token);
      return;
    }
    const digits = /^\d+$/.test(token.text);
    const n = Number(token.text);
    if (digits && n >= min && n <= max) {
      this.#operands.set(name, { token, text: token.text, number: n });
      return;
    }
    this.#good = false;
    if (digits || /^-\d+$/.test(token.text)) {
      this.#report.add('TW1206', token, `${name} ${quote(token.text)} is out of range`, {
        label: `${min} to ${max}`,
      });
    } else {
      this.#report.add('TW1205', token, `${quote(token.text)} is not a number`, {
        label: `${name}: decimal digits`,
      });
    }
  }

  #branch(name: string, branches: Readonly<Record<string, readonly Operand[]>>): boolean {
    const words = Object.keys(branches);
    const token = this.#peek();
    if (token === undefined) return this.#need({ kind: 'choice', name, words }) !== undefined;
    this.#take();
    return this.#keyword(name, token, words) && this.#sequence(branches[token.text.toUpperCase()]!);
  }

  #optional(operands: readonly Operand[]): boolean {
    const token = this.#peek();
    const first = operands[0];
    const words = first && firstWords(first);
    if (words !== undefined) {
      if (token === undefined || !words.includes(token.text.toUpperCase())) {
        this.#expected.push(...words);
        return true;
      }
    } else if (token === undefined) return true;
    return this.#sequence(operands);
  }

  #options(all: Readonly<Record<string, Operand>>, atLeastOne: boolean): boolean {
    const seen = new Set<string>();
    const words = [...this.#expected, ...Object.keys(all)];
    if (atLeastOne && this.#peek() === undefined) {
      return this.#need({ kind: 'choice', name: 'option', words }) !== undefined;
    }
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      const word = token.text.toUpperCase();
      const value = Object.hasOwn(all, word) ? all[word] : undefined;
      if (value === undefined) {
        this.#unknown(token, words);
        return false;
      }
      this.#take();
      if (seen.has(word)) {
        this.#good = false;
        this.#report.add('TW1214', token, `${word} is given twice`, { label: 'the second one' });
      }
      seen.add(word);
      if (!this.#one(value)) return false;
    }
    return true;
  }

  #leftOver(): void {
    const token = this.#peek()!;
    if (this.#expected.length > 0) {
      this.#unknown(token, this.#expected);
      return;
    }
    this.#good = false;
    const end = this.#card.text.trimEnd().length;
    const text = this.#card.text.slice(token.at.column - 1, end);
    this.#report.add('TW1204', { text, at: token.at }, `${this.#title} has no further operands`, {
      label:
        this.#tokens.length - this.#next === 1
          ? 'one too many'
          : `${this.#tokens.length - this.#next} too many`,
      help: this.#help(),
    });
  }
}

/** The words that `operand` may begin with, when only words may. */
function firstWords(operand: Operand): readonly string[] | undefined {
  if (operand.kind === 'keyword') return [operand.word];
  if (operand.kind === 'choice') return operand.words;
  return operand.kind === 'branch' ? Object.keys(operand.branches) : undefined;
}

function wanted(operand: Operand): string {
  switch (operand.kind) {
    case 'keyword':
      return operand.word;
    case 'choice':
      return operand.words.length === 1 ? operand.words[0]! : `one of ${operand.words.join(', ')}`;
    case 'number':
      return `${operand.name}, a number,`;
    case 'rest':
      return operand.name;
    case 'branch':
    case 'either':
    case 'optional':
    case 'options':
      return 'more';
    default: {
      const what = tokenKinds[operand.kind].what;
      return what.endsWith(` ${operand.name}`) ? what : `${operand.name}, ${what},`;
    }
  }
}
