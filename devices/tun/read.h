/* Packets from the descriptor of an interface into the slots of the exchange: see read.c. */
#ifndef TWINSTACK_READ_H
#define TWINSTACK_READ_H
#include "tun.h"

/* A burst as the kernel hands it up; the number of packets, and errno in `error`. `whole`: none is longer than a slot. */
int32_t read_burst(const Tun *tun, int32_t slots, int32_t large, bool whole, int *error);

/* The same without a virtio_net_hdr from the kernel: it is made here, and segments are joined (plain.c). */
int32_t read_plain_burst(const Tun *tun, int32_t slots, int32_t large, bool whole, int *error);

/* Without a slot packets are read all the same: an interface that stays readable would spin the event loop. */
int32_t discard_burst(const Tun *tun, int *error);
#endif
