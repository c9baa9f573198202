/** The system calls of a script: `0.1 read(4, ..., 1000) = -1 EAGAIN (Resource temporarily unavailable)`. */
import { unknownCall } from './names.ts';
import type { Scanner } from './scanner.ts';
import { unknownOption } from './socket-option-names.ts';
import type { Call, Place, Value } from './syntax.ts';

const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /0x[0-9a-fA-F]+|-?\d+(?:\.\d+)?/y;
/** Of `O_RDWR|O_NONBLOCK`, `O_RDWR|0x800`. */
const BIT = /0x[0-9a-fA-F]+|\d+|[A-Za-z_]\w*/y;
const STRING = /"((?:[^"\\\n]|\\.)*)"/y;
const ERRNO = /E[A-Z0-9]+/y;
/** `(Resource temporarily unavailable)`, `(flags O_RDWR)`: for people. */
const REMARK = /\([^()\n]*\)/y;
/** `msg_iov(1)=`: the count in a name. */
const FIELD = /([A-Za-z_][\w.]*)\s*(?:\(\s*(?:\d+|\.\.\.)\s*\))?\s*=/y;

export function parseCall(scanner: Scanner): Call {
  const at = scanner.place;
  const name = scanner.need(NAME, 'a packet (< or >), a system call, a shell line or %{ code }%')[0];
  const unknown = scanner.text[scanner.at] === '(' ? unknownCall(name) : undefined;
  if (unknown !== undefined) scanner.fail(unknown, at);
  const given = list(scanner, `behind ${name}`, '(', ')');
  if (name === 'setsockopt' || name === 'getsockopt') checkOption(scanner, given[2]);
  scanner.expect('=', `and a result behind ${name}(...)`);
  checkCount(scanner, at, name, given.length);
  const result = value(scanner);
  if (result.kind !== 'number' && result.kind !== 'ellipsis' && !isNumber(result)) {
    scanner.fail('a number, -1 with the name of an error, or ... expected as a result', result.at);
  }
  const errno = result.kind === 'number' ? scanner.match(ERRNO)?.[0] : undefined;
  scanner.match(REMARK);
  return { kind: 'call', at, name, arguments: given, result, errno };
}

/** Arguments of the calls that have no optional ones; by their manual pages. */
const ARGUMENTS: Readonly<Record<string, number>> = {
  socket: 3,
  bind: 3,
  listen: 2,
  accept: 3,
  connect: 3,
  read: 3,
  write: 3,
  close: 1,
  shutdown: 2,
  send: 4,
  recv: 4,
  sendto: 6,
  recvfrom: 6,
  sendmsg: 3,
  recvmsg: 3,
  readv: 3,
  writev: 3,
  ioctl: 3,
  poll: 3,
  setsockopt: 5,
  getsockopt: 5,
};

function checkCount(scanner: Scanner, at: Place, name: string, given: number): void {
  const count = Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name]! : given;
  if (given === count) return;
  scanner.fail(`${name} takes ${count} argument${count === 1 ? '' : 's'}, not ${given}`, at);
}

/** `O_RDWR`, `0x2|O_NONBLOCK`, `POLLIN`: what stands for a number, though not every one is known here. */
function isNumber(result: Value): boolean {
  return result.kind === 'names' && result.names.every((name) => /^(?:\d|O_|POLL|EPOLL)/.test(name));
}

function checkOption(scanner: Scanner, option: Value | undefined): void {
  if (option?.kind !== 'names' || option.names.length !== 1) return;
  const unknown = unknownOption(option.names[0]!);
  if (unknown !== undefined) scanner.fail(unknown, option.at);
}

function list(scanner: Scanner, where: string, open: string, close: string): Value[] {
  scanner.expect(open, where);
  const items: Value[] = [];
  if (scanner.take(close)) return items;
  do items.push(value(scanner));
  while (scanner.take(','));
  if (!scanner.take(close)) scanner.fail(`, or ${close} expected behind an argument, not ${scanner.next()}`);
  return items;
}

function value(scanner: Scanner): Value {
  const at = scanner.place;
  const c = scanner.text[scanner.at];
  if (scanner.take('...')) return { at, kind: 'ellipsis' };
  if (c === '[') return { at, kind: 'list', items: list(scanner, 'in front of a list', '[', ']') };
  if (c === '{') return { at, kind: 'struct', fields: struct(scanner) };
  const text = scanner.match(STRING);
  if (text !== undefined) return { at, kind: 'string', value: withEscapes(text[1]!) };
  const number = scanner.match(NUMBER);
  if (number !== undefined) return { at, kind: 'number', value: product(scanner, numberOf(number[0])) };
  const name = scanner.need(NAME, 'an argument')[0];
  if (scanner.text[scanner.at] === '(') {
    return { at, kind: 'apply', name, arguments: list(scanner, `behind ${name}`, '(', ')') };
  }
  const names = [name];
  while (scanner.take('|')) names.push(scanner.need(BIT, 'a name behind |')[0]);
  return { at, kind: 'names', names };
}

/** With `0x` and, as in C, with a leading 0. */
function numberOf(text: string): number {
  return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}

/** `10*1024`, `1 << 20`: sizes are written so. */
function product(scanner: Scanner, first: number): number {
  let n = first;
  while (scanner.take('*')) n *= numberOf(scanner.need(NUMBER, 'a number behind *')[0]);
  if (scanner.take('<<')) n *= 2 ** numberOf(scanner.need(NUMBER, 'a number behind <<')[0]);
  return n;
}

function struct(scanner: Scanner): ReadonlyMap<string, Value> {
  const fields = new Map<string, Value>();
  scanner.expect('{', 'in front of a structure');
  while (!scanner.take('}')) {
    const field = scanner.match(FIELD);
    // A structure without names, such as {onoff, linger}: by position.
    const name = field?.[1] ?? String(fields.size);
    fields.set(name, value(scanner));
    if (!scanner.take(',') && scanner.text[scanner.at] !== '}') {
      scanner.fail(`, or } expected in a structure, not ${scanner.next()}`);
    }
  }
  return fields;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' };

function withEscapes(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) =>
    code[0] === 'x' && code.length === 3
      ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
      : (ESCAPES[code] ?? code),
  );
}
