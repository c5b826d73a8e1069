import { createRequire } from 'node:module'
import { BlobServiceClient } from '@azure/storage-blob'
import { freePort } from '../../../src/embedded/free-port.js'
import { startProgram } from '../program.js'

/** The one account that azurite has; its key is in Microsoft's documentation. */
const ACCOUNT = 'devstoreaccount1'
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

export interface Azurite extends AsyncDisposable {
  readonly connectionString: string
  readonly client: BlobServiceClient
}

/** Microsoft's emulator of Azure Blob Storage, in memory, with one container. */
export async function startAzurite(container: string): Promise<Azurite> {
  const port = await freePort()
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
  const quiet = ['--inMemoryPersistence', '--silent', '--skipApiVersionCheck', '--disableTelemetry']
  const program = startProgram(main, [...quiet, '--blobHost', '127.0.0.1', '--blobPort', String(port)])
  const endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint};`
  const client = BlobServiceClient.fromConnectionString(connectionString, {
    retryOptions: { maxTries: 200, retryDelayInMs: 50, maxRetryDelayInMs: 100 },
  })
  await client.createContainer(container)
  return { connectionString, client, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
