/** What a script may have meant by a name that there is not. */

/** Of Levenshtein, with two neighbours exchanged as one step; at most `most` is told apart. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let older: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(before[j]! + 1, row[j - 1]! + 1, before[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, older[j - 2]! + 1);
      row.push(least);
    }
    older = before;
    before = row;
  }
  return before[b.length]!;
}

/** The nearest of `names` when it is near enough to be meant. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const most = name.length > 5 ? 2 : 1;
  let best: string | undefined;
  let least = most + 1;
  for (const other of names) {
    const d = distance(name, other, most);
    if (d < least) {
      least = d;
      best = other;
    }
  }
  return best;
}

/**
 * System calls that a script may well ask for, of packetdrill on Linux and FreeBSD and of sockets elsewhere: known, and
 * perhaps not to be had here. Any other name is an error in the script.
 */
const SYSTEM_CALLS: readonly string[] = [
  'socket bind listen accept accept4 connect close shutdown dup dup2 dup3 fcntl ioctl socketpair pipe pipe2',
  'read readv recv recvfrom recvmsg recvmmsg pread preadv write writev send sendto sendmsg sendmmsg pwrite pwritev',
  'sendfile splice tee vmsplice getsockopt setsockopt getsockname getpeername poll ppoll select pselect pselect6',
  'epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 kqueue kevent open openat creat lseek',
  'unlink ftruncate fsync mmap munmap madvise cap_set eventfd eventfd2 timerfd_create timerfd_settime signalfd getpid',
  'fork clone execve exit kill nanosleep usleep sleep prctl setuid setgid io_uring_setup io_uring_enter bpf unshare',
  'sctp_bindx sctp_connectx sctp_getladdrs sctp_getpaddrs sctp_opt_info sctp_peeloff sctp_recvmsg sctp_recvv',
  'sctp_send sctp_sendmsg sctp_sendv sctp_sendx',
].flatMap((line) => line.split(' '));
const KNOWN_CALLS: ReadonlySet<string> = new Set(SYSTEM_CALLS);

/** Why no call is named so; undefined for one that is known. */
export function unknownCall(name: string): string | undefined {
  if (KNOWN_CALLS.has(name)) return undefined;
  const meant = nearest(name, KNOWN_CALLS);
  return `no system call is named ${name}${meant === undefined ? '' : `; ${meant} is`}`;
}
