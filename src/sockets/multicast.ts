/** What a datagram socket has to do with groups: which it hears, and how what it sends to them leaves. */
import type { UdpSendOptions } from '../../stacks/udp/api.ts';
import { networkError, nodeError } from './errors.ts';
import type { HostAddress, HostUdpSocket, SocketHost } from './host.ts';

export class Multicast {
  /** RFC 1112 §6.1: a group is not reached beyond the link unless asked for. */
  hopLimit = 1;
  loopback = true;
  readonly #host: SocketHost;
  /** Of datagrams to groups; 0: as the routes say. */
  #interface = 0;

  constructor(host: SocketHost) {
    this.#host = host;
  }

  get sendOptions(): UdpSendOptions {
    return { hopLimit: this.hopLimit, loopback: this.loopback };
  }

  /** `group` by the interface of `setInterface`, unless it came with a zone of its own. */
  towards<T extends HostAddress>(group: T): T {
    if (this.#interface === 0 || group.address.zone !== 0) return group;
    const address = group.address.clone();
    address.zone = this.#interface;
    return { ...group, address };
  }

  /** `on` as for `membership`. @throws the error of the system call. */
  setInterface(socket: HostUdpSocket, on: string): void {
    this.#interface = this.#indexOf(socket, on, 'setMulticastInterface');
  }

  /**
   * `on` is an address of the interface, or for IPv6 a zone as in `::%eth0`; without it the routes name the interface.
   * @throws the error of the system call.
   */
  membership(
    socket: HostUdpSocket,
    syscall: 'addMembership' | 'dropMembership',
    group: string,
    on: string | undefined,
  ): void {
    const address = this.#literal(group, syscall);
    const index = on ? this.#indexOf(socket, on, syscall) : address.address.zone;
    const joins = syscall === 'addMembership';
    const failure = joins ? socket.join(address, index) : socket.leave(address, index);
    if (failure !== undefined) throw networkError(failure, { syscall });
  }

  #indexOf(socket: HostUdpSocket, on: string, syscall: string): number {
    const index = socket.interfaceOf(this.#literal(on, syscall));
    if (typeof index === 'number') return index;
    throw networkError(index, { syscall, address: on });
  }

  #literal(text: string, syscall: string): HostAddress {
    if (!text) {
      throw nodeError('ERR_MISSING_ARGS', 'The "multicastAddress" argument must be specified', TypeError);
    }
    const address = this.#host.parse(text);
    if (address !== undefined) return address;
    throw networkError({ code: 'EINVAL', cause: `${text} is no address` }, { syscall });
  }
}
