#!/bin/sh
# The programs that tests drive besides Python: Chromium for the page and certutil to have it trust a
# certificate, Xvfb and xdotool for the preview window, Mesa for OpenGL without a GPU, adb for headsets
# on a cable, mmdebstrap and bubblewrap for a root with the OpenXR runtime Monado. Installed here on Debian and Ubuntu as root; elsewhere what is missing is named, and the
# tests that need it are skipped and say so.
missing=""
command -v git >/dev/null 2>&1 || missing="$missing git"
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
command -v certutil >/dev/null 2>&1 || missing="$missing libnss3-tools"
command -v Xvfb >/dev/null 2>&1 || missing="$missing xvfb"
command -v adb >/dev/null 2>&1 || missing="$missing adb"
command -v xdotool >/dev/null 2>&1 || missing="$missing xdotool"
if command -v ldconfig >/dev/null 2>&1; then
  ldconfig -p | grep -q 'libEGL\.so\.1' || missing="$missing libegl1 libegl-mesa0"
  ldconfig -p | grep -q 'libGL\.so\.1' || missing="$missing libgl1 libglx-mesa0"
  ls /usr/lib/*/dri/swrast_dri.so >/dev/null 2>&1 || missing="$missing libgl1-mesa-dri"
  # moderngl loads the libraries by their unversioned or versioned names; fonts draw the labels
  [ -d /usr/share/fonts/truetype/dejavu ] || missing="$missing fonts-dejavu-core"
  [ -d /usr/share/fonts-droid-fallback ] || missing="$missing fonts-droid-fallback"
  [ -f /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] || missing="$missing fonts-noto-color-emoji"
fi
if [ "$(uname -sm)" = "Linux x86_64" ] && [ "$(id -u)" = 0 ]; then  # for tests/openxr/root.sh
  command -v mmdebstrap >/dev/null 2>&1 || missing="$missing mmdebstrap debian-archive-keyring"
  command -v bwrap >/dev/null 2>&1 || missing="$missing bubblewrap"
fi
[ -z "$missing" ] && exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing what the tests drive:$missing"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
  echo "apt-get could not install them; tests that need them are skipped."
  exit 0
fi
echo "Not found:$missing"
echo "Tests that need them are skipped. On Debian or Ubuntu: sudo apt-get install$missing"
