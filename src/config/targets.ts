/** What actions and claims name: segments, and targets that a stack can look up. */
import { nn } from './decks.ts';
import { readAddress } from './ip.ts';
import type { Operands } from './operands.ts';
import { quote, type Report } from './report.ts';
import type { StackDraft } from './stack.ts';
import { nearest } from './suggest.ts';

/** Everything an AT card may name. */
export interface Surroundings {
  readonly byId: ReadonlyMap<number, StackDraft>;
  readonly segments: ReadonlySet<string>;
  /** False when a part of the decks could not be read, so that a stack may be missing for that alone. */
  readonly whole: boolean;
}

/** The operand `segment`; reported when there is no such segment. */
export function segmentOf(operands: Operands, around: Surroundings, report: Report): string {
  const name = operands.text('segment');
  if (!around.segments.has(name)) {
    const near = report.full ? undefined : nearest(name, around.segments);
    report.add('TW2308', operands.token('segment'), `segment ${name} is not in the decks`, {
      label: `segments: ${[...around.segments].slice(0, 8).join(', ') || 'none'}`,
      ...(near === undefined ? {} : { help: `did you mean ${near}?` }),
    });
  }
  return name;
}

/** An address of a family that the stack (or its partner) has, or a name that it can look up; names of HOST in upper case. */
export function targetOf(
  operands: Operands,
  stack: StackDraft,
  partner: StackDraft | undefined,
  report: Report,
): string | undefined {
  const token = operands.token('target');
  const { text } = token;
  if (readAddress(stack.version, text) !== undefined) return text;
  if (readAddress(stack.version === 4 ? 6 : 4, text) !== undefined) {
    if (stack.source.unread.any('COUPLE')) return text;
    if (partner !== undefined || (stack.couple !== undefined && stack.version === 6)) return text;
    report.add('TW1210', token, `${text} is not an address of the family of stack ${nn(stack.id)}`, {
      label: `an IPv${stack.version} stack`,
      help: 'let a stack of that family do it, or a stack that is coupled to one (not for PING)',
    });
    return undefined;
  }
  const name = text.toUpperCase();
  const places = partner === undefined ? [stack] : [stack, partner];
  if (places.some((place) => place.hosts.some((h) => h.config.name === name))) return name;
  const lost = places.some(({ source: { unread } }) => unread.has(name, 'HOST') || unread.any('DNS'));
  if (!lost && places.every((place) => place.dns.length === 0)) {
    const near = report.full
      ? undefined
      : nearest(
          name,
          places.flatMap((place) => place.hosts.map((h) => h.config.name)),
        );
    report.add('TW2306', token, `stack ${nn(stack.id)} cannot look up ${quote(text)}`, {
      label: 'no HOST of this name, and no DNS',
      help: near === undefined ? `write HOST ${quote(text)} address` : `did you mean ${near}?`,
    });
  }
  return text;
}
