/**
 * Root is needed to make interfaces, and for nothing after that: a live run lets go of it before the first packet of
 * anybody else is looked at. Interfaces go with their descriptors, so the end of a run needs no privilege either.
 */
import { execFileSync } from 'node:child_process';
import { UsageError } from './exit.ts';

/** What to say when nobody was named and there is nobody to fall back to. */
export const STILL_ROOT =
  'twinstack goes on as root; --user NAME lets go of that once the interfaces are open\n';

/**
 * Becomes `user` (`NAME|UID[:GROUP|GID]`), else whoever called sudo, without further groups. False when there is
 * neither, so that the process is root still. @throws UsageError for a user that there is not, or when not root
 */
export function dropPrivileges(user: string | undefined, environment: NodeJS.ProcessEnv): boolean {
  if (process.getuid?.() !== 0) {
    if (user !== undefined) throw new UsageError('--user needs root, to become somebody else');
    return true;
  }
  const { SUDO_UID, SUDO_GID } = environment;
  const caller = SUDO_UID === undefined ? undefined : `${SUDO_UID}:${SUDO_GID ?? SUDO_UID}`;
  const wanted = user ?? caller;
  if (wanted === undefined) return false;
  const [name = '', group] = wanted.split(':');
  const uid = /^\d+$/.test(name) ? Number(name) : lookUp('-u', name);
  const gid = group ?? (/^\d+$/.test(name) ? name : lookUp('-g', name));
  try {
    // In this order: who is not root can change neither groups nor itself.
    const groupId = /^\d+$/.test(String(gid)) ? Number(gid) : String(gid);
    process.setgroups!([groupId]);
    process.setgid!(groupId);
    process.setuid!(uid);
  } catch (error) {
    throw new UsageError(`cannot go on as ${wanted}: ${(error as Error).message}`);
  }
  return process.getuid!() !== 0;
}

function lookUp(what: '-u' | '-g', name: string): number {
  try {
    return Number(
      execFileSync('id', [what, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    throw new UsageError(`--user: there is no user ${name}`);
  }
}
