/** Exit codes of every command. */
export const GOOD = 0;
/** The command ran and found something wrong. */
export const FINDING = 1;
/** The command line, a statement or a script is wrong; what is wrong did not run. */
export const USAGE = 2;
/** Nothing was found wrong, and something could not be judged. */
export const INCONCLUSIVE = 3;

/** Ends a command with exit code 2 and one line on stderr. */
export class UsageError extends Error {}

/** Ends a command with exit code 1 and one line on stderr. */
export class FindingError extends Error {}
