# Step 3: the traffic moves from the first deployment to the second.
sed 's/^  softmax: 100$/  softmax: 0\
  neighbours: 100/' endpoint.yml > endpoint.yml.new && mv endpoint.yml.new endpoint.yml
