import { Client } from 'pg'

/** A bare connection to PostgreSQL, for what the demo prepares and checks without the product. */
export async function sqlClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'demo', connectionTimeoutMillis: 10_000 })
  // An idle connection that is lost says so here; the next query fails and is heard.
  client.on('error', () => undefined)
  await client.connect()
  return client
}
