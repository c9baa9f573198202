/**
 * The code of `%{ ... }%`: the little of Python that scripts use. `assert condition[, message]` and `print(...)`, one a
 * line or between semicolons; comparisons (chained), arithmetic, bits, and/or/not, `a if c else b`, and a few functions.
 * Evaluated here, by nothing else: a script can compute and compare, and no more.
 */
import { Scanner, ScriptError } from './scanner.ts';
import type { Code } from './syntax.ts';

export type Scalar = number | string | boolean;
export type Names = (name: string) => Scalar | undefined;

/** What a block of code came to. */
export interface Outcome {
  /** Printed lines. */
  readonly printed: readonly string[];
  /** The assertions that did not hold, with the values of the names in them. */
  readonly failed: readonly string[];
  /** Names that are not known here; the assertion is neither true nor false. */
  readonly unknown: readonly string[];
}

const TOKEN =
  /\d+\.\d*|\.\d+|0x[0-9a-fA-F]+|\d+|[A-Za-z_]\w*|"[^"\n]*"|'[^'\n]*'|<<|>>|\/\/|\*\*|[<>=!]=|[-+*/%<>&|^~(),;\n]/y;
const GAP = /(?:[ \t\r]|\\\r?\n|#[^\n]*)*/y;

const FUNCTIONS: Readonly<Record<string, (...args: number[]) => number>> = {
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  int: Math.trunc,
  float: Number,
  round: Math.round,
};

/** Binding, weakest first; all to the left. */
const LEVELS: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%'],
];
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=']);

class UnknownName extends Error {}

/** @throws ScriptError for what is not of this language. */
export function runCode(file: string, code: Code, names: Names): Outcome {
  return new Evaluator(file, code, names).run();
}

/** @throws ScriptError as `runCode`; nothing is judged. */
export function checkCode(file: string, code: Code): void {
  new Evaluator(file, code, () => 0).read();
}

/** Reads and evaluates in one go. */
class Evaluator {
  readonly #file: string;
  readonly #code: Code;
  readonly #names: Names;
  readonly #tokens: { text: string; at: number }[];
  #next = 0;
  /** Inside the branch that a short-circuit leaves out: read, not judged. */
  #idle = 0;
  readonly #used = new Map<string, Scalar>();

  constructor(file: string, code: Code, names: Names) {
    this.#file = file;
    this.#code = code;
    this.#names = names;
    this.#tokens = this.#split();
  }

  read(): void {
    this.#idle++;
    this.run();
    this.#idle--;
  }

  run(): Outcome {
    const printed: string[] = [];
    const failed: string[] = [];
    const unknown: string[] = [];
    while (this.#next < this.#tokens.length) {
      if (this.#take('\n') || this.#take(';')) continue;
      const first = this.#next;
      this.#used.clear();
      try {
        if (this.#take('assert')) this.#assert(failed);
        else if (this.#take('print')) printed.push(this.#print());
        else this.#fail('assert or print expected');
        if (this.#next < this.#tokens.length && !this.#take('\n') && !this.#take(';'))
          this.#fail('end of line expected');
      } catch (error) {
        if (!(error instanceof UnknownName)) throw error;
        unknown.push(error.message);
        this.#next = first;
        while (this.#next < this.#tokens.length && !this.#take('\n') && !this.#take(';')) this.#next++;
      }
    }
    return { printed, failed, unknown };
  }

  #assert(failed: string[]): void {
    const first = this.#next;
    const holds = this.#condition();
    const text = this.#textFrom(first);
    let message: Scalar | undefined;
    if (this.#take(',')) message = this.#message();
    if (holds) return;
    const values = [...this.#used].map(([name, value]) => `${name} = ${show(value)}`).join(', ');
    const said = message === undefined ? '' : ` (${show(message)})`;
    failed.push(`assert ${text}${said}${values === '' ? '' : `: ${values}`}`);
  }

  /** One value, or several joined as Python shows a tuple. */
  #message(): Scalar {
    const parts = [this.#condition()];
    while (this.#take(',')) parts.push(this.#condition());
    return parts.length === 1 ? parts[0]! : parts.map(show).join(', ');
  }

  #print(): string {
    if (this.#peek() === '\n' || this.#peek() === ';' || this.#peek() === undefined) return '';
    return show(this.#message());
  }

  #condition(): Scalar {
    const value = this.#or();
    if (!this.#take('if')) return value;
    const chosen = this.#or();
    this.#need('else');
    const other = this.#condition();
    return truth(chosen) ? value : other;
  }

  #or(): Scalar {
    let left = this.#and();
    while (this.#take('or')) left = this.#lazy(truth(left), left, () => this.#and());
    return left;
  }

  #and(): Scalar {
    let left = this.#not();
    while (this.#take('and')) left = this.#lazy(!truth(left), left, () => this.#not());
    return left;
  }

  /** `right` is read in any case; what it does not know matters only if it is asked. */
  #lazy(decided: boolean, left: Scalar, right: () => Scalar): Scalar {
    if (!decided) return right();
    this.#idle++;
    right();
    this.#idle--;
    return left;
  }

  #not(): Scalar {
    return this.#take('not') ? !truth(this.#not()) : this.#comparison();
  }

  #comparison(): Scalar {
    let left = this.#binary(0);
    let result: boolean | undefined;
    while (COMPARISONS.has(this.#peek() ?? '')) {
      const operator = this.#tokens[this.#next++]!.text;
      const right = this.#binary(0);
      result = (result ?? true) && compares(operator, left, right);
      left = right;
    }
    return result ?? left;
  }

  #binary(level: number): Scalar {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    while (operators.includes(this.#peek() ?? '')) {
      const operator = this.#tokens[this.#next++]!.text;
      const right = this.#binary(level + 1);
      left = this.#idle > 0 ? 0 : this.#apply(operator, left, right);
    }
    return left;
  }

  #apply(operator: string, left: Scalar, right: Scalar): Scalar {
    if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right;
    if (operator === '%' && typeof left === 'string') return left.replace(/%[0-9.]*[a-z]/, show(right));
    const a = this.#number(left);
    const b = this.#number(right);
    if (b === 0 && (operator === '/' || operator === '//' || operator === '%'))
      this.#fail('division by zero');
    switch (operator) {
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return a * b;
      case '/':
        return a / b;
      case '//':
        return Math.floor(a / b);
      case '%':
        return a - b * Math.floor(a / b);
      default:
        return this.#bits(operator, BigInt(Math.trunc(a)), BigInt(Math.trunc(b)));
    }
  }

  #bits(operator: string, a: bigint, b: bigint): number {
    if ((operator === '<<' || operator === '>>') && (b < 0n || b > 63n)) this.#fail(`a shift by ${b}`);
    const values: Readonly<Record<string, () => bigint>> = {
      '|': () => a | b,
      '^': () => a ^ b,
      '&': () => a & b,
      '<<': () => a << b,
      '>>': () => a >> b,
    };
    return Number(values[operator]!());
  }

  #unary(): Scalar {
    if (this.#take('-')) return -this.#number(this.#unary());
    if (this.#take('+')) return this.#number(this.#unary());
    if (this.#take('~')) return -this.#number(this.#unary()) - 1;
    return this.#primary();
  }

  #primary(): Scalar {
    if (this.#take('(')) {
      const value = this.#message();
      this.#need(')');
      return value;
    }
    const text = this.#peek();
    if (text === undefined || text === '\n') return this.#fail('a value expected');
    this.#next++;
    if (/^["']/.test(text)) return text.slice(1, -1);
    if (/^[\d.]/.test(text)) return Number(text);
    if (text === 'True' || text === 'False') return text === 'True';
    if (!/^[A-Za-z_]/.test(text)) return this.#fail(`a value expected, not "${text}"`, this.#next - 1);
    return this.#peek() === '(' ? this.#call(text) : this.#name(text);
  }

  #call(name: string): Scalar {
    this.#next++;
    const args: Scalar[] = [];
    if (!this.#take(')')) {
      do args.push(this.#condition());
      while (this.#take(','));
      this.#need(')');
    }
    if (name === 'str') return show(args[0] ?? '');
    const called = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]! : undefined;
    if (called === undefined)
      return this.#fail(`no function ${name} here: ${Object.keys(FUNCTIONS).join(', ')}, str`);
    return called(...args.map((arg) => this.#number(arg)));
  }

  #name(name: string): Scalar {
    if (this.#idle > 0) return 0;
    const value = this.#names(name);
    if (value === undefined) throw new UnknownName(name);
    if (name !== name.toUpperCase()) this.#used.set(name, value);
    return value;
  }

  #number(value: Scalar): number {
    if (typeof value === 'string' && this.#idle === 0) this.#fail(`"${value}" is no number`);
    return Number(value);
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next]?.text;
  }

  #take(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#next++;
    return true;
  }

  #need(text: string): void {
    if (!this.#take(text)) this.#fail(`${text} expected`);
  }

  #textFrom(first: number): string {
    const from = this.#tokens[first]?.at ?? 0;
    const last = this.#tokens[this.#next - 1];
    return last === undefined ? '' : this.#code.text.slice(from, last.at + last.text.length);
  }

  /** Tokens; a line's end inside of parentheses is none. */
  #split(): { text: string; at: number }[] {
    const { text } = this.#code;
    const tokens: { text: string; at: number }[] = [];
    let depth = 0;
    let at = 0;
    for (;;) {
      GAP.lastIndex = at;
      GAP.exec(text);
      at = GAP.lastIndex;
      if (at >= text.length) return tokens;
      TOKEN.lastIndex = at;
      const found = TOKEN.exec(text)?.[0];
      if (found === undefined) return this.#failAt(`"${text[at]}" is not of the language of %{ }%`, at);
      if (found === '(') depth++;
      if (found === ')') depth--;
      if (found !== '\n' || depth <= 0) tokens.push({ text: found, at });
      at += found.length;
    }
  }

  #fail(message: string, token: number = this.#next): never {
    return this.#failAt(message, this.#tokens[token]?.at ?? this.#code.text.length);
  }

  #failAt(message: string, at: number): never {
    const { line, column } = new Scanner(this.#file, this.#code.text).placeOf(at);
    const { at: start } = this.#code;
    // The text begins behind "%{".
    const place = {
      line: start.line + line - 1,
      column: line === 1 ? start.column + 2 + column - 1 : column,
    };
    throw new ScriptError(this.#file, place, `in %{ }%: ${message}`);
  }
}

function truth(value: Scalar): boolean {
  return value !== 0 && value !== '' && value !== false;
}

function show(value: Scalar): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

function compares(operator: string, left: Scalar, right: Scalar): boolean {
  const isText = typeof left === 'string' || typeof right === 'string';
  const a = isText ? String(left) : Number(left);
  const b = isText ? String(right) : Number(right);
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default:
      return a >= b;
  }
}
