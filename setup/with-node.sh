#!/usr/bin/env bash
# Runs a command with the Node version and the npm packages that the project needs: setup/with-node.sh node scripts/check.ts
# Installs both first if they are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

node_wanted=$(<.node-version)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/slipway

fail() {
  echo "error: $*" >&2
  exit 1
}

# Runs a long command and shows the elapsed time. Its output is printed only if it fails.
step() {
  local title=$1 began=$SECONDS log
  log=$(mktemp)
  shift
  echo "  $title …" >&2
  "$@" >"$log" 2>&1 &
  while kill -0 $! 2>/dev/null; do
    sleep 0.2
    if [[ -t 2 ]]; then
      printf '\r  %s … %s s' "$title" $((SECONDS - began)) >&2
    elif ((SECONDS - began > 0 && (SECONDS - began) % 30 == 0)); then
      echo "  $title … $((SECONDS - began)) s" >&2
      sleep 1
    fi
  done
  if ! wait $!; then
    cat "$log" >&2
    return 1
  fi
  rm "$log"
  [[ -t 2 ]] && printf '\r' >&2
  echo "✓ $title ($((SECONDS - began)) s)" >&2
}

# Whether a version such as v24.21.0 is in the range of package.json ("engines"), such as "^22.22.2 || ^24.15.0 || >=26.0.0".
new_enough() {
  local range clause major minor patch
  [[ $1 =~ ^v([0-9]+)\.([0-9]+)\.([0-9]+) ]] || return 1
  local version=("${BASH_REMATCH[@]:1}")
  range=$(sed -n 's/^ *"node": "\(.*\)".*/\1/p' package.json)
  for clause in ${range//||/ }; do
    IFS=. read -r major minor patch <<<"${clause#[\^>]}"
    major=${major#=}
    if ((version[0] > major)) && [[ $clause == ">="* ]]; then return 0; fi
    if ((version[0] == major && (version[1] > minor || (version[1] == minor && version[2] >= patch)))); then return 0; fi
  done
  return 1
}

folder=$cache/node-$node_wanted
# An installed one needs no look at the version of another, which takes 0.04 s.
if [[ ! -x $folder/node_modules/node/bin/node ]] && ! new_enough "$(node --version 2>/dev/null || true)"; then
  command -v npm >/dev/null || fail "npm is missing. Install Node.js 20 or newer with npm: https://nodejs.org/en/download"
  mkdir -p "$folder"
  step "install Node $node_wanted from npm (found: $(node --version 2>/dev/null || echo none))" \
    npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "node@$node_wanted" ||
    fail "Node $node_wanted could not be installed from npm. Its output is above."
fi
[[ ! -x $folder/node_modules/node/bin/node ]] || export PATH=$folder/node_modules/node/bin:$PATH

if ! cmp --silent package-lock.json node_modules/.slipway-lock; then
  command -v npm >/dev/null || fail "npm is missing. Install Node.js 20 or newer with npm: https://nodejs.org/en/download"
  step "install npm packages" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
    fail "The npm packages could not be installed. The output of npm is above."
  cp package-lock.json node_modules/.slipway-lock
fi

# Node's compile cache saves 0.1 s at every start.
export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$cache/node-compile-cache}
exec "$@"
