/**
 * Writers that do everything a change detector may not expect, on two databases at once. A program of its own, as the
 * writers of a real table are; it shares no code with the product. Run by `runHostileWriters` (hostile-run.ts) or:
 *
 *   npx tsx test/support/hostile-writers.ts --a URL --b URL --table records --writers 12 --seconds 60 --seed 1
 *
 *   --updates             change rows too (the table needs a column `version`)
 *   --disturb LIST        comma-separated of: vacuum, vacuum-full, cluster (default: vacuum)
 *   --open-elsewhere      an open transaction in another database of each server for the whole run
 *   --acknowledged FILE   every acknowledged key as a line {"side":"a","key":"..."}
 *
 * SIGTERM ends the run early. The last line of stdout is the result as JSON.
 */
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { DISTURBANCES, disturb, holdOpenElsewhere } from './hostile/disturbances.js'
import { Random } from './hostile/random.js'
import { type Deeds, Writer } from './hostile/writer.js'

const { values } = parseArgs({
  options: {
    a: { type: 'string' },
    b: { type: 'string' },
    table: { type: 'string', default: 'records' },
    writers: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    updates: { type: 'boolean', default: false },
    disturb: { type: 'string', default: 'vacuum' },
    'open-elsewhere': { type: 'boolean', default: false },
    acknowledged: { type: 'string' },
  },
})

function needed(name: 'a' | 'b'): string {
  const value = values[name]
  if (value === undefined) throw new Error(`--${name} URL is missing`)
  return value
}

const sides = [
  { side: 'a', url: needed('a') },
  { side: 'b', url: needed('b') },
] as const
const seed = Number(values.seed)
const stop = new AbortController()
const over = stop.signal
const timer = setTimeout(() => stop.abort(), Number(values.seconds) * 1000)
process.once('SIGTERM', () => stop.abort())

const file = values.acknowledged === undefined ? undefined : createWriteStream(values.acknowledged)
const writers = Array.from({ length: Number(values.writers) }, (_, number) => {
  const { side, url } = number % 2 === 0 ? sides[0] : sides[1]
  const acknowledge = (keys: readonly string[]): void => {
    if (keys.length > 0) file?.write(keys.map((key) => `${JSON.stringify({ side, key })}\n`).join(''))
  }
  return {
    side,
    writer: new Writer({ url, table: values.table, seed, number, withUpdates: values.updates, over, acknowledge }),
  }
})

const wanted = values.disturb.split(',').filter((kind) => kind !== '')
const kinds = Object.keys(DISTURBANCES).filter((kind): kind is keyof typeof DISTURBANCES => wanted.includes(kind))
const unknown = wanted.filter((kind) => !Object.hasOwn(DISTURBANCES, kind))
if (unknown.length > 0) throw new Error(`--disturb does not know ${unknown.join(', ')}`)

const disturbing = sides.flatMap(({ url }, index) =>
  kinds.map(async (kind) => {
    const random = new Random(seed * 7919 + index)
    return { kind, done: await disturb(kind, { url, table: values.table, random, over }) }
  }),
)
const holding = values['open-elsewhere'] ? sides.map(({ url }) => holdOpenElsewhere(url, over)) : []

await Promise.all(writers.map(({ writer }) => writer.run()))
stop.abort()
clearTimeout(timer)
const disturbances = await Promise.all(disturbing)
await Promise.all(holding)
file?.end()
if (file !== undefined) await finished(file)

function sum(deeds: readonly Deeds[]): Deeds {
  const total: Deeds = { acknowledged: 0, inDoubt: 0, actions: {}, errors: {} }
  for (const each of deeds) {
    total.acknowledged += each.acknowledged
    total.inDoubt += each.inDoubt
    for (const kind of ['actions', 'errors'] as const) {
      for (const [name, count] of Object.entries(each[kind])) total[kind][name] = (total[kind][name] ?? 0) + count
    }
  }
  return total
}

const of = (side: 'a' | 'b'): Deeds =>
  sum(writers.filter((each) => each.side === side).map(({ writer }) => writer.deeds))
const disturbed = Object.fromEntries(
  kinds.map((kind) => [kind, disturbances.reduce((total, each) => total + (each.kind === kind ? each.done : 0), 0)]),
)
process.stdout.write(`${JSON.stringify({ seed, a: of('a'), b: of('b'), disturbed })}\n`)
