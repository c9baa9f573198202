/**
 * The COUPLE broker. Every request of an application enters the IPv6 stack; what is IPv4 (AF_INET, or an
 * IPv4-mapped address, RFC 4291 §2.5.5.2) is handed to the coupled IPv4 stack. TCP listens on both stacks, UDP on the
 * IPv6 stack alone. The two stacks know nothing of each other; this is the one place where they meet.
 */
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6, isMapped, unmap } from '../../stacks/address/ipv6.ts';
import { type Failure, isFailure } from '../../stacks/address/network.ts';
import type { Clock } from '../../stacks/time/clock.ts';
import type {
  HostAddress,
  HostConnection,
  HostConnectOptions,
  HostFailure,
  HostInterfaceAddress,
  HostListener,
  HostUdpOptions,
  HostUdpSocket,
  ListenRequest,
  ResolveFailure,
  SocketHost,
} from '../sockets/host.ts';
import { Listening, type ListenPart, stackNumber } from '../sockets/listening.ts';
import { resolveName } from '../sockets/names.ts';
import { inOrder, type StackHost } from '../sockets/stack-host.ts';

export class Couple implements SocketHost {
  readonly servers: SocketHost['servers'] = new Set();
  gone = false;
  readonly name: string;
  readonly clock: Clock;
  readonly families: readonly Family[] = [ipv6, ipv4];
  readonly six: StackHost;
  /** The id behind COUPLE. */
  readonly partnerId: number;
  readonly #listening = new Set<Listening>();
  #four: StackHost | undefined;

  /** `six` is the stack whose deck holds the COUPLE statement; the partner comes with `join`, now or later. */
  constructor(six: StackHost, partnerId: number) {
    this.six = six;
    this.partnerId = partnerId;
    this.clock = six.clock;
    this.name = `couple ${stackNumber(six.stack.id)}/${stackNumber(partnerId)}`;
  }

  /** The partner, once it has joined. */
  get four(): StackHost | undefined {
    return this.#four;
  }

  /**
   * The IPv4 stack has appeared, running or not: listeners on any address extend to it.
   * @throws Error when it is not the stack that COUPLE names, or no IPv4 stack.
   */
  join(four: StackHost): void {
    if (four.stack.family !== ipv4 || four.stack.id !== this.partnerId) {
      throw new Error(`${this.name} cannot be joined by ${four.name} (${four.stack.family.name})`);
    }
    this.leave();
    this.#four = four;
    for (const listening of this.#listening) listening.extend({ stack: four.stack, address: ipv4.any });
  }

  /** The partner is taken away; its listeners close, and the couple is IPv6 only until the next `join`. */
  leave(): void {
    if (this.#four === undefined) return;
    for (const listening of this.#listening) listening.withdraw(this.#four.stack);
    this.#four = undefined;
  }

  activity(): void {
    this.six.activity();
  }

  parse(text: string): HostAddress | undefined {
    const parsed = this.six.parse(text);
    return parsed && plain(parsed);
  }

  format(address: HostAddress): string {
    return this.six.format(address);
  }

  resolve(name: string, done: (found: readonly HostAddress[] | ResolveFailure) => void): void {
    const tables = this.#four === undefined ? [this.six.names] : [this.six.names, this.#four.names];
    const found = resolveName(name, this.families, (text) => this.parse(text), tables, this.name);
    done('code' in found ? found : inOrder(found, this.six.stack, this.#four?.stack));
  }

  addresses(): HostInterfaceAddress[] {
    return [...this.six.addresses(), ...(this.#four?.addresses() ?? [])];
  }

  /**
   * An unspecified address of either family listens on both stacks: that is how a program written for IPv4 becomes
   * dual. A specific one listens on the stack of its family.
   */
  listenTcp(request: ListenRequest): HostListener | HostFailure {
    const local = request.local === undefined ? { family: ipv6, address: ipv6.any } : plain(request.local);
    if (!local.address.isUnspecified || request.ipv6Only === true) {
      const host = this.#hostOf(local.family);
      return isFailure(host) ? host : host.listenTcp({ ...request, local });
    }
    const parts: ListenPart[] = [{ stack: this.six.stack, address: ipv6.any }];
    const four = this.#four;
    if (four?.stack.running) parts.push({ stack: four.stack, address: ipv4.any });
    const opened = Listening.open(request, local, parts, (listening) => this.#listening.delete(listening));
    if (isFailure(opened)) return opened;
    this.#listening.add(opened);
    // A partner that is there and stopped gets its listener when it starts.
    if (four !== undefined) opened.extend({ stack: four.stack, address: ipv4.any });
    return opened;
  }

  connectTcp(remote: HostAddress, port: number, options: HostConnectOptions): HostConnection | Failure {
    const target = plain(remote);
    const host = this.#hostOf(target.family);
    if (isFailure(host)) return host;
    if (options.local === undefined) return host.connectTcp(target, port, options);
    return host.connectTcp(target, port, { ...options, local: plain(options.local) });
  }

  /** Single-bind: UDP stands on the IPv6 stack alone. */
  bindUdp(local: HostAddress, port: number, options: HostUdpOptions): HostUdpSocket | Failure {
    if (isIpv4(local)) return this.#singleBind(`UDP bind to ${this.format(local)}`);
    const socket = this.six.bindUdp(local, port, options);
    if (isFailure(socket)) return socket;
    return {
      network: socket.network,
      localAddress: socket.localAddress,
      localPort: socket.localPort,
      send: (data, remote, remotePort, sending) =>
        isIpv4(remote)
          ? this.#singleBind(`UDP send to ${this.format(remote)}`)
          : socket.send(data, remote, remotePort, sending),
      interfaceOf: (address) => socket.interfaceOf(address),
      join: (group, index) =>
        isIpv4(group) ? this.#singleBind(`join of ${this.format(group)}`) : socket.join(group, index),
      leave: (group, index) => socket.leave(group, index),
      close: () => socket.close(),
    };
  }

  #hostOf(family: Family): StackHost | Failure {
    if (family === ipv6) return this.six;
    const number = stackNumber(this.partnerId);
    return this.#four ?? { code: 'ENETDOWN', cause: `COUPLE ${number}: stack ${number} is not there` };
  }

  #singleBind(what: string): Failure {
    const six = stackNumber(this.six.stack.id);
    const four = stackNumber(this.partnerId);
    return {
      code: 'EAFNOSUPPORT',
      cause:
        `${what} through ${this.name}: UDP of a couple is bound on IPv6 stack ${six} only; ` +
        `for IPv4, start a second instance of the program with ID ${four}`,
    };
  }
}

/** An IPv4-mapped address is IPv4, here and in everything that judges an address (RFC 4942 §2.2). */
function plain(given: HostAddress): HostAddress {
  const mapped = given.family === ipv6 && isMapped(given.address);
  return mapped ? { family: ipv4, address: unmap(given.address) } : given;
}

function isIpv4(given: HostAddress): boolean {
  return plain(given).family === ipv4;
}
