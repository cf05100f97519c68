#!/bin/sh
# Unpacks Debian 13's Mesa (25.0) and all that it needs into a folder, beside the system, of which nothing changes. It has a
# C library of its own, so a program runs on it by its own loader: FOLDER/run PROGRAM [arguments].
# Its compilers for AMD's and NVIDIA's cards (RADV, NVK) come along, with stand-ins for cards that are not there: they compile
# and compute nothing (deno task shader-stats). MESA25_DRIVER=radeon or nouveau chooses them, lvp is the rule.
# Needs Debian or Ubuntu on x86-64 or arm64, 57 MB of downloads and 330 MB of disk; no root.
# Usage: tests/drivers/unpack_mesa25.sh [FOLDER]          (.vicuna/mesa25 beside the project when there is none)
set -eu

SUITE=trixie
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
mkdir -p "${1:-$root/.vicuna/mesa25}"
folder=$(CDPATH='' cd -- "${1:-$root/.vicuna/mesa25}" && pwd -P)

# Where the system itself gets Debian's packages: the first address that a source of either form names.
mirror=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE 's#^(URIs:|deb (\[[^]]*\] )?) *([a-z+]+://[^ ]*/debian)/?( .*)?$#\3#p' | head -n 1)
if [ -z "$mirror" ]; then
    echo "unpack_mesa25: no source of Debian's packages was found in /etc/apt; wanted one whose address ends in /debian" >&2
    exit 1
fi

# Lists, cache and the record of what is installed are the folder's own: with an empty record apt fetches all that is needed.
apt=$folder/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
: >"$apt/status"
cat >"$apt/debian.sources" <<END
Types: deb
URIs: $mirror
Suites: $SUITE
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
cat >"$apt/apt.conf" <<END
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Etc::sourcelist "$apt/debian.sources";
Dir::Etc::sourceparts "-";
Debug::NoLocking "1";
END
APT_CONFIG=$apt/apt.conf
export APT_CONFIG
apt-get update --quiet
apt-get install --yes --quiet --no-install-recommends --download-only mesa-vulkan-drivers libvulkan1 mesa-drm-shim

for package in "$apt"/archives/*.deb; do dpkg -x "$package" "$folder/system"; done
rm -rf "$apt"

libraries=$(dirname "$(ls "$folder"/system/usr/lib/*/libvulkan_lvp.so)")
loader=$(ls "$folder"/system/usr/lib/*/ld-linux-*.so.?)
for driver in "$libraries"/libvulkan_lvp.so "$libraries"/libvulkan_radeon.so "$libraries"/libvulkan_nouveau.so; do
    name=$(basename "$driver" .so)
    printf '{ "file_format_version": "1.0.0", "ICD": { "library_path": "%s", "api_version": "1.4.305" } }\n' \
        "$driver" >"$folder/${name#libvulkan_}_icd.json"
done
cat >"$folder/run" <<END
#!/bin/sh
# Runs a program on the Mesa that is unpacked here, with its own C library: run PROGRAM [arguments].
VK_ICD_FILENAMES=$folder/\${MESA25_DRIVER:-lvp}_icd.json
VK_DRIVER_FILES=\$VK_ICD_FILENAMES
export VK_ICD_FILENAMES VK_DRIVER_FILES
program=\$(command -v "\$1") || { echo "run: there is no program \$1" >&2; exit 1; }
shift
# NVK asks the kernel for a card; the stand-in answers in its place.
[ "\$MESA25_DRIVER" != nouveau ] || set -- --preload "$libraries/libnouveau_noop_drm_shim.so" "\$program" "\$@"
[ "\$MESA25_DRIVER" = nouveau ] || set -- "\$program" "\$@"
exec "$loader" --library-path "$libraries" "\$@"
END
chmod +x "$folder/run"
echo "Mesa is in $folder; start a program on it: $folder/run PROGRAM [arguments]"
