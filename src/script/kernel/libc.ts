/** The C library by its own names, through koffi: what Node has no call for. Linux, 64 bit, little endian. */

type Bytes = Uint8Array;

export interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Bytes, length: number) => number;
  readonly listen: (fd: number, backlog: number) => number;
  readonly accept4: (fd: number, address: null, length: null, flags: number) => number;
  readonly connect: (fd: number, address: Bytes, length: number) => number;
  readonly getsockname: (fd: number, address: Bytes, length: number[]) => number;
  readonly recv: (fd: number, buffer: Bytes, length: number, flags: number) => number;
  readonly send: (fd: number, buffer: Bytes, length: number, flags: number) => number;
  readonly sendto: (
    fd: number,
    buffer: Bytes,
    length: number,
    flags: number,
    address: Bytes,
    size: number,
  ) => number;
  readonly shutdown: (fd: number, how: number) => number;
  readonly setsockopt: (fd: number, level: number, name: number, value: Bytes, length: number) => number;
  readonly getsockopt: (fd: number, level: number, name: number, value: Bytes, length: number[]) => number;
  readonly poll: (fds: Bytes, count: number, timeout: number) => number;
  readonly ioctl: (fd: number, request: number, argument: Bytes) => number;
  readonly open: (path: string, flags: number) => number;
  readonly read: (fd: number, buffer: Bytes, length: number) => number;
  readonly write: (fd: number, buffer: Bytes, length: number) => number;
  readonly close: (fd: number) => number;
  readonly unshare: (flags: number) => number;
  /** The name of the last failure. */
  readonly errno: () => string;
  readonly errnoName: (number: number) => string;
}

/** Has been loaded once and for all. */
let loaded: Libc | undefined;

/** @throws Error when koffi, an optional dependency, is not installed, or this is no Linux. */
export async function loadLibc(): Promise<Libc> {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux') throw new Error('scripts are played to a kernel on Linux only');
  const { default: koffi } = await import('koffi').catch((error: unknown) => {
    throw new Error('playing scripts to the kernel needs the package koffi: npm install koffi', {
      cause: error,
    });
  });
  const library = koffi.load('libc.so.6');
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  const nameOf = (number: number): string => names.get(number) ?? `errno ${number}`;
  const call = (prototype: string) => library.func(prototype);
  loaded = {
    socket: call('int socket(int, int, int)'),
    bind: call('int bind(int, const uint8_t *, uint32_t)'),
    listen: call('int listen(int, int)'),
    accept4: call('int accept4(int, void *, void *, int)'),
    connect: call('int connect(int, const uint8_t *, uint32_t)'),
    getsockname: call('int getsockname(int, _Out_ uint8_t *, _Inout_ uint32_t *)'),
    recv: call('int64_t recv(int, _Out_ uint8_t *, size_t, int)'),
    send: call('int64_t send(int, const uint8_t *, size_t, int)'),
    sendto: call('int64_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)'),
    shutdown: call('int shutdown(int, int)'),
    setsockopt: call('int setsockopt(int, int, int, const uint8_t *, uint32_t)'),
    getsockopt: call('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)'),
    poll: call('int poll(_Inout_ uint8_t *, uint64_t, int)'),
    ioctl: call('int ioctl(int, uint64_t, _Inout_ uint8_t *)'),
    open: call('int open(const char *, int)'),
    read: call('int64_t read(int, _Out_ uint8_t *, size_t)'),
    write: call('int64_t write(int, const uint8_t *, size_t)'),
    close: call('int close(int)'),
    unshare: call('int unshare(int)'),
    errno: () => nameOf(koffi.errno()),
    errnoName: nameOf,
  };
  return loaded;
}
