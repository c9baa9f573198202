/**
 * Job control as real decks have it: from the cards of a file to steps, each a program with its statements.
 *
 * What is data of a program (a librarian member, the in-stream data of the FTP client) is passed over; what is job control
 * without a meaning here is recognised and let go; what is neither is a finding. ON, IF and GOTO are not carried out.
 */
import {
  type Card,
  checkCard,
  isBlank,
  isComment,
  isPower,
  place,
  splitCards,
  type Token,
  tokensOf,
  wholeCard,
} from './card.ts';
import type { CardRef } from './deck.ts';
import { goesOn, joined, programNameIn, sysparmOf } from './job-control-operands.ts';
import { CONDITIONAL, FORM, JECL, WITH_MEANING, WITHOUT_MEANING } from './job-control-words.ts';
import { memberOf, programOf } from './missing-exec.ts';
import { quote, type Report } from './report.ts';
import type { Program } from './statement.ts';
import { nearest } from './suggest.ts';
import { programNamed, programs, statementOf } from './table.ts';

export interface Step {
  readonly program: Program;
  /** The program's name in `// EXEC`; the first card when there was none. */
  readonly at: CardRef;
  readonly nameToken: Token;
  readonly job: string | undefined;
  /** `// OPTION SYSPARM='..'`, without the quotes. */
  readonly sysparm: Token | undefined;
  readonly cards: Card[];
}

/** What a file came to. */
export interface Reading {
  readonly steps: readonly Step[];
  /** False when cards were passed over that may have been a stack or a program of ours; an error says so. */
  readonly whole: boolean;
}

/** Reads the steps of one file; `text` is decoded. */
export function readSteps(file: string, text: string, report: Report): Reading {
  return new JobReader(file, text, report).read();
}

class JobReader {
  readonly #cards: readonly Card[];
  readonly #report: Report;
  readonly #steps: Step[] = [];
  readonly #sequenced: Card[] = [];
  #next = 0;
  #step: Step | undefined;
  #job: string | undefined;
  #powerJob: string | undefined;
  #sysparm: Token | undefined;
  #sawExec = false;
  /** A statement, or what was meant as one. */
  #sawStatement = false;
  /** Only the first stray card of a run is reported. */
  #stray = false;
  #whole = true;
  /** Lines that were meant as comments. */
  readonly #comments: Token[] = [];

  constructor(file: string, text: string, report: Report) {
    this.#cards = splitCards(file, text);
    this.#report = report;
  }

  read(): Reading {
    for (let card = this.#take(); card !== undefined; card = this.#take()) this.#card(card);
    this.#falseComments();
    const first = this.#sequenced[0];
    if (first !== undefined) {
      this.#report.add(
        'TW1007',
        { text: ' '.repeat(8), at: place(first, 73) },
        `columns 73-80 are sequence numbers in ${this.#sequenced.length} lines`,
        { label: 'not read' },
      );
    }
    if (!this.#sawExec && !this.#sawStatement) this.#nothing();
    return { steps: this.#steps, whole: this.#whole };
  }

  #falseComments(): void {
    const first = this.#comments[0];
    if (first === undefined) return;
    const more = this.#comments.length - 1;
    this.#report.add('TW1112', first, `${quote(first.text)} begins no comment`, {
      ...(more === 0 ? {} : { label: `and in ${more} more line${more === 1 ? '' : 's'}` }),
      help: first.text === '*' ? 'the * of a comment stands in column 1' : 'a comment has * in column 1',
    });
  }

  #nothing(): void {
    const cards = this.#cards.filter((card) => !isBlank(card));
    const label =
      cards.length === 0 ? 'it is empty' : cards.every(isComment) ? 'comments only' : 'job control only';
    this.#report.add('TW1002', { text: ' ', at: place(this.#cards[0]!, 1) }, 'no statement in this file', {
      label,
      help: 'a deck begins with // EXEC BSTTINET or // EXEC BSTT6NET',
    });
  }

  #take(): Card | undefined {
    return this.#cards[this.#next++];
  }

  #card(card: Card): void {
    if (isBlank(card) || isComment(card)) return;
    const { text } = card;
    if (isPower(card)) this.#power(card);
    else if (text.startsWith('/*')) this.#endOfData(card);
    else if (text.startsWith('/&')) this.#endOfJob();
    else if (text.startsWith('/+')) {
      this.#report.add('TW1105', { text: '/+', at: place(card, 1) }, '/+ without a member', {
        label: 'no CATALOG before it',
      });
    } else if (text.startsWith('//')) this.#control(card);
    // A label card has no meaning here; decks use it to comment a card out.
    else if (!text.startsWith('/.')) this.#statement(card);
  }

  #statement(card: Card): void {
    this.#sawStatement = true;
    if (this.#misplaced(card)) return;
    if (this.#step === undefined) this.#withoutExec(card);
    const step = this.#step;
    if (step === undefined || this.#stray) return;
    if (card.sequence) this.#sequenced.push(card);
    const name = tokensOf(card)[0]!;
    if (step.program.name === 'LIBR') {
      if (/^CAT[A-Z]*$/i.test(name.text)) this.#member(card);
      return;
    }
    if (step.program.takesData !== true) {
      const statement = statementOf(step.program.name, name.text.toUpperCase());
      if (!checkCard(card, statement?.origin === 'ours', this.#report)) return;
    }
    step.cards.push(card);
  }

  /** What is no statement but was meant as job control or as a comment. In the data of a program all may stand. */
  #misplaced(card: Card): boolean {
    if (this.#step?.program.takesData === true || (this.#step === undefined && this.#stray)) return false;
    const first = tokensOf(card)[0]!;
    const control = /^\/[/*&]/.exec(first.text);
    if (control !== null || (/^\*/.test(first.text) && this.#isIndented())) {
      const mark = control?.[0] ?? '*';
      this.#report.add('TW1111', { text: mark, at: first.at }, `${mark} does not begin in column 1`, {
        label: this.#isIndented() ? 'every line is indented' : 'job control and comments begin in column 1',
        help: `take the blanks away; the file is not read from here on`,
      });
      this.#next = this.#cards.length;
      this.#step = undefined;
      this.#whole = false;
      return true;
    }
    const mark = /^[*#;]/.exec(first.text);
    if (mark !== null) this.#comments.push({ text: mark[0], at: first.at });
    return mark !== null;
  }

  /** As a deck is that was copied out of an indented block. */
  #isIndented(): boolean {
    return this.#cards.every((card) => isBlank(card) || /^[ \t]/.test(card.text));
  }

  /** A member goes from CATALOG to /+ (or what EOD= names), whatever stands in it. */
  #member(card: Card): void {
    const end = /\bEOD=(\S\S)/i.exec(card.text)?.[1] ?? '/+';
    for (let line = this.#take(); line !== undefined; line = this.#take())
      if (line.text.startsWith(end)) return;
    this.#report.add('TW1106', wholeCard(card), `no ${end} ends this member`, {
      label: 'it takes the rest of the file',
      help: `put a card ${end} behind the member`,
    });
  }

  #endOfData(card: Card): void {
    const step = this.#step;
    this.#stray = false;
    // With text behind it and no step open, the card is a comment between job control statements.
    if (step === undefined) return;
    this.#step = undefined;
    if (step.program.name === 'BSTTFTPC' && step.cards.some(readsSysipt)) this.#inStreamData(card);
  }

  /** INPUT SYSIPT: what stands between the first end-of-data card and the second one is the file to send. */
  #inStreamData(card: Card): void {
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      if (line.text.startsWith('/*')) return;
      if (line.text.startsWith('/&')) {
        this.#next--;
        break;
      }
    }
    this.#report.add('TW1106', wholeCard(card), 'no second /* ends the data of INPUT SYSIPT', {
      label: 'the data begin here',
      help: 'put a card /* behind the data',
    });
  }

  #endOfJob(): void {
    this.#step = undefined;
    this.#stray = false;
    this.#job = undefined;
    this.#sysparm = undefined;
  }

  #power(card: Card): void {
    const verb = tokensOf(card, 5)[0];
    if (verb === undefined) return;
    const name = verb.text.toUpperCase();
    if (name === 'JOB') {
      this.#endOfJob();
      this.#powerJob = /\bJNM=([^,\s]+)/i.exec(card.text)?.[1]?.toUpperCase();
    } else if (name === 'EOJ') {
      this.#endOfJob();
      this.#powerJob = undefined;
    } else if (name === 'SLI') {
      const inside = this.#step !== undefined && this.#step.program.kind !== 'tool';
      this.#report.add('TW1108', wholeCard(card), 'the member that SLI includes is not read', {
        severity: inside ? 'warning' : 'note',
        ...(inside ? { help: 'put the statements of the member here' } : {}),
      });
    } else if (!JECL.includes(name)) {
      const near = nearest(name, JECL);
      this.#report.add('TW1109', verb, `${quote(verb.text)} is not a POWER statement`, {
        ...(near === undefined ? {} : { help: `did you mean * $$ ${near}?` }),
      });
    }
  }

  #control(card: Card): void {
    this.#step = undefined; // job control ends the data of a step that has no end-of-data card
    this.#stray = false;
    if (card.sequence) this.#sequenced.push(card);
    while (goesOn(card, this.#cards[this.#next])) card = joined(card, this.#take()!);
    if (!checkCard(card, true, this.#report)) return;
    const tokens = tokensOf(card, 3);
    const verb = tokens[0];
    if (verb === undefined) {
      this.#report.add(
        'TW1104',
        { text: '//', at: place(card, 1) },
        'a job control card without a statement',
      );
      return;
    }
    const name = verb.text.toUpperCase();
    if (card.text[2] === '*') {
      this.#comments.push({ text: '//*', at: place(card, 1) });
      return;
    }
    if (card.text[2] !== ' ' && card.text[2] !== '\t') {
      this.#report.add(
        'TW1103',
        { text: `//${verb.text}`, at: place(card, 1) },
        `//${quote(verb.text)} wants a blank`,
        {
          label: 'a blank behind //',
          help: `write // ${verb.text.toUpperCase()}`,
        },
      );
      if (name !== 'EXEC') return;
    }
    if (name === 'JOB') this.#jobCard(verb, tokens[1]);
    else if (name === 'OPTION') this.#option(card, verb, tokens[1]);
    else if (name === 'EXEC') this.#exec(card, verb, tokens[1]);
    else if (CONDITIONAL.has(name)) {
      this.#report.add('TW1107', wholeCard(card), `${name} is not carried out`, {
        label: 'every step is read',
      });
    } else if (WITHOUT_MEANING.has(name)) this.#form(name, verb, tokens[1]);
    else this.#unknownControl(verb);
  }

  #jobCard(verb: Token, name: Token | undefined): void {
    this.#endOfJob();
    if (name === undefined) this.#missing(verb, 'JOB has no name', '// JOB BSI44');
    else this.#job = name.text.toUpperCase();
  }

  #option(card: Card, verb: Token, operands: Token | undefined): void {
    if (operands === undefined) this.#missing(verb, 'OPTION has no operand', "// OPTION SYSPARM='02'");
    this.#sysparm = sysparmOf(card, this.#report) ?? this.#sysparm;
  }

  #form(name: string, verb: Token, operands: Token | undefined): void {
    const form = FORM[name];
    if (form !== undefined && !form.shape.test(operands?.text ?? '')) {
      this.#missing(operands ?? verb, `${name} is not complete`, form.form);
    }
  }

  #missing(at: Token, message: string, form: string): void {
    this.#report.add('TW1104', at, message, { help: `write ${form}` });
  }

  #unknownControl(verb: Token): void {
    this.#sawStatement = true;
    const near = this.#report.full
      ? undefined
      : nearest(verb.text, [...WITH_MEANING, ...WITHOUT_MEANING, ...CONDITIONAL]);
    this.#report.add('TW1103', verb, `${quote(verb.text)} is not a job control statement`, {
      help:
        near === undefined
          ? 'job control begins with JOB, OPTION, LIBDEF, EXEC ...'
          : `did you mean // ${near}?`,
    });
    if (near === 'EXEC') this.#passOver();
  }

  /** The cards of a program whose EXEC is wrong say nothing that can be judged. */
  #passOver(): void {
    this.#sawExec = true;
    this.#step = undefined;
    this.#stray = true;
    this.#whole = false;
  }

  #exec(card: Card, verb: Token, operand: Token | undefined): void {
    this.#sawExec = true;
    const named = operand && programNameIn(card, operand);
    if (named === undefined) {
      if (operand !== undefined && /^(?:PROC|REXX)=./i.test(operand.text))
        this.#foreign(operand, operand.text);
      else {
        this.#missing(operand ?? verb, 'EXEC names no program', '// EXEC BSTTINET,SIZE=BSTTINET');
        this.#passOver();
      }
      this.#stray = true;
      return;
    }
    const program = programNamed(named.text.toUpperCase());
    if (program === undefined || program.kind === 'member') this.#foreign(named, named.text);
    else this.#open(program, named);
  }

  /** A program that is not ours: its cards are skipped; a name that looks like a slip is an error. */
  #foreign(token: Token, name: string): void {
    const names = programs.filter((p) => p.kind !== 'member').map((p) => p.name);
    const near = nearest(name, names);
    const ours = near !== undefined || /^(?:BSTT|TWIN)/i.test(name);
    this.#report.add('TW1102', token, `program ${quote(name)} is not known`, {
      severity: ours ? 'error' : 'warning',
      label: 'its cards are skipped',
      help: near === undefined ? `programs are ${names.join(', ')}` : `did you mean // EXEC ${near}?`,
    });
    this.#stray = true;
    this.#step = undefined;
    if (ours) this.#passOver();
  }

  #open(program: Program, nameToken: Token): void {
    this.#step = {
      program,
      at: nameToken.at,
      nameToken,
      job: this.#job ?? this.#powerJob,
      sysparm: this.#sysparm,
      cards: [],
    };
    this.#steps.push(this.#step);
  }

  /** A statement before any EXEC: a member that has no job control, or a deck whose EXEC was forgotten. */
  #withoutExec(card: Card): void {
    if (this.#stray) return;
    const first = tokensOf(card)[0]!;
    if (!this.#sawExec && this.#steps.length === 0) {
      const member = memberOf(card);
      if (member === 'book') this.#skipAll();
      else if (member !== undefined) this.#open(member, first);
      if (member !== undefined) return;
    }
    this.#stray = true;
    const found = programOf(this.#cards, this.#next - 1, this.#sawExec);
    this.#report.add('TW1101', first, `no // EXEC before ${quote(first.text)}`, {
      label: 'which program is this for?',
      help:
        found === undefined
          ? this.#sawExec
            ? 'put it before the /* that ended the program, or behind a further // EXEC'
            : 'put // EXEC BSTTINET before the statements of an IPv4 stack, // EXEC BSTT6NET before those of an IPv6 stack'
          : `${found.why}: put // EXEC ${found.program.name} before it${found.but}`,
    });
    if (found === undefined) this.#whole = false;
    else {
      // The other statements are still checked, so that all findings come in one pass.
      this.#stray = false;
      this.#open(found.program, first);
    }
  }

  #skipAll(): void {
    this.#next = this.#cards.length;
    this.#stray = true;
  }
}

function readsSysipt(card: Card): boolean {
  return /^\s*INPUT\s+SYSIPT\s*$/i.test(card.text);
}
