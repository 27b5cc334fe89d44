#!/bin/sh
# The shards of the prepared job `readings`, a task of Azure Batch each: sh azure_batch.sh
# The job and its pool are there; their nodes have bep, the share at /mnt/share, and SALT, such as from a key vault.
set -eu
shards=8
for shard in $(seq 0 $((shards - 1))); do
  az batch task create --job-id readings --task-id "shard-$shard" --max-task-retry-count 3 \
    --command-line "/bin/sh -c 'exec bep run --shard $shard/$shards --share /mnt/share --name readings'"
done
