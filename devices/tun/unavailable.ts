/** Why there is no live device, in one line that says what is missing and what to run. */
export class TunUnavailable extends Error {
  override readonly name = 'TunUnavailable';
  /** `ENOADDON` when the addon is not built or this is not Linux, else the errno of the kernel: EPERM, EBUSY, ... */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** An error of the addon: `syscall` is the call that failed. */
export interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
}

export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

/** What to tell when the interface `name` could not be opened. */
export function openingFailed(error: SystemError, name: string, mode: 'tun' | 'tap'): TunUnavailable {
  return new TunUnavailable(error.code, `cannot open ${mode} ${name}: ${openingAdvice(error, name, mode)}`);
}

function openingAdvice({ code, syscall, message }: SystemError, name: string, mode: 'tun' | 'tap'): string {
  if (syscall === 'open') {
    switch (code) {
      case 'ENOENT':
      case 'ENODEV':
      case 'ENXIO':
        return 'there is no /dev/net/tun; load the driver: modprobe tun';
      case 'EACCES':
      case 'EPERM':
        return 'no permission for /dev/net/tun; run as root, or allow it: sudo chmod 666 /dev/net/tun';
    }
  }
  switch (code) {
    case 'EPERM':
    case 'EACCES':
      return `no permission; run as root, or make it beforehand: sudo ip tuntap add mode ${mode} user $USER name ${name}`;
    case 'EBUSY':
      return 'it is in use by another process; end that one or choose another name';
    case 'EINVAL':
      return `the name is not possible, or belongs to an interface that is no ${mode}; choose another name`;
  }
  return `${syscall}: ${message}`;
}

/** What to tell when the kernel's side of `name` could not be set up. */
export function configuringFailed(error: SystemError, name: string, what: string): TunUnavailable {
  const advice =
    error.code === 'EPERM'
      ? 'no permission; run as root, or set it up beforehand with the ip command'
      : `${error.syscall}: ${error.message}`;
  return new TunUnavailable(error.code, `cannot set ${what} of ${name}: ${advice}`);
}
