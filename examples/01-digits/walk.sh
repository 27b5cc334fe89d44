# The three steps of README.md one after the other. It edits bep.yml and endpoint.yml: run it in a copy of this folder.
set -eu

show() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  "$@"
}

show bep plan
show bep apply --auto-approve
show bep run job.yml --name softmax
show python3 accuracy.py .bep/cloud/datastores/workspaceblobstore/azureml/softmax/score/digits.csv

show sh steps/2-add-deployment.sh
show bep plan
show bep apply --auto-approve
show bep run job-neighbours.yml --name neighbours

show sh steps/3-move-traffic.sh
show bep plan
show bep apply --auto-approve
show bep run job.yml --name moved
show python3 accuracy.py .bep/cloud/datastores/workspaceblobstore/azureml/moved/score/digits.csv

show bep plan
show bep show
show bep job list
