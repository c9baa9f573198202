/** The values of the Python that scripts use, and how Python writes them. */

export type Value = number | string | boolean | null | List | Table | Callable | Module;
/** Lists and tuples alike: `tuple` matters for how it is shown. */
export interface List {
  readonly items: Value[];
  readonly tuple: boolean;
}
export interface Table {
  readonly entries: Map<string, { readonly key: Value; readonly value: Value }>;
}
export interface Callable {
  readonly call: (args: readonly Value[]) => Value;
}
/** Something that was imported. */
export interface Module {
  readonly module: string;
}

/** What Python would raise; its text. */
export class Raised extends Error {}
/** Python has it, and this is not Python; its text says what. */
export class NotHere extends Error {}

/** Longest text or list that a script may make. */
export const LONGEST = 100_000;

export const isList = (v: Value): v is List => typeof v === 'object' && v !== null && 'items' in v;
export const isTable = (v: Value): v is Table => typeof v === 'object' && v !== null && 'entries' in v;
export const isCallable = (v: Value): v is Callable => typeof v === 'object' && v !== null && 'call' in v;
export const isModule = (v: Value): v is Module => typeof v === 'object' && v !== null && 'module' in v;

export function truth(value: Value): boolean {
  if (isList(value)) return value.items.length > 0;
  if (isTable(value)) return value.entries.size > 0;
  return value !== 0 && value !== '' && value !== false && value !== null;
}

export function number(value: Value): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  throw new Raised(`${repr(value)} is no number`);
}

export function show(value: Value): string {
  return typeof value === 'string' ? value : repr(value);
}

export function repr(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (isList(value)) {
    const inner = value.items.map(repr).join(', ');
    return value.tuple ? `(${inner}${value.items.length === 1 ? ',' : ''})` : `[${inner}]`;
  }
  if (isTable(value))
    return `{${[...value.entries.values()].map((e) => `${repr(e.key)}: ${repr(e.value)}`).join(', ')}}`;
  return isModule(value) ? `<module ${value.module}>` : '<function>';
}

function order(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  const a = number(left);
  const b = number(right);
  return a < b ? -1 : a > b ? 1 : 0;
}

const same = (left: Value, right: Value): boolean =>
  typeof left === 'object' ||
  typeof right === 'object' ||
  typeof left === 'string' ||
  typeof right === 'string'
    ? repr(left) === repr(right)
    : Number(left) === Number(right);

export function contains(where: Value, what: Value): boolean {
  if (typeof where === 'string') return where.includes(show(what));
  if (isList(where)) return where.items.some((item) => same(item, what));
  if (isTable(where)) return where.entries.has(repr(what));
  throw new Raised(`${repr(where)} holds nothing`);
}

export function compares(operator: string, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
    case 'is':
      return same(left, right);
    case '!=':
    case 'is not':
      return !same(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return order(left, right) < 0;
    case '>':
      return order(left, right) > 0;
    case '<=':
      return order(left, right) <= 0;
    default:
      return order(left, right) >= 0;
  }
}

export function arithmetic(operator: string, left: Value, right: Value): Value {
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return bounded(left + right);
  if (operator === '+' && isList(left) && isList(right))
    return { items: bounded([...left.items, ...right.items]), tuple: left.tuple };
  if (operator === '%' && typeof left === 'string') return percent(left, right);
  const a = number(left);
  const b = number(right);
  if (b === 0 && (operator === '/' || operator === '//' || operator === '%'))
    throw new Raised('division by zero');
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
    case '**':
      return a ** b;
    default:
      return bits(operator, integer(a), integer(b));
  }
}

export function bounded<T extends { readonly length: number }>(value: T): T {
  if (value.length > LONGEST) throw new NotHere(`a value longer than ${LONGEST}`);
  return value;
}

function integer(n: number): bigint {
  if (!Number.isFinite(n)) throw new Raised(`${n} has no bits`);
  return BigInt(Math.trunc(n));
}

function bits(operator: string, a: bigint, b: bigint): number {
  switch (operator) {
    case '|':
      return Number(a | b);
    case '^':
      return Number(a ^ b);
    case '&':
      return Number(a & b);
    default:
      if (b < 0n || b > 63n) throw new Raised(`a shift by ${b}`);
      return Number(operator === '<<' ? a << b : a >> b);
  }
}

const PERCENT = /%(?:\((\w+)\))?([-+ 0#]*)(\d*)(?:\.(\d+))?[lhL]?([a-zA-Z%])/g;

/** `'cwnd=%d of %s' % (10, x)` */
function percent(text: string, right: Value): string {
  const given = isList(right) && right.tuple ? [...right.items] : [right];
  return text.replace(
    PERCENT,
    (_, key: string | undefined, flags: string, width: string, digits, type: string) => {
      if (type === '%') return '%';
      const value =
        key === undefined ? given.shift() : isTable(right) ? right.entries.get(`'${key}'`)?.value : undefined;
      if (value === undefined) throw new Raised('not enough arguments for format string');
      const precision = digits === undefined ? undefined : Number(digits);
      const body = written(value, type, precision);
      const signed = flags.includes('+') && !body.startsWith('-') ? `+${body}` : body;
      const size = Math.min(Number(width), LONGEST);
      if (flags.includes('-')) return signed.padEnd(size);
      return signed.padStart(size, flags.includes('0') ? '0' : ' ');
    },
  );
}

function written(value: Value, type: string, precision: number | undefined): string {
  switch (type) {
    case 'd':
    case 'i':
    case 'u':
      return String(Math.trunc(number(value)));
    case 'x':
      return Math.trunc(number(value)).toString(16);
    case 'X':
      return Math.trunc(number(value)).toString(16).toUpperCase();
    case 'o':
      return Math.trunc(number(value)).toString(8);
    case 'b':
      return Math.trunc(number(value)).toString(2);
    case 'f':
    case 'F':
      return number(value).toFixed(Math.min(precision ?? 6, 100));
    case 'e':
      return number(value).toExponential(Math.min(precision ?? 6, 100));
    case 'g':
      return String(Number(number(value).toPrecision(Math.min(Math.max(precision ?? 6, 1), 100))));
    case 'r':
      return repr(value);
    default: {
      const text = show(value);
      return precision === undefined ? text : text.slice(0, precision);
    }
  }
}

const SPECIFIER = /^(?:(.)?([<>^=]))?([-+ ])?#?(0)?(\d*)(,)?(?:\.(\d+))?([a-zA-Z%])?$/;

/** What stands behind the colon of `{x:>8.2f}`. */
export function formatted(value: Value, specifier: string): string {
  const found = SPECIFIER.exec(specifier);
  if (found === null) throw new NotHere(`the format "${specifier}"`);
  const [, fill, align, sign, zero, width, comma, digits, type] = found;
  const precision = digits === undefined ? undefined : Number(digits);
  let text =
    type === '%'
      ? `${(number(value) * 100).toFixed(Math.min(precision ?? 6, 100))}%`
      : written(value, type ?? (precision !== undefined && typeof value === 'number' ? 'g' : 's'), precision);
  if (comma !== undefined) text = text.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  if (sign === '+' && !text.startsWith('-')) text = `+${text}`;
  const size = Math.min(Number(width), LONGEST);
  const filler = fill ?? (zero === undefined ? ' ' : '0');
  const side = align ?? (typeof value === 'string' ? '<' : '>');
  if (side === '<') return text.padEnd(size, filler);
  if (side === '^') return text.padStart((text.length + size) >> 1, filler).padEnd(size, filler);
  return text.padStart(size, filler);
}
