{
  "targets": [
    {
      "target_name": "tun",
      "sources": ["tun.c", "arguments.c", "kernel-side.c", "plain.c", "read.c"],
      "defines": ["NAPI_VERSION=8"],
      "cflags": ["-O3", "-Wall", "-Wextra", "-fvisibility=hidden"]
    }
  ]
}
