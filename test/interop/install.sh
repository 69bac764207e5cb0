#!/usr/bin/env bash
# Installs the AWS clients that the peers' tests call by full path, unless they are there.
set -euo pipefail

installed() {
  [ -x /usr/bin/aws ] && /usr/bin/python3 -c 'import boto3' 2>/dev/null
}

if installed; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi

"${as_root[@]}" apt-get update -q
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q --no-install-recommends \
  awscli python3-boto3

installed
