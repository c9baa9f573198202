import { TunDevice } from '../../devices/tun/tun.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import type { OpenLive } from './build.ts';

/** Live devices: TUN and TAP interfaces of this machine. @throws TunUnavailable with one line that says what to do. */
export function openTun(
  hooks: { readonly environment: Environment; readonly beforeBurst: () => void },
  options: { readonly hostSide: boolean; readonly offload?: boolean },
): OpenLive {
  return ({ interface: name, mode, mac, mtu, peer, onDown }) => {
    const device = TunDevice.open(hooks.environment, {
      interface: name,
      mode,
      mac,
      mtu,
      offload: options.offload !== false,
      beforeBurst: hooks.beforeBurst,
      onDown,
    });
    if (options.hostSide) {
      try {
        device.configure({ addresses: peer, up: true, mtu });
      } catch (error) {
        device.close();
        throw error;
      }
    }
    return device;
  };
}
