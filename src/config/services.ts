/** Programs other than stacks: their configuration, and what can be said about it. */
import { wholeCard } from './card.ts';
import type { ProgramConfig, SimpleService } from './deck.ts';
import { nn } from './decks.ts';
import type { Report } from './report.ts';
import { listeningPort, type StackDraft } from './stack.ts';
import type { Line, StepLines } from './step.ts';

/** SERVER-1 to SERVER-4. */
const MAX_FTP_TASKS = 4;

export function readProgram(source: StepLines, report: Report): ProgramConfig {
  const { step, lines } = source;
  switch (step.program.name) {
    case 'BSTTFTPS':
      checkFtpServer(lines, report);
      break;
    case 'BSTTFTPC':
      checkFtpClient(source, report);
      break;
    case 'BSTTPRXY':
    case 'BSTTATLS':
      checkTls(source, report);
      break;
    case 'LISTLOG':
    case 'IESMASNM':
      if (step.cards.length > 0) {
        report.add('TW1110', wholeCard(step.cards[0]!), `cards of ${step.program.name} are not read`, {
          label: `${step.cards.length} card${step.cards.length === 1 ? '' : 's'}`,
        });
      }
      break;
  }
  const services = lines.flatMap((line) => serviceOf(line, report));
  if (step.program.name === 'TWINSERV' && !lines.some((line) => line.statement.name === 'SERVICE')) {
    report.add('TW3003', step.nameToken, 'TWINSERV has no SERVICE', { help: 'write SERVICE HTTP 80' });
  }
  return {
    at: step.at,
    program: step.program.name,
    job: step.job ?? step.program.name,
    stackId: source.id,
    services,
    attached: source.attached,
  };
}

function serviceOf({ statement, tokens, operands }: Line, report: Report): SimpleService[] {
  if (statement.name !== 'SERVICE' || operands === undefined) return [];
  const port = listeningPort(operands, report);
  if (port === undefined) return [];
  return [{ at: tokens[0]!.at, kind: operands.text('kind') as SimpleService['kind'], port }];
}

/**
 * Two services on one port of a stack. A TCP service of a coupled stack listens on its partner as well; a UDP one does
 * not.
 */
export function checkPorts(
  programs: readonly ProgramConfig[],
  byId: ReadonlyMap<number, StackDraft>,
  report: Report,
): void {
  const taken = new Map<string, SimpleService>();
  for (const program of programs) {
    if (program.stackId === undefined) continue;
    for (const service of program.services) {
      const protocol = service.kind === 'UDPECHO' ? 'UDP' : 'TCP';
      const couple = protocol === 'TCP' ? byId.get(program.stackId)?.couple?.id : undefined;
      for (const id of couple === undefined ? [program.stackId] : [program.stackId, couple]) {
        const key = `${id} ${protocol} ${service.port}`;
        const before = taken.get(key);
        if (before === undefined) {
          taken.set(key, service);
          continue;
        }
        report.add(
          'TW3002',
          { text: 'SERVICE', at: service.at },
          `${protocol} port ${service.port} of stack ${nn(id)} is taken`,
          {
            label: `${before.kind} has it, ${before.at.file === service.at.file ? '' : `${before.at.file} `}line ${before.at.line}`,
            ...(id === program.stackId
              ? {}
              : { help: `stack ${nn(program.stackId)} is coupled to ${nn(id)} and listens on both` }),
          },
        );
        break;
      }
    }
  }
}

function checkFtpServer(lines: readonly Line[], report: Report): void {
  const tasks = new Set<string>();
  for (const { statement, tokens, operands } of lines) {
    if (statement.name !== 'ATTACH' || operands === undefined) continue;
    const task = operands.text('task').toUpperCase();
    if (!/^SERVER-[1-4]$/.test(task) || tasks.has(task)) {
      report.add(
        'TW3101',
        tokens[1]!,
        tasks.has(task) ? `task ${task} is attached twice` : `no such task: ${task}`,
        {
          label: `SERVER-1 to SERVER-${MAX_FTP_TASKS}, each once`,
        },
      );
    }
    tasks.add(task);
  }
}

function checkFtpClient({ step, lines }: StepLines, report: Report): void {
  if (lines.length === 0 || lines.some((line) => line.statement.name === 'QUIT')) return;
  report.add('TW3102', lines.at(-1)!.tokens[0]!, 'the commands do not end with QUIT', {
    label: 'the last one',
    help: `put QUIT behind it; ${step.program.name} would break the connection off`,
  });
}

/** KEYRING, SECTYPE and KEYFILE hold for the cards behind them; OPTION says which side the next ones are. */
function checkTls({ step, lines }: StepLines, report: Report): void {
  if (lines.length === 0) return;
  const has = (name: string) => lines.some((line) => line.statement.name === name);
  const missing = ['KEYRING', 'SECTYPE'].filter((name) => !has(name));
  if (missing.length > 0) {
    report.add('TW3201', step.nameToken, `${step.program.name} has no ${missing.join(' and no ')}`, {
      help: 'write KEYRING library, KEYFILE member and SECTYPE TLSV1.2 before the first connection',
    });
  }
  let role: string | undefined;
  let keyfile = false;
  let proxies = 0;
  for (const { statement, tokens, operands } of lines) {
    const name = statement.name;
    if (name === 'KEYFILE') keyfile = true;
    if (name === 'OPTION' && operands !== undefined && operands.text('role') !== 'FTP')
      role = operands.text('role');
    if (name !== 'PROXY' && name !== 'ATTLS') continue;
    if (name === 'PROXY' && ++proxies > 1)
      report.add('TW3203', tokens[0]!, 'a second PROXY', { help: 'one for each BSTTPRXY' });
    if (operands === undefined) continue;
    const wants = name === 'ATTLS' && operands.text('direction') === 'TO' ? 'CLIENT' : 'SERVER';
    if (name === 'ATTLS' ? role !== wants : role === undefined) {
      report.add('TW3202', tokens[0]!, `${name} without OPTION ${wants}`, {
        label: role === undefined ? 'no OPTION before it' : `OPTION ${role} holds here`,
        help: `put OPTION ${wants} before it`,
      });
    }
    if (
      !keyfile &&
      !(name === 'ATTLS' && operands.has('keyfile')) &&
      !(name === 'PROXY' && namesKey(operands))
    ) {
      report.add('TW3201', tokens[0]!, `${name} without a key file`, {
        help: 'put KEYFILE member before it',
      });
    }
  }
  if (step.program.name === 'BSTTPRXY' && proxies === 0) {
    report.add('TW3203', step.nameToken, 'BSTTPRXY has no PROXY', { label: 'exactly one wanted' });
  }
}

/** A name in place of * on the SSL side of PROXY is its key file. */
function namesKey(operands: NonNullable<Line['operands']>): boolean {
  return ['from', 'to'].some(
    (side) => operands.text(`${side} form`) === 'SSL' && operands.text(`${side} name`) !== '*',
  );
}
