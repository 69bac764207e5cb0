#!/usr/bin/env bash
# Installs the programs that the interop tests run: the tools of requirements.txt in a virtual environment
# below build/, and Debian's packages for what PyPI does not have.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=/usr/bin/python3
venv=build/interop
requirements=test/interop/requirements.txt
installed=$venv/requirements.txt

packages=()
[ -x /usr/bin/aws ] || packages+=(awscli)
[ -x /usr/bin/git ] || packages+=(git)
"$python" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3 python3-venv)

if [ ${#packages[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "The interop tests need Debian's packages ${packages[*]}, and this machine has no apt-get." >&2
    exit 1
  fi
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${packages[@]}"
fi

if "$venv/bin/python" -c '' 2>/dev/null && cmp -s "$requirements" "$installed"; then
  exit 0
fi

"$python" -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check \
  --require-hashes --no-deps --only-binary :all: --requirement "$requirements"
cp "$requirements" "$installed"
