/** Expressions of Python, as functions of the environment that they are asked in. */
import { type Line, lines, Malformed, type Token } from './lines.ts';
import {
  arithmetic,
  bounded,
  type Callable,
  compares,
  formatted,
  isCallable,
  isList,
  isModule,
  isTable,
  type List,
  NotHere,
  number,
  Raised,
  repr,
  show,
  type Table,
  truth,
  type Value,
} from './values.ts';

export interface Scope {
  /** @throws NotHere for a name that nothing has been given to. */
  get(name: string): Value;
  set(name: string, value: Value): void;
  /** A method of a module: `sys.exit`. */
  attribute(module: string, name: string): Value;
}

export type Expression = (scope: Scope) => Value;

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
const KEYWORDS = new Set(['and', 'or', 'not', 'if', 'else', 'in', 'is', 'for', 'lambda', 'await', 'yield']);
/** Expressions within expressions: no script nests deeper, and each level is one of ours. */
const DEEPEST = 100;

export const list = (items: Value[], tuple: boolean): List => ({ items, tuple });

/** Reads the tokens of one logical line. @throws Malformed, or NotHere for what is Python and not read here. */
export class Reader {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  next = 0;
  #depth = 0;

  constructor({ tokens, end }: Pick<Line, 'tokens' | 'end'>) {
    this.#tokens = tokens;
    this.#end = end;
  }

  get peek(): string | undefined {
    const token = this.#tokens[this.next];
    return token?.kind === 'string' ? '"' : token?.text;
  }

  get at(): number {
    return this.#tokens[this.next]?.at ?? this.#end;
  }

  /** Where what was read last ends. */
  get before(): number {
    const token = this.#tokens[this.next - 1];
    return token === undefined ? 0 : token.at + token.text.length;
  }

  take(text: string): boolean {
    if (this.peek !== text) return false;
    this.next++;
    return true;
  }

  need(text: string): void {
    if (!this.take(text)) throw new Malformed(`${text} expected`, this.at);
  }

  name(): string {
    const token = this.#tokens[this.next];
    if (token?.kind !== 'name' || KEYWORDS.has(token.text)) throw new Malformed('a name expected', this.at);
    this.next++;
    return token.text;
  }

  /** One, or several with commas between: a tuple. */
  several(): Expression {
    const parts = [this.one()];
    let isTuple = false;
    while (this.take(',')) {
      isTuple = true;
      if (this.#atEnd) break;
      parts.push(this.one());
    }
    return isTuple ? (scope) => list(all(parts, scope), true) : parts[0]!;
  }

  get #atEnd(): boolean {
    return [undefined, ')', ']', '}', '=', ';', ':'].includes(this.peek);
  }

  one(): Expression {
    if (++this.#depth > DEEPEST) throw new Malformed('expressions nest too deep', this.at);
    if (this.peek === 'lambda' || this.peek === 'yield') throw new NotHere(`${this.peek} in %{ }%`);
    const value = this.#or();
    this.#depth--;
    if (this.peek === 'for') throw new NotHere('a comprehension in %{ }%');
    if (!this.take('if')) return value;
    const chosen = this.#or();
    this.need('else');
    const other = this.one();
    return (scope) => (truth(chosen(scope)) ? value(scope) : other(scope));
  }

  #or(): Expression {
    let left = this.#and();
    while (this.take('or')) {
      const [a, b] = [left, this.#and()];
      left = (scope) => {
        const value = a(scope);
        return truth(value) ? value : b(scope);
      };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.take('and')) {
      const [a, b] = [left, this.#not()];
      left = (scope) => {
        const value = a(scope);
        return truth(value) ? b(scope) : value;
      };
    }
    return left;
  }

  #not(): Expression {
    if (!this.take('not')) return this.#comparison();
    if (++this.#depth > DEEPEST) throw new Malformed('expressions nest too deep', this.at);
    const value = this.#not();
    this.#depth--;
    return (scope) => !truth(value(scope));
  }

  #comparison(): Expression {
    const first = this.#binary(0);
    const rest: { readonly operator: string; readonly right: Expression }[] = [];
    for (let o = this.#comparator(); o !== undefined; o = this.#comparator())
      rest.push({ operator: o, right: this.#binary(0) });
    if (rest.length === 0) return first;
    return (scope) => {
      let left = first(scope);
      for (const { operator, right } of rest) {
        const value = right(scope);
        if (!compares(operator, left, value)) return false;
        left = value;
      }
      return true;
    };
  }

  #comparator(): string | undefined {
    if (COMPARISONS.has(this.peek ?? '')) return this.#tokens[this.next++]!.text;
    if (this.take('in')) return 'in';
    if (this.take('is')) return this.take('not') ? 'is not' : 'is';
    if (this.peek !== 'not') return undefined;
    this.next++;
    this.need('in');
    return 'not in';
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    while (operators.includes(this.peek ?? '')) {
      const operator = this.#tokens[this.next++]!.text;
      const [a, b] = [left, this.#binary(level + 1)];
      left = (scope) => arithmetic(operator, a(scope), b(scope));
    }
    return left;
  }

  #unary(): Expression {
    const operator = this.peek;
    if (operator !== '-' && operator !== '+' && operator !== '~') return this.#power();
    this.next++;
    if (++this.#depth > DEEPEST) throw new Malformed('expressions nest too deep', this.at);
    const value = this.#unary();
    this.#depth--;
    if (operator === '+') return (scope) => number(value(scope));
    return operator === '-' ? (scope) => -number(value(scope)) : (scope) => -number(value(scope)) - 1;
  }

  #power(): Expression {
    const base = this.#postfix();
    if (!this.take('**')) return base;
    const exponent = this.#unary();
    return (scope) => arithmetic('**', base(scope), exponent(scope));
  }

  #postfix(): Expression {
    let value = this.#primary();
    for (;;) {
      const before = value;
      if (this.take('(')) {
        const given = this.#arguments();
        value = (scope) => {
          const called = before(scope);
          if (!isCallable(called)) throw new Raised(`${repr(called)} is no function`);
          return called.call(all(given, scope));
        };
      } else if (this.take('[')) {
        const index = this.several();
        if (this.peek === ':') throw new NotHere('a slice in %{ }%');
        this.need(']');
        value = (scope) => item(before(scope), index(scope));
      } else if (this.take('.')) {
        const name = this.name();
        value = (scope) => {
          const owner = before(scope);
          return isModule(owner) ? scope.attribute(owner.module, name) : method(owner, name);
        };
      } else return value;
    }
  }

  #arguments(): Expression[] {
    const given: Expression[] = [];
    while (!this.take(')')) {
      if (this.peek === '*' || this.peek === '**') throw new NotHere('* before an argument in %{ }%');
      given.push(this.one());
      if (this.peek === '=') throw new NotHere('an argument by name in %{ }%');
      if (!this.take(',') && this.peek !== ')') throw new Malformed(') expected', this.at);
    }
    return given;
  }

  #primary(): Expression {
    const token = this.#tokens[this.next];
    if (token === undefined) throw new Malformed('a value expected', this.at);
    if (token.kind === 'string') return this.#strings();
    if (this.take('(')) return this.#tuple();
    if (this.take('[')) {
      const items = this.#items(']');
      return (scope) => list(all(items, scope), false);
    }
    if (this.take('{')) return this.#table();
    if (token.kind === 'number') {
      this.next++;
      const n = Number(token.text.replace(/[lL]$/, ''));
      return () => n;
    }
    if (token.kind !== 'name' || KEYWORDS.has(token.text))
      throw new Malformed(`a value expected, not "${token.text}"`, token.at);
    this.next++;
    if (token.text === 'True' || token.text === 'False') return () => token.text === 'True';
    if (token.text === 'None') return () => null;
    return (scope) => scope.get(token.text);
  }

  #tuple(): Expression {
    if (this.take(')')) return () => list([], true);
    const value = this.several();
    this.need(')');
    return value;
  }

  #items(close: string): Expression[] {
    const items: Expression[] = [];
    while (!this.take(close)) {
      items.push(this.one());
      if (!this.take(',') && this.peek !== close) throw new Malformed(`${close} expected`, this.at);
    }
    return items;
  }

  #table(): Expression {
    const entries: { key: Expression; value: Expression }[] = [];
    while (!this.take('}')) {
      const key = this.one();
      if (!this.take(':')) throw new NotHere('a set in %{ }%');
      entries.push({ key, value: this.one() });
      if (!this.take(',') && this.peek !== '}') throw new Malformed('} expected', this.at);
    }
    return (scope): Table => ({
      entries: new Map(
        entries.map(({ key, value }) => {
          const k = key(scope);
          return [repr(k), { key: k, value: value(scope) }];
        }),
      ),
    });
  }

  /** Strings side by side are one. */
  #strings(): Expression {
    const parts: Expression[] = [];
    for (let t = this.#tokens[this.next]; t?.kind === 'string'; t = this.#tokens[this.next]) {
      this.next++;
      const { value = '', isFormat } = t;
      parts.push(isFormat === true ? template(value, t.at) : () => value);
    }
    return (scope) => parts.map((part) => show(part(scope))).join('');
  }
}

function all(parts: readonly Expression[], scope: Scope): Value[] {
  return parts.map((part) => part(scope));
}

function item(owner: Value, index: Value): Value {
  if (isTable(owner)) {
    const entry = owner.entries.get(repr(index));
    if (entry === undefined) throw new Raised(`no key ${repr(index)}`);
    return entry.value;
  }
  const items = isList(owner) ? owner.items : typeof owner === 'string' ? [...owner] : undefined;
  if (items === undefined) throw new Raised(`${repr(owner)} has no items`);
  const value = items.at(number(index));
  if (value === undefined) throw new Raised(`no item ${repr(index)}`);
  return value;
}

const FIELD = /\{\{|\}\}|\{([^{}:!]*)(?:!([rs]))?(?::([^{}]*))?\}/g;

/** `f'cwnd {tcpi_snd_cwnd:>4}'` */
function template(text: string, at: number): Expression {
  const parts: (string | Expression)[] = [];
  let done = 0;
  for (const found of text.matchAll(FIELD)) {
    parts.push(text.slice(done, found.index));
    done = found.index + found[0].length;
    const [whole, inner, how, specifier] = found;
    if (inner === undefined) parts.push(whole[0]!);
    else parts.push(field(inner, how, specifier ?? '', at));
  }
  parts.push(text.slice(done));
  return (scope) => parts.map((part) => (typeof part === 'string' ? part : show(part(scope)))).join('');
}

function field(text: string, how: string | undefined, specifier: string, at: number): Expression {
  const [line] = lines(text.trim().replace(/=$/, ''));
  if (line === undefined) throw new Malformed('an expression expected between { and }', at);
  const reader = new Reader(line);
  const value = reader.several();
  if (reader.peek !== undefined) throw new NotHere(`{${text}} in %{ }%`);
  return (scope) => formatted(how === 'r' ? repr(value(scope)) : value(scope), specifier);
}

const call = (f: (args: readonly Value[]) => Value): Callable => ({ call: f });

/** `'...'.format(...)`, and what lists and texts are asked for. */
function method(owner: Value, name: string): Value {
  if (typeof owner === 'string') {
    const texts: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
      format: (args) => {
        let at = 0;
        return bounded(
          owner.replace(
            FIELD,
            (whole, inner: string | undefined, how: string | undefined, specifier = '') => {
              if (inner === undefined) return whole[0]!;
              const value = args[inner === '' ? at++ : Number(inner)];
              if (value === undefined) throw new Raised(`no argument for {${inner}}`);
              return formatted(how === 'r' ? repr(value) : value, specifier);
            },
          ),
        );
      },
      startswith: ([start = '']) => owner.startsWith(show(start)),
      endswith: ([end = '']) => owner.endsWith(show(end)),
      upper: () => owner.toUpperCase(),
      lower: () => owner.toLowerCase(),
      strip: () => owner.trim(),
    };
    if (Object.hasOwn(texts, name)) return call(texts[name]!);
  }
  if (isList(owner) && name === 'append')
    return call(([value = null]) => {
      bounded(owner.items);
      owner.items.push(value);
      return null;
    });
  if (isTable(owner) && name === 'get')
    return call(([key = null, preset = null]) => owner.entries.get(repr(key))?.value ?? preset);
  throw new NotHere(`.${name} in %{ }%`);
}
