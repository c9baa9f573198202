/** Text to addresses: literals with zones (RFC 4007 §11), `localhost` (RFC 6761 §6.3) and the HOST statements. */
import { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import type { HostAddress, ResolveFailure } from './host.ts';

/** HOST name address: names compare without case, addresses stay in the order of their cards. */
export class HostTable {
  readonly #entries = new Map<string, HostAddress[]>();

  add(name: string, address: HostAddress): void {
    const key = name.toLowerCase();
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, [address]);
    else entry.push(address);
  }

  find(name: string): readonly HostAddress[] {
    return this.#entries.get(name.toLowerCase()) ?? [];
  }
}

/** `zoneIndex` gives the interface index for a zone's name, undefined when there is no such link. */
export function parseAddress(
  text: string,
  zoneIndex: (zone: string) => number | undefined,
): HostAddress | undefined {
  const four = ipv4.parse(text);
  if (four !== undefined) return { family: ipv4, address: four };
  const at = text.indexOf('%');
  const six = ipv6.parse(at < 0 ? text : text.slice(0, at));
  if (six === undefined) return undefined;
  if (at < 0) return { family: ipv6, address: six };
  const zone = zoneIndex(text.slice(at + 1));
  if (zone === undefined) return undefined;
  return { family: ipv6, address: new Address(six.w0, six.w1, six.w2, six.w3, zone) };
}

/** The addresses of `name` in the given families, or why there are none. `where` names the host in the cause. */
export function resolveName(
  name: string,
  families: readonly Family[],
  parse: (text: string) => HostAddress | undefined,
  tables: readonly HostTable[],
  where: string,
): readonly HostAddress[] | ResolveFailure {
  const literal = parse(name);
  if (literal !== undefined) return [literal];
  if (name.toLowerCase() === 'localhost') {
    return families.map((family) => ({ family, address: family.loopback }));
  }
  const found = tables.flatMap((table) => table.find(name));
  if (found.length > 0) return found;
  const percent = name.indexOf('%');
  const cause =
    percent >= 0
      ? `${where} has no link named '${name.slice(percent + 1)}' for the zone of '${name}'`
      : `'${name}' is in no HOST statement of ${where}, and no name server is asked`;
  return { code: 'ENOTFOUND', cause };
}
