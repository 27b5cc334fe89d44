# Step 2: a second deployment stands beside the first. It gets no traffic yet.
echo '  - {file: add-deployment.yml, endpoint: digits}' >> bep.yml
