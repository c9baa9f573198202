/** One token as the table wants it: its value, or what is wrong with it. */
import type { Address } from '../../stacks/address/address.ts';
import type { Token } from './card.ts';
import { type TokenKind, tokenKinds } from './grammar.ts';
import {
  familyOf,
  maskText,
  readAddress,
  readAnyAddress,
  readMask,
  readPrefixLength,
  type Version,
} from './ip.ts';
import { quote } from './report.ts';
import type { RuleId } from './rules.ts';

/** What a token came to; which fields are there depends on the kind. */
export interface Value {
  readonly token: Token;
  /** As written; names in upper case. */
  readonly text: string;
  readonly number?: number;
  readonly address?: Address;
  readonly bytes?: Uint8Array;
}

export interface Refusal {
  readonly rule: RuleId;
  readonly message: string;
  readonly label?: string;
  readonly help?: string;
  /** An operand is missing rather than wrong, so what follows on the card stands one place too far to the left. */
  readonly shifted?: true;
}

/** A year of virtual time is more than any schedule needs, and stays an exact number of µs. */
const LONGEST_TIME = 365 * 86_400_000_000;
const TIME_UNITS: Record<string, number> = { US: 1, MS: 1e3, S: 1e6, M: 60e6 };
const RATE_UNITS: Record<string, number> = { '': 1, K: 1e3, M: 1e6, G: 1e9 };
/** 1 Tbit/s: above it a frame takes no time any more. */
const HIGHEST_RATE = 1e12;

export function isRefusal(outcome: Value | Refusal): outcome is Refusal {
  return 'rule' in outcome;
}

/** `version` is the family of the stack that the card belongs to; undefined where there is none. */
export function readToken(kind: TokenKind, token: Token, version: Version | undefined): Value | Refusal {
  const text = token.text;
  switch (kind) {
    case 'nn':
      return /^\d\d$/.test(text)
        ? { token, text, number: Number(text) }
        : badForm(kind, text, stackIdHelp(text));
    case 'name':
      return named(/^[A-Za-z0-9@#$_]{1,8}$/, kind, token);
    case 'label':
      return named(/^[A-Za-z0-9@#$_.-]{1,16}$/, kind, token);
    case 'hostname':
      return named(/^[A-Za-z0-9@#$_.-]{1,64}$/, kind, token);
    case 'target':
      return target(token);
    case 'ifname':
      return /^[^/:]{1,15}$/.test(text) && !/^\.{1,2}$/.test(text) ? { token, text } : badForm(kind, text);
    case 'port':
      return port(token);
    case 'address':
      return version === undefined ? anyAddress(token) : address(version, token);
    case 'ip':
      return anyAddress(token);
    case 'v4':
      return address(4, token);
    case 'v6':
      return address(6, token);
    case 'mask':
      return mask(version ?? (text.includes('.') ? 4 : 6), token);
    case 'v4mask':
      return mask(4, token);
    case 'v6mask':
      return mask(6, token);
    case 'mac':
      return mac(token);
    case 'cuu':
      return /^[0-9a-f]{3}$/i.test(text) ? { token, text: text.toUpperCase() } : badForm(kind, text);
    case 'hex':
      return /^(?:[0-9a-f]{2})+$/i.test(text) ? { token, text: text.toUpperCase() } : badForm(kind, text);
    case 'time':
      return time(token);
    case 'rate':
      return rate(token);
    case 'percent':
      return percent(token);
    case 'star':
      return text === '*' ? { token, text } : badForm(kind, text);
    case 'word':
      return { token, text };
  }
}

function badForm(kind: TokenKind, text: string, help?: string): Refusal {
  return {
    rule: 'TW1205',
    message: `${quote(text)} is not ${tokenKinds[kind].what}`,
    label: tokenKinds[kind].form,
    ...(help === undefined ? {} : { help }),
  };
}

function stackIdHelp(text: string): string | undefined {
  return /^\d$/.test(text) ? `did you mean 0${text}?` : undefined;
}

function named(shape: RegExp, kind: TokenKind, token: Token): Value | Refusal {
  return shape.test(token.text) ? { token, text: token.text.toUpperCase() } : badForm(kind, token.text);
}

function target(token: Token): Value | Refusal {
  const { text } = token;
  const literal = readAnyAddress(text);
  if (literal !== undefined) return { token, text, address: literal.address };
  // What is made of an address's characters only was meant as one, not as a name.
  if (text.includes(':') || /^[\d.]+$/.test(text)) {
    return { rule: 'TW1209', message: `${quote(text)} is not an address`, ...hint(addressHelp(text)) };
  }
  return /^[A-Za-z0-9@#$_.-]{1,253}$/.test(text) ? { token, text } : badForm('target', text);
}

function port(token: Token): Value | Refusal {
  const n = /^\d{1,9}$/.test(token.text) ? Number(token.text) : Number.NaN;
  if (Number.isNaN(n)) return badForm('port', token.text);
  if (n > 65535) return { rule: 'TW1208', message: `port ${n} is above 65535`, label: '0 to 65535' };
  return { token, text: token.text, number: n };
}

function address(version: Version, token: Token): Value | Refusal {
  const found = readAddress(version, token.text);
  if (found !== undefined) return { token, text: token.text, address: found };
  const name = familyOf(version).name;
  if (readAddress(version === 4 ? 6 : 4, token.text) !== undefined) {
    const other = version === 4 ? 'IPv6' : 'IPv4';
    return {
      rule: 'TW1210',
      message: `${token.text} is an ${other} address, and this is for ${name}`,
      label: `${name} wanted`,
      help: `an IPv4 stack is // EXEC BSTTINET, an IPv6 stack is // EXEC BSTT6NET; COUPLE joins them`,
    };
  }
  return {
    rule: 'TW1209',
    message: `${quote(token.text)} is not an ${name} address`,
    ...hint(addressHelp(token.text, version)),
    ...(/^\d{1,5}$/.test(token.text) ? { shifted: true } : {}),
  };
}

function anyAddress(token: Token): Value | Refusal {
  const found = readAnyAddress(token.text);
  if (found !== undefined) return { token, text: token.text, address: found.address };
  return {
    rule: 'TW1209',
    message: `${quote(token.text)} is not an address`,
    ...hint(addressHelp(token.text)),
  };
}

function hint(help: string | undefined): { readonly help?: string } {
  return help === undefined ? {} : { help };
}

/** What people write instead of an address. */
function addressHelp(text: string, version?: Version): string | undefined {
  const glued = /^(.+)(\/\d+)$/.exec(text);
  if (glued !== null && readAnyAddress(glued[1]!) !== undefined) {
    const { version } = readAnyAddress(glued[1]!)!;
    const prefix = readPrefixLength(version, glued[2]!);
    const example = prefix === undefined ? '' : `: ${glued[1]} ${maskText(version, prefix)}`;
    return `an address is written alone, and a mask is an operand of its own${example}`;
  }
  const zone = /^(.+)%.+$/.exec(text);
  if (zone !== null && readAnyAddress(zone[1]!) !== undefined) return `write it without its zone: ${zone[1]}`;
  const octets = text.split('.');
  if (octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet))) {
    const large = octets.find((octet) => Number(octet) > 255);
    if (large !== undefined) return `an octet is 0 to 255, not ${large}`;
    const plain = octets.map(Number).join('.');
    return `write it without leading zeros, which some read as octal: ${plain}`;
  }
  if (version === 6 || text.includes(':'))
    return 'an IPv6 address has eight groups of four hexadecimal digits, or one ::';
  if (/^[\d.]+$/.test(text)) return 'an IPv4 address has four octets: 9.152.84.1';
  return undefined;
}

function mask(version: Version, token: Token): Value | Refusal {
  const { text } = token;
  const length = readMask(version, text);
  if (typeof length === 'number') return { token, text, number: length };
  if (length === 'holes') return maskWithHoles(version, text);
  const other = version === 4 ? 6 : 4;
  const prefix = version === 4 ? readPrefixLength(4, text.startsWith('/') ? text : `/${text}`) : undefined;
  if (prefix !== undefined) {
    return {
      rule: 'TW1212',
      message: `${text} is not the form of an IPv4 mask`,
      label: 'four octets wanted',
      help: `did you mean ${maskText(4, prefix)}?`,
    };
  }
  const bare = version === 6 ? readPrefixLength(6, `/${text}`) : undefined;
  if (bare !== undefined) {
    return {
      rule: 'TW1212',
      message: `${text} is not the form of an IPv6 mask`,
      help: `did you mean /${bare}?`,
    };
  }
  if (readAddress(other, text) !== undefined || (text.startsWith('/') && version === 4)) {
    return {
      rule: readAddress(other, text) === undefined ? 'TW1212' : 'TW1210',
      message: `${quote(text)} is no ${familyOf(version).name} mask`,
      label: version === 4 ? 'four octets wanted' : '/0 to /128 wanted',
    };
  }
  return {
    rule: 'TW1212',
    message: `${quote(text)} is not a mask`,
    label: version === 4 ? 'four octets wanted' : '/0 to /128 wanted',
  };
}

/** Text that is an address but no mask. */
function maskWithHoles(version: Version, text: string): Refusal {
  const a = readAddress(version, text)!;
  const words = version === 4 ? [a.w3] : [a.w0, a.w1, a.w2, a.w3];
  const bits = words.map((word) => (word >>> 0).toString(2).padStart(32, '0')).join('');
  // Cisco and others write zeros where a mask has ones.
  const wildcard = /^0+1+$/.test(bits);
  if (!wildcard && !bits.startsWith(version === 4 ? '1'.repeat(8) : '1'.repeat(16))) {
    return {
      rule: 'TW1212',
      message: `${text} is an address, not a mask`,
      label: version === 4 ? 'four octets that begin with 255 wanted' : '/0 to /128 wanted',
      help: 'the mask is missing before it',
      shifted: true,
    };
  }
  const narrow = maskText(version, bits.indexOf(wildcard ? '1' : '0'));
  const wide = maskText(version, bits.lastIndexOf('1') + 1);
  return {
    rule: 'TW1211',
    message: `mask ${text} has holes`,
    label: 'the ones must all be in front',
    help: `did you mean ${wildcard ? narrow : `${narrow} or ${wide}`}?`,
  };
}

function mac(token: Token): Value | Refusal {
  const { text } = token;
  if (!/^[0-9a-f]{12}$/i.test(text)) {
    const digits = text.replace(/[:.-]/g, '');
    return badForm(
      'mac',
      text,
      /^[0-9a-f]{12}$/i.test(digits) ? `did you mean ${digits.toUpperCase()}?` : undefined,
    );
  }
  const bytes = Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
  if ((bytes[0]! & 1) !== 0 || bytes.every((b) => b === 0)) {
    return {
      rule: 'TW2118',
      message: `${text} is ${(bytes[0]! & 1) === 0 ? 'zero' : 'a group address'}`,
      label: 'the address of one adapter wanted',
      help: 'a local address begins with 02',
    };
  }
  return { token, text: text.toUpperCase(), bytes };
}

function time(token: Token): Value | Refusal {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(US|MS|S|M)?$/i.exec(token.text);
  const unit = match?.[2]?.toUpperCase();
  if (match === null || (unit === undefined && Number(match[1]) !== 0)) {
    const bare = match === null ? undefined : `did you mean ${token.text}S or ${token.text}MS?`;
    return badForm('time', token.text, bare);
  }
  const us = Math.round(Number(match[1]) * (unit === undefined ? 1 : TIME_UNITS[unit]!));
  if (us > LONGEST_TIME)
    return { rule: 'TW1206', message: `${token.text} is too long`, label: 'at most 365 days' };
  return { token, text: token.text, number: us };
}

function rate(token: Token): Value | Refusal {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([KMG]?)$/i.exec(token.text);
  if (match === null) return badForm('rate', token.text);
  const bits = Math.round(Number(match[1]) * RATE_UNITS[match[2]!.toUpperCase()]!);
  if (bits < 1 || bits > HIGHEST_RATE) {
    return {
      rule: 'TW1206',
      message: `rate ${token.text} is out of range`,
      label: '1 to 1000G bits per second',
    };
  }
  return { token, text: token.text, number: bits };
}

function percent(token: Token): Value | Refusal {
  const match = /^(\d{1,3}(?:\.\d{1,9})?)%?$/.exec(token.text);
  if (match === null) return badForm('percent', token.text);
  const n = Number(match[1]);
  if (n > 100) return { rule: 'TW1206', message: `${token.text} is above 100 percent`, label: '0 to 100' };
  return { token, text: token.text, number: n / 100 };
}
