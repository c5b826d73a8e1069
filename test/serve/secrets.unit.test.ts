import { inspect } from 'node:util'
import { check, feed, ingest, sync } from 'lockstep'
import { azure } from 'lockstep/azure'
import { gcs } from 'lockstep/gcs'
import { kurrentdb } from 'lockstep/kurrentdb'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { redis } from 'lockstep/redis'
import { s3 } from 'lockstep/s3'
import { sftp } from 'lockstep/sftp'
import { webhook } from 'lockstep/webhook'
import { describe, expect, it } from 'vitest'
import { openDesk } from '../../src/cli/serve/open-desk.js'
import type { Config } from '../../src/config/define-config.js'
import { Secret } from '../../src/core/secret.js'
import { shutdown } from '../../src/engine/shutdown.js'
import { FlowBoard } from '../../src/observe/board/flow-board.js'
import { appOf, request } from './subject.js'

const CANARY = 'canary-5e4d3c2b'

/** A config with the canary in every field that takes a secret, as text and as a `Secret`. */
function configOf(secret: (text: string) => string | Secret) {
  const a = postgres(secret(`postgres://user:${CANARY}@127.0.0.1:1/app`))
  const b = mysql(secret(`mysql://user:${CANARY}@127.0.0.1:1/app`))
  const hook = webhook(secret(`https://hooks.example.com/${CANARY}?token=${CANARY}`), {
    secret: secret(CANARY),
    headers: { authorization: `Bearer ${CANARY}` },
  })
  const table = a.table('t')
  const map = (row: Readonly<Record<string, unknown>>) => row
  const credentials = { accessKeyId: 'id', secretAccessKey: secret(CANARY), sessionToken: secret(CANARY) }
  const key = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`
  const account = `DefaultEndpointsProtocol=https;AccountName=app;AccountKey=${CANARY}==;EndpointSuffix=core.windows.net`
  const login = { host: 'files.example.com', user: 'me', path: '/out', insecureHostKey: true } as const
  const config: Config = {
    flows: {
      compared: check.tables({ left: table, right: b.table('t') }),
      mirror: sync({ table: 't', between: [a, postgres(secret(`postgres://u:${CANARY}@127.0.0.1:2/app`))] }),
      quotes: ingest({
        from: kurrentdb({ url: secret(`kurrentdb://admin:${CANARY}@127.0.0.1:1?tls=false`) }),
        into: b.table('t', { key: ['id'], version: 'v' }),
        cache: redis(secret(`redis://user:${CANARY}@127.0.0.1:1/0`)),
        map: (value) => ({ value }),
      }),
      bucket: feed({ from: table, map, to: s3({ bucket: 'feeds', region: 'eu-west-1', credentials }) }),
      google: feed({
        from: table,
        map,
        to: gcs({ bucket: 'feeds', credentials: { clientEmail: 'a@b.example', privateKey: secret(key) } }),
      }),
      azure: feed({ from: table, map, to: azure({ container: 'feeds', connectionString: secret(account) }) }),
      byPassword: feed({ from: table, map, to: sftp({ ...login, password: secret(CANARY) }) }),
      byKey: feed({ from: table, map, to: sftp({ ...login, privateKey: secret(key), passphrase: secret(CANARY) }) }),
    },
    state: a,
    alerts: { to: hook },
    traces: { url: 'http://127.0.0.1:1/v1/traces', headers: { authorization: secret(CANARY) } },
    serve: { token: secret(`${CANARY}-of-the-server`) },
  }
  return { config, databases: [a, b] }
}

describe('what is secret in a config', () => {
  it.each([
    ['as text', (text: string) => text],
    ['as a Secret', (text: string) => new Secret(text)],
  ])('is in no answer and no description, in whichever field it stands: %s', async (_, secret) => {
    const { config, databases } = configOf(secret)
    const flows = Object.entries(config.flows).map(([name, flow]) => ({ name, flow }))
    const board = new FlowBoard()
    using app = appOf(openDesk(config, flows, { board, observer: board.observer, ...shutdown() }))
    const read = async (path: string): Promise<string> => (await app.fetch(request(path))).text()
    const pages = ['', '/config', '/series', '/checkpoints', '/dead-letters', '/conflicts', '/checks', '/feed-runs']
    const answers = await Promise.all([
      ...['/api/v1/flows', '/metrics', '/readyz', '/openapi.json'].map(read),
      ...flows.flatMap(({ name }) => pages.map((page) => read(`/api/v1/flows/${name}${page}`))),
    ])
    const shown = flows.map(({ flow }) => `${JSON.stringify(flow.describe?.())} ${inspect(flow.describe?.())}`)
    for (const text of [...answers, ...shown]) expect(text).not.toContain(CANARY)
    // They were the answers of flows that are there, and said where these read and write.
    for (const label of ['hooks.example.com', 'files.example.com', 'postgres://127.0.0.1:1/app', 's3://feeds'])
      expect(answers.join('\n')).toContain(label)
    for (const database of databases) await database[Symbol.asyncDispose]()
  })
})
