/** Statements of Python, as functions that are run; blocks by indentation. */
import { Exit } from './builtins.ts';
import { type Expression, Reader, type Scope } from './expressions.ts';
import { type Line, Malformed } from './lines.ts';
import { arithmetic, isList, isTable, NotHere, Raised, repr, show, truth, type Value } from './values.ts';

export interface Runtime extends Scope {
  print(text: string): void;
  failed(text: string): void;
  unknown(text: string): void;
  /** What was asked for since `forget`, for telling why an assertion did not hold. */
  readonly used: ReadonlyMap<string, Value>;
  forget(): void;
  /** @throws NotHere when a script has run for too long. */
  step(): void;
}

export type Statement = (runtime: Runtime) => void;

class Break extends Error {}
class Continue extends Error {}

const COMPOUND = new Set(['def', 'class', 'with', 'try', 'except', 'finally', 'async']);
const SIMPLE = new Set(['return', 'raise', 'del', 'global', 'nonlocal', 'exec']);
const AUGMENTED = /^(?:\*\*|\/\/|<<|>>|[-+*/%&|^])=$/;
/** Blocks within blocks. */
const DEEPEST = 50;

/** @throws Malformed */
export function statements(text: string, lines: readonly Line[]): Statement[] {
  return new Blocks(text, lines).read();
}

class Blocks {
  readonly #text: string;
  readonly #lines: readonly Line[];
  #next = 0;
  #depth = 0;

  constructor(text: string, lines: readonly Line[]) {
    this.#text = text;
    this.#lines = lines;
  }

  read(): Statement[] {
    return this.#block(-1);
  }

  /** All that is indented deeper than `indent`. */
  #block(indent: number): Statement[] {
    if (++this.#depth > DEEPEST) throw new Malformed('blocks nest too deep', this.#at);
    const found: Statement[] = [];
    for (let line = this.#lines[this.#next]; line !== undefined && line.indent > indent; ) {
      this.#next++;
      found.push(...this.#statement(line));
      line = this.#lines[this.#next];
    }
    this.#depth--;
    return found;
  }

  get #at(): number {
    return this.#lines[this.#next]?.tokens[0]?.at ?? this.#text.length;
  }

  #statement(line: Line): Statement[] {
    const reader = new Reader(line);
    const word = reader.peek ?? '';
    if (COMPOUND.has(word)) {
      this.#block(line.indent);
      return [notHere(`${word} in %{ }%`)];
    }
    if (word === 'if') return [this.#if(line, reader)];
    if (word === 'while') return [this.#while(line, reader)];
    if (word === 'for') return [this.#for(line, reader)];
    if (word === 'else' || word === 'elif') throw new Malformed(`there is no if for this ${word}`, reader.at);
    return this.#simple(reader);
  }

  /** What stands behind a colon, on the same line or indented on the next ones. */
  #body(line: Line, reader: Reader): Statement {
    reader.need(':');
    const inner = reader.peek === undefined ? this.#block(line.indent) : this.#simple(reader);
    if (inner.length === 0) throw new Malformed('an indented block expected', this.#at);
    return sequence(inner);
  }

  #if(line: Line, reader: Reader): Statement {
    reader.next++;
    const condition = reader.one();
    const then = this.#body(line, reader);
    const next = this.#lines[this.#next];
    const word = next?.tokens[0]?.text;
    let otherwise: Statement = () => {};
    if (next !== undefined && (word === 'elif' || word === 'else') && next.indent >= 0) {
      this.#next++;
      const other = new Reader(next);
      if (word === 'elif') otherwise = this.#if(next, other);
      else {
        other.next++;
        otherwise = this.#body(next, other);
      }
    }
    return (runtime) => (truth(condition(runtime)) ? then(runtime) : otherwise(runtime));
  }

  #while(line: Line, reader: Reader): Statement {
    reader.next++;
    const condition = reader.one();
    const body = this.#body(line, reader);
    return (runtime) => {
      while (truth(condition(runtime))) {
        runtime.step();
        if (!goesOn(body, runtime)) break;
      }
    };
  }

  #for(line: Line, reader: Reader): Statement {
    reader.next++;
    const names = [reader.name()];
    while (reader.take(',')) names.push(reader.name());
    reader.need('in');
    const items = reader.several();
    const body = this.#body(line, reader);
    return (runtime) => {
      for (const value of iterated(items(runtime))) {
        runtime.step();
        assign(runtime, names, value);
        if (!goesOn(body, runtime)) break;
      }
    };
  }

  /** Statements of one line, between semicolons. */
  #simple(reader: Reader): Statement[] {
    const found: Statement[] = [];
    do {
      if (reader.peek === undefined) break;
      try {
        found.push(this.#one(reader));
      } catch (error) {
        if (!(error instanceof NotHere)) throw error;
        return [...found, notHere(error.message)];
      }
      if (reader.peek !== undefined && reader.peek !== ';')
        throw new Malformed('end of line expected', reader.at);
    } while (reader.take(';'));
    return found;
  }

  #one(reader: Reader): Statement {
    const word = reader.peek ?? '';
    if (SIMPLE.has(word)) throw new NotHere(`${word} in %{ }%`);
    if (reader.take('pass')) return () => {};
    if (reader.take('break')) return thrower(() => new Break());
    if (reader.take('continue')) return thrower(() => new Continue());
    if (reader.take('import')) return imports(reader);
    if (reader.take('from')) return importsFrom(reader);
    if (reader.take('assert')) return this.#assert(reader);
    if (reader.take('print')) return prints(reader);
    return assignment(reader);
  }

  #assert(reader: Reader): Statement {
    const from = reader.at;
    const condition = reader.one();
    const text = this.#text.slice(from, reader.before);
    const message = reader.take(',') ? reader.several() : undefined;
    return (runtime) => {
      runtime.forget();
      if (truth(condition(runtime))) return;
      const values = [...runtime.used].map(([name, value]) => `${name} = ${show(value)}`).join(', ');
      const said = message === undefined ? '' : ` (${plain(message(runtime))})`;
      runtime.failed(`assert ${text}${said}${values === '' ? '' : `: ${values}`}`);
    };
  }
}

/** Messages are shown as they read best: a tuple without its brackets. */
function plain(value: Value): string {
  return isList(value) ? value.items.map(show).join(', ') : show(value);
}

function prints(reader: Reader): Statement {
  if (reader.peek === undefined || reader.peek === ';') return (runtime) => runtime.print('');
  const what = reader.several();
  return (runtime) => runtime.print(plain(what(runtime)));
}

function imports(reader: Reader): Statement {
  const found: { readonly module: string; readonly name: string }[] = [];
  do {
    const module = reader.name();
    while (reader.take('.')) reader.name();
    found.push({ module, name: reader.take('as') ? reader.name() : module });
  } while (reader.take(','));
  return (runtime) => {
    for (const { module, name } of found) runtime.set(name, { module });
  };
}

function importsFrom(reader: Reader): Statement {
  const module = reader.name();
  reader.need('import');
  if (reader.take('*')) throw new NotHere('import * in %{ }%');
  const found: { readonly from: string; readonly name: string }[] = [];
  do {
    const from = reader.name();
    found.push({ from, name: reader.take('as') ? reader.name() : from });
  } while (reader.take(','));
  return (runtime) => {
    if (module === '__future__') return;
    for (const { from, name } of found) runtime.set(name, runtime.attribute(module, from));
  };
}

function assignment(reader: Reader): Statement {
  const first = reader.next;
  const value = reader.several();
  const operator = reader.peek ?? '';
  if (operator !== '=' && !AUGMENTED.test(operator)) return (runtime) => void value(runtime);
  const at = reader.at;
  reader.next = first;
  const names = [reader.name()];
  while (reader.take(',')) names.push(reader.name());
  if (reader.at !== at) throw new NotHere('such an assignment in %{ }%');
  reader.next++;
  const right: Expression = reader.several();
  if (operator !== '=') {
    const [name] = names;
    return (runtime) =>
      runtime.set(name!, arithmetic(operator.slice(0, -1), runtime.get(name!), right(runtime)));
  }
  if (reader.peek === '=') throw new NotHere('such an assignment in %{ }%');
  return (runtime) => assign(runtime, names, right(runtime));
}

function assign(runtime: Runtime, names: readonly string[], value: Value): void {
  if (names.length === 1) {
    runtime.set(names[0]!, value);
    return;
  }
  if (!isList(value) || value.items.length !== names.length)
    throw new Raised(`${repr(value)} is not ${names.length} values`);
  for (const [i, name] of names.entries()) runtime.set(name, value.items[i]!);
}

function iterated(value: Value): readonly Value[] {
  if (isList(value)) return [...value.items];
  if (typeof value === 'string') return [...value];
  if (isTable(value)) return [...value.entries.values()].map(({ key }) => key);
  throw new Raised(`${repr(value)} has no items`);
}

const notHere = (what: string): Statement => thrower(() => new NotHere(what));

function thrower(make: () => Error): Statement {
  return () => {
    throw make();
  };
}

/** False: the loop ends here. */
function goesOn(body: Statement, runtime: Runtime): boolean {
  try {
    body(runtime);
  } catch (error) {
    if (error instanceof Break) return false;
    if (!(error instanceof Continue)) throw error;
  }
  return true;
}

function sequence(all: readonly Statement[]): Statement {
  return (runtime) => {
    for (const one of all) one(runtime);
  };
}

/** Runs what stands at the top: one that cannot be judged leaves the others alone. */
export function runAll(all: readonly Statement[], runtime: Runtime): void {
  for (const one of all) {
    try {
      one(runtime);
    } catch (error) {
      if (error instanceof NotHere) runtime.unknown(error.message);
      else if (error instanceof Raised) runtime.failed(`%{ }%: ${error.message}`);
      else if (error instanceof Exit) {
        if (!error.isGood) runtime.failed(error.message);
        return;
      } else if (error instanceof Break || error instanceof Continue)
        runtime.failed('%{ }%: break or continue outside of a loop');
      else throw error;
    }
  }
}
