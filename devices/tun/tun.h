/*
 * An open interface, and the exchange: what JavaScript and the addon tell each other of packets that come in.
 *
 * The exchange, int32 words:  [0] slots offered   [1] large slots offered, -1: none are needed
 *                             [2] packets discarded since no slot was offered
 *   then for each slot, and behind them for each large slot: slab, offset in it, in: capacity, out: length
 *   then for each packet that was read, in order: its slot, or ~ its large slot
 * Slots are used from the last offered one downwards, so that what is left over has no gaps. A slot holds what fits the
 * MTU. With offload a packet may be forty times as long, which is seen when it is read: its rest goes to a large slot,
 * to where its beginning is then copied, so that one burst needs few of those and small packets never sit in them.
 */
#ifndef TWINSTACK_TUN_H
#define TWINSTACK_TUN_H
#include <net/if.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define BURST 64                    /* packets a callback; 16 reach 90 % of the rate, 256 make timers late */
#define LARGE 15                    /* super-segments a callback: about 1 MB, and one slab of the pool */
#define SLOTS 3                     /* where the exchange has what */
#define LARGE_SLOTS (SLOTS + 3 * BURST)
#define ORDER (LARGE_SLOTS + 3 * LARGE)
#define EXCHANGE_WORDS (ORDER + BURST)

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
#endif
