/** The text of `%{ }%` as logical lines of tokens, by the rules of Python: brackets and backslashes join lines. */

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'operator';
  readonly text: string;
  readonly at: number;
  /** Of a string: what it stands for, and whether `{...}` in it are replaced. */
  readonly value?: string;
  readonly isFormat?: boolean;
}

export interface Line {
  readonly indent: number;
  readonly tokens: readonly Token[];
  /** Where it ends. */
  readonly end: number;
}

/** Something that no Python begins with, or a string or bracket without an end. */
export class Malformed extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const STRING = /([rRbBuUfF]{0,2})("""|'''|"|')/y;
const TOKEN =
  /(?<number>0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[lL]?)|(?<name>[A-Za-z_]\w*)|(?<operator>\*\*=|\/\/=|<<=|>>=|[-+*/%&|^]=|<<|>>|\/\/|\*\*|->|:=|[<>=!]=|<>|[-+*/%<>&|^~()[\]{},;:.=@`])/y;
const GAP = /(?:[ \t\r\f]|\\\r?\n|#[^\n]*)*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', '\n': '' };

/** @throws Malformed */
export function lines(text: string): Line[] {
  const found: Line[] = [];
  let tokens: Token[] = [];
  let open = 0;
  let at = 0;
  let indent = 0;
  const finish = (): void => {
    if (tokens.length > 0) found.push({ indent, tokens, end: at });
    tokens = [];
  };
  while (at < text.length) {
    GAP.lastIndex = at;
    GAP.exec(text);
    at = GAP.lastIndex;
    if (tokens.length === 0) indent = column(text, at);
    if (at >= text.length) break;
    if (text[at] === '\n') {
      if (open === 0) finish();
      at++;
      continue;
    }
    const token = next(text, at);
    if ('([{'.includes(token.text)) open++;
    if (')]}'.includes(token.text)) open--;
    if (open < 0) throw new Malformed(`nothing was opened for ${token.text}`, at);
    tokens.push(token);
    at += token.text.length;
  }
  if (open > 0) throw new Malformed('a closing ) ] or } expected', text.length);
  finish();
  return found;
}

/** What follows %{ on its own line has no indentation. */
function column(text: string, at: number): number {
  const start = text.lastIndexOf('\n', at - 1);
  return start < 0 ? 0 : at - start - 1;
}

function next(text: string, at: number): Token {
  STRING.lastIndex = at;
  const opening = STRING.exec(text);
  if (opening !== null) return quoted(text, at, opening[1]!.toLowerCase(), opening[2]!);
  TOKEN.lastIndex = at;
  const groups = TOKEN.exec(text)?.groups;
  if (groups === undefined) throw new Malformed(`"${text[at]}" is not of the language of %{ }%`, at);
  if (groups['number'] !== undefined) return { kind: 'number', text: groups['number'], at };
  if (groups['name'] !== undefined) return { kind: 'name', text: groups['name'], at };
  return { kind: 'operator', text: groups['operator']!, at };
}

function quoted(text: string, at: number, prefix: string, quote: string): Token {
  let value = '';
  let i = at + prefix.length + quote.length;
  for (; ; i++) {
    if (i >= text.length || (text[i] === '\n' && quote.length === 1))
      throw new Malformed(`this string has no end: ${quote} is missing`, at);
    if (text.startsWith(quote, i)) break;
    if (text[i] !== '\\' || prefix.includes('r')) {
      value += text[i];
      continue;
    }
    i++;
    value += ESCAPES[text[i] ?? ''] ?? text[i] ?? '';
  }
  const whole = text.slice(at, i + quote.length);
  return { kind: 'string', text: whole, at, value, isFormat: prefix.includes('f') };
}
