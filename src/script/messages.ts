/** What `recvmsg` tells beside the bytes: cmsg(3), as far as it is to be had here. */
import { nameList } from './arguments.ts';
import type { Call, Value } from './syntax.ts';
import { NotSupported, type OptionValue, type PosixSocket } from './world.ts';

interface Control {
  /** The script says what control messages there are. */
  readonly expects: boolean;
  /** What is other than it says, once the call has read. */
  readonly judge: (socket: PosixSocket) => ReadonlyMap<number, OptionValue>;
}

const NOTHING: Control = { expects: false, judge: () => new Map() };

/** @throws NotSupported for control messages and flags that a stack of ours has not. */
export function control(call: Call): Control {
  const message = call.arguments[1];
  if (message?.kind !== 'struct') return NOTHING;
  const flags = message.fields.get('msg_flags');
  const told = nameList(flags).filter((name) => name !== 'MSG_CMSG_CLOEXEC');
  if (told.length > 0) throw new NotSupported(`recvmsg that tells ${told.join('|')}`);
  if (flags?.kind === 'number' && flags.value !== 0)
    throw new NotSupported(`recvmsg that tells flags ${flags.value}`);
  const given = message.fields.get('msg_control');
  if (given?.kind !== 'list') return NOTHING;
  const expected = given.items.map(inqueue);
  return {
    expects: true,
    judge: (socket) => {
      const isOn = socket.getOption('TCP_INQ') !== 0;
      const wrong = new Map<number, OptionValue>();
      for (const value of expected) {
        // tcp(7): one when nothing but the end of the stream is left.
        const there = socket.queued('in') || (socket.ready.peerClosed ? 1 : 0);
        if (!isOn) wrong.set(1, 'no TCP_CM_INQ');
        else if (value !== undefined && value !== there) wrong.set(1, `TCP_CM_INQ ${there}`);
      }
      return wrong;
    },
  };
}

/** The number of a TCP_CM_INQ; undefined: any. */
function inqueue(item: Value): number | undefined {
  const fields = item.kind === 'struct' ? item.fields : new Map<string, Value>();
  const type = nameList(fields.get('cmsg_type'))[0] ?? 'without a name';
  if (type !== 'TCP_CM_INQ') throw new NotSupported(`control message ${type}`);
  const data = fields.get('cmsg_data');
  return data?.kind === 'number' ? data.value : undefined;
}
