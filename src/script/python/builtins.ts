/** The functions of Python that scripts ask for. */
import {
  bounded,
  type Callable,
  isList,
  isTable,
  LONGEST,
  NotHere,
  number,
  Raised,
  repr,
  show,
  truth,
  type Value,
} from './values.ts';

/** `sys.exit`: the text says with what. */
export class Exit extends Error {
  readonly isGood: boolean;

  constructor(code: Value) {
    super(`exit(${repr(code)})`);
    this.isGood = code === null || code === 0 || code === false;
  }
}

type Made = (args: readonly Value[]) => Value;

const numbers =
  (f: (...args: number[]) => number): Made =>
  (args) =>
    f(...itemsOf(args).map(number));

/** The arguments, or the items of the one list that is given. */
function itemsOf(args: readonly Value[]): readonly Value[] {
  const [first] = args;
  return args.length === 1 && first !== undefined && isList(first) ? first.items : args;
}

function integer([value = 0, base]: readonly Value[]): number {
  const n =
    typeof value === 'string'
      ? Number.parseInt(value, base === undefined ? 10 : number(base))
      : Math.trunc(number(value));
  if (Number.isNaN(n)) throw new Raised(`${repr(value)} is no integer`);
  return n;
}

/** To even, as Python does. */
function rounded([value = 0, digits = 0]: readonly Value[]): number {
  const scale = 10 ** number(digits);
  const n = number(value) * scale;
  const nearest = Math.round(n);
  return (Math.abs(n % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest) / scale;
}

function range(args: readonly Value[]): Value {
  const [a = 0, b, c] = args.map(number);
  const [from, to] = b === undefined ? [0, a] : [a, b];
  const step = c ?? 1;
  if (step === 0) throw new Raised('range() arg 3 must not be zero');
  const count = Math.max(Math.ceil((to - from) / step), 0);
  if (count > LONGEST) throw new NotHere(`a range of more than ${LONGEST}`);
  return { items: Array.from({ length: count }, (_, i) => from + i * step), tuple: false };
}

function length([value = null]: readonly Value[]): number {
  if (typeof value === 'string') return value.length;
  if (isList(value)) return value.items.length;
  if (isTable(value)) return value.entries.size;
  throw new Raised(`${repr(value)} has no len()`);
}

const exit: Made = ([code = null]) => {
  throw new Exit(code);
};

const FUNCTIONS: Readonly<Record<string, Made>> = {
  abs: numbers(Math.abs),
  min: numbers(Math.min),
  max: numbers(Math.max),
  sum: numbers((...all) => all.reduce((a, b) => a + b, 0)),
  int: integer,
  long: integer,
  float: ([value = 0]) => (typeof value === 'string' ? Number(value) : number(value)),
  round: rounded,
  bool: ([value = false]) => truth(value),
  str: ([value = '']) => bounded(show(value)),
  repr: ([value = null]) => repr(value),
  hex: ([value = 0]) => `0x${integer([value]).toString(16)}`,
  bin: ([value = 0]) => `0b${integer([value]).toString(2)}`,
  len: length,
  range,
  list: (args) => ({ items: [...itemsOf(args)], tuple: false }),
  tuple: (args) => ({ items: [...itemsOf(args)], tuple: true }),
  any: (args) => itemsOf(args).some(truth),
  all: (args) => itemsOf(args).every(truth),
  exit,
  quit: exit,
};

const MODULES: Readonly<Record<string, Readonly<Record<string, Made>>>> = {
  sys: { exit },
  math: {
    floor: numbers(Math.floor),
    ceil: numbers(Math.ceil),
    sqrt: numbers(Math.sqrt),
    log: numbers((n, base) => (base === undefined ? Math.log(n) : Math.log(n) / Math.log(base))),
    pow: numbers((a, b) => a ** b),
    fabs: numbers(Math.abs),
  },
};

export function builtin(name: string): Callable | undefined {
  return Object.hasOwn(FUNCTIONS, name) ? { call: FUNCTIONS[name]! } : undefined;
}

/** @throws NotHere for what a module has and this has not. */
export function ofModule(module: string, name: string): Callable {
  const found = Object.hasOwn(MODULES, module) ? MODULES[module]! : {};
  if (!Object.hasOwn(found, name)) throw new NotHere(`${module}.${name}`);
  return { call: found[name]! };
}
