/** Errors that lie about our packets, on both families. */
import { describe, expect, it } from 'vitest';
import type { Bench } from '../../compliance/bench/bench.ts';
import { type Bytes, data } from '../../compliance/bench/bytes.ts';
import { Tally } from './tally.ts';

/** RFC 792 wants the header and eight bytes; as much says whose packet it was (RFC 4443 §2.4(c) wants more). */
const ENOUGH = { ipv4: 20 + 8, ipv6: 40 + 8 } as const;

function sentDatagram(bench: Bench): { readonly errors: readonly string[]; readonly bytes: Bytes } {
  const inbox = bench.bind(5_000);
  const [sent] = bench.sendFrom(inbox, bench.far, data(40));
  return { errors: inbox.errors, bytes: sent!.bytes };
}

describe.each(['ipv4', 'ipv6'] as const)('over %s', (family) => {
  it('a quotation that ends anywhere before the ports are whole is about nothing of ours', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    const { errors, bytes } = sentDatagram(bench);
    for (let length = 0; length < ENOUGH[family]; length++) {
      const error = bench.error('port-unreachable', bytes.subarray(0, length));
      expect(bench.send(error, { from: bench.router })).toEqual([]);
      expect({ length, drops: tally.drops() }).toEqual({ length, drops: { 'icmp-unmatched': 1 } });
    }
    expect(errors).toEqual([]);
    bench.send(bench.error('port-unreachable', bytes.subarray(0, ENOUGH[family])), { from: bench.router });
    expect(errors).toEqual(['ECONNREFUSED']);
    tally.check();
  });

  it('so is one whose headers lead past its end, or into the packet of the error', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    const { errors, bytes } = sentDatagram(bench);
    const lies: [at: number, values: readonly number[]][] =
      family === 'ipv4'
        ? [[0, [0x40, 0x41, 0x44, 0x4f, 0x65]]]
        : [
            [6, [0, 43, 44, 60, 59]],
            [0, [0x45, 0x50, 0x00]],
          ];
    let told = 0;
    for (const [at, values] of lies) {
      for (const value of values) {
        bench.send(bench.error('port-unreachable', bytes.with(at, value).subarray(0, ENOUGH[family])), {
          from: bench.router,
        });
        told++;
      }
    }
    expect(tally.drops()).toEqual({ 'icmp-unmatched': told });
    expect(errors).toEqual([]);
    tally.check();
  });

  it('a flood of packets too big for what was never sent teaches nothing (RFC 5927 §4, RFC 8201 §4)', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    for (let i = 0; i < 200; i++) {
      const invented = bench.udp({ source: bench.me, destination: bench.far, from: i, data: data(1_400) });
      bench.inject(bench.error('too-big', invented, { word: 1_280 }), bench.router);
    }
    expect(tally.drops()).toEqual({ 'icmp-unmatched': 200 });
    expect([...bench.stack.pathMtus()]).toEqual([]);
    tally.check();
  });

  it('errors about a flood are bounded by a rate, and the flood is counted (RFC 1812 §4.3.2.8, RFC 4443 §2.4(f))', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    bench.send(bench.echo());
    bench.forget();
    for (let i = 0; i < 5_000; i++) bench.inject(bench.udp({ to: 9_999 }));
    expect(bench.seen().length).toBe(50);
    expect(tally.drops()).toEqual({ 'port-unreachable': 5_000 });
    tally.check();
  });
});
