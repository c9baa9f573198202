#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { statementHelp, unknownStatement } from '../config/index.ts';
import { programs } from '../config/table.ts';
import { MODES } from '../script/world.ts';
import { capacity, capacityText, MAX_CONNECTIONS } from './capacity.ts';
import type { CheckFormat } from './check.ts';
import { FINDING, FindingError, GOOD, USAGE, UsageError } from './exit.ts';
import { show } from './show.ts';
import { type PeerFilter, parsePeer, SOCKET_STATES } from './socket-table.ts';
import { TABLES } from './tables.ts';
import type { TestRequest } from './test.ts';

// What each command does is loaded when it is called: a live run shall not hold what it never uses.

const version = (
  JSON.parse(readFileSync(new URL(packagePath(), import.meta.url), 'utf8')) as { version: string }
).version;

/** package.json stands two folders above src/cli in the sources and three in dist. */
function packagePath(): string {
  return import.meta.url.includes('/dist/src/') ? '../../../package.json' : '../../package.json';
}

const program = new Command('twinstack')
  .description('A dual-stack IPv4/IPv6 network in userspace, described by decks of statements.')
  .version(version)
  .option('--no-color', 'plain text')
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    '\nA deck is a file of statements; several decks make one lab; - reads standard input.' +
      '\nExit codes: 0 good, 1 a finding, 2 usage or statement error, 3 inconclusive.' +
      '\nhelp: twinstack statement [NAME] explains the statements',
  )
  .exitOverride();

let exitCode: number = GOOD;

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n < least || n > most) {
      throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}.`);
    }
    return n;
  };

const UNITS: Readonly<Record<string, number>> = { US: 1, MS: 1_000, S: 1_000_000, M: 60_000_000 };

/** `10MS`, `2S`, `1.5s`: µs. */
function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m)?$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('must be a time such as 500MS or 2S.');
  return Math.round(Number(match[1]) * UNITS[(match[2] ?? 's').toUpperCase()]!);
}

const time = (flags: string, text: string, preset?: string): Option => {
  const option = new Option(flags, `${text} (500MS, 2S, 1M; a bare number is seconds)`).argParser(duration);
  return preset === undefined ? option : option.default(duration(preset), preset);
};

/** `i/n`, from 1. */
function share(text: string): { index: number; count: number } {
  const [index, count] = text.split('/').map(Number);
  const fits = Number.isInteger(index) && Number.isInteger(count) && index! >= 1 && index! <= count!;
  if (!fits) throw new InvalidArgumentError('must be like 1/4.');
  return { index: index!, count: count! };
}

function definition(text: string, before: Map<string, string>): Map<string, string> {
  const match = /^([A-Za-z_]\w*)=(.*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('must be NAME=value.');
  return new Map(before).set(match[1]!, match[2]!);
}

/** `established,listen` */
function states(text: string): string[] {
  const named = text.toUpperCase().split(',');
  const unknown = named.filter((state) => !SOCKET_STATES.includes(state));
  if (unknown.length > 0) throw new InvalidArgumentError(`no state is called ${unknown.join(', ')}.`);
  return named;
}

function peer(text: string): PeerFilter {
  const parsed = parsePeer(text);
  if (parsed === undefined)
    throw new InvalidArgumentError('must be an address or a network (2001:db8::/32).');
  return parsed;
}

const seed = (): Option =>
  new Option('--seed <n>', 'seed of everything random; the same seed gives the same trace')
    .argParser(whole(0, 0xffffffff))
    .default(1);
const json = (): Option => new Option('--json', 'print JSON').default(false);
const capture = (): Option =>
  new Option('--capture <file>', 'write every frame as pcapng (- for standard output)');
/** `out`: where the coloured text goes; only `check` prints findings as data, elsewhere they are talk. */
/** Colour on a terminal, unless --no-color or NO_COLOR (no-color.org) says otherwise. */
const color = (out: NodeJS.WriteStream = process.stderr): boolean =>
  program.opts<{ color: boolean }>().color && !process.env['NO_COLOR'] && out.isTTY === true;

program
  .command('run')
  .description('bring a lab up: in virtual time until its schedule has ended, or live until Ctrl-C')
  .argument('<deck...>', 'deck files')
  .option('--live', 'on TUN/TAP interfaces of this machine', false)
  .option('--no-host-side', 'live: leave the kernel side of the interfaces as it is')
  .option('--no-offload', 'live: only plain packets, checksums and segmentation are ours')
  .option(
    '--user <name>',
    'live: as NAME|UID[:GROUP|GID] once the interfaces are open; who called sudo by default',
  )
  .option(
    '--commands <file>',
    'statements, one a line: the actions of AT without AT and a time; live as they come (- for standard input), else when the schedule has ended',
  )
  .addOption(seed())
  .addOption(json())
  .addOption(capture())
  .action(
    async (
      decks: string[],
      o: {
        live: boolean;
        hostSide: boolean;
        offload: boolean;
        user?: string;
        seed: number;
        json: boolean;
        capture?: string;
        commands?: string;
      },
    ) => {
      const { run } = await import('./run.ts');
      const { capture, user, commands } = o;
      exitCode = await run({ decks, ...o, color: color(), capture, user, commands });
    },
  );

program
  .command('check')
  .description('find mistakes in decks without running them')
  .argument('<deck...>', 'deck files')
  .addOption(
    new Option('--format <format>', 'how to print findings')
      .choices(['text', 'json', 'github', 'sarif'])
      .default('text'),
  )
  .addOption(json())
  .action(async (decks: string[], o: { format: CheckFormat; json: boolean }) => {
    const { check } = await import('./check.ts');
    exitCode = check(decks, o.json ? 'json' : o.format, color(process.stdout));
  });

program
  .command('ping')
  .description('send echo requests from a host of the lab, in virtual time')
  .argument('<deck...>', 'deck files, then FROM (SYSID, job or HOST name) and TO (address or HOST name)')
  .option('-c, --count <n>', 'requests', whole(1, 1_000_000), 4)
  .option('-s, --size <bytes>', 'bytes of data', whole(0, 65_507), 56)
  .addOption(time('-i, --interval <time>', 'time between requests', '1S'))
  .addOption(time('-W, --timeout <time>', 'how long to wait for an answer', '5S'))
  .option('-t, --ttl <n>', 'time to live or hop limit', whole(1, 255))
  .option('-M, --dont-fragment', 'do not fragment on the way', false)
  .addOption(seed())
  .addOption(json())
  .addOption(capture())
  .action(
    async (
      args: string[],
      o: {
        count: number;
        size: number;
        interval: number;
        timeout: number;
        ttl?: number;
        dontFragment: boolean;
        seed: number;
        json: boolean;
        capture?: string;
      },
    ) => {
      if (args.length < 3)
        throw new UsageError('ping needs a deck, FROM and TO: twinstack ping lab.deck 02 192.0.2.1');
      const { pingCommand } = await import('./ping.ts');
      exitCode = await pingCommand({
        decks: args.slice(0, -2),
        from: args.at(-2)!,
        to: args.at(-1)!,
        ping: {
          count: o.count,
          size: o.size,
          interval: o.interval,
          timeout: o.timeout,
          dontFragment: o.dontFragment,
          ...(o.ttl === undefined ? {} : { hopLimit: o.ttl }),
        },
        seed: o.seed,
        json: o.json,
        color: color(),
        capture: o.capture,
      });
    },
  );

program
  .command('explain')
  .description('why a host reaches another, or why not: there and back, hop by hop, over both families')
  .argument('<deck...>', 'deck files, then FROM (SYSID, job or HOST name) and TO (address or HOST name)')
  .addOption(new Option('--tcp <port>', 'a connection to this port').argParser(whole(1, 65_535)))
  .addOption(
    new Option('--udp <port>', 'a datagram to this port').argParser(whole(1, 65_535)).conflicts('tcp'),
  )
  .addOption(time('--at <time>', 'at this moment of lab time instead of when the schedule has ended'))
  .addOption(seed())
  .addOption(json())
  .action(
    async (args: string[], o: { tcp?: number; udp?: number; at?: number; seed: number; json: boolean }) => {
      if (args.length < 3)
        throw new UsageError('explain needs a deck, FROM and TO: twinstack explain lab.deck 02 192.0.2.1');
      const { explainCommand } = await import('./explain.ts');
      const { tcp, udp, at, seed, json } = o;
      const decks = args.slice(0, -2);
      const [from, to] = args.slice(-2) as [string, string];
      exitCode = await explainCommand({ decks, from, to, tcp, udp, at, seed, json, color: color() });
    },
  );

const showCommand = program
  .command('show')
  .description('print one table of a lab after its schedule has run');
for (const [what, { help }] of Object.entries(TABLES)) {
  const command = showCommand
    .command(what)
    .description(help)
    .argument('<deck...>', 'deck files')
    .addOption(time('--at <time>', 'look at this moment of lab time instead of at the end'))
    .option('--limit <n>', 'at most so many rows', whole(0, Number.MAX_SAFE_INTEGER));
  if (what === 'sockets') {
    command
      .option('--state <states>', `only these, divided by commas: ${SOCKET_STATES.join(' ')}`, states)
      .option('--port <n>', 'only with this port at either end', whole(0, 65_535))
      .option('--peer <address>', 'only with this peer, or one of this network: 192.0.2.0/24', peer);
  }
  if (what === 'routes') {
    command
      .option(
        '--to <address>',
        'the routes that match this destination: which is taken, and why the others are not',
      )
      .option('--from <address>', 'with --to: for packets from this source');
  }
  command
    .addOption(seed())
    .addOption(json())
    .action(
      async (
        decks: string[],
        o: { at?: number; limit?: number; seed: number; json: boolean } & {
          state?: string[];
          port?: number;
          peer?: PeerFilter;
          to?: string;
          from?: string;
        },
      ) => {
        const filter = { states: o.state, port: o.port, peer: o.peer, to: o.to, from: o.from };
        const { at, limit, seed, json } = o;
        exitCode = await show({ what, decks, at, limit, filter, seed, json, color: color() });
      },
    );
}

program
  .command('test')
  .description(
    'judge the EXPECT cards of decks, and play packetdrill scripts to the stacks (IPv4, IPv6, IPv4 through a couple), in virtual time',
  )
  .argument('<path...>', 'decks (.deck), each a lab of its own, and scripts (.pkt), or folders of them')
  .addOption(
    new Option(
      '--mode <mode>',
      'scripts: only this one; otherwise what --ip_version in the script says, or all',
    ).choices(MODES),
  )
  .addOption(
    new Option(
      '--profile <name>',
      'settings to begin with; linux: what Linux has by default, as for a script that calls defaults.sh',
    )
      .choices(['twinstack', 'linux'])
      .default('twinstack'),
  )
  .option(
    '-D, --define <name=value>',
    'replace a word in the scripts; may be repeated',
    definition,
    new Map(),
  )
  .option('--filter <text>', 'only scripts and decks with this in their name')
  .addOption(new Option('--shard <i/n>', 'only the i-th of n shares').argParser(share))
  .option(
    '--kernel',
    'play scripts to the Linux kernel of this machine, over a TUN in a namespace of its own (root)',
    false,
  )
  .option('--junit <file>', 'write the verdicts as JUnit XML too')
  .addOption(seed())
  .addOption(json())
  .action(
    async (
      paths: string[],
      o: Omit<TestRequest, 'paths' | 'definitions'> & { define: Map<string, string> },
    ) => {
      const { test } = await import('./test.ts');
      exitCode = await test({ ...o, paths, definitions: o.define });
    },
  );

program
  .command('capacity')
  .description("the model's storage formula, connections to MB, and what this build really needs")
  .argument(
    '[connections]',
    `TCP connections, at most ${MAX_CONNECTIONS}`,
    whole(0, MAX_CONNECTIONS),
    MAX_CONNECTIONS,
  )
  .option('--no-measure', 'only the formula')
  .addOption(json())
  .action(async (connections: number, o: { measure: boolean; json: boolean }) => {
    const { bytesPerConnection } = await import('./measure.ts');
    const model = capacity(connections);
    const measured = o.measure && connections > 0 ? await bytesPerConnection(connections) : undefined;
    process.stdout.write(
      o.json ? `${JSON.stringify({ ...model, measured })}\n` : capacityText(model, measured),
    );
  });

program
  .command('statement')
  .description(
    'explain a statement, a program, an AT action or a rule of check; without a name, list the statements',
  )
  .argument('[name...]', 'ROUTE, BSTT6NET, AT PING, TW2104, ...')
  .addOption(json())
  .action((words: string[], o: { json: boolean }) => {
    const names = words.length === 0 ? programs.map((p) => p.name as string) : [words.join(' ')];
    const explained = names.map((name) => {
      const help = statementHelp(name);
      if (help === undefined) throw new UsageError(unknownStatement(name));
      return { name, help };
    });
    if (o.json) process.stdout.write(`${JSON.stringify(explained, null, 2)}\n`);
    else for (const { help } of explained) process.stdout.write(`${help}\n`);
  });

program
  .command('demo')
  .description('a coupled pair, a router and two single-family hosts: what dual stack does, shown')
  .addOption(seed())
  .addOption(json())
  .addOption(capture().default('twinstack-demo.pcapng'))
  .action(async (o: { seed: number; json: boolean; capture: string }) => {
    const { demo } = await import('./demo.ts');
    exitCode = await demo(o);
  });

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read our output has had enough (`| head -1`): the end, and no fault.
    if (error.code === 'EPIPE') process.exit(exitCode);
    throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  exitCode = exitCodeOf(error);
}
process.exitCode = exitCode;

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? GOOD : USAGE;
  if (error instanceof UsageError || error instanceof FindingError) {
    process.stderr.write(`twinstack: ${error.message}\n`);
    return error instanceof UsageError ? USAGE : FINDING;
  }
  throw error;
}
