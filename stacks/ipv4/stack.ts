/**
 * The IPv4 stack: RFC 791, 792, 826, 1122, 1812. This file puts the parts together; the way of a packet is
 * input -> (reassemble ->) icmp | udp | tcp, or input -> forward -> output; the way of a call is output -> arp -> link.
 */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { Failure, OutputOptions } from '../address/network.ts';
import type { Decision } from '../forward/decision.ts';
import { PathMtuTable } from '../forward/path-mtu.ts';
import { SilentGateways } from '../forward/silent-gateways.ts';
import type { Device, Offload } from '../packet/device.ts';
import type { Environment } from '../packet/environment.ts';
import type { Packet } from '../packet/packet.ts';
import type { Counters, DropReason } from '../packet/verdict.ts';
import {
  type AddressConflict,
  type Candidate,
  type EchoOptions,
  type EchoResult,
  type Group,
  type Interface,
  type InterfaceOptions,
  MAX_CONNECTIONS,
  type Neighbour,
  type Route,
  type RouteMatch,
  type Stack,
  type StackOptions,
} from '../stack.ts';
import { Tcp } from '../tcp/tcp.ts';
import { Udp } from '../udp/udp.ts';
import { DESTINATION_UNREACHABLE, HOST_UNREACHABLE } from '../wire/icmp.ts';
import { IPV4_LEAST_MTU } from '../wire/ipv4.ts';
import { ConflictDetection } from './acd.ts';
import { Arp } from './arp.ts';
import { Echo } from './echo.ts';
import { Errors } from './errors.ts';
import { Forwarder } from './forward.ts';
import { Host } from './host.ts';
import { Icmp } from './icmp.ts';
import { Igmp } from './igmp.ts';
import { Input } from './input.ts';
import { Ipv4Interface } from './interface.ts';
import { Options } from './options.ts';
import { Output } from './output.ts';
import { Reassembler } from './reassemble.ts';
import { Redirects } from './redirects.ts';

export class Ipv4Stack implements Stack {
  readonly family = ipv4;
  readonly environment: Environment;
  readonly id: number;
  readonly name: string;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly stateListeners = new Set<(running: boolean) => void>();
  readonly conflictListeners = new Set<(conflict: AddressConflict) => void>();
  readonly #host: Host;
  readonly #pathMtus: PathMtuTable;
  readonly #arp: Arp;
  readonly #claims: ConflictDetection;
  readonly #igmp: Igmp;
  readonly #redirects: Redirects;
  readonly #gateways: SilentGateways;
  readonly #output: Output;
  readonly #echo: Echo;
  readonly #icmp: Icmp;
  readonly #reassembler: Reassembler;
  readonly #input: Input;

  constructor(environment: Environment, options: StackOptions) {
    this.environment = environment;
    this.id = options.id;
    this.name = options.name;
    const host = new Host(environment, options);
    this.#host = host;
    this.#pathMtus = new PathMtuTable(environment, ipv4);
    this.#claims = new ConflictDetection(host, {
      abandon: ({ address }) => this.tcp.endLocal(address),
      conflict: (link, local) => {
        for (const listener of this.conflictListeners) listener({ link, local });
      },
    });
    this.#arp = new Arp(host, this.#claims, {
      unresolved: (packet, reason) => this.#unresolved(packet, reason),
      lost: (address, index) => {
        this.#redirects.lost(address, index);
        if (!host.forwarding) this.#gateways.lost(address, index);
      },
      found: (address, index) => this.#gateways.found(address, index),
    });
    this.#gateways = new SilentGateways(environment.clock, host.routes, (address, index) =>
      this.#arp.cache.probe(address, index),
    );
    this.#output = new Output(host, this.#pathMtus, this.#arp, (packet) => this.#input.receiveLooped(packet));
    const headerOptions = new Options(host);
    const redirects = new Redirects(host, headerOptions);
    this.#redirects = redirects;
    this.#igmp = new Igmp(host, this.#output, headerOptions);
    this.#echo = new Echo(host, this.#output);
    const errors = new Errors(host);
    this.#icmp = new Icmp(host, this.#output, errors, this.#pathMtus, this.#echo, headerOptions, redirects);
    this.#reassembler = new Reassembler(host, this.#icmp);
    const forwarder = new Forwarder(host, this.#output, this.#icmp, headerOptions, redirects);
    this.#input = new Input(
      host,
      this.#arp,
      this.#icmp,
      this.#igmp,
      forwarder,
      this.#reassembler,
      headerOptions,
    );
    this.tcp = new Tcp(this, { maxConnections: options.maxConnections ?? MAX_CONNECTIONS });
    this.udp = new Udp(this);
    for (const transport of [this.tcp, this.udp]) {
      this.#input.register(transport);
      errors.register(transport);
    }
    errors.register(this.#echo);
  }

  get counters(): Counters {
    return this.#host.counters;
  }

  get running(): boolean {
    return this.#host.running;
  }

  get forwarding(): boolean {
    return this.#host.forwarding;
  }

  set forwarding(on: boolean) {
    if (on) {
      this.#gateways.clear();
      this.#redirects.clear();
    }
    this.#host.forwarding = on;
  }

  get filter(): Stack['filter'] {
    return this.#host.filter;
  }

  set filter(filter: Stack['filter']) {
    this.#host.filter = filter;
  }

  /** @throws RangeError for an MTU under 68 bytes (RFC 791 §3.2). */
  addInterface(name: string, device: Device, options: InterfaceOptions): Interface {
    const host = this.#host;
    const mtu = Math.min(options.mtu, device.mtu);
    if (mtu < IPV4_LEAST_MTU)
      throw new RangeError(`${name}: an IPv4 link carries at least ${IPV4_LEAST_MTU} bytes`);
    const iface = new Ipv4Interface(host.interfaces.length + 1, name, device, { ...options, mtu });
    host.interfaces.push(iface);
    host.routes.setUsable(iface.index, false);
    if (options.address !== undefined) {
      host.addAddress(iface, options.address, options.prefixLength ?? ipv4.bits);
    }
    device.attach(
      (packet) => this.#input.receive(packet, iface),
      (packets, count) => this.#input.receiveBurst(packets, count, iface),
    );
    if (host.running) this.#bringUp(iface);
    return iface;
  }

  addAddress(index: number, address: Address, prefixLength: number): void {
    this.environment.clock.refresh();
    const iface = this.#interface(index);
    const local = this.#host.addAddress(iface, address, prefixLength);
    if (local !== undefined && iface.up) this.#claims.claim(iface, local);
  }

  removeAddress(index: number, address: Address): boolean {
    this.environment.clock.refresh();
    const iface = this.#interface(index);
    const local = iface.addresses.find((own) => own.address.equals(address));
    if (local === undefined) return false;
    // First the connections, whose resets still leave.
    this.tcp.endLocal(address);
    this.#claims.forget(local);
    this.#host.removeAddress(iface, local);
    this.#pathMtus.clear();
    return true;
  }

  setMtu(index: number, mtu: number): void {
    const iface = this.#interface(index);
    if (mtu < IPV4_LEAST_MTU || mtu > iface.device.mtu) {
      throw new RangeError(`${iface.name}: an MTU of ${IPV4_LEAST_MTU} to ${iface.device.mtu}`);
    }
    iface.mtu = mtu;
    this.#pathMtus.clear();
  }

  setLink(index: number, up: boolean): void {
    this.environment.clock.refresh();
    const iface = this.#interface(index);
    iface.enabled = up;
    if (up && this.#host.running) this.#bringUp(iface);
    else this.#takeDown(iface);
  }

  interfaces(): readonly Interface[] {
    return this.#host.interfaces;
  }

  /** @throws RangeError when there is no such interface. */
  addRoute(route: Route): void {
    if (route.kind === undefined || route.kind === 'unicast') this.#interface(route.interfaceIndex);
    this.#routesChange(route.destination, route.prefixLength);
    this.#host.routes.add(route);
  }

  removeRoute(destination: Address, prefixLength: number, gateway?: Address): boolean {
    return this.withdrawRoutes(destination, prefixLength, { gateway }) > 0;
  }

  withdrawRoutes(destination: Address, prefixLength: number, match: RouteMatch): number {
    this.#routesChange(destination, prefixLength);
    return this.#host.routes.withdraw(destination, prefixLength, match);
  }

  routes(): Iterable<Route> {
    return this.#host.routes;
  }

  explain(destination: Address, source?: Address): readonly Candidate[] {
    return this.#host.routes.explain(destination, source);
  }

  /** Every route that matches, the one taken first: the table's own ranking, for those who ask why. */
  candidates(destination: Address): readonly Route[] {
    return this.#host.routes.candidates(destination);
  }

  decideOutput(packet: Packet, source: Address, destination: Address, protocol: number): Decision {
    return this.#output.decide(packet, source, destination, protocol);
  }

  decideInput(packet: Packet, interfaceIndex: number): Decision {
    return this.#input.decide(packet, this.#interface(interfaceIndex));
  }

  askNeighbour(address: Address, interfaceIndex: number): void {
    this.environment.clock.refresh();
    this.#arp.cache.probe(address, interfaceIndex);
  }

  neighbours(): Iterable<Neighbour> {
    return this.#arp.cache.entries();
  }

  *groups(): Iterable<Group> {
    for (const { index, groups } of this.#host.interfaces) {
      for (const [group, { users }] of groups) {
        yield { group: new Address(0, 0, 0, group), interfaceIndex: index, users };
      }
    }
  }

  pathMtus(): Iterable<{ readonly destination: Address; readonly mtu: number }> {
    return this.#pathMtus.entries();
  }

  echo(destination: Address, options: EchoOptions, done: (result: EchoResult) => void): void {
    this.environment.clock.refresh();
    this.#echo.request(destination, options, done);
  }

  start(): void {
    const host = this.#host;
    if (host.running) return;
    this.environment.clock.refresh();
    host.running = true;
    for (const iface of host.interfaces) if (iface.enabled) this.#bringUp(iface);
    for (const listener of this.stateListeners) listener(true);
  }

  stop(): void {
    const host = this.#host;
    if (!host.running) return;
    this.environment.clock.refresh();
    // First the transports, whose resets still leave.
    this.tcp.stop();
    this.udp.stop();
    this.#echo.stop();
    for (const iface of host.interfaces) this.#takeDown(iface);
    host.running = false;
    this.#output.flush();
    this.#reassembler.flush();
    for (const listener of this.stateListeners) listener(false);
  }

  sourceFor(destination: Address): Address | Failure {
    return this.#output.sourceFor(destination);
  }

  isLocal(address: Address): boolean {
    return this.#host.isOwn(address.w3);
  }

  pathMtu(destination: Address): number {
    return this.#output.pathMtu(destination);
  }

  linkMtu(destination: Address): number {
    return this.#output.linkMtu(destination);
  }

  offload(destination: Address): Offload | undefined {
    return this.#output.offload(destination);
  }

  output(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: OutputOptions,
  ): Failure | undefined {
    return this.#output.send(packet, source, destination, protocol, options);
  }

  join(group: Address, interfaceIndex: number): number | Failure {
    const iface = this.#output.linkOf(group, interfaceIndex);
    if (iface === undefined) {
      const cause =
        interfaceIndex === 0 ? 'no link can carry the group' : `there is no interface ${interfaceIndex}`;
      return { code: 'ENODEV', cause };
    }
    this.#igmp.join(iface, group.w3);
    return iface.index;
  }

  leave(group: Address, interfaceIndex: number): void {
    this.#igmp.leave(this.#interface(interfaceIndex), group.w3);
  }

  confirmReachable(destination: Address): void {
    this.#output.confirmReachable(destination);
  }

  describe(address: Address): string {
    return ipv4.format(address);
  }

  /** What was learnt by other routes is not true any more. */
  #routesChange(destination: Address, prefixLength: number): void {
    this.#pathMtus.forgetUnder(destination, prefixLength);
    this.#redirects.forgetUnder(destination, prefixLength);
  }

  #bringUp(iface: Ipv4Interface): void {
    if (iface.up) return;
    iface.up = true;
    this.#pathMtus.clear();
    this.#host.routes.setUsable(iface.index, true);
    this.#claims.start(iface);
    this.#igmp.start(iface);
  }

  #takeDown(iface: Ipv4Interface): void {
    if (!iface.up) return;
    iface.up = false;
    this.#pathMtus.clear();
    this.#gateways.forgetLink(iface.index);
    this.#host.routes.setUsable(iface.index, false);
    this.#claims.stop(iface);
    this.#igmp.stop(iface);
    this.#redirects.forgetLink(iface);
    this.#arp.flush(iface);
  }

  #interface(index: number): Ipv4Interface {
    const iface = this.#host.interfaceAt(index);
    if (iface === undefined) throw new RangeError(`${this.name} has no interface ${index}`);
    return iface;
  }

  /** Takes ownership of a packet whose next hop cannot be reached: RFC 1122 §2.3.2.1, RFC 1812 §5.2.7.1. */
  #unresolved(packet: Packet, reason: DropReason): void {
    if (reason === 'neighbour-unresolved') {
      if (packet.ingress !== 0) this.#icmp.error(packet, DESTINATION_UNREACHABLE, HOST_UNREACHABLE, 0);
      else if (!this.#output.refuse()) this.#icmp.unsent(packet, 'host-unreachable');
    }
    this.#host.drop(packet, reason);
  }
}
