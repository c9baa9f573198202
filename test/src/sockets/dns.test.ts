import { describe, expect, it } from 'vitest';
import { Couple } from '../../../src/couple/couple.ts';
import { createDns } from '../../../src/sockets/dns.ts';
import { HostTable } from '../../../src/sockets/names.ts';
import { mapped } from '../../../stacks/address/ipv6.ts';
import { Network } from './virtual.ts';

describe('dns', () => {
  const network = new Network();
  const names6 = new HostTable();
  const names4 = new HostTable();
  const six = network.host(2, '2001:db8::1', names6);
  const four = network.host(3, '192.0.2.1', names4);
  names6.add('DUAL', six.parse('2001:db8::7')!);
  names4.add('dual', four.parse('192.0.2.7')!);
  names4.add('OLD', four.parse('192.0.2.8')!);
  const couple = new Couple(six, 3);
  couple.join(four);
  const dns = createDns(couple);

  it('answers from the HOST statements of both stacks, IPv6 first', async () => {
    expect(await dns.lookup('dual')).toEqual({ address: '2001:db8::7', family: 6 });
    expect(await dns.lookup('Dual', { family: 4 })).toEqual({ address: '192.0.2.7', family: 4 });
    expect(await dns.lookup('dual', 4)).toEqual({ address: '192.0.2.7', family: 4 });
    expect(await dns.lookup('DUAL', { all: true })).toEqual([
      { address: '2001:db8::7', family: 6 },
      { address: '192.0.2.7', family: 4 },
    ]);
    expect(await createDns(four).lookup('dual', { all: true })).toEqual([
      { address: '192.0.2.7', family: 4 },
    ]);
  });

  it('names first what can be reached, and what the policies prefer (RFC 6724 §6)', async () => {
    names6.add('far', six.parse('2a00::7')!); // no route
    names4.add('far', four.parse('192.0.2.7')!);
    const families = async (name: string) =>
      (await dns.lookup(name, { all: true })).map(({ family }) => family);
    expect(await families('far')).toEqual([4, 6]);
    expect(await families('dual')).toEqual([6, 4]);
    const prefix = mapped(four.parse('192.0.2.0')!.address);
    six.stack.ipv6!.policies.set({ prefix, prefixLength: 120, precedence: 99, label: 4 });
    expect(await families('dual')).toEqual([4, 6]);
  });

  it('takes literals, zones and localhost', async () => {
    expect(await dns.lookup('192.0.2.9')).toEqual({ address: '192.0.2.9', family: 4 });
    expect(await dns.lookup('FE80::1%OSA')).toEqual({ address: 'fe80::1%OSA', family: 6 });
    expect(await dns.lookup('localhost', { all: true })).toEqual([
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]);
  });

  it('says ENOTFOUND and why', async () => {
    const why = async (asked: Promise<unknown>) => {
      const error = await asked.then(
        () => undefined,
        (reason) => reason,
      );
      expect(error).toMatchObject({ code: 'ENOTFOUND', errno: -3008, syscall: 'getaddrinfo' });
      return error.cause.message as string;
    };
    expect(await why(dns.lookup('nobody'))).toContain("'nobody' is in no HOST statement of couple 02/03");
    expect(await why(dns.lookup('old', { family: 6 }))).toContain('none of IPv6');
    expect(await why(dns.lookup('fe80::1%NONE'))).toContain("no link named 'NONE'");
    await expect(dns.lookup('old', { family: 5 as never })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });
});
