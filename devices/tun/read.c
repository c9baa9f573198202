/* Packets from the descriptor of an interface into the slots of the exchange. Read first: tun.h, plain.h. */
#include "read.h"
#include "plain.h"
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PLAIN_BURST 256 /* packets read in one burst where segments are put together: fewer come out of it */

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

int32_t read_burst(const Tun *tun, int32_t slots, int32_t large, bool whole, int *error) {
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

int32_t read_plain_burst(const Tun *tun, int32_t slots, int32_t large, bool whole, int *error) {
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

int32_t discard_burst(const Tun *tun, int *error) {
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
