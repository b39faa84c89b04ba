#!/bin/sh
# root.sh: makes (or finds) a Debian root with the OpenXR runtime Monado, Mesa and Xvfb, for the tests of
# `xrserver vr`; prints where it is. Monado is not in every Debian that this project runs on, and tests
# never touch the system's own. Kept outside the checkout, under a name that says what is in it.
# Ends with 1, and a sentence, where it cannot be made.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${HOME:-/root}/.cache/xrserver-tests
key=$(cat "$here/debian.txt" "$here/packages.txt" | sha256sum | cut -c1-16)
root=$cache/openxr-$key
if [ -f "$root/made" ]; then touch "$root"; echo "$root"; exit 0; fi

refuse() { echo "No OpenXR runtime to test with: $1"; exit 1; }
[ "$(uname -sm)" = "Linux x86_64" ] || refuse "Monado's root is made for Linux on x86-64."
[ "$(id -u)" = 0 ] || refuse "making a Debian root needs root."
command -v mmdebstrap >/dev/null && command -v bwrap >/dev/null || refuse "mmdebstrap or bwrap is not installed."
python=${PYTHON:-python3}
made=$cache/making-$$
mkdir -p "$cache"
rm -rf "$made"
trap 'rm -rf "$made" "$made.log" "$made.pip"' EXIT

# Wheels for the root's Python, while Debian unpacks itself.
"$python" -m pip install --quiet --no-compile --target "$made.pip" --python-version 3.13 --implementation cp \
  --only-binary=:all: --platform manylinux2014_x86_64 --platform manylinux_2_27_x86_64 \
  --platform manylinux_2_28_x86_64 --requirement "$here/packages.txt" >"$made.log" 2>&1 &
wheels=$!
mmdebstrap --quiet --variant=minbase \
  --include="$(grep -v "^#" "$here/debian.txt" | paste -sd,)" \
  --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
  trixie "$made" >"$made.log.deb" 2>&1 || { tail -3 "$made.log.deb"; rm -f "$made.log.deb"; refuse "mmdebstrap failed."; }
rm -f "$made.log.deb"
wait $wheels || { tail -3 "$made.log"; refuse "pip could not fetch what the viewer needs."; }
mv "$made.pip" "$made/packages"
# Only the drivers that need no hardware: Monado shall not pick another.
rm -f "$made"/usr/share/vulkan/icd.d/intel* "$made"/usr/share/vulkan/icd.d/nouveau* \
  "$made"/usr/share/vulkan/icd.d/radeon* "$made"/usr/share/vulkan/icd.d/virtio* "$made"/usr/share/vulkan/icd.d/gfxstream*
mkdir -p "$made/source" "$made/out" "$made/run/xr"
# Compiled once, here: what runs in the root cannot write to it.
bwrap --bind "$made" / --dev /dev --proc /proc --tmpfs /tmp --unshare-net python3 -m compileall -q -j 2 /packages /usr/lib/python3 \
  >/dev/null 2>&1 || true
find "$cache" -maxdepth 1 -name "openxr-*" -mtime +14 -exec rm -rf {} +  # left by older versions
touch "$made/made"
mv "$made" "$root"
echo "$root"
