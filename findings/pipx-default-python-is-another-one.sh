#!/usr/bin/env bash
# pipx 1.18.4: which Python makes an environment depends on how the very same interpreter is named.
#
# Given the path of a virtual environment's interpreter, PIPX_DEFAULT_PYTHON follows its links, and so means the base
# interpreter: whatever was installed or set up in that environment plays no part. Given the same interpreter by a
# name that is found on PATH, or by its path as `--python`, pipx uses it as it is.
#
# Seen: "command = BASE/bin/python3.x -m venv ..." in pyvenv.cfg for the first, "command = .../chosen/bin/..." for
# the other two. Exits with 1 if that is no longer so. Needs Python 3.11 or newer and a package index.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

python3 -m venv "$place/tools"
"$place/tools/bin/pip" install --quiet --disable-pip-version-check pipx==1.18.4
python3 -m venv --without-pip "$place/chosen"

made_by() { # made_by NAME [VARIABLE=VALUE...] -- [OPTION...]
    local name=$1 variables=()
    shift
    while [ "$1" != -- ]; do variables+=("$1"); shift; done
    shift
    env HOME="$place/home" PIPX_HOME="$place/$name" PIPX_DEFAULT_BACKEND=pip "${variables[@]}" \
        "$place/tools/bin/pipx" install "$@" cowsay==6.1 > "$place/log" 2>&1 || { cat "$place/log"; exit 1; }
    sed -n 's/^command = \([^ ]*\).*/\1/p' "$place/$name/venvs/cowsay/pyvenv.cfg"
}

by_path=$(made_by path "PIPX_DEFAULT_PYTHON=$place/chosen/bin/python3" --)
by_name=$(made_by name "PIPX_DEFAULT_PYTHON=python3" "PATH=$place/chosen/bin:$PATH" --)
by_option=$(made_by option -- --python "$place/chosen/bin/python3")
echo "PIPX_DEFAULT_PYTHON=$place/chosen/bin/python3: $by_path"
echo "PIPX_DEFAULT_PYTHON=python3, the same one by PATH: $by_name"
echo "--python $place/chosen/bin/python3: $by_option"
[[ $by_path != "$place/chosen/"* && $by_name == "$place/chosen/"* && $by_option == "$place/chosen/"* ]] ||
    { echo "no longer so"; exit 1; }
echo "still so"
