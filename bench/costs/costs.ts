import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Costs } from '../../scripts/sizing/costs.js'
import type { Measurement } from '../measurement.js'
import { plainSql } from '../plain-sql.js'
import { machine } from '../report.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { databaseCosts } from './databases.js'
import { streamCosts } from './streams.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TARGET = fileURLToPath(new URL('../../docs/sizing/costs.json', import.meta.url))
const DEFAULT_ROWS = 1_000_000

/** What each flow costs per row, for the sizing page: written to docs/sizing/costs.json, from which `npm run sizing` makes it. */
export const costs: Scenario = { name: 'costs', onlyNamed: true, run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: ROOT })
  const { a, b } = await context.startPair({ max_wal_size: '16GB' })
  const place = { a, b, rows: context.rows ?? DEFAULT_ROWS, say: context.say }
  const entries = [...(await databaseCosts(place)), ...(await streamCosts(place))]
  for (const [name, { rows, seconds, tool, source, target }] of entries) {
    const perMillion = (of: number | undefined) => (((of ?? 0) / rows) * 1e6).toFixed(2)
    const servers = `source ${perMillion(source?.processorSeconds)} s, target ${perMillion(target?.processorSeconds)} s`
    const own = `tool ${perMillion(tool.processorSeconds)} s`
    context.say(`${name}: ${Math.round(rows / seconds)} rows/s; per million rows: ${own}, ${servers}`)
  }
  await using client = await plainSql(a.url())
  const { rows: versions } = await client.run('show server_version')
  const found = Costs.parse({
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: machine(`PostgreSQL ${versions[0].server_version}`),
    flows: Object.fromEntries(entries),
  })
  await mkdir(dirname(TARGET), { recursive: true })
  await writeFile(TARGET, `${JSON.stringify(found, undefined, 2)}\n`)
  context.say('written to docs/sizing/costs.json; now: npm run sizing')
  // Costs, which have no goal and no peer.
  return []
}
