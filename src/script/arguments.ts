/** What the arguments of a call say. */
import type { Call, Value } from './syntax.ts';
import { NotSupported, type OptionValue } from './world.ts';

/** Constants that stand where a number may stand as well; Linux. */
export const SYMBOLS: Readonly<Record<string, number>> = {
  NULL: 0,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_NONBLOCK: 0o4000,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  AF_INET: 2,
  AF_INET6: 10,
  IPPROTO_IP: 0,
  SOL_IP: 0,
  SOL_SOCKET: 1,
  IPPROTO_TCP: 6,
  SOL_TCP: 6,
  IPPROTO_UDP: 17,
  SOL_UDP: 17,
  IPPROTO_IPV6: 41,
  SOL_IPV6: 41,
  SHUT_RD: 0,
  SHUT_WR: 1,
  SHUT_RDWR: 2,
  IP_PMTUDISC_DONT: 0,
  IP_PMTUDISC_WANT: 1,
  IP_PMTUDISC_DO: 2,
  IP_PMTUDISC_PROBE: 3,
  INADDR_ANY: 0,
};

/** Of names joined by `|`; undefined when one of them is not known. */
export function symbolValue(names: readonly string[]): number | undefined {
  let sum = 0;
  for (const name of names) {
    const value = /^\d/.test(name) ? Number(name) : Object.hasOwn(SYMBOLS, name) ? SYMBOLS[name] : undefined;
    if (value === undefined) return undefined;
    sum |= value;
  }
  return sum;
}

export function numberOf(call: Call, index: number): number {
  const value = call.arguments[index];
  const found = value?.kind === 'names' ? symbolValue(value.names) : undefined;
  if (found !== undefined) return found;
  if (value?.kind !== 'number')
    throw new NotSupported(`argument ${index + 1} of ${call.name}: a number is expected`);
  return value.value;
}

export function nameList(value: Value | undefined): string[] {
  return value?.kind === 'names' ? [...value.names] : [];
}

export function namesOf(call: Call, index: number): readonly string[] {
  return nameList(call.arguments[index]);
}

const FLAGS_AT: Readonly<Record<string, number>> = {
  sendmsg: 2,
  recvmsg: 2,
  send: 3,
  recv: 3,
  sendto: 3,
  recvfrom: 3,
};
/** Those that change nothing that a packet, or a result, shows. */
const INDIFFERENT = new Set([
  'MSG_NOSIGNAL',
  'MSG_EOR',
  'MSG_CONFIRM',
  'MSG_TRUNC',
  'MSG_ZEROCOPY',
  'MSG_CMSG_CLOEXEC',
]);
const KNOWN = new Set(['MSG_DONTWAIT', 'MSG_OOB', 'MSG_MORE', 'MSG_PEEK', 'MSG_WAITALL']);

/** Of send and recv: those that mean something. */
export function flagsOf(call: Call): string[] {
  const at = FLAGS_AT[call.name];
  if (at === undefined) return [];
  const flags = namesOf(call, at).filter((flag) => flag !== '0' && !INDIFFERENT.has(flag));
  const strange = flags.find((flag) => !KNOWN.has(flag));
  if (strange !== undefined) throw new NotSupported(`${call.name} with ${strange}`);
  const [value] = [call.arguments[at]];
  if (value?.kind === 'number' && value.value !== 0)
    throw new NotSupported(`${call.name} with flags ${value.value}`);
  if (call.name.startsWith('recv') && flags.includes('MSG_OOB'))
    throw new NotSupported(`${call.name} with MSG_OOB`);
  return flags;
}

/** The integers of `[1]`, `{onoff=1, linger=0}`, `[IP_PMTUDISC_DO]`. */
function numbersIn(what: string, value: Value | undefined): number[] {
  if (value?.kind === 'number') return [value.value];
  if (value?.kind === 'list') return value.items.flatMap((item) => numbersIn(what, item));
  if (value?.kind === 'struct') return [...value.fields.values()].flatMap((item) => numbersIn(what, item));
  if (value?.kind !== 'names') return [];
  const number = symbolValue(value.names);
  if (number === undefined) throw new NotSupported(`${what} to ${value.names.join('|')}`);
  return [number];
}

/** The same, or the one text of `"reno"`, `["reno"]`. */
export function optionValues(what: string, value: Value | undefined): OptionValue[] {
  const text = value?.kind === 'list' ? value.items[0] : value;
  return text?.kind === 'string' ? [text.value] : numbersIn(what, value);
}

/** `htons(80)`, `80` */
export function innerNumber(value: Value): number {
  if (value.kind === 'number') return value.value;
  if (value.kind === 'apply' && value.arguments[0]?.kind === 'number') return value.arguments[0].value;
  throw new NotSupported('a port that is no number');
}

/** The bytes of all parts of an I/O vector, or of the structure that holds one. */
export function vectorLength(value: Value | undefined): number {
  if (value?.kind === 'list') return value.items.reduce((sum, item) => sum + vectorLength(item), 0);
  if (value?.kind !== 'struct') throw new NotSupported('an I/O vector that is no list');
  const inner = value.fields.get('msg_iov');
  if (inner !== undefined) return vectorLength(inner);
  const length = value.fields.get('iov_len') ?? value.fields.get('1');
  if (length?.kind !== 'number') throw new NotSupported('a part of an I/O vector without a length');
  return length.value;
}
