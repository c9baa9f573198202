/*
 * TUN and TAP interfaces of Linux for Node: a Node-API addon.
 *
 * Read first: Documentation/networking/tuntap.rst of the kernel; netdevice(7), rtnetlink(7); uv_poll of libuv.
 *
 * What makes it fast (measured): readiness comes from uv_poll, and each callback reads one burst and returns to the
 * event loop. Draining the interface until it is empty would make timers wait for as long as packets keep coming.
 * Packets are read straight into the slots of the packet pool: JavaScript registers each slab once, and says by slab
 * number and offset, in an Int32Array that both sides see, where the next packets go. Nothing is looked up through
 * Node-API for a packet that comes in.
 *
 * The exchange, int32 words:  [0] slots offered   [1] large slots offered, -1: none are needed
 *                             [2] packets discarded since no slot was offered
 *   then for each slot, and behind them for each large slot: slab, offset in it, in: capacity, out: length
 *   then for each packet that was read, in order: its slot, or ~ its large slot
 * Slots are used from the last offered one downwards, so that what is left over has no gaps. A slot holds what fits the
 * MTU. With offload a packet may be forty times as long, which is seen when it is read: its rest goes to a large slot,
 * to where its beginning is then copied, so that one burst needs few of those and small packets never sit in them.
 *
 * Every function throws an Error with `code` (EPERM, ...) and `syscall`. `write` alone returns -errno, since it is
 * called for each packet.
 */
#define NAPI_VERSION 8
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <node_api.h>
#include "plain.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#define BURST 64                    /* packets a callback; 16 reach 90 % of the rate, 256 make timers late */
#define PLAIN_BURST 256             /* the same where segments are put together: fewer packets come out of it */
#define LINGER 20000                /* ns, see linger(); 50000 does no more */
#define LARGE 15                    /* super-segments a callback: about 1 MB, and one slab of the pool */
#define SLOTS 3                     /* where the exchange has what */
#define LARGE_SLOTS (SLOTS + 3 * BURST)
#define ORDER (LARGE_SLOTS + 3 * LARGE)
#define EXCHANGE_WORDS (ORDER + BURST)
#define FRAME_HEADER 14             /* of Ethernet */
#define MAX_SLABS 4096              /* the pool's default bound is 256 slabs of 1 MiB */

typedef struct {
  uint8_t *bytes;
  size_t length;
  napi_ref keep; /* the slab must outlive the pointer */
} Slab;

typedef struct {
  napi_env env;
  napi_ref readable; /* (count) => void; 0 asks for slots, -errno says that the interface is gone */
  napi_ref exchange_keep;
  int32_t *exchange;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t poll;
  uv_idle_t idle;
  uint64_t lingers_until; /* uv_hrtime */
  int fd; /* -1 once closed */
  int owners; /* the JavaScript handle and the event loop; freed by the last */
  char name[IFNAMSIZ];
  bool vnet; /* the kernel has a virtio_net_hdr before every packet; else it is made here, by plain.c */
  size_t link; /* bytes of a frame's header */
  Slab *slabs;
  int32_t slab_count;
} Tun;

static napi_value throw_errno(napi_env env, int error, const char *syscall) {
  napi_value code, message, object, text;
  napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, uv_strerror(-error), NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, code, message, &object);
  napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &text);
  napi_set_named_property(env, object, "syscall", text);
  napi_throw(env, object);
  return NULL;
}

/* Fetches exactly `count` arguments; false and a TypeError when there are fewer. */
static bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given >= count) return true;
  napi_throw_type_error(env, NULL, "too few arguments");
  return false;
}

/* An interface name; "" and names with % let the kernel choose. False and an error when it does not fit. */
static bool interface_name(napi_env env, napi_value value, struct ifreq *request) {
  size_t length;
  memset(request, 0, sizeof *request);
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= IFNAMSIZ) {
    throw_errno(env, EINVAL, "interface name");
    return false;
  }
  napi_get_value_string_utf8(env, value, request->ifr_name, IFNAMSIZ, &length);
  return true;
}

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

/* The bytes of a slot; NULL when it is not inside a slab. */
static uint8_t *slot_bytes(const Tun *tun, const int32_t *slot) {
  const Slab *slab = slot[0] >= 0 && slot[0] < tun->slab_count ? &tun->slabs[slot[0]] : NULL;
  if (slab == NULL || slot[1] < 0 || slot[2] < 0 || (size_t)slot[1] + (size_t)slot[2] > slab->length) return NULL;
  return slab->bytes + slot[1];
}

/* One packet into `slot` or, when it is longer than that, into `large`: 0, 1, or -1 with errno. */
static int read_into(const Tun *tun, int32_t *slot, int32_t *large) {
  uint8_t *bytes = slot_bytes(tun, slot);
  uint8_t *more = large == NULL ? NULL : slot_bytes(tun, large);
  size_t fits = (size_t)slot[2];
  if (bytes == NULL || (large != NULL && (more == NULL || (size_t)large[2] < fits))) {
    errno = EFAULT;
    return -1;
  }
  struct iovec parts[2] = {{bytes, fits}, {NULL, 0}};
  if (large != NULL) parts[1] = (struct iovec){more + fits, (size_t)large[2] - fits};
  ssize_t length = readv(tun->fd, parts, large == NULL ? 1 : 2);
  if (length < 0) return -1;
  if ((size_t)length <= fits) {
    slot[2] = (int32_t)length;
    return 0;
  }
  memcpy(more, bytes, fits);
  large[2] = (int32_t)length;
  return 1;
}

/* A burst as the kernel hands it up; the number of packets, and errno in `error`. `whole`: none is longer than a slot. */
static int32_t read_burst(const Tun *tun, int32_t slots, int32_t large, bool whole, int *error) {
  int32_t *exchange = tun->exchange, count = 0;
  while (count < BURST && slots > 0 && (whole || large > 0)) {
    int32_t *slot = exchange + SLOTS + 3 * (slots - 1), *spill = exchange + LARGE_SLOTS + 3 * (large - 1);
    int result = read_into(tun, slot, whole ? NULL : spill);
    if (result < 0) {
      *error = errno;
      break;
    }
    exchange[ORDER + count++] = result == 0 ? --slots : ~--large;
  }
  return count;
}

/*
 * One packet from an interface without virtio_net_hdr. What may continue the train is read to where it would go on, so
 * that it needs no copy then; the first of a train moves from its slot to `large` when there is a second. 0: a packet in
 * `slot`; 1: it has joined the train; 2: so it has, and the train is in `large` now.
 */
static int read_plain(const Tun *tun, Train *train, const int32_t *slot, const int32_t *large, ssize_t *length) {
  uint8_t *bytes = slot_bytes(tun, slot), *more = large == NULL ? NULL : slot_bytes(tun, large);
  if (bytes == NULL || slot[2] <= VNET_HEADER ||
      (large != NULL && (more == NULL || large[2] < VNET_HEADER + LARGEST_PACKET))) {
    errno = EFAULT;
    return -1;
  }
  uint8_t headers[HEADERS];
  size_t fits = (size_t)slot[2] - VNET_HEADER;
  if (train->packet != NULL && !train->full && train->headers < fits && train->length + fits <= LARGEST_PACKET) {
    uint8_t *first = train->packet;
    uint8_t *end = (train->segments == 1 ? more + VNET_HEADER : first) + train->length;
    struct iovec parts[2] = {{headers, train->headers}, {end, fits - train->headers}};
    size_t before = train->length;
    if ((*length = readv(tun->fd, parts, 2)) < 0) return -1;
    if (continues(train, headers, end, (size_t)*length)) {
      if (train->segments > 2) return 1;
      memcpy(more, first - VNET_HEADER, VNET_HEADER + before);
      train->packet = more + VNET_HEADER;
      return 2;
    }
    size_t header = (size_t)*length < train->headers ? (size_t)*length : train->headers;
    memcpy(bytes + VNET_HEADER, headers, header);
    memcpy(bytes + VNET_HEADER + header, end, (size_t)*length - header);
  } else if ((*length = read(tun->fd, bytes + VNET_HEADER, fits)) < 0) {
    return -1;
  }
  end_train(train);
  memset(bytes, 0, VNET_HEADER);
  if (large != NULL) begin_train(train, bytes + VNET_HEADER, (size_t)*length, tun->link);
  return 0;
}

static int32_t read_plain_burst(const Tun *tun, int32_t slots, int32_t large, bool whole, int *error) {
  int32_t *exchange = tun->exchange, count = 0, capacity = 0;
  Train train = {.packet = NULL};
  for (int32_t reads = 0; reads < PLAIN_BURST && count < BURST && slots > 0 && (whole || large > 0); reads++) {
    int32_t *slot = exchange + SLOTS + 3 * (slots - 1), *spill = exchange + LARGE_SLOTS + 3 * (large - 1);
    ssize_t length;
    int result = read_plain(tun, &train, slot, whole ? NULL : spill, &length);
    if (result < 0) {
      *error = errno;
      break;
    }
    switch (result) {
      case 0:
        capacity = slot[2];
        slot[2] = VNET_HEADER + (int32_t)length;
        exchange[ORDER + count++] = --slots;
        break;
      case 2: /* the slot, the last one taken, is free again */
        slot[3 + 2] = capacity;
        slots++;
        exchange[ORDER + count - 1] = ~--large;
        spill[2] = VNET_HEADER + (int32_t)train.length;
        break;
      default:
        spill[3 + 2] = VNET_HEADER + (int32_t)train.length;
    }
  }
  end_train(&train);
  return count;
}

/* Without a slot packets are read all the same: an interface that stays readable would spin the event loop. */
static int32_t discard_burst(const Tun *tun, int *error) {
  uint8_t scratch[VNET_HEADER]; /* a shorter read is refused */
  int32_t count = 0;
  while (count < BURST) {
    if (read(tun->fd, scratch, sizeof scratch) < 0) {
      *error = errno;
      break;
    }
    count++;
  }
  return count;
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

/* ---- the kernel's side of an interface ------------------------------------------------------------------------- */

/* One ioctl of netdevice(7); 0 or errno. */
static int interface_ioctl(unsigned long operation, struct ifreq *request) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = ioctl(fd, operation, request) < 0 ? errno : 0;
  close(fd);
  return error;
}

/* index(name): number, 0 when there is no such interface */
static napi_value interface_index(napi_env env, napi_callback_info info) {
  napi_value args[1], index;
  struct ifreq request;
  if (!arguments(env, info, 1, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_create_uint32(env, if_nametoindex(request.ifr_name), &index);
  return index;
}

/* setMtu(name, bytes) */
static napi_value set_mtu(napi_env env, napi_callback_info info) {
  napi_value args[2];
  struct ifreq request;
  if (!arguments(env, info, 2, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_get_value_int32(env, args[1], &request.ifr_mtu);
  int error = interface_ioctl(SIOCSIFMTU, &request);
  return error == 0 ? NULL : throw_errno(env, error, "SIOCSIFMTU");
}

/* setQueue(name, packets): how many packets wait for us before the kernel drops them */
static napi_value set_queue(napi_env env, napi_callback_info info) {
  napi_value args[2];
  struct ifreq request;
  if (!arguments(env, info, 2, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_get_value_int32(env, args[1], &request.ifr_qlen);
  int error = interface_ioctl(SIOCSIFTXQLEN, &request);
  return error == 0 ? NULL : throw_errno(env, error, "SIOCSIFTXQLEN");
}

/* setUp(name, up) */
static napi_value set_up(napi_env env, napi_callback_info info) {
  napi_value args[2];
  struct ifreq request;
  bool up;
  if (!arguments(env, info, 2, args) || !interface_name(env, args[0], &request)) return NULL;
  napi_get_value_bool(env, args[1], &up);
  int error = interface_ioctl(SIOCGIFFLAGS, &request);
  if (error != 0) return throw_errno(env, error, "SIOCGIFFLAGS");
  request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  error = interface_ioctl(SIOCSIFFLAGS, &request);
  return error == 0 ? NULL : throw_errno(env, error, "SIOCSIFFLAGS");
}

static void add_attribute(struct nlmsghdr *header, unsigned short type, const void *data, size_t length) {
  struct rtattr *attribute = (struct rtattr *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = (unsigned short)RTA_LENGTH(length);
  memcpy(RTA_DATA(attribute), data, length);
  header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

/* RTM_NEWADDR, for both families: the older SIOCSIFADDR holds one IPv4 address and always waits for IPv6 DAD. */
static int new_address(unsigned index, int family, const void *address, unsigned char prefix_length) {
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg message;
    char attributes[64];
  } request = {0};
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char quoted[256];
  } reply = {0};
  size_t length = family == AF_INET ? 4 : 16;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.message);
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  request.message.ifa_family = (unsigned char)family;
  request.message.ifa_prefixlen = prefix_length;
  request.message.ifa_index = index;
  /* The link has two ends and both are ours: no need to ask whether the address is free (RFC 4862 §5.4). */
  request.message.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
  add_attribute(&request.header, IFA_LOCAL, address, length);
  add_attribute(&request.header, IFA_ADDRESS, address, length);

  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return errno;
  int error = 0;
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0 || recv(fd, &reply, sizeof reply, 0) < 0) error = errno;
  else if (reply.header.nlmsg_type == NLMSG_ERROR) error = -reply.error.error;
  else error = EPROTO;
  close(fd);
  return error;
}

/* addAddress(name, address, prefixLength); the address as text decides the family */
static napi_value add_address(napi_env env, napi_callback_info info) {
  napi_value args[3];
  struct ifreq request;
  char text[INET6_ADDRSTRLEN];
  unsigned char address[16];
  size_t length;
  int32_t prefix_length = -1;
  if (!arguments(env, info, 3, args) || !interface_name(env, args[0], &request)) return NULL;
  if (napi_get_value_string_utf8(env, args[1], text, sizeof text, &length) != napi_ok) length = 0;
  napi_get_value_int32(env, args[2], &prefix_length);
  int family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
  if (length == 0 || inet_pton(family, text, address) != 1 || prefix_length < 0 ||
      prefix_length > (family == AF_INET ? 32 : 128)) {
    return throw_errno(env, EINVAL, "address");
  }
  unsigned index = if_nametoindex(request.ifr_name);
  if (index == 0) return throw_errno(env, errno, "if_nametoindex");
  int error = new_address(index, family, address, (unsigned char)prefix_length);
  return error == 0 ? NULL : throw_errno(env, error, "RTM_NEWADDR");
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
