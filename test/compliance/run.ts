/**
 * `npm run compliance [-- TEXT] [--json | --tap] [--failing]`: every requirement judged, as a table. TEXT picks rows whose
 * line holds it. Exit code 1 when a row is not as it says.
 */
import { parseArgs } from 'node:util';
import { counts, lineOf } from './report.ts';
import { rows } from './rows/index.ts';
import { casesOf, judge } from './table.ts';

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, tap: { type: 'boolean' }, failing: { type: 'boolean' } },
  allowPositionals: true,
});

const judged = casesOf(rows)
  .filter((each) => positionals.every((text) => lineOf(each).includes(text)))
  .map((each) => ({ ...each, problem: judge(each) }))
  .filter(
    ({ problem, row }) => values.failing !== true || problem !== undefined || row.shown.as === 'failing',
  );
const wrong = judged.filter(({ problem }) => problem !== undefined);

if (values.json === true) {
  const found = judged.map(({ row, family, rule, problem }) => ({
    suite: row.role,
    topic: row.topic,
    family,
    ...rule,
    says: row.says,
    verdict: problem === undefined ? row.shown.as : 'wrong',
    ...('why' in row.shown ? { why: row.shown.why } : {}),
    ...(row.logo === undefined ? {} : { logo: row.logo }),
    ...(problem === undefined ? {} : { problem }),
  }));
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
} else if (values.tap === true) {
  process.stdout.write(`TAP version 14\n1..${judged.length}\n`);
  judged.forEach(({ problem, ...each }, i) => {
    const { shown } = each.row;
    const directive =
      shown.as === 'failing'
        ? ` # TODO ${shown.why}`
        : shown.as === 'not observable'
          ? ` # SKIP ${shown.why}`
          : '';
    const isOk = problem === undefined && shown.as !== 'failing';
    process.stdout.write(
      `${isOk ? 'ok' : 'not ok'} ${i + 1} - ${lineOf(each).replaceAll('#', '\\#')}${directive}\n`,
    );
  });
} else {
  for (const { problem, ...each } of judged) {
    const verdict = problem === undefined ? each.row.shown.as : 'WRONG';
    process.stdout.write(`${verdict.padEnd(14)}  ${lineOf(each)}\n`);
    if (problem !== undefined)
      process.stdout.write(`    ${problem.split('\n').slice(0, 12).join('\n    ')}\n`);
  }
  process.stdout.write(
    `\n${counts(judged)}\n${judged.length} requirements, ${wrong.length} not as their row says\n`,
  );
}
process.exitCode = wrong.length > 0 ? 1 : 0;
