/** Is what a call has written into the memory of its caller what the script says? */
import { symbolValue } from './arguments.ts';
import type { Written } from './calls.ts';
import type { Names } from './expression.ts';
import type { Call, Value } from './syntax.ts';
import { Failed, Inconclusive } from './verdict.ts';

/** @throws Failed, or Inconclusive for what cannot be compared. */
export function judgeWritten(call: Call, index: number, value: Written): void {
  const given = call.arguments[index];
  if (typeof value === 'function') {
    judgeFields(call, given, value);
    return;
  }
  const wanted = given?.kind === 'list' ? given.items[0] : given;
  if (wanted === undefined || wanted.kind === 'ellipsis') return;
  const expected = valueText(wanted, typeof value === 'number');
  if (wanted.kind === 'struct' && typeof value === 'number')
    throw new Inconclusive(call.at, `what ${call.name} writes is not compared with a structure here`);
  // A text that a call has written stands in the script's form: `revents POLLIN`.
  const differs =
    expected === undefined ? typeof value === 'string' && index < 2 : expected !== String(value);
  if (differs) {
    const instead = expected === undefined ? '' : `, not ${expected}`;
    throw new Failed(call.at, [`${call.name}: ${value} in argument ${index + 1}${instead}`]);
  }
}

/** Every field of a structure that the script gives a value. */
function judgeFields(call: Call, given: Value | undefined, names: Names): void {
  const fields = given?.kind === 'struct' ? given.fields : new Map<string, Value>();
  for (const [name, wanted] of fields) {
    if (wanted.kind === 'ellipsis') continue;
    const found = names(name);
    const expected =
      wanted.kind === 'names' ? wanted.names.map(names).find((n) => n !== undefined) : valueText(wanted);
    if (found === undefined || expected === undefined)
      throw new Inconclusive(call.at, `${call.name}: ${name} is not known here`);
    if (String(found) !== String(expected))
      throw new Failed(call.at, [`${call.name}: ${name} is ${found}, not ${expected}`]);
  }
}

/** `asNumber`: a name stands for its number. */
function valueText(value: Value, asNumber = false): string | undefined {
  if (value.kind === 'number' || value.kind === 'string') return String(value.value);
  if (value.kind !== 'names') return undefined;
  const number = asNumber ? symbolValue(value.names) : undefined;
  return number === undefined ? value.names.join('|') : String(number);
}
