/** The sockets of one stack: what a program gets that names the stack's own id. */
import type { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import { isMapped, mapped, unmap } from '../../stacks/address/ipv6.ts';
import { type Failure, isFailure } from '../../stacks/address/network.ts';
import type { Stack } from '../../stacks/stack.ts';
import type { Clock } from '../../stacks/time/clock.ts';
import type {
  HostAddress,
  HostConnection,
  HostConnectOptions,
  HostInterfaceAddress,
  HostListener,
  HostUdpOptions,
  HostUdpSocket,
  ListenRequest,
  ResolveFailure,
  SocketHost,
} from './host.ts';
import { Listening, stackNumber } from './listening.ts';
import { HostTable, parseAddress, resolveName } from './names.ts';

export interface StackHostOptions {
  /** The HOST statements of the stack's deck. */
  readonly names?: HostTable;
  /** See `SocketHost.activity`. */
  readonly activity?: () => void;
}

export class StackHost implements SocketHost {
  readonly servers: SocketHost['servers'] = new Set();
  gone = false;
  readonly stack: Stack;
  readonly names: HostTable;
  readonly name: string;
  readonly clock: Clock;
  readonly families: readonly Family[];
  readonly activity: () => void;

  constructor(stack: Stack, options: StackHostOptions = {}) {
    this.stack = stack;
    this.names = options.names ?? new HostTable();
    this.name = `stack ${stackNumber(stack.id)}`;
    this.clock = stack.environment.clock;
    this.families = [stack.family];
    this.activity = options.activity ?? (() => {});
  }

  parse(text: string): HostAddress | undefined {
    return parseAddress(text, (zone) => zoneIndex(this.stack, zone));
  }

  format(address: HostAddress): string {
    return formatOn(this.stack, address);
  }

  resolve(name: string, done: (found: readonly HostAddress[] | ResolveFailure) => void): void {
    const found = resolveName(name, this.families, (text) => this.parse(text), [this.names], this.name);
    done('code' in found ? found : inOrder(found, this.stack, undefined));
  }

  addresses(): HostInterfaceAddress[] {
    return this.stack.interfaces().flatMap((link) =>
      link.addresses.map(({ address, prefixLength }) => ({
        interface: link.name,
        family: this.stack.family,
        address,
        prefixLength,
      })),
    );
  }

  listenTcp(request: ListenRequest): HostListener | Failure {
    const local = request.local ?? { family: this.stack.family, address: this.stack.family.any };
    if (local.family !== this.stack.family) return this.#wrongFamily(local);
    const opened = Listening.open(request, local, [{ stack: this.stack, address: local.address }], () => {});
    // With one stack it goes without saying who refused.
    return isFailure(opened) ? { code: opened.code, cause: opened.cause } : opened;
  }

  connectTcp(remote: HostAddress, port: number, options: HostConnectOptions): HostConnection | Failure {
    const wrong = this.#misfit(remote) ?? (options.local && this.#misfit(options.local));
    if (wrong !== undefined) return wrong;
    if (!this.stack.running) return this.#down();
    const connection = this.stack.tcp.connect(remote.address, port, {
      handler: options.handler,
      ...(options.local !== undefined && { localAddress: options.local.address }),
      ...(options.localPort !== undefined && { localPort: options.localPort }),
      ...(options.options !== undefined && { options: options.options }),
    });
    return isFailure(connection) ? connection : { connection, network: this.stack };
  }

  bindUdp(local: HostAddress, port: number, options: HostUdpOptions): HostUdpSocket | Failure {
    const wrong = this.#misfit(local);
    if (wrong !== undefined) return wrong;
    if (!this.stack.running) return this.#down();
    const socket = this.stack.udp.bind(local.address, port, options);
    if (isFailure(socket)) return { code: socket.code, cause: `${this.name}: ${socket.cause}` };
    return {
      network: this.stack,
      localAddress: socket.localAddress,
      localPort: socket.localPort,
      send: (data, remote, remotePort, sending) =>
        this.#misfit(remote) ?? socket.send(data, remote.address, remotePort, sending),
      interfaceOf: (address) => this.#misfit(address) ?? this.#interfaceOf(address.address),
      join: (group, index) => this.#misfit(group) ?? socket.join(group.address, index),
      leave: (group, index) => this.#misfit(group) ?? socket.leave(group.address, index),
      close: () => socket.close(),
    };
  }

  #interfaceOf(address: Address): number | Failure {
    if (address.zone !== 0 || address.isUnspecified) return address.zone;
    const link = this.stack
      .interfaces()
      .find(({ addresses }) => addresses.some((own) => own.address.sameHost(address)));
    if (link !== undefined) return link.index;
    return {
      code: 'EADDRNOTAVAIL',
      cause: `${this.stack.describe(address)} is no address of an interface of ${this.name}`,
    };
  }

  /** EAFNOSUPPORT for an address that this stack cannot carry; a mapped one is IPv4 in IPv6 clothes. */
  #misfit(address: HostAddress): Failure | undefined {
    const { family } = this.stack;
    const fits = address.family === family && !(family.version === 6 && isMapped(address.address));
    return fits ? undefined : this.#wrongFamily(address);
  }

  #wrongFamily(address: HostAddress): Failure {
    const { family } = this.stack;
    return {
      code: 'EAFNOSUPPORT',
      cause: `${this.format(address)} cannot be used on ${this.name}, which speaks ${family.name} only`,
    };
  }

  #down(): Failure {
    return { code: 'ENETDOWN', cause: `${this.name} (${this.stack.name}) is not running` };
  }
}

/**
 * The addresses of a name in the order of RFC 6724 §6, as `six` prefers them; those of IPv4 with the sources that `four`
 * has. As they came where there is no choice, or no IPv6 stack.
 */
export function inOrder(
  found: readonly HostAddress[],
  six: Stack,
  four: Stack | undefined,
): readonly HostAddress[] {
  if (six.ipv6 === undefined || found.length < 2) return found;
  const byAddress = new Map(
    found.map((one) => [one.family.version === 4 ? mapped(one.address) : one.address, one]),
  );
  const sorted = six.ipv6.sortDestinations([...byAddress.keys()], (address) => {
    const source = four?.running === true ? four.sourceFor(unmap(address)) : undefined;
    return source === undefined || isFailure(source) ? undefined : mapped(source);
  });
  return sorted.map((address) => byAddress.get(address)!);
}

/** A zone is written as the link's name or as its index (RFC 4007 §11.2). */
function zoneIndex(stack: Stack, zone: string): number | undefined {
  if (stack.family.version !== 6) return undefined;
  const link = stack.interfaces().find(({ name, index }) => name === zone || String(index) === zone);
  return link?.index;
}

function formatOn(stack: Stack, { family, address }: HostAddress): string {
  return family === stack.family ? stack.describe(address) : family.format(address);
}
