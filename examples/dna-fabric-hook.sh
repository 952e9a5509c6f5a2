#!/bin/sh
# Hooks for a DNA Fabric job, with the two known commands.
#
#   dna-fabric-hook.sh pre-job     takes a snapshot, and lists what changed since the last archive
#   dna-fabric-hook.sh post-job    remembers that the archive has what that list contains
#
# Until post-job is called, pre-job lists the same changes again: a failed archive loses nothing.
# Every step ends with the exit code of what failed. Needs only a POSIX shell.

set -eu

# The job. Each can also be set in the environment.
: "${PROJECT:=show1}"                       # names the snapshots
: "${SOURCE:=/projects/show1}"              # the directory on the cluster
: "${MAPPED:=/mnt/show1}"                   # where this machine mounts it
: "${GUID:=5f1c9a52}"                       # the archiver's
: "${INDEX:=1}"
: "${OPTIONS:=--deletes}"                   # further options for the list, separated by spaces
: "${KEPT:=/var/lib/qumulo-changelist}"     # where it is kept what was archived

committed="$KEPT/$PROJECT.committed"        # the id of the snapshot up to which all is archived
pending="$KEPT/$PROJECT.pending"            # that of the list which the job is given

fail() {
    echo "$0: $1" >&2
    exit "${2:-1}"
}

# Prints the id in a file; nothing if the file is missing.
read_id() {
    [ -e "$1" ] || return 0
    id=$(cat "$1")
    case $id in
        '' | *[!0-9]*) fail "$1 does not contain the id of a snapshot" ;;
    esac
    echo "$id"
}

# Writes an id to a file, whole or not at all.
write_id() {
    echo "$2" > "$1.new"
    sync
    mv -f "$1.new" "$1"
}

pre_job() {
    mkdir -p "$KEPT"
    older=$(read_id "$committed")
    rm -f "$pending"
    newer=$(qumulo-create-snap -p "$PROJECT" -s "$SOURCE") || fail "no snapshot was taken" $?
    if [ -z "$older" ]; then
        write_id "$pending" "$newer"
        echo "$0: nothing was archived before: let the job walk all of $MAPPED this time" >&2
        return
    fi
    # If something could not be read, this ends with 1, and the same changes are listed next time.
    # shellcheck disable=SC2086  # these are several words
    qumulo-generate-changelist -p "$PROJECT" -b "$SOURCE" -m "$MAPPED" -g "$GUID" -i "$INDEX" \
        --prevsnapshotid "$older" --newsnapshotid "$newer" $OPTIONS \
        || fail "there is no complete list from snapshot $older to $newer" $?
    write_id "$pending" "$newer"
}

post_job() {
    newer=$(read_id "$pending")
    [ -n "$newer" ] || fail "no complete list waits for this"
    mv -f "$pending" "$committed"
    sync
}

case ${1:-} in
    pre-job) pre_job ;;
    post-job) post_job ;;
    *) fail "usage: $0 pre-job | post-job" 2 ;;
esac
