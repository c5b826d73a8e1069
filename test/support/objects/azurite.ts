import { createRequire } from 'node:module'
import { BlobServiceClient } from '@azure/storage-blob'
import { freePort } from '../../../src/embedded/free-port.js'
import { startProgram } from '../program.js'

/** The one account that azurite has; its key is in Microsoft's documentation. */
const ACCOUNT = 'devstoreaccount1'
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** Where `npm run setup` installs it. */
const EMULATORS = new URL('../../emulators/package.json', import.meta.url)

export interface Azurite extends AsyncDisposable {
  /** Without the account. */
  readonly endpoint: string
  readonly connectionString: string
  readonly client: BlobServiceClient
}

/** Microsoft's emulator of Azure Blob Storage, in memory, with one container. */
export async function startAzurite(container: string): Promise<Azurite> {
  const port = await freePort()
  const main = createRequire(EMULATORS).resolve('azurite/dist/src/blob/main.js')
  const quiet = ['--inMemoryPersistence', '--silent', '--skipApiVersionCheck', '--disableTelemetry']
  const program = startProgram(main, [...quiet, '--blobHost', '127.0.0.1', '--blobPort', String(port)])
  const endpoint = `http://127.0.0.1:${port}`
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint}/${ACCOUNT};`
  const client = BlobServiceClient.fromConnectionString(connectionString, {
    retryOptions: { maxTries: 200, retryDelayInMs: 50, maxRetryDelayInMs: 100 },
  })
  await client.createContainer(container)
  return { endpoint, connectionString, client, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
