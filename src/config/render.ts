/** Findings for a person, for programs (JSON), for GitHub's annotations, and for code scanning (SARIF 2.1.0). */
import { splitLines } from './card.ts';
import type { Finding, Severity } from './deck.ts';
import { visible } from './report.ts';
import { type RuleId, rules } from './rules.ts';
import { decodeLoosely, type SourceFile } from './source.ts';

const COLOURS: Record<Severity | 'strong' | 'faint', string> = {
  error: '31',
  warning: '33',
  note: '36',
  strong: '1',
  faint: '2',
};

/** What of a line is shown around the place, so that a line of any length stays on a screen. */
const WINDOW = 120;

/**
 * `file:line:col severity TWnnnn: message`, the line, carets with the label, `help:`. One block a finding, no line at the
 * end of the last. `sources` are the files as they were given to `parseDecks`.
 */
export function renderFindings(
  findings: readonly Finding[],
  sources: readonly SourceFile[],
  options: { readonly color: boolean },
): string {
  const paint = (colour: keyof typeof COLOURS, text: string) =>
    options.color ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
  const lines = new Map<string, string[]>();
  const linesOf = (file: string): string[] => {
    let found = lines.get(file);
    if (found === undefined) {
      const source = sources.find((s) => s.name === file);
      found = source === undefined ? [] : splitLines(decodeLoosely(source));
      lines.set(file, found);
    }
    return found;
  };
  return findings
    .map((finding) => {
      const { at, severity } = finding;
      const where = paint('strong', `${visible(at.file)}:${at.line}:${at.column}`);
      const out = [
        `${where} ${paint(severity, severity)} ${finding.rule}: ${paint('strong', visible(finding.message))}`,
      ];
      const line = linesOf(at.file)[at.line - 1];
      if (line !== undefined) out.push(...excerpt(finding, line, paint));
      if (finding.help !== undefined) out.push(`  ${paint('faint', 'help:')} ${visible(finding.help)}`);
      return out.join('\n');
    })
    .join('\n');
}

function excerpt(
  { at, length, label, severity }: Finding,
  line: string,
  paint: (colour: keyof typeof COLOURS, text: string) => string,
): string[] {
  // Cut in front only when the place would not be seen otherwise; a tab is one column here as in the finding.
  const start = at.column + Math.min(length, 40) > WINDOW ? Math.max(0, at.column - 1 - WINDOW / 2) : 0;
  const shown = visible(line.slice(start, start + WINDOW).replaceAll('\t', ' ')).trimEnd();
  const indent = at.column - 1 - start;
  const carets = '^'.repeat(Math.max(1, Math.min(length, WINDOW - indent)));
  const number = String(at.line);
  const gutter = ' '.repeat(number.length);
  return [
    `  ${paint('faint', `${number} |`)} ${shown}`.trimEnd(),
    `  ${paint('faint', `${gutter} |`)} ${' '.repeat(indent)}${paint(severity, `${carets}${label === undefined ? '' : ` ${visible(label)}`}`)}`,
  ];
}

export interface FindingsJson {
  readonly version: 1;
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  readonly findings: readonly (Omit<Finding, 'at'> & {
    readonly file: string;
    readonly line: number;
    readonly column: number;
  })[];
}

/** A plain object for `JSON.stringify`. */
export function findingsToJson(findings: readonly Finding[]): FindingsJson {
  const count = (severity: Severity) => findings.filter((f) => f.severity === severity).length;
  return {
    version: 1,
    errors: count('error'),
    warnings: count('warning'),
    notes: count('note'),
    findings: findings.map(({ at, ...finding }) => ({ ...at, ...finding })),
  };
}

/** GitHub workflow commands, one a line. */
export function findingsToGithub(findings: readonly Finding[]): string {
  const command = { error: 'error', warning: 'warning', note: 'notice' } as const;
  return findings
    .map(({ at, length, severity, rule, message, help }) => {
      const place = `file=${property(at.file)},line=${at.line},col=${at.column},endColumn=${at.column + length}`;
      const text = help === undefined ? message : `${message}\n${help}`;
      return `::${command[severity]} ${place},title=${rule}::${data(visibleLines(text))}`;
    })
    .join('\n');
}

function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** SARIF 2.1.0, as a plain object for `JSON.stringify`. Lines and columns count from 1, columns are UTF-16 units. */
export function findingsToSarif(findings: readonly Finding[]): object {
  const ids = [...new Set(findings.map((f) => f.rule))].sort();
  const level = { error: 'error', warning: 'warning', note: 'note' } as const;
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'twinstack',
            rules: ids.map((id) => ({
              id,
              shortDescription: { text: rules[id as RuleId].text },
              defaultConfiguration: { level: level[rules[id as RuleId].severity] },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ at, length, severity, rule, message, help }) => ({
          ruleId: rule,
          ruleIndex: ids.indexOf(rule),
          level: level[severity],
          message: { text: help === undefined ? message : `${message}; ${help}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: at.file.split('/').map(encodeURIComponent).join('/') },
                region: { startLine: at.line, startColumn: at.column, endColumn: at.column + length },
              },
            },
          ],
        })),
      },
    ],
  };
}
