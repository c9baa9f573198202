/** The operand grammar of the statement table: plain data, read by the matcher, by help and by the reference page. */

/** Operands that are one token, by what the token must look like. */
export type TokenKind =
  | 'nn'
  | 'name'
  | 'label'
  | 'hostname'
  | 'target'
  | 'word'
  | 'ifname'
  | 'port'
  | 'address'
  | 'mask'
  | 'ip'
  | 'v4'
  | 'v4mask'
  | 'v6'
  | 'v6mask'
  | 'mac'
  | 'cuu'
  | 'hex'
  | 'time'
  | 'rate'
  | 'percent'
  | 'star';

export type Operand =
  | { readonly kind: TokenKind; readonly name: string }
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly min: number;
      readonly max: number;
      /** Instead of the range, when a rule of its own judges it. */
      readonly form?: string;
    }
  | { readonly kind: 'keyword'; readonly word: string }
  | { readonly kind: 'choice'; readonly name: string; readonly words: readonly string[] }
  /** A keyword that decides what follows. */
  | {
      readonly kind: 'branch';
      readonly name: string;
      readonly branches: Readonly<Record<string, readonly Operand[]>>;
    }
  | { readonly kind: 'either'; readonly star: string; readonly operand: Operand }
  | { readonly kind: 'optional'; readonly operands: readonly Operand[] }
  /** `KEYWORD value` pairs in any order, each at most once. */
  | {
      readonly kind: 'options';
      readonly atLeastOne: boolean;
      readonly options: Readonly<Record<string, Operand>>;
    }
  /** Everything to the end of the card. */
  | { readonly kind: 'rest'; readonly name: string };

export const token = (kind: TokenKind, name: string): Operand => ({ kind, name });
export const number = (name: string, min: number, max: number): Operand => ({
  kind: 'number',
  name,
  min,
  max,
});
/** A number that a rule of its own judges, since its range depends on more than the card. */
export const judged = (name: string, form: string): Operand => ({
  kind: 'number',
  name,
  min: 0,
  max: 0xffffffff,
  form,
});
export const keyword = (word: string): Operand => ({ kind: 'keyword', word });
export const choice = (name: string, ...words: string[]): Operand => ({ kind: 'choice', name, words });
export const branch = (name: string, branches: Record<string, readonly Operand[]>): Operand => ({
  kind: 'branch',
  name,
  branches,
});
/** `*` stands for the default of this operand. */
export const orStar = (operand: Operand): Operand => ({
  kind: 'either',
  star: 'name' in operand ? operand.name : '*',
  operand,
});
export const optional = (...operands: Operand[]): Operand => ({ kind: 'optional', operands });
export const options = (atLeastOne: boolean, of: Record<string, Operand>): Operand => ({
  kind: 'options',
  atLeastOne,
  options: of,
});
export const rest = (name: string): Operand => ({ kind: 'rest', name });

/** What each kind of token is, for messages and for the reference page. */
export const tokenKinds: Record<
  TokenKind | 'number' | 'rest',
  { readonly what: string; readonly form: string }
> = {
  nn: { what: 'a stack id', form: 'two digits, 00 to 99' },
  name: { what: 'a name', form: '1 to 8 letters, digits, @ # $ _' },
  label: { what: 'a segment name', form: '1 to 16 letters, digits, @ # $ _ . -' },
  hostname: { what: 'a host name', form: '1 to 64 letters, digits, @ # $ _ . -' },
  target: {
    what: 'a host name or an address',
    form: 'a name of HOST or DNS, or an address of either family',
  },
  word: { what: 'a word', form: 'anything without a blank' },
  ifname: {
    what: 'an interface name',
    form: '1 to 15 characters without blank and /, as the kernel names interfaces',
  },
  port: { what: 'a port', form: '0 to 65535' },
  address: { what: 'an address', form: 'an address of the family of the stack' },
  mask: {
    what: 'a mask',
    form: 'IPv4: four octets (255.255.252.0); IPv6: a prefix length (/80), or a mask as an address (::0 is /0)',
  },
  ip: { what: 'an address', form: 'an IPv4 or IPv6 address' },
  v4: { what: 'an IPv4 address', form: 'four octets (9.152.84.1)' },
  v4mask: { what: 'an IPv4 mask', form: 'four octets, the ones in front (255.255.252.0)' },
  v6: { what: 'an IPv6 address', form: 'RFC 4291 text in any case' },
  v6mask: { what: 'an IPv6 mask', form: '/0 to /128, or a mask as an address (::0 is /0)' },
  mac: { what: 'a MAC address', form: '12 hexadecimal digits without separators (020000000006)' },
  cuu: { what: 'a device address', form: '3 hexadecimal digits (D10)' },
  hex: { what: 'hexadecimal digits', form: 'pairs of hexadecimal digits without separators' },
  time: { what: 'a time', form: 'a number with US, MS, S or M (10MS, 1.5S); at most 365 days' },
  rate: { what: 'a rate', form: 'bits per second, with K, M or G for 10^3, 10^6, 10^9 (100M)' },
  percent: { what: 'a percentage', form: '0 to 100, with or without % (0.5)' },
  star: { what: 'a *', form: 'an asterisk, for the default' },
  number: { what: 'a number', form: 'decimal digits' },
  rest: { what: 'text', form: 'everything to the end of the card' },
};

/** The grammar of `operands` in one line, for help and the reference page. */
export function syntaxOf(operands: readonly Operand[]): string {
  return operands.map(syntax).join(' ');
}

function syntax(operand: Operand): string {
  switch (operand.kind) {
    case 'keyword':
      return operand.word;
    case 'choice':
      return operand.words.join('|');
    case 'branch':
      return `{ ${Object.entries(operand.branches)
        .map(([word, operands]) => `${word} ${syntaxOf(operands)}`.trim())
        .join(' | ')} }`;
    case 'either':
      return `${syntax(operand.operand)}|*`;
    case 'optional':
      return `[ ${syntaxOf(operand.operands)} ]`;
    case 'options':
      return Object.entries(operand.options)
        .map(([word, value]) => `[ ${word} ${syntax(value)} ]`)
        .join(' ');
    case 'rest':
      return `${operand.name}...`;
    default:
      return operand.name;
  }
}

/** The single-token operands inside, each once: what the reference page explains below the grammar. */
export function leavesOf(operands: readonly Operand[]): Operand[] {
  return operands.flatMap((operand): Operand[] => {
    switch (operand.kind) {
      case 'keyword':
        return [];
      case 'branch':
        return Object.values(operand.branches).flatMap(leavesOf);
      case 'either':
        return leavesOf([operand.operand]);
      case 'optional':
        return leavesOf(operand.operands);
      case 'options':
        return leavesOf(Object.values(operand.options));
      default:
        return [operand];
    }
  });
}
