/** Multicast listener discovery on one link: what is to be reported, and when (RFC 3810 §6, §8.2; RFC 2710 §4). */
import type { Address } from '../address/address.ts';
import type { Environment } from '../packet/environment.ts';
import { SECOND, type Timer } from '../time/clock.ts';
import {
  CHANGE_TO_EXCLUDE,
  CHANGE_TO_INCLUDE,
  type ListenerRecord,
  MODE_IS_EXCLUDE,
  MODE_IS_INCLUDE,
} from '../wire/mld.ts';
import type { Ipv6Interface } from './interface.ts';
import type { MldSender } from './mld-sender.ts';

/** RFC 3810 §9.1, until a querier says otherwise: each change is reported so often. */
const ROBUSTNESS = 2;
/** RFC 3810 §9.11 and RFC 2710 §7.6: reports of a change come within these times of each other. */
const UNSOLICITED_REPORT_INTERVAL: Readonly<{ [version in 1 | 2]: number }> = { 1: 10 * SECOND, 2: SECOND };
/** Sources of one group that a querier asks for at once; beyond them the whole group is reported. */
export const MAX_SOURCES = 64;

interface Change {
  readonly group: Address;
  readonly listens: boolean;
  /** Reports yet to come. */
  left: number;
}

interface Answer {
  readonly group: Address;
  /** Empty: the whole group is asked for. */
  sources: readonly Address[];
  readonly timer: Timer;
}

export class Listener {
  readonly #environment: Environment;
  readonly #sender: MldSender;
  readonly #link: Ipv6Interface;
  /** The groups that are to be reported. */
  readonly #groups: () => readonly Address[];
  #robustness = ROBUSTNESS;
  /** µs: until then a querier of version 1 is believed to be there (RFC 3810 §8.2.1). */
  #oldUntil = 0;
  #changes: Change[] = [];
  #answers: Answer[] = [];
  /** Repeats reports of changes; housekeeping. */
  readonly #repeat: Timer;
  readonly #general: Timer;

  constructor(
    environment: Environment,
    sender: MldSender,
    link: Ipv6Interface,
    groups: () => readonly Address[],
  ) {
    const { clock } = environment;
    this.#environment = environment;
    this.#sender = sender;
    this.#link = link;
    this.#groups = groups;
    this.#repeat = clock.timer(() => this.#again(), { background: true });
    this.#general = clock.timer(() => this.#reportAll(MODE_IS_EXCLUDE));
  }

  /** RFC 3810 §6.1: at once, and again a random moment later. */
  changed(group: Address, listens: boolean): void {
    if (!this.#link.usable) return;
    this.#changes = this.#changes.filter((change) => !change.group.sameWords(group));
    const change = { group, listens, left: this.#robustness };
    this.#changes.push(change);
    if (!listens) this.suppress(group);
    this.#report([change]);
    if (!this.#repeat.armed) this.#armRepeat();
  }

  /** Everything, as if it had just been joined. */
  again(): void {
    this.#reportAll(CHANGE_TO_EXCLUDE);
  }

  /** A querier of that version is on the link. `interval` in seconds, `most` in µs. */
  heard(version: 1 | 2, robustness: number, interval: number, most: number): void {
    const before = this.#version;
    if (version === 1) {
      this.#oldUntil = this.#environment.clock.now + this.#robustness * interval * SECOND + most;
    } else {
      this.#robustness = robustness === 0 ? ROBUSTNESS : robustness;
    }
    // RFC 3810 §8.2.1: what is pending in the other version is given up.
    if (this.#version !== before) this.stop();
  }

  /** A general query, to be answered within `most` µs: RFC 3810 §6.2, rules 1 and 2. In version 1 each group answers for itself (RFC 2710 §4). */
  answerAll(most: number): void {
    if (this.#version === 1) {
      for (const group of this.#groups()) this.answer(group, [], most);
      return;
    }
    const delay = this.#environment.random.u32() % most;
    if (!this.#general.armed || this.#general.deadline > this.#environment.clock.now + delay) {
      this.#general.armIn(delay);
    }
  }

  /** A query for one group, with or without sources: RFC 3810 §6.2, rules 1 and 3 to 5. */
  answer(group: Address, sources: readonly Address[], most: number): void {
    const delay = this.#environment.random.u32() % most;
    const due = this.#environment.clock.now + delay;
    if (this.#general.armed && this.#general.deadline <= due) return;
    let answer = this.#answers.find((other) => other.group.sameWords(group));
    if (answer === undefined) {
      const timer = this.#environment.clock.timer(() => this.#answer(group));
      answer = { group, sources, timer };
      this.#answers.push(answer);
    } else if (sources.length === 0 || answer.sources.length === 0) {
      answer.sources = [];
    } else {
      const more = sources.filter((source) => !answer!.sources.some((known) => known.sameWords(source)));
      answer.sources = [...answer.sources, ...more];
    }
    if (answer.sources.length > MAX_SOURCES) answer.sources = [];
    if (!answer.timer.armed || answer.timer.deadline > due) answer.timer.armIn(delay);
  }

  /** No answer for this group any more; false when none was due. */
  suppress(group: Address): boolean {
    const answer = this.#answers.find((other) => other.group.sameWords(group));
    if (answer === undefined) return false;
    answer.timer.disarm();
    this.#answers = this.#answers.filter((other) => other !== answer);
    return true;
  }

  stop(): void {
    this.#repeat.disarm();
    this.#general.disarm();
    for (const { timer } of this.#answers) timer.disarm();
    this.#changes = [];
    this.#answers = [];
  }

  get #version(): 1 | 2 {
    return this.#oldUntil > this.#environment.clock.now ? 1 : 2;
  }

  #answer(group: Address): void {
    const { sources } = this.#answers.find((other) => other.group.sameWords(group))!;
    this.#answers = this.#answers.filter((other) => !other.group.sameWords(group));
    if (!this.#link.usable) return;
    if (this.#version === 1) this.#sender.reportV1(this.#link, group);
    // Rule 3 of RFC 3810 §6.2: of the sources asked for, those that are listened to, which are all.
    else if (sources.length > 0) {
      this.#sender.report(this.#link, [{ type: MODE_IS_INCLUDE, group, sources }]);
    } else this.#sender.report(this.#link, [{ type: MODE_IS_EXCLUDE, group, sources: [] }]);
  }

  #reportAll(type: number): void {
    if (!this.#link.usable) return;
    const groups = this.#groups();
    if (this.#version === 1) for (const group of groups) this.#sender.reportV1(this.#link, group);
    else
      this.#sender.report(
        this.#link,
        groups.map((group) => ({ type, group, sources: [] })),
      );
  }

  #again(): void {
    if (!this.#link.usable) return;
    this.#report(this.#changes);
    if (this.#changes.length > 0) this.#armRepeat();
  }

  #report(changes: readonly Change[]): void {
    const records: ListenerRecord[] = [];
    for (const change of changes) {
      change.left--;
      const { group, listens } = change;
      if (this.#version === 2) {
        records.push({ type: listens ? CHANGE_TO_EXCLUDE : CHANGE_TO_INCLUDE, group, sources: [] });
      } else if (listens) {
        this.#sender.reportV1(this.#link, group);
      } else {
        change.left = 0; // RFC 2710 §4: once.
        this.#sender.doneV1(this.#link, group);
      }
    }
    this.#sender.report(this.#link, records);
    this.#changes = this.#changes.filter(({ left }) => left > 0);
  }

  #armRepeat(): void {
    if (this.#changes.length === 0) return;
    this.#repeat.armIn(this.#environment.random.u32() % UNSOLICITED_REPORT_INTERVAL[this.#version]);
  }
}
