#!/bin/bash
# The shards of the prepared job `readings`, a task of an array each: sbatch slurm.sh
# A value of a secret variable comes from the environment that sbatch was started in.
#SBATCH --job-name=readings
#SBATCH --array=0-7%4
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=01:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
#SBATCH --open-mode=append
#SBATCH --output=readings-%A-%a.log
set -eu

# Which shard it is and how many there are, Slurm says. `exec`, so that the signal before the end is bep's own.
exec bep run --shard auto/auto --share "${SHARE:-/mnt/share}" --name readings
