import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TunUnavailable } from './unavailable.ts';

declare const handle: unique symbol;
/** An open interface, as the addon knows it. */
export interface TunHandle {
  readonly [handle]: never;
}

/** What tun.c exports; its comments say the rest. All but `write` throw a `SystemError`. */
export interface TunAddon {
  /** Packets in one burst: the slots of the exchange. */
  readonly burst: number;
  /** Of those, how many may be longer than their slots. */
  readonly large: number;
  /** `exchange`: 3 + 3 * (burst + large) + burst words. `vnet` asks for a header before every packet. `readable` gets the packets read, 0 when it needs slots, or -errno once. */
  open(
    name: string,
    tap: boolean,
    vnet: boolean,
    exchange: Int32Array,
    readable: (count: number) => void,
  ): TunHandle;
  /** Granted: the header before every packet (vnet-header.ts) is the kernel's; else the addon does what it says. */
  hasVnetHeader(tun: TunHandle): boolean;
  /** TUNSETOFFLOAD; false when the kernel does not know all of `mask`. */
  setOffload(tun: TunHandle, mask: number): boolean;
  close(tun: TunHandle): void;
  name(tun: TunHandle): string;
  /** Of the interface of that name; 0 when there is none. */
  index(name: string): number;
  /** -1 when there are too many. */
  addSlab(tun: TunHandle, slab: Uint8Array): number;
  /** Bytes written, or -errno. */
  write(tun: TunHandle, slab: number, offset: number, length: number): number;
  setMtu(name: string, bytes: number): void;
  setQueue(name: string, packets: number): void;
  setUp(name: string, up: boolean): void;
  addAddress(name: string, address: string, prefixLength: number): void;
}

let loaded: TunAddon | undefined;

/** The addon, loaded once. @throws TunUnavailable */
export function tunAddon(): TunAddon {
  loaded ??= loadAddon(join(packageRoot(), 'devices', 'tun', 'build', 'Release', 'tun.node'));
  return loaded;
}

/** @throws TunUnavailable when the file is not there or cannot be loaded */
export function loadAddon(path: string): TunAddon {
  if (process.platform !== 'linux') {
    throw new TunUnavailable(
      'ENOADDON',
      `live mode needs the TUN interfaces of Linux, this is ${process.platform}`,
    );
  }
  const build =
    'build it with a C compiler installed: npm rebuild twinstack (in a checkout: npm run install)';
  if (!existsSync(path)) throw new TunUnavailable('ENOADDON', `live mode needs the TUN addon; ${build}`);
  try {
    return createRequire(import.meta.url)(path) as TunAddon;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new TunUnavailable('ENOADDON', `the TUN addon cannot be loaded (${why}); ${build}`);
  }
}

/** The folder of package.json above this file, which runs from the checkout and from dist alike. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder)
      throw new TunUnavailable('ENOADDON', 'the installation is incomplete: no package.json');
    folder = above;
  }
  return folder;
}
