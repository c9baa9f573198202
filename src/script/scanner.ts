import type { Place } from './syntax.ts';

/** A script that cannot be read: where, and what would have been right. */
export class ScriptError extends Error {
  readonly file: string;
  readonly place: Place;

  constructor(file: string, place: Place, message: string) {
    super(message);
    this.name = 'ScriptError';
    this.file = file;
    this.place = place;
  }

  /** `file:line:column: message` */
  override toString(): string {
    return `${this.file}:${this.place.line}:${this.place.column}: ${this.message}`;
  }
}

const BLANK = /(?:[ \t\r\n]+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)*/y;

/** Walks over a text; every read first skips blanks and comments. */
export class Scanner {
  readonly file: string;
  readonly text: string;
  /** Where the next read begins. */
  at = 0;
  readonly #lineStarts: number[] = [0];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.#lineStarts.push(i + 1);
    this.skip();
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  get place(): Place {
    return this.placeOf(this.at);
  }

  placeOf(at: number): Place {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= at) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: at - this.#lineStarts[low]! + 1 };
  }

  skip(): void {
    BLANK.lastIndex = this.at;
    BLANK.exec(this.text);
    this.at = BLANK.lastIndex;
    if (this.text.startsWith('/*', this.at)) this.fail('this comment has no end: */ is missing');
  }

  /** `pattern` must be sticky. The match, with blanks behind it skipped, or undefined and nothing is read. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at = pattern.lastIndex;
    this.skip();
    return found;
  }

  /** Is `pattern` (sticky) next? Nothing is read. */
  nextIs(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  /** Reads `word` when it is next. */
  take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    if (/\w$/.test(word) && /\w/.test(this.text[this.at + word.length] ?? '')) return false;
    this.at += word.length;
    this.skip();
    return true;
  }

  /** @throws ScriptError unless `word` is next. */
  expect(word: string, after: string): void {
    if (!this.take(word)) this.fail(`${word} expected ${after}, not ${this.next()}`);
  }

  /** @throws ScriptError unless `pattern` (sticky) is next. */
  need(pattern: RegExp, what: string): RegExpExecArray {
    return this.match(pattern) ?? this.fail(`${what} expected, not ${this.next()}`);
  }

  /** What is next, for a message. */
  next(): string {
    if (this.atEnd) return 'the end of the file';
    return `"${/[\w.]+|\S/y.exec(this.text.slice(this.at))?.[0] ?? ''}"`;
  }

  fail(message: string, at: Place = this.place): never {
    throw new ScriptError(this.file, at, message);
  }
}
