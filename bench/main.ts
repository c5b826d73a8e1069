/** `npm run bench [-- <scenario>... --rows N --json]`: measures against limits and peers in the same run. */
import { parseArgs } from 'node:util'
import { copyBinaries } from '../src/embedded/binaries.js'
import { EmbeddedServer } from '../src/embedded/server.js'
import type { Measurement } from './measurement.js'
import { plainSql } from './plain-sql.js'
import { machine, machineLine, table } from './report.js'
import type { BenchContext, Scenario } from './scenario.js'
import { SCENARIOS } from './scenarios.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string' }, json: { type: 'boolean', default: false } },
})

/** `sync` names all of `sync-busy`, `sync-idle`, ... */
const isNamed = (scenario: Scenario, name: string): boolean =>
  scenario.name === name || scenario.name.startsWith(`${name}-`)

const unknown = positionals.filter((name) => !SCENARIOS.some((scenario) => isNamed(scenario, name)))
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are ${SCENARIOS.map((scenario) => scenario.name).join(', ')}`)
  process.exit(2)
}

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
// Cleaning up after connections that were reset, Node 20 may spin without end.
process.once('beforeExit', (code) => process.exit(code))
await using binaries = await copyBinaries()
let postgresVersion = 'PostgreSQL not started'

async function measure(scenario: Scenario): Promise<readonly Measurement[]> {
  const servers: EmbeddedServer[] = []
  const start = async (settings: Readonly<Record<string, string>>): Promise<EmbeddedServer> => {
    const server = await EmbeddedServer.start(binaries, { settings })
    servers.push(server)
    return server
  }
  const context: BenchContext = {
    rows: values.rows === undefined ? undefined : Number(values.rows),
    signal: stop.signal,
    say: (text) => console.error(`${scenario.name}: ${text}`),
    startPair: async (settings = {}) => {
      const [a, b] = await Promise.all([start(settings), start(settings)])
      await using client = await plainSql(a.url())
      postgresVersion = `PostgreSQL ${(await client.run('show server_version')).rows[0].server_version}`
      return { a, b }
    },
  }
  try {
    return await scenario.run(context)
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  }
}

const measurements: Measurement[] = []
for (const scenario of SCENARIOS) {
  const asked =
    positionals.length === 0 ? scenario.onlyNamed !== true : positionals.some((name) => isNamed(scenario, name))
  if (asked) measurements.push(...(await measure(scenario)))
}

const where = machine(postgresVersion)
if (values.json) console.log(JSON.stringify({ machine: where, measurements }))
else if (measurements.length > 0) console.log(`${table(measurements)}\n\n${machineLine(where)}`)
// A goal that is missed is a figure to record, not a failure of the run.
