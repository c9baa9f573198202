/* What JavaScript hands in, and the errors that it gets. */
#ifndef TWINSTACK_ARGUMENTS_H
#define TWINSTACK_ARGUMENTS_H
#include <net/if.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>

/* Throws an Error with `code` (EPERM, ...) and `syscall`; NULL, to be returned. */
napi_value throw_errno(napi_env env, int error, const char *syscall);

/* Fetches exactly `count` arguments; false and a TypeError when there are fewer. */
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);

/* An interface name; "" and names with % let the kernel choose. False and an error when it does not fit. */
bool interface_name(napi_env env, napi_value value, struct ifreq *request);
#endif
