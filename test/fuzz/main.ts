/** `npm run fuzz`: coverage-guided fuzzing of the stacks, the parsers of headers, and the two languages. */
import { spawn } from 'node:child_process';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

interface Options {
  readonly seconds?: number;
  readonly executions?: number;
  readonly seed: number;
  readonly jobs: number;
  readonly json?: boolean;
  readonly save?: boolean;
  readonly replay?: string[];
  readonly list?: boolean;
}

const number = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is expected');
  return value;
};

const program = new Command('fuzz')
  .description('Plays mutated inputs and checks what must hold after any of them (test/fuzz/README.md).')
  .argument('[target...]', 'which to fuzz; all when none is named')
  .option('--seconds <n>', 'time for all targets together (60 when --executions is not given)', number)
  .option('--executions <n>', 'inputs for all targets together', number)
  .option('--seed <n>', 'of the choices: one seed, one run', number, 1)
  .option('--jobs <n>', 'processes; the targets are shared out', number, 1)
  .option('--json', 'results as JSON')
  .option('--save', 'write the corpus, reduced to what is needed')
  .option('--replay <file...>', 'play these inputs to the one target')
  .option('--list', 'list the targets');

async function main(): Promise<boolean> {
  program.parse();
  const options = program.opts<Options>();
  // Only what is loaded from here on is instrumented.
  await import('./coverage.ts');
  register('./hook.js', import.meta.url);
  const { targets } = await import('./targets.ts');
  const { campaign, replay } = await import('./campaign.ts');
  const names = program.args;
  const unknown = names.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) program.error(`no target ${unknown}; --list lists them`);
  if (options.list === true) {
    for (const { name, says } of targets) console.log(`${name.padEnd(12)} ${says}`);
    return true;
  }
  if (options.replay !== undefined) {
    if (names.length !== 1) program.error('--replay needs the name of one target');
    return replay(names[0]!, options.replay);
  }
  const executions = options.executions ?? Number.POSITIVE_INFINITY;
  const seconds = options.seconds ?? (options.executions === undefined ? 60 : Number.POSITIVE_INFINITY);
  const all = names.length === 0 ? targets.map(({ name }) => name) : names;
  const jobs = Math.min(options.jobs, all.length);
  if (jobs > 1) return await share(all, jobs, executions);
  return campaign({
    names: all,
    seed: options.seed,
    seconds,
    executions,
    json: options.json === true,
    save: options.save === true,
  });
}

/** The same command in several processes, each with its part of the targets. */
async function share(names: readonly string[], jobs: number, executions: number): Promise<boolean> {
  const flags = process.argv.slice(2).filter((word, i, words) => {
    const isValue = words[i - 1] === '--jobs' || words[i - 1] === '--executions';
    return !names.includes(word) && !isValue && word !== '--jobs' && word !== '--executions';
  });
  const codes = Array.from({ length: jobs }, (_, job) => {
    const part = names.filter((_, i) => i % jobs === job);
    const own = Number.isFinite(executions)
      ? ['--executions', String(Math.ceil((executions * part.length) / names.length))]
      : [];
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...part, ...flags, ...own], {
      stdio: 'inherit',
    });
    return new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  });
  return (await Promise.all(codes)).every((code) => code === 0);
}

process.exitCode = (await main()) ? 0 : 1;
