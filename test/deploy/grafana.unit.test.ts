import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { FlowBoard } from '../../src/observe/board/flow-board.js'
import { FlowMetrics } from '../../src/observe/metrics.js'

const read = (path: string): string => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8')

const Source = z.object({ uid: z.string() })
const Panel = z.object({
  id: z.number(),
  type: z.string(),
  datasource: Source.optional(),
  targets: z.array(z.object({ expr: z.string(), datasource: Source })).default([]),
})
const { panels } = z.object({ panels: z.array(Panel) }).parse(JSON.parse(read('grafana/lockstep.json')))
const provisioned = z
  .object({ datasources: z.array(Source) })
  .parse(parse(read('compose/grafana/datasources.yaml'))).datasources

/** Names that a process without any flow already tells of. */
async function exposed(): Promise<ReadonlySet<string>> {
  const options = { version: '0', flows: [], stored: () => null, stale: () => false, connections: () => new Map() }
  const text = await new FlowMetrics({ ...options, board: new FlowBoard() }).text()
  return new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name ?? ''))
}

it('asks for metrics that there are, and for nothing else', async () => {
  const known = await exposed()
  const asked = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/lockstep_\w+/g) ?? []))
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.filter((name) => !known.has(name.replace(/_bucket$/, '')))).toEqual([])
})

it('has panels of its own number each, over the source that compose provisions', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const uids = panels.flatMap(({ datasource, targets }) => [
    datasource?.uid,
    ...targets.map((one) => one.datasource.uid),
  ])
  const used = new Set(uids.filter((uid) => uid !== undefined))
  expect([...used]).toEqual(provisioned.map(({ uid }) => uid))
})
