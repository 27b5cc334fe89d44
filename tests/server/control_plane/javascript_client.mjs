// What the released client of JavaScript reads and writes: node javascript_client.mjs PACKAGES ADDRESS TOKEN.
import { createRequire } from "node:module";

const [packages, endpoint, token] = process.argv.slice(2);
const require = createRequire(`${packages}/`);
const { AzureMachineLearningWorkspaces } = require("@azure/arm-machinelearning");
const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3600_000 }) };
const client = new AzureMachineLearningWorkspaces(credential, "11111111-2222-3333-4444-555555555555", { endpoint });
const at = ["any", "letters"];

async function names(list) {
  const found = [];
  for await (const one of list) found.push(one.name);
  return found.sort();
}

const told = {
  workspace: (await client.workspaces.get(...at)).name,
  endpoints: await names(client.batchEndpoints.list(...at)),
  scoring: (await client.batchEndpoints.get(...at, "letters")).scoringUri
    ?? (await client.batchEndpoints.get(...at, "letters")).properties.scoringUri,
  deployments: await names(client.batchDeployments.list(...at, "letters")),
  size: (await client.batchDeployments.get(...at, "letters", "blue")).properties.miniBatchSize,
  computes: await names(client.computeOperations.list(...at)),
  models: await names(client.modelContainers.list(...at)),
  model: (await client.modelVersions.get(...at, "alphabet", "1")).properties.modelType,
  environments: await names(client.environmentContainers.list(...at)),
  data: await names(client.dataVersions.list(...at, "words")),
  components: await names(client.componentVersions.list(...at, "step")),
  datastores: await names(client.datastores.list(...at)),
  jobs: await names(client.jobs.list(...at)),
};

const cluster = {
  location: "local",
  properties: { computeType: "AmlCompute", properties: { vmSize: "STANDARD_DS3_V2", scaleSettings: { maxNodeCount: 3 } } },
};
const made = await client.computeOperations.beginCreateOrUpdateAndWait(...at, "second", cluster);
told.made = made.properties.properties.scaleSettings.maxNodeCount;
const tagged = await client.batchEndpoints.beginUpdateAndWait(...at, "letters", { tags: { season: "autumn" } });
told.tags = tagged.tags;
const blue = await client.batchDeployments.get(...at, "letters", "blue");
blue.properties.errorThreshold = 5;
const changed = await client.batchDeployments.beginCreateOrUpdateAndWait(...at, "letters", "blue", blue);
told.threshold = changed.properties.errorThreshold;
await client.batchDeployments.beginDeleteAndWait(...at, "letters", "green");
await client.computeOperations.beginDeleteAndWait(...at, "second", "Delete");
told.left = await names(client.batchDeployments.list(...at, "letters"));
try {
  await client.batchDeployments.beginDeleteAndWait(...at, "letters", "blue");
} catch (refused) {
  told.refused = [refused.statusCode, refused.code, refused.message];
}
console.log(JSON.stringify(told));
