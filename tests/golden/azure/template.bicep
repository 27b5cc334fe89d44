// The same resources as the template in JSON.
// No Bicep compiler has seen this file: its syntax was held against the published grammar, its types were not.
// Run `bicep build` on it before you deploy it.

@description('Name of the Azure Machine Learning workspace: it is there, in the resource group deployed to')
param workspaceName string = 'ws'

@description('Region of the workspace')
param location string = resourceGroup().location

@description('credentials.account_key of datastore/store')
@secure()
param datastore_store_account_key string

@description('settings.environment_variables.S of deployment/letters/blue')
@secure()
param deployment_letters_blue_S string

resource compute_cpu 'Microsoft.MachineLearningServices/workspaces/computes@2024-10-01' = {
  name: '${workspaceName}/cpu'
  location: 'East US 2'
  properties: {
    computeType: 'AmlCompute'
    properties: {
      vmSize: 'Standard_DS3_v2'
      vmPriority: 'Dedicated'
      scaleSettings: {
        minNodeCount: 0
        maxNodeCount: 2
        nodeIdleTimeBeforeScaleDown: 'PT120S'
      }
    }
  }
  tags: {
    team: 'a'
  }
}

resource datastore_store 'Microsoft.MachineLearningServices/workspaces/datastores@2024-10-01' = {
  name: '${workspaceName}/store'
  properties: {
    datastoreType: 'AzureBlob'
    accountName: 'account'
    containerName: 'box'
    credentials: {
      credentialsType: 'AccountKey'
      secrets: {
        secretsType: 'AccountKey'
        key: datastore_store_account_key
      }
    }
  }
}

resource data_d_1 'Microsoft.MachineLearningServices/workspaces/data/versions@2024-10-01' = {
  name: '${workspaceName}/d/1'
  properties: {
    dataType: 'uri_folder'
    dataUri: 'azureml://subscriptions/${subscription().subscriptionId}/resourcegroups/${resourceGroup().name}/workspaces/${workspaceName}/datastores/store/paths/d'
    tags: {
      a: 'b'
    }
  }
  dependsOn: [
    datastore_store
  ]
}

resource environment_env_1 'Microsoft.MachineLearningServices/workspaces/environments/versions@2024-10-01' = {
  name: '${workspaceName}/env/1'
  properties: {
    image: 'i'
    condaFile: 'channels:\n- c\ndependencies:\n- python=3.10\n- pip:\n  - x\n'
  }
}

resource model_m_1 'Microsoft.MachineLearningServices/workspaces/models/versions@2024-10-01' = {
  name: '${workspaceName}/m/1'
  properties: {
    modelType: 'mlflow_model'
    modelUri: 'azureml://subscriptions/${subscription().subscriptionId}/resourcegroups/${resourceGroup().name}/workspaces/${workspaceName}/datastores/workspaceblobstore/paths/m'
  }
}

resource component_step_1 'Microsoft.MachineLearningServices/workspaces/components/versions@2024-10-01' = {
  name: '${workspaceName}/step/1'
  properties: {
    componentSpec: {
      name: 'step'
      version: '1'
      type: 'command'
      display_name: 'A step'
      inputs: {
        data: {
          type: 'uri_folder'
        }
      }
      command: 'python x.py \${{inputs.data}}'
      code: 'azureml:${resourceId('Microsoft.MachineLearningServices/workspaces/codes/versions', workspaceName, 'code', '1')}'
      environment: 'azureml:${environment_env_1.id}'
    }
  }
}

resource component_line_1 'Microsoft.MachineLearningServices/workspaces/components/versions@2024-10-01' = {
  name: '${workspaceName}/line/1'
  properties: {
    componentSpec: {
      name: 'line'
      version: '1'
      type: 'pipeline'
      inputs: {
        data: {
          type: 'uri_folder'
        }
      }
      jobs: {
        one: {
          type: 'command'
          component: 'azureml:${component_step_1.id}'
          inputs: {
            data: '\${{parent.inputs.data}}'
          }
        }
      }
    }
  }
}

resource endpoint_letters 'Microsoft.MachineLearningServices/workspaces/batchEndpoints@2024-10-01' = {
  name: '${workspaceName}/letters'
  location: location
  properties: {
    authMode: 'AADToken'
    description: 'of letters'
    properties: {
      p1: 'v1'
    }
  }
}

resource deployment_letters_blue 'Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments@2024-10-01' = {
  name: '${workspaceName}/letters/blue'
  location: location
  properties: {
    compute: compute_cpu.id
    resources: {
      instanceCount: 1
    }
    miniBatchSize: 10
    maxConcurrencyPerInstance: 1
    errorThreshold: -1
    retrySettings: {
      maxRetries: 3
      timeout: 'PT120S'
    }
    outputAction: 'AppendRow'
    loggingLevel: 'Info'
    environmentVariables: {
      A: 'b'
      S: deployment_letters_blue_S
    }
    model: {
      referenceType: 'Id'
      assetId: model_m_1.id
    }
    outputFileName: 'predictions.csv'
  }
  tags: {
    'bep.sealed': 'S'
  }
  dependsOn: [
    endpoint_letters
  ]
}

resource deployment_letters_green 'Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments@2024-10-01' = {
  name: '${workspaceName}/letters/green'
  location: location
  properties: {
    compute: compute_cpu.id
    environmentId: environment_env_1.id
    resources: {
      instanceCount: 1
    }
    miniBatchSize: 5
    maxConcurrencyPerInstance: 1
    errorThreshold: -1
    retrySettings: {
      maxRetries: 3
      timeout: 'PT30S'
    }
    outputAction: 'AppendRow'
    loggingLevel: 'Info'
    environmentVariables: {}
    model: {
      referenceType: 'Id'
      assetId: model_m_1.id
    }
    outputFileName: 'predictions.csv'
  }
  dependsOn: [
    endpoint_letters
    deployment_letters_blue
  ]
}

resource deployment_letters_pipe 'Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments@2024-10-01' = {
  name: '${workspaceName}/letters/pipe'
  location: location
  properties: {
    deploymentConfiguration: {
      deploymentConfigurationType: 'PipelineComponent'
      componentId: {
        referenceType: 'Id'
        assetId: component_line_1.id
      }
      settings: {
        default_compute: 'cpu'
        continue_on_step_failure: 'false'
      }
    }
  }
  dependsOn: [
    compute_cpu
    endpoint_letters
    deployment_letters_green
  ]
}

resource traffic_letters 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'bep-traffic-letters'
  properties: {
    mode: 'Incremental'
    expressionEvaluationOptions: {
      scope: 'outer'
    }
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.MachineLearningServices/workspaces/batchEndpoints'
          apiVersion: '2024-10-01'
          name: '${workspaceName}/letters'
          location: location
          properties: {
            authMode: 'AADToken'
            description: 'of letters'
            properties: {
              p1: 'v1'
            }
            defaults: {
              deploymentName: 'blue'
            }
          }
        }
      ]
    }
  }
  dependsOn: [
    endpoint_letters
    deployment_letters_blue
    deployment_letters_pipe
  ]
}
