/** The office of decks/tools.deck: the kernel on a bridge with our hosts and routers, and a stranger on the same bridge. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { deck, Namespace, type Running } from './namespace.ts';

const folders = (process.env['PATH'] ?? '').split(delimiter);

/** Which of these programs are not installed, as a reason to skip; undefined when all are. */
export function lacking(...programs: string[]): string | undefined {
  const absent = programs.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (absent.length === 0) return undefined;
  const reason = `not installed: ${absent.join(', ')}`;
  console.log(`some live tests are skipped: ${reason}`);
  return reason;
}

export class Office implements AsyncDisposable {
  readonly kernel: Namespace;
  /** Has an interface eth0 on the bridge, and no good intentions. */
  readonly stranger: Namespace;
  readonly twinstack: Running;

  private constructor(kernel: Namespace, stranger: Namespace, twinstack: Running) {
    this.kernel = kernel;
    this.stranger = stranger;
    this.twinstack = twinstack;
  }

  static async open(): Promise<Office> {
    const kernel = await Namespace.create();
    const stranger = await Namespace.create();
    await kernel.ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
    await kernel.ip('link', 'add', 'door', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', stranger.name);
    // What a stranger advertises is for our stacks to judge; the kernel is to stay as it is.
    for (const set of ['accept_ra=0', 'accept_redirects=0', 'dad_transmits=0']) {
      await kernel.run('sysctl', ['-qw', `net.ipv6.conf.br0.${set}`]);
      await stranger.run('sysctl', ['-qw', `net.ipv6.conf.eth0.${set}`]);
    }
    await kernel.ip('link', 'set', 'br0', 'up');
    await kernel.ip('link', 'set', 'door', 'master', 'br0', 'up');
    await stranger.ip('link', 'set', 'eth0', 'up');
    for (const [station, link, number] of [
      [kernel, 'br0', '9'],
      [stranger, 'eth0', '66'],
    ] as const) {
      await station.ip('addr', 'add', `198.18.1.${number}/24`, 'dev', link);
      await station.ip('addr', 'add', `2001:db8:1::${number}/64`, 'dev', link, 'nodad');
      await station.ip('route', 'add', '198.18.2.0/24', 'via', '198.18.1.1');
      await station.ip('route', 'add', '2001:db8:2::/64', 'via', '2001:db8:1::1');
    }
    const twinstack = await kernel.live([deck('tools.deck')], ['--no-host-side']);
    for (const name of ['tl4', 'tl6', 'tla6', 'tlr4', 'tlr6']) {
      await kernel.ip('link', 'set', name, 'master', 'br0', 'up');
    }
    // The kernel may drop what it sends in the first moments of an interface: its queue is attached a little later.
    for (const target of ['198.18.2.80', '2001:db8:2::80', '198.18.1.80', '2001:db8:1::80']) {
      await kernel.run('ping', ['-n', '-c', '1', '-w', '10', target]);
    }
    return new Office(kernel, stranger, twinstack);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel[Symbol.asyncDispose]();
    await this.stranger[Symbol.asyncDispose]();
  }
}
