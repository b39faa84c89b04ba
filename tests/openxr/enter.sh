#!/bin/sh
# enter.sh ROOT SOURCE OUT COMMAND…: runs a command in the root, with an X display, and SOURCE (read only) and
# OUT in it. (tcc marks what it makes as in need of an executable stack, which glibc has to be told to allow.)
# It has its own network, processes and temporary files; all of them end with it.
root=$1 source=$2 out=$3
shift 3
exec bwrap --ro-bind "$root" / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /run --tmpfs /root \
  --ro-bind "$source" /source --bind "$out" /out --chdir /source --unshare-net --unshare-pid --die-with-parent \
  --clearenv --setenv PATH /usr/bin:/bin --setenv HOME /root --setenv XDG_RUNTIME_DIR /run/xr \
  --setenv PYTHONPATH /source:/packages --setenv PYTHONDONTWRITEBYTECODE 1 --setenv PYTHONUNBUFFERED 1 \
  --setenv LC_ALL C.UTF-8 --setenv GLIBC_TUNABLES glibc.rtld.execstack=2 --setenv XR_RUNTIME_JSON /usr/share/openxr/1/openxr_monado.json \
  --setenv XRSERVER_TEST_URL "${XRSERVER_TEST_URL:-}" --setenv OPENBLAS_NUM_THREADS 1 \
  sh -c '
    mkdir -p /run/xr /tmp/.X11-unix
    Xvfb :5 -screen 0 1280x720x24 -nolisten tcp -noreset >/out/xvfb.log 2>&1 &
    for i in $(seq 100); do [ -S /tmp/.X11-unix/X5 ] && break; sleep 0.03; done
    export DISPLAY=:5
    timeout "${LIMIT:-240}" "$@"' sh "$@"
