/* The kernel's side of an interface: functions of the addon. */
#ifndef TWINSTACK_KERNEL_SIDE_H
#define TWINSTACK_KERNEL_SIDE_H
#include <node_api.h>

/* index(name): number, 0 when there is no such interface */
napi_value interface_index(napi_env env, napi_callback_info info);

/* setMtu(name, bytes) */
napi_value set_mtu(napi_env env, napi_callback_info info);

/* setQueue(name, packets): how many packets wait for us before the kernel drops them */
napi_value set_queue(napi_env env, napi_callback_info info);

/* setUp(name, up) */
napi_value set_up(napi_env env, napi_callback_info info);

/* addAddress(name, address, prefixLength); the address as text decides the family */
napi_value add_address(napi_env env, napi_callback_info info);
#endif
