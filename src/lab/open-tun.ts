import { TunDevice, TunUnavailable } from '../../devices/tun/tun.ts';
import type { OpenLive } from './build.ts';
import type { LiveHooks } from './lab.ts';

/** Live devices: TUN and TAP interfaces of this machine. @throws TunUnavailable with one line that says what to do. */
export function openTun(
  hooks: LiveHooks,
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
        // An interface made beforehand for this user was set up by whoever made it.
        if (error instanceof TunUnavailable && error.code === 'EPERM') {
          hooks.say('TWNS005W', `NO PERMISSION TO SET INTERFACE ${name} UP, IT IS LEFT AS IT IS`);
          return device;
        }
        device.close();
        throw error;
      }
    }
    return device;
  };
}
