/* What JavaScript hands in, and the errors that it gets. Read first: Node-API. */
#include "arguments.h"
#include <errno.h>
#include <string.h>
#include <uv.h>

napi_value throw_errno(napi_env env, int error, const char *syscall) {
  napi_value code, message, object, text;
  napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, uv_strerror(-error), NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, code, message, &object);
  napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &text);
  napi_set_named_property(env, object, "syscall", text);
  napi_throw(env, object);
  return NULL;
}

bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given >= count) return true;
  napi_throw_type_error(env, NULL, "too few arguments");
  return false;
}

bool interface_name(napi_env env, napi_value value, struct ifreq *request) {
  size_t length;
  memset(request, 0, sizeof *request);
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= IFNAMSIZ) {
    throw_errno(env, EINVAL, "interface name");
    return false;
  }
  napi_get_value_string_utf8(env, value, request->ifr_name, IFNAMSIZ, &length);
  return true;
}
