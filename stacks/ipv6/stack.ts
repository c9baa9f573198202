/**
 * The IPv6 stack: RFC 8200, 4291, 4443, 4861, 4862, 6724, 8201. This file puts the parts together. The way of a packet
 * is input -> (reassemble ->) icmp | udp | tcp, or input -> forward -> output; the way of a call is output ->
 * neighbours -> link.
 */
import type { Address } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Failure, OutputOptions } from '../address/network.ts';
import type { Decision } from '../forward/decision.ts';
import { NeighbourCache } from '../forward/neighbours.ts';
import { PathMtuTable } from '../forward/path-mtu.ts';
import { RouteTable } from '../forward/routes.ts';
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
import { ADDRESS_UNREACHABLE, DESTINATION_UNREACHABLE } from '../wire/icmp6.ts';
import { Advertiser } from './advertise.ts';
import { DuplicateDetection } from './dad.ts';
import { EchoClient } from './echo.ts';
import { Facts } from './facts.ts';
import type { FirstHop } from './first-hop.ts';
import { Forwarder } from './forward.ts';
import { Host } from './host.ts';
import { Icmp } from './icmp.ts';
import { IcmpErrors } from './icmp-errors.ts';
import { Input } from './input.ts';
import type { Ipv6Interface } from './interface.ts';
import { Later } from './later.ts';
import { Links } from './links.ts';
import { LocalErrors } from './local-errors.ts';
import { Mld } from './mld.ts';
import { NeighbourDiscovery } from './nd.ts';
import { NdSender } from './nd-sender.ts';
import { Output } from './output.ts';
import { Reassembler } from './reassemble.ts';
import { Redirector } from './redirector.ts';
import { Redirects } from './redirects.ts';
import { Routers } from './routers.ts';
import { Slaac } from './slaac.ts';
import { Transit } from './transit.ts';

export class Ipv6Stack implements Stack {
  readonly family: Family = ipv6;
  readonly environment: Environment;
  readonly id: number;
  readonly name: string;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly ipv6: Facts;
  readonly stateListeners: Set<(running: boolean) => void> = new Set();
  readonly conflictListeners: Set<(conflict: AddressConflict) => void> = new Set();
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #neighbours: NeighbourCache;
  readonly #pathMtus: PathMtuTable;
  readonly #gateways: SilentGateways;
  readonly #output: Output;
  readonly #echo: EchoClient;
  readonly #errors: IcmpErrors;
  readonly #localErrors: LocalErrors;
  readonly #input: Input;
  readonly #reassembler: Reassembler;
  readonly #routers: Routers;
  readonly #redirects: Redirects;
  readonly #mld: Mld;
  readonly #links: Links;
  /** Links that the operator took down stay down when the stack starts. */
  readonly #takenDown = new Set<Ipv6Interface>();

  constructor(environment: Environment, options: StackOptions) {
    this.environment = environment;
    this.id = options.id;
    this.name = options.name;
    const host = new Host(environment, options);
    this.#host = host;
    this.#routes = new RouteTable(ipv6, environment.random);
    this.#pathMtus = new PathMtuTable(environment, ipv6);
    this.#neighbours = new NeighbourCache(environment, ipv6, {
      solicit: (address, index, mac, prompt) => sender.solicit(host.link(index)!, address, mac, prompt),
      transmit: (packet, mac, index) => this.#output.resolved(packet, host.link(index)!, mac),
      unresolved: (packet, reason, index) => this.#unresolved(packet, reason, index),
      lost: (address, index, why) => this.#lost(address, host.link(index)!, why),
      found: (address, index) => {
        this.#gateways.found(address, index);
        this.#routers.found(address, host.link(index)!);
      },
    });
    this.#gateways = new SilentGateways(environment.clock, this.#routes, (address, index) =>
      this.#neighbours.probe(address, index),
    );
    const later = new Later(environment.clock, (packet, zone) => this.#input.fromLater(packet, zone));
    this.#output = new Output(host, this.#routes, this.#neighbours, this.#pathMtus, later);
    const sender = new NdSender(host, this.#output);
    this.#errors = new IcmpErrors(host, this.#output);
    this.#echo = new EchoClient(this.#output);
    this.#mld = new Mld(host, this.#output);
    const dad = new DuplicateDetection(host, this.#neighbours, sender, {
      unique: (link, local) => this.#links.unique(link, local),
      duplicate: (link, local) => {
        for (const listener of this.conflictListeners) listener({ link, local });
        this.#links.duplicate(link, local);
      },
    });
    const slaac = new Slaac(host, dad);
    const firstHop: FirstHop = (destination, source, link, given) =>
      this.#routers.firstHop(destination, source, link, given);
    this.#redirects = new Redirects(host, this.#routes, this.#neighbours, firstHop);
    this.#routers = new Routers(host, this.#routes, this.#neighbours, sender, slaac, (address, link) =>
      this.#redirects.lost(address, link),
    );
    this.#output.firstHop = firstHop;
    this.ipv6 = new Facts(host, this.#routers, (destination) => this.#output.bestSource(destination));
    const advertiser = new Advertiser(host, sender);
    const nd = new NeighbourDiscovery(
      host,
      this.#neighbours,
      sender,
      dad,
      this.#routers,
      this.#redirects,
      advertiser,
    );
    this.#links = new Links(host, {
      routes: this.#routes,
      neighbours: this.#neighbours,
      pathMtus: this.#pathMtus,
      gateways: this.#gateways,
      dad,
      slaac,
      routers: this.#routers,
      redirects: this.#redirects,
      mld: this.#mld,
      advertiser,
    });
    const icmp = new Icmp(host, this.#output, this.#pathMtus, this.#echo, nd, this.#mld);
    this.#localErrors = new LocalErrors(host, (quote) => icmp.tell(quote, undefined));
    const redirector = new Redirector(host, this.#neighbours, this.#routes, sender);
    const forwarder = new Forwarder(host, this.#routes, this.#output, this.#errors, redirector);
    this.#reassembler = new Reassembler(host, this.#errors);
    const transit = new Transit(host, this.#routes, this.#neighbours);
    this.#input = new Input(host, forwarder, this.#reassembler, this.#errors, icmp, later, transit);
    this.tcp = new Tcp(this, { maxConnections: options.maxConnections ?? MAX_CONNECTIONS });
    this.udp = new Udp(this);
    host.transports.push(this.tcp, this.udp);
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
    if (on === this.#host.forwarding) return;
    this.environment.clock.refresh();
    if (on) this.#gateways.clear();
    this.#links.setForwarding(on);
  }

  get filter(): Stack['filter'] {
    return this.#input.filter;
  }

  set filter(filter: Stack['filter']) {
    this.#input.filter = filter;
  }

  /** @throws RangeError for an MTU under 1,280 bytes (RFC 8200 §5). */
  addInterface(name: string, device: Device, options: InterfaceOptions): Interface {
    const link = this.#links.open(name, device, options);
    device.attach(
      (packet) => this.#input.fromDevice(packet, link),
      (packets, count) => this.#input.burstFromDevice(packets, count, link),
    );
    if (options.address !== undefined) {
      this.#links.addAddress(link, options.address, options.prefixLength ?? ipv6.bits);
    }
    if (this.running) this.#links.bringUp(link);
    return link;
  }

  /** @throws RangeError when there is no such interface. */
  addAddress(index: number, address: Address, prefixLength: number): void {
    this.environment.clock.refresh();
    this.#links.addAddress(this.#link(index), address, prefixLength);
  }

  removeAddress(index: number, address: Address): boolean {
    this.environment.clock.refresh();
    const link = this.#link(index);
    const local = link.find(address);
    // The link-local address of a link is its own and not an operator's (RFC 4291 §2.8).
    if (local === undefined || local.origin === 'link-local') return false;
    // First the connections, whose resets still leave.
    this.tcp.endLocal(local.address);
    this.#links.removeAddress(link, local);
    return true;
  }

  setMtu(index: number, mtu: number): void {
    this.#links.setMtu(this.#link(index), mtu);
  }

  /** @throws RangeError when there is no such interface. */
  setLink(index: number, up: boolean): void {
    this.environment.clock.refresh();
    const link = this.#link(index);
    if (up) this.#takenDown.delete(link);
    else this.#takenDown.add(link);
    if (!up) this.#links.takeDown(link);
    else if (this.running) this.#links.bringUp(link);
  }

  interfaces(): readonly Interface[] {
    return this.#host.interfaces;
  }

  /** @throws RangeError when there is no such interface. */
  addRoute(route: Route): void {
    const isUnicast = route.kind === undefined || route.kind === 'unicast';
    const gateway = route.gateway.clone();
    if (isUnicast && ipv6.isLinkLocal(gateway)) gateway.zone = this.#link(route.interfaceIndex).index;
    if (isUnicast) this.#link(route.interfaceIndex);
    this.#routesChange(route.destination, route.prefixLength);
    this.#routes.add({ ...route, gateway });
  }

  removeRoute(destination: Address, prefixLength: number, gateway?: Address): boolean {
    return this.withdrawRoutes(destination, prefixLength, { gateway }) > 0;
  }

  withdrawRoutes(destination: Address, prefixLength: number, match: RouteMatch): number {
    this.#routesChange(destination, prefixLength);
    return this.#routes.withdraw(destination, prefixLength, match);
  }

  routes(): Iterable<Route> {
    return this.#routes;
  }

  explain(destination: Address, source?: Address): readonly Candidate[] {
    return this.#routes.explain(destination, source);
  }

  /** Every route that matches, the one taken first: the table's own ranking, for those who ask why. */
  candidates(destination: Address): readonly Route[] {
    return this.#routes.candidates(destination);
  }

  decideOutput(packet: Packet, source: Address, destination: Address, protocol: number): Decision {
    return this.#output.decide(packet, source, destination, protocol);
  }

  decideInput(packet: Packet, interfaceIndex: number): Decision {
    return this.#input.decide(packet, this.#link(interfaceIndex));
  }

  askNeighbour(address: Address, interfaceIndex: number): void {
    this.environment.clock.refresh();
    this.#neighbours.probe(address, interfaceIndex);
  }

  neighbours(): Iterable<Neighbour> {
    return this.#neighbours.entries();
  }

  *groups(): Iterable<Group> {
    for (const link of this.#host.interfaces) {
      for (const { group, users } of link.memberships()) {
        yield { group, interfaceIndex: link.index, users };
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
    if (this.running) return;
    this.environment.clock.refresh();
    this.#host.running = true;
    for (const link of this.#host.interfaces) if (!this.#takenDown.has(link)) this.#links.bringUp(link);
    for (const listener of this.stateListeners) listener(true);
  }

  stop(): void {
    if (!this.running) return;
    this.environment.clock.refresh();
    // First the transports, whose resets still leave.
    this.tcp.stop();
    this.udp.stop();
    this.#echo.stop();
    for (const link of this.#host.interfaces) this.#links.takeDown(link);
    this.#host.running = false;
    this.#reassembler.flush('stack-stopped');
    for (const listener of this.stateListeners) listener(false);
  }

  sourceFor(destination: Address): Address | Failure {
    return this.#output.sourceFor(destination);
  }

  isLocal(address: Address): boolean {
    return ipv6.isLoopback(address) || this.#host.find(address)?.usable === true;
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
    return this.#output.output(packet, source, destination, protocol, options);
  }

  join(group: Address, interfaceIndex: number): number | Failure {
    const link = this.#output.linkOf(group, interfaceIndex || group.zone);
    if (link === undefined) return { code: 'ENODEV', cause: `no link for the group ${ipv6.format(group)}` };
    link.join(group.clone());
    return link.index;
  }

  leave(group: Address, interfaceIndex: number): void {
    this.#link(interfaceIndex).leave(group);
  }

  confirmReachable(destination: Address): void {
    this.#output.confirmReachable(destination);
  }

  /** RFC 4007 §11: the zone by the name of its interface. */
  describe(address: Address): string {
    const zone = this.#host.link(address.zone)?.name;
    return zone === undefined ? ipv6.format(address) : `${ipv6.format(address)}%${zone}`;
  }

  /** What was learnt by other routes is not true any more. */
  #routesChange(destination: Address, prefixLength: number): void {
    this.#pathMtus.forgetUnder(destination, prefixLength);
    this.#redirects.forgetUnder(destination, prefixLength);
  }

  #link(index: number): Ipv6Interface {
    const link = this.#host.link(index);
    if (link === undefined) throw new RangeError(`${this.name} has no interface ${index}`);
    return link;
  }

  /** Takes ownership of a packet whose next hop cannot be reached: RFC 4861 §7.2.2. */
  #unresolved(packet: Packet, reason: DropReason, index: number): void {
    if (reason === 'neighbour-unresolved') {
      if (packet.ingress === 0) this.#localErrors.unreachable(packet, index);
      else this.#errors.send(packet, DESTINATION_UNREACHABLE, ADDRESS_UNREACHABLE, 0);
    }
    this.#host.drop(packet, reason, this.#host.link(index));
  }

  #lost(address: Address, link: Ipv6Interface, why: 'unreachable' | 'not-a-router'): void {
    this.#routers.lost(address, link, why);
    this.#redirects.lost(address, link);
    if (!this.forwarding && why === 'unreachable') this.#gateways.lost(address, link.index);
  }
}
