/** The part of node:dns/promises that needs no name server: `lookup` answers from literals and the HOST statements. */
import { nodeError, resolveError } from './errors.ts';
import type { HostAddress, SocketHost } from './host.ts';

export interface LookupAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface LookupOptions {
  /** 0 or undefined: any. */
  readonly family?: 0 | 4 | 6 | 'IPv4' | 'IPv6' | undefined;
  readonly all?: boolean | undefined;
}

export interface Dns {
  /** @throws ENOTFOUND when the name has no address of that family. */
  lookup(hostname: string, options: LookupOptions & { readonly all: true }): Promise<LookupAddress[]>;
  lookup(hostname: string, options?: LookupOptions | 0 | 4 | 6): Promise<LookupAddress>;
}

export function createDns(host: SocketHost): Dns {
  const find = (hostname: string) =>
    new Promise<readonly HostAddress[]>((resolve, reject) => {
      host.clock.refresh();
      host.resolve(hostname, (found) => {
        host.activity();
        if ('code' in found) reject(resolveError(found, hostname));
        else resolve(found);
      });
    });

  async function lookup(hostname: string, options: LookupOptions & { all: true }): Promise<LookupAddress[]>;
  async function lookup(hostname: string, options?: LookupOptions | 0 | 4 | 6): Promise<LookupAddress>;
  async function lookup(hostname: string, options: LookupOptions | 0 | 4 | 6 = {}) {
    const { family, all } = typeof options === 'number' ? { family: options, all: false } : options;
    const version = readFamily(family);
    const found = (await find(hostname))
      .filter((address) => version === 0 || address.family.version === version)
      .map((address) => ({ address: host.format(address), family: address.family.version }));
    if (found.length === 0) {
      const cause = `'${hostname}' has addresses on ${host.name}, but none of IPv${version}`;
      throw resolveError({ code: 'ENOTFOUND', cause }, hostname);
    }
    return all === true ? found : found[0];
  }

  return { lookup };
}

function readFamily(family: LookupOptions['family']): 0 | 4 | 6 {
  if (family === undefined || family === 0) return 0;
  if (family === 4 || family === 'IPv4') return 4;
  if (family === 6 || family === 'IPv6') return 6;
  throw nodeError('ERR_INVALID_ARG_VALUE', `options.family must be 0, 4 or 6. Received ${family}`, TypeError);
}
