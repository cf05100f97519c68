#!/bin/sh
# sh tests/drivers/bare_debian.sh [BASE]: shows, in a clean Debian 12 that has Mesa's OpenGL and no Vulkan driver, that
#   - as a user without root and without sudo, ./vicuna train computes with what there is and says how slow that is and what
#     mends it, and doctor gives the command too;
#   - as root, ./vicuna train installs Mesa's Vulkan driver, says so, and computes by Vulkan.
# Wants Linux, root, debootstrap, and that ./vicuna ran here before: Deno and its packages are taken from this machine.
# BASE is a folder for the clean system: made if it is not there, and kept, so that the next run is quicker. The packages come
# from MIRROR, by default the first one of this machine's apt.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)

fail() {
    echo "bare_debian: $1" >&2
    exit 1
}

[ "$(id -u)" -eq 0 ] || fail "wants root, to make a file system of its own"
command -v debootstrap >/dev/null || fail "wants debootstrap (apt-get install debootstrap)"
# Mounts are made in a namespace of this script's own, and end with it.
[ -n "${BARE_DEBIAN_INSIDE:-}" ] || BARE_DEBIAN_INSIDE=1 exec unshare --mount --propagation private sh "$0" "$@"

mirror=${MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -n 's/^URIs: *\([^ ]*debian\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\)\/\{0,1\} .*/\2/p' | head -n 1)}
[ -n "$mirror" ] || fail "found no mirror of Debian in this machine's apt sources: set MIRROR"
deno=$(ls "$root"/.vicuna/tools/node_modules/@deno/*/deno 2>/dev/null | head -n 1)
[ -n "$deno" ] || fail "wants .vicuna/tools: run ./vicuna once without a deno on the PATH"
cache=$("$deno" info --json | sed -n 's/^ *"denoDir": "\(.*\)",$/\1/p')

work=$(mktemp -d)
trap 'umount "$work/system/proc" 2>/dev/null || true; rm -rf "$work"' EXIT
base=${1:-$work/base}
if [ ! -e "$base/etc/debian_version" ]; then
    echo "== a clean Debian 12 with libgl1-mesa-dri and libegl1"
    debootstrap --variant=minbase --include=libgl1-mesa-dri,libegl1 bookworm "$base" "$mirror" >"$work/log" 2>&1 ||
        { tail -n 20 "$work/log" >&2; fail "debootstrap failed"; }
fi
system=$work/system
cp -a "$base" "$system"
mount -t proc proc "$system/proc"
cp -L /etc/resolv.conf "$system/etc/resolv.conf"

# The project as a clone has it, Deno and its packages, and the inputs of a tiny training.
project=$system/srv/vicuna
mkdir -p "$project/.vicuna" "$system/srv/deno" "$system/srv/inputs"
(cd "$root" && git ls-files -z | xargs -0 cp --parents -t "$project")
cp -a "$root/.vicuna/tools" "$project/.vicuna/"
cp -a "$cache/npm" "$system/srv/deno/"
(cd "$root" && "$deno" eval "import { writeInputs } from './tests/tasks/children.ts'; await writeInputs('$system/srv/inputs')")
chroot "$system" useradd --create-home guest
chmod -R a+rwX "$system/srv/deno" "$system/srv/inputs"

failed=0
check() { # name, pattern; reads $work/said
    if grep -Eq "$2" "$work/said"; then echo "✓ $1"; else echo "✗ $1: nothing matches $2"; failed=1; fi
}
absent() {
    if grep -Eq "$2" "$work/said"; then echo "✗ $1: something matches $2"; failed=1; else echo "✓ $1"; fi
}

# Runs ./vicuna as a user in the clean system; what it says goes to the terminal and to $work/said.
run_as() {
    user=$1
    shift
    home=/root
    [ "$user" = root ] || home=/home/$user
    printf '\n== as %s: ./vicuna %s\n' "$user" "$*"
    {
        chroot --userspec="$user" "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" LC_ALL=C.UTF-8 \
            NO_COLOR=1 DENO_DIR=/srv/deno sh -c 'cd && exec /srv/vicuna/vicuna "$@"' sh "$@" 2>&1 && echo "ended well"
    } | tee "$work/said"
}

train() {
    run_as "$1" train chinese_vicuna --base-model /srv/inputs/model --data belle:/srv/inputs/belle.jsonl --validation 4 \
        --max-tokens 96 --max-steps 2 --batch-size 4 --warmup-steps 1 --log-steps 1 --samples 1
}

command='apt-get update && apt-get install mesa-vulkan-drivers'
train guest
check "the script says in English how slow it is and what mends it" "through OpenGL, [0-9-]+ times slower.*as root: $command$"
check "and in Chinese" "通过 OpenGL 计算，慢 [0-9-]+ 倍。.*$command$"
check "train says it once more before the first step" "warning: computing through OpenGL, about [0-9]+ times slower"
check "the training ends well" "^ended well$"
run_as guest doctor
check "doctor names the backend" "^Backend: OpenGL$"
check "doctor gives the command" "^Advice: .*As root: $command$"

train root
check "the script says that it installs the driver" "^vicuna: No Vulkan driver was found: installing Mesa"
check "in Chinese too" "正在安装 Mesa 的软件驱动"
absent "nothing is said of OpenGL" "OpenGL"
check "the training ends well" "^ended well$"
run_as guest doctor
check "after that doctor says Vulkan" "^Backend: Vulkan$"
absent "and advises on nothing of OpenGL" "OpenGL"

printf '\n%s\n' "$([ "$failed" -eq 0 ] && echo "All of it holds." || echo "Something does not hold, see above.")"
exit "$failed"
