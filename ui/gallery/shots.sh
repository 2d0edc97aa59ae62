#!/bin/sh
# Takes pictures of the main screens in both themes and two sizes into shots/. Needs chromium; run from ui/.
set -eu
npx vite build --config gallery/vite.config.ts --logLevel warn
mkdir -p shots
node gallery/serve.mjs dist-gallery 4399 &
server=$!
trap 'kill $server' EXIT
sleep 1

shoot() { # name state path size theme
  chromium --headless=new --no-sandbox --hide-scrollbars --disable-gpu --window-size="$4" \
    --virtual-time-budget=1500 --screenshot="shots/$1-$5-${4%,*}.png" \
    "http://127.0.0.1:4399/?state=$2&theme=$5#$3" >/dev/null 2>&1
}

while read -r name state path; do
  case "${1:-$name}" in "$name") ;; *) continue ;; esac
  for size in 920,640 640,480; do
    for theme in light dark; do shoot "$name" "$state" "$path" "$size" "$theme"; done
  done
done < gallery/shots.txt
