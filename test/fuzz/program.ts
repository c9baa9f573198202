/** The application of a fuzzed host: an echo and a sink over TCP, an echo over UDP, and calls as the input asks. */
import type { HostAddress, HostListener, HostUdpSocket, SocketHost } from '../../src/sockets/host.ts';
import { isFailure } from '../../stacks/address/network.ts';
import type { Stack } from '../../stacks/stack.ts';
import type { TcpConnection, TcpHandler } from '../../stacks/tcp/api.ts';
import { MILLISECOND, SECOND } from '../../stacks/time/clock.ts';
import { broken } from './broken.ts';
import { ECHO, SINK } from './templates.ts';

/** Data for everybody; nobody changes it. */
const DATA = new Uint8Array(65_536).fill(0x62);
/** Connections that calls may choose from. */
const KEPT = 8;

/** Holds a connection to what TcpHandler promises. */
class Owner implements TcpHandler {
  connection!: TcpConnection;
  readonly #program: Program;
  readonly #isActive: boolean;
  readonly #echoes: boolean;
  isConnected = false;
  hasEnded = false;
  isClosed = false;

  constructor(program: Program, isActive: boolean, echoes: boolean) {
    this.#program = program;
    this.#isActive = isActive;
    this.#echoes = echoes;
  }
  #alive(what: string): void {
    if (this.isClosed) broken(`${what} was called behind closed`);
  }
  connected(): void {
    this.#alive('connected');
    if (this.isConnected || !this.#isActive) broken('connected was called twice, or for a passive open');
    this.isConnected = true;
  }
  readable(): void {
    this.#alive('readable');
    if (this.#program.reads) this.read();
  }
  read(): void {
    for (let chunk = this.connection.read(); chunk !== undefined; chunk = this.connection.read()) {
      if (chunk.length === 0) broken('read returned nothing, and not undefined');
      if (!this.#echoes || this.hasEnded) continue;
      this.#program.queued += chunk.length;
      this.connection.send(chunk);
    }
  }
  writable(): void {
    this.#alive('writable');
  }
  ended(): void {
    this.#alive('ended');
    if (this.hasEnded) broken('ended was called twice');
    this.hasEnded = true;
    if (this.#echoes) this.connection.shutdown();
  }
  closed(): void {
    this.#alive('closed');
    this.isClosed = true;
  }
}

export class Program {
  readonly #host: SocketHost;
  readonly #stacks: readonly Stack[];
  readonly #peers: readonly HostAddress[];
  readonly #owners: Owner[] = [];
  readonly #listeners: HostListener[] = [];
  #udp: HostUdpSocket | undefined;
  #echoes = 0;
  reads = true;
  /** Bytes that were given to the stack to send. */
  queued = 0;
  calls = 0;

  constructor(host: SocketHost, stacks: readonly Stack[], peers: readonly HostAddress[]) {
    this.#host = host;
    this.#stacks = stacks;
    this.#peers = peers;
    this.open();
  }

  /** The servers; again after the stack was stopped. */
  open(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const port of [ECHO, SINK]) {
      const opened: HostListener | { code: string } = this.#host.listenTcp({
        port,
        backlog: 8,
        arrived: () => this.#accept(opened as HostListener, port === ECHO),
        refused: () => {},
      });
      if ('take' in opened) this.#listeners.push(opened);
    }
    this.#bind();
  }

  #accept(listener: HostListener, echoes: boolean): void {
    listener.take((taken) => {
      const owner = new Owner(this, false, echoes);
      owner.connection = taken.connection;
      this.#keep(owner);
      return owner;
    });
  }

  #bind(): void {
    this.#udp?.close();
    const { family } = this.#peers[0]!;
    const bound = this.#host.bindUdp({ family, address: family.any }, ECHO, {
      handler: {
        message: (data, source, port) => {
          this.queued += data.length + 100;
          this.#udp?.send(data, { family, address: source }, port);
        },
        error: () => {},
        closed: () => {
          this.#udp = undefined;
        },
      },
    });
    this.#udp = isFailure(bound) ? undefined : bound;
  }

  #keep(owner: Owner): void {
    this.#owners.push(owner);
    if (this.#owners.length > KEPT) this.#owners.shift();
  }

  /** The calls that an operation can name, by number. */
  static readonly CALLS = 24;

  call(which: number, argument: number): void {
    this.calls++;
    const open = this.#owners.filter((owner) => !owner.isClosed);
    const owner = open[open.length - 1 - ((argument >> 5) % Math.max(open.length, 1))];
    const stack = this.#stacks[argument % this.#stacks.length]!;
    const peer = this.#peers[argument % this.#peers.length]!;
    const size = (argument & 31) ** 2 * 8;
    switch (which % Program.CALLS) {
      case 0:
      case 1:
        this.#connect(peer, which === 0 ? SINK : 1_000 + argument);
        break;
      case 2:
        this.#send(owner, size, 'send');
        break;
      case 3:
        owner?.connection.shutdown();
        break;
      case 4:
        owner?.connection.close();
        break;
      case 5:
        owner?.connection.abort();
        break;
      case 6:
        this.reads = !this.reads;
        if (this.reads) for (const each of open) each.read();
        break;
      case 7:
        this.queued += size + 100;
        this.#udp?.send(DATA.subarray(0, size), peer, argument);
        break;
      case 8:
        this.#echo(stack, peer, size);
        break;
      case 9:
        if (stack.running) stack.stop();
        else stack.start();
        break;
      case 10:
        stack.setLink(1 + ((argument >> 1) % stack.interfaces().length), (argument & 1) === 0);
        break;
      case 11:
        owner?.connection.setNoDelay((argument & 1) === 0);
        break;
      case 12:
        owner?.connection.setKeepAlive((argument & 1) === 0, argument * SECOND, SECOND, 3);
        break;
      case 13:
        this.#send(owner, size, 'sendMore');
        break;
      case 14:
        this.#send(owner, size, 'sendUrgent');
        break;
      case 15:
        this.#send(owner, size, 'sendCopy');
        break;
      case 16:
        owner?.connection.setCongestion((argument & 1) === 0 ? 'newreno' : 'cubic');
        break;
      case 17:
        owner?.connection.configure({ userTimeout: argument * 100 * MILLISECOND, maxSegment: argument * 8 });
        break;
      case 18:
        owner?.connection.configure({ cork: (argument & 1) === 0, lingerTimeout: argument * SECOND });
        break;
      case 19:
        this.#listeners[argument % Math.max(this.#listeners.length, 1)]?.close();
        break;
      case 20:
        this.open();
        break;
      case 21:
        this.#listeners[0]?.configure({ deferAccept: argument & 3, receiveBuffer: argument * 64 });
        break;
      case 22:
        stack.tcp.suspend(SINK, (argument & 1) === 0);
        break;
      case 23:
        owner?.connection.info();
        owner?.connection.configure({ receiveBuffer: size, sendBuffer: argument * 16 });
        break;
    }
  }

  #connect(peer: HostAddress, port: number): void {
    const owner = new Owner(this, true, false);
    const opened = this.#host.connectTcp(peer, port, { handler: owner });
    if (isFailure(opened)) return;
    owner.connection = opened.connection;
    this.#keep(owner);
  }

  #send(owner: Owner | undefined, size: number, how: 'send' | 'sendMore' | 'sendUrgent' | 'sendCopy'): void {
    if (owner === undefined || owner.connection.sendSpace === 0) return;
    this.queued += size;
    owner.connection[how](DATA.subarray(0, size));
  }

  #echo(stack: Stack, peer: HostAddress, size: number): void {
    if (!stack.running || stack.family !== peer.family) return;
    this.queued += size + 100;
    this.#echoes++;
    let isOver = false;
    stack.echo(peer.address, { size, timeout: 3 * SECOND }, () => {
      if (isOver) broken('an echo request ended twice');
      isOver = true;
      this.#echoes--;
    });
  }

  /** Everything that was begun is over once the stacks are stopped. */
  checkOver(): void {
    if (this.#echoes !== 0) broken(`${this.#echoes} echo requests never ended`);
    for (const owner of this.#owners) {
      // A clean end is told when everything before it has been read.
      if (!owner.isClosed) owner.read();
      if (!owner.isClosed) broken(`a connection was never closed (${owner.connection.state})`);
    }
  }
}
