#!/usr/bin/env bash
# check-repo.sh [ROOT]: nothing in the files of the repository ties it to one machine: no absolute path of somebody's
# disk, no host of a private package registry, no file that a build makes, no file of more than 5 MB.
set -uo pipefail
cd "${1:-$(dirname "$0")/..}" || exit 1
failed=0

# Tracked files and those that would be tracked; without git (an unpacked archive) every file but the build folders.
list_files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard
  else
    find . \( -name .git -o -name .build -o -name build -o -name out \) -prune -o -type f -print0
  fi
}

# search WHAT PATTERN: this script is left out, since it holds the patterns.
search() {
  local hits
  hits=$(list_files | grep -zv 'tools/check-repo\.sh$' | xargs -0 -r grep -nIEH "$2" 2>/dev/null)
  if [[ -n $hits ]]; then
    printf '%s:\n%s\n' "$1" "$hits"
    failed=1
  fi
}

search "an absolute path of one machine" '(^|[^[:alnum:]_.~/$}-])/(work|root|home|Users|tmp/[[:alnum:]_-]+\.[[:alnum:]]{6})/'
search "a path beside the checkout" '\.\./shared'
search "a registry or index address" \
  '(index-url|extra-index|trusted-host|find-links|registry *=|proxy *=|artifactory|nexus\.|pypi\.[a-z]+\.[a-z]+/|GOPROXY|https?://(localhost|127\.0\.0\.1|10\.|192\.168\.))'

while IFS= read -r -d '' file; do
  case $file in
    .build/* | build/* | out/* | *.o | *.so | *.a | *.pyc)
      echo "$file: made by a build"
      failed=1
      ;;
  esac
  if [[ -f $file && $(wc -c <"$file") -gt 5000000 ]]; then
    echo "$file: over 5 MB"
    failed=1
  fi
done < <(list_files)

((failed)) || echo "check-repo: nothing found"
exit $failed
