/** Every option type with each length that may lie, in a header that has room for four bytes of options. */
import { expect, it } from 'vitest';
import { Tally } from './tally.ts';

/** End of options and no operation have no length (RFC 791 §3.1); Pad1 has none (RFC 8200 §4.2). */
const END = 0;
const NO_OPERATION = 1;
const ROOM = 4;
const LENGTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 127, 128, 254, 255];

it('of IPv4: one that is too short or too long for its header is a bad option (RFC 1122 §3.2.1.8)', () => {
  const tally = new Tally('ipv4', { medium: 'ip' });
  const { bench } = tally;
  for (let type = 0; type <= 0xff; type++) {
    for (const length of LENGTHS) {
      bench.frame(bench.echo({ options: [type, length, 0, 0] }));
      const drops = tally.drops();
      const where = { type, length };
      if (type === END || type === NO_OPERATION) {
        const hidden = type === NO_OPERATION && length > NO_OPERATION;
        expect({ ...where, drops }).toEqual({ ...where, drops: hidden ? { 'bad-option': 1 } : {} });
      } else if (length < 2 || length > ROOM) {
        expect({ ...where, drops }).toEqual({ ...where, drops: { 'bad-option': 1 } });
      } else {
        expect(['{}', '{"bad-option":1}', '{"source-routed":1}']).toContain(JSON.stringify(drops));
      }
    }
  }
  tally.check();
});

/** In an options header of eight bytes, behind `next` and its length. */
const ROOM_6 = 4;
const ROUTER_ALERT = 5;

it.each([
  ['hop-by-hop', 0],
  ['destination', 60],
])('of IPv6 %s options: the high bits say what follows, a lie is a bad option (RFC 8200 §4.2)', (_, next) => {
  const tally = new Tally('ipv6', { medium: 'ip' });
  const { bench } = tally;
  const message = bench.echo().subarray(40);
  for (let type = 0; type <= 0xff; type++) {
    for (const length of LENGTHS) {
      // What the option leaves of the header is Pad1.
      const payload = Uint8Array.from([58, 0, type, length, 0, 0, 0, 0, ...message]);
      bench.frame(bench.packet({ protocol: next, payload }));
      const where = { type, length };
      expect({ ...where, drops: tally.drops() }).toEqual({ ...where, drops: expected(type, length, next) });
    }
  }
  tally.check();
});

function expected(type: number, length: number, next: number): object {
  // The byte behind Pad1 is an option of its own.
  if (type === 0) return length === 0 ? {} : expectedShort(length, next);
  if (length > ROOM_6) return { 'bad-option': 1 };
  if (type === ROUTER_ALERT && next === 0) return length === 2 ? {} : { 'bad-option': 1 };
  return type === 1 || type >>> 6 === 0 ? {} : { 'unknown-option': 1 };
}

/** An option with length zero in the place where the length of another would be. */
function expectedShort(type: number, next: number): object {
  if (type === ROUTER_ALERT && next === 0) return { 'bad-option': 1 };
  return type >>> 6 === 0 ? {} : { 'unknown-option': 1 };
}
