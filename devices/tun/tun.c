/*
 * TUN and TAP interfaces of Linux for Node: a Node-API addon.
 *
 * Read first: tun.h; Documentation/networking/tuntap.rst of the kernel; uv_poll of libuv.
 *
 * What makes it fast (measured): readiness comes from uv_poll, and each callback reads one burst and returns to the
 * event loop. Draining the interface until it is empty would make timers wait for as long as packets keep coming.
 * Packets are read straight into the slots of the packet pool: JavaScript registers each slab once, and says by slab
 * number and offset, in an Int32Array that both sides see, where the next packets go. Nothing is looked up through
 * Node-API for a packet that comes in.
 *
 * Every function throws an Error with `code` (EPERM, ...) and `syscall`. `write` alone returns -errno, since it is
 * called for each packet.
 */
#include "arguments.h"
#include "kernel-side.h"
#include "plain.h"
#include "read.h"
#include "tun.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINGER 20000    /* ns, see linger(); 50000 does no more */
#define FRAME_HEADER 14 /* of Ethernet */
#define MAX_SLABS 4096  /* the pool's default bound is 256 slabs of 1 MiB */

static Tun *tun_of(napi_env env, napi_value value) {
  void *data = NULL;
  if (napi_get_value_external(env, value, &data) != napi_ok || ((Tun *)data)->fd < 0) {
    napi_throw_type_error(env, NULL, "not an open TUN");
    return NULL;
  }
  return data;
}

/* ---- packets in ------------------------------------------------------------------------------------------------ */

/* Calls readable(argument); what it throws becomes an uncaught exception, as from any event. */
static void call_readable(Tun *tun, int32_t argument) {
  napi_env env = tun->env;
  napi_handle_scope scope;
  napi_value function, global, value, exception;
  bool pending = false;
  napi_open_handle_scope(env, &scope);
  napi_get_reference_value(env, tun->readable, &function);
  napi_get_global(env, &global);
  napi_create_int32(env, argument, &value);
  napi_make_callback(env, tun->context, global, function, 1, &value, NULL);
  napi_is_exception_pending(env, &pending);
  if (pending) {
    napi_get_and_clear_last_exception(env, &exception);
    napi_fatal_exception(env, exception);
  }
  napi_close_handle_scope(env, scope);
}

/*
 * Busy polling, as net.core.busy_poll does it: after a packet the event loop goes round for LINGER without sleeping, so
 * that the answer to what was just sent is met awake; to be woken takes longer than that. Timers and other descriptors
 * have their turn in every round, and an interface without traffic does not poll.
 */
static void linger(uv_idle_t *idle) {
  Tun *tun = idle->data;
  if (uv_hrtime() >= tun->lingers_until) uv_idle_stop(idle);
}

static int32_t offer(int32_t offered, int32_t most) { return offered < 0 || offered > most ? 0 : offered; }

static void on_readable(uv_poll_t *poll, int status, int events) {
  Tun *tun = poll->data;
  int32_t *exchange = tun->exchange;
  int32_t count = 0;
  int error = status < 0 ? -status : 0;
  (void)events;
  bool whole = exchange[1] < 0;
  /* The pool may have room again. */
  if ((exchange[0] == 0 || exchange[1] == 0) && error == 0) call_readable(tun, 0);
  if (tun->fd < 0) return;
  int32_t slots = offer(exchange[0], BURST), large = offer(exchange[1], LARGE);
  bool discard = slots == 0 || (large == 0 && !whole);
  if (error == 0) {
    count = discard     ? discard_burst(tun, &error)
            : tun->vnet ? read_burst(tun, slots, large, whole, &error)
                        : read_plain_burst(tun, slots, large, whole, &error);
  }
  if (error == EAGAIN || error == EINTR) error = 0;
  if (discard) exchange[2] += count;
  if (count > 0) {
    tun->lingers_until = uv_hrtime() + LINGER;
    uv_idle_start(&tun->idle, linger);
  }
  if (error != 0) uv_poll_stop(poll); /* the interface is gone; it would stay readable for ever */
  if (count > 0 && !discard) call_readable(tun, count);
  if (error != 0 && tun->fd >= 0) call_readable(tun, -error);
}

/* ---- opening and closing --------------------------------------------------------------------------------------- */

static void disown(Tun *tun) {
  if (--tun->owners > 0) return;
  free(tun->slabs);
  free(tun);
}

static void on_idle_closed(uv_handle_t *handle) {
  Tun *tun = handle->data;
  napi_remove_async_cleanup_hook(tun->cleanup);
  disown(tun);
}

static void on_poll_closed(uv_handle_t *handle) {
  Tun *tun = handle->data;
  uv_close((uv_handle_t *)&tun->idle, on_idle_closed);
}

/*
 * Closing the descriptor removes the interface, unless it was made persistent beforehand. The poll handle goes first and
 * at once: later the number of the descriptor may be that of another, which would be deaf from then on.
 */
static void shut(Tun *tun) {
  uv_close((uv_handle_t *)&tun->poll, on_poll_closed);
  close(tun->fd);
  tun->fd = -1;
}

/* The environment ends (a worker, or the process) while the interface is open. */
static void on_environment_end(napi_async_cleanup_hook_handle handle, void *data) {
  Tun *tun = data;
  (void)handle;
  if (tun->fd >= 0) shut(tun);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  disown(data);
}

/*
 * With `wanted`, a virtio_net_hdr before every packet, little-endian: 0 when the kernel grants it, else errno. A kernel
 * without it is asked again for the plain interface.
 */
static int set_interface(int fd, struct ifreq *request, short mode, bool wanted, bool *granted) {
  int size = VNET_HEADER, little = 1;
  *granted = false;
  request->ifr_flags = (short)(mode | IFF_NO_PI | (wanted ? IFF_VNET_HDR : 0));
  if (ioctl(fd, TUNSETIFF, request) < 0) {
    return wanted && errno == EINVAL ? set_interface(fd, request, mode, false, granted) : errno;
  }
  if (wanted && (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0 || ioctl(fd, TUNSETVNETLE, &little) < 0)) return errno;
  *granted = wanted;
  return 0;
}

/* open(name, tap, vnet, exchange: Int32Array, readable): handle */
static napi_value tun_open(napi_env env, napi_callback_info info) {
  napi_value args[5], handle, resource_name;
  struct ifreq request;
  bool tap, vnet;
  napi_typedarray_type type;
  size_t words;
  void *exchange;
  uv_loop_t *loop;
  if (!arguments(env, info, 5, args) || !interface_name(env, args[0], &request)) return NULL;
  if (napi_get_value_bool(env, args[1], &tap) != napi_ok || napi_get_value_bool(env, args[2], &vnet) != napi_ok ||
      napi_get_typedarray_info(env, args[3], &type, &words, &exchange, NULL, NULL) != napi_ok ||
      type != napi_int32_array || words < EXCHANGE_WORDS) {
    napi_throw_type_error(env, NULL, "open(name, tap, vnet, exchange, readable)");
    return NULL;
  }

  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return throw_errno(env, errno, "open");
  int error = set_interface(fd, &request, tap ? IFF_TAP : IFF_TUN, vnet, &vnet);
  if (error != 0) {
    close(fd);
    return throw_errno(env, error, "TUNSETIFF");
  }

  Tun *tun = calloc(1, sizeof *tun);
  if (tun == NULL || napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &tun->poll, fd) < 0) {
    free(tun);
    close(fd);
    return throw_errno(env, ENOMEM, "uv_poll_init");
  }
  tun->env = env;
  tun->fd = fd;
  tun->poll.data = tun->idle.data = tun;
  uv_idle_init(loop, &tun->idle);
  tun->exchange = exchange;
  tun->owners = 2;
  tun->vnet = vnet;
  tun->link = tap ? FRAME_HEADER : 0;
  memcpy(tun->name, request.ifr_name, IFNAMSIZ);
  napi_create_reference(env, args[3], 1, &tun->exchange_keep);
  napi_create_reference(env, args[4], 1, &tun->readable);
  napi_create_string_utf8(env, "twinstack:tun", NAPI_AUTO_LENGTH, &resource_name);
  napi_async_init(env, NULL, resource_name, &tun->context);
  napi_add_async_cleanup_hook(env, on_environment_end, tun, &tun->cleanup);
  napi_create_external(env, tun, on_handle_collected, NULL, &handle);
  uv_poll_start(&tun->poll, UV_READABLE, on_readable);
  return handle;
}

/* close(handle) */
static napi_value tun_close(napi_env env, napi_callback_info info) {
  napi_value args[1];
  if (!arguments(env, info, 1, args)) return NULL;
  Tun *tun = tun_of(env, args[0]);
  if (tun == NULL) return NULL;
  for (int32_t i = 0; i < tun->slab_count; i++) napi_delete_reference(env, tun->slabs[i].keep);
  tun->slab_count = 0;
  napi_delete_reference(env, tun->exchange_keep);
  napi_delete_reference(env, tun->readable);
  napi_async_destroy(env, tun->context);
  shut(tun);
  return NULL;
}

/* hasVnetHeader(handle): boolean */
static napi_value tun_has_vnet_header(napi_env env, napi_callback_info info) {
  napi_value args[1], result;
  if (!arguments(env, info, 1, args)) return NULL;
  Tun *tun = tun_of(env, args[0]);
  if (tun == NULL) return NULL;
  napi_get_boolean(env, tun->vnet, &result);
  return result;
}

/* setOffload(handle, mask): false when the kernel does not know all of it (TUNSETOFFLOAD, EINVAL) */
static napi_value tun_set_offload(napi_env env, napi_callback_info info) {
  napi_value args[2], result;
  uint32_t mask = 0;
  if (!arguments(env, info, 2, args)) return NULL;
  Tun *tun = tun_of(env, args[0]);
  if (tun == NULL) return NULL;
  napi_get_value_uint32(env, args[1], &mask);
  napi_get_boolean(env, ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)mask) == 0, &result);
  return result;
}

/* name(handle): string, as the kernel chose it */
static napi_value tun_name(napi_env env, napi_callback_info info) {
  napi_value args[1], name;
  if (!arguments(env, info, 1, args)) return NULL;
  Tun *tun = tun_of(env, args[0]);
  if (tun == NULL) return NULL;
  napi_create_string_utf8(env, tun->name, NAPI_AUTO_LENGTH, &name);
  return name;
}

/* addSlab(handle, slab: Uint8Array): number, -1 when there are too many; its pointer is taken here, once */
static napi_value tun_add_slab(napi_env env, napi_callback_info info) {
  napi_value args[2], index;
  napi_typedarray_type type;
  size_t length;
  void *bytes;
  if (!arguments(env, info, 2, args)) return NULL;
  Tun *tun = tun_of(env, args[0]);
  if (tun == NULL) return NULL;
  if (napi_get_typedarray_info(env, args[1], &type, &length, &bytes, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    napi_throw_type_error(env, NULL, "a slab is a Uint8Array");
    return NULL;
  }
  Slab *slabs = NULL;
  if (tun->slab_count < MAX_SLABS) slabs = realloc(tun->slabs, (size_t)(tun->slab_count + 1) * sizeof *slabs);
  if (slabs == NULL) {
    napi_create_int32(env, -1, &index);
    return index;
  }
  tun->slabs = slabs;
  Slab *slab = &slabs[tun->slab_count];
  slab->bytes = bytes;
  slab->length = length;
  napi_create_reference(env, args[1], 1, &slab->keep);
  napi_create_int32(env, tun->slab_count++, &index);
  return index;
}

/* write(handle, slab, offset, length): the packet behind its virtio_net_hdr; bytes written, or -errno */
static napi_value tun_write(napi_env env, napi_callback_info info) {
  napi_value args[4], result;
  int32_t slab, offset, length;
  if (!arguments(env, info, 4, args)) return NULL;
  Tun *tun = tun_of(env, args[0]);
  if (tun == NULL) return NULL;
  napi_get_value_int32(env, args[1], &slab);
  napi_get_value_int32(env, args[2], &offset);
  napi_get_value_int32(env, args[3], &length);
  ssize_t written = -EFAULT;
  if (slab >= 0 && slab < tun->slab_count && offset >= 0 && length >= 0 &&
      (size_t)offset + (size_t)length <= tun->slabs[slab].length) {
    uint8_t *bytes = tun->slabs[slab].bytes + offset;
    if (!tun->vnet) written = write_plain(tun->fd, bytes, (size_t)length, tun->link);
    else if ((written = write(tun->fd, bytes, (size_t)length)) < 0) written = -errno;
  }
  napi_create_int32(env, (int32_t)written, &result);
  return result;
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
    {"open", tun_open},       {"close", tun_close},     {"name", tun_name},
    {"addSlab", tun_add_slab}, {"write", tun_write},    {"setMtu", set_mtu},
    {"hasVnetHeader", tun_has_vnet_header},            {"setOffload", tun_set_offload},
    {"setQueue", set_queue},  {"setUp", set_up},        {"addAddress", add_address},
    {"index", interface_index},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  napi_value burst, large;
  napi_create_int32(env, BURST, &burst);
  napi_set_named_property(env, exports, "burst", burst);
  napi_create_int32(env, LARGE, &large);
  napi_set_named_property(env, exports, "large", large);
  return exports;
}
