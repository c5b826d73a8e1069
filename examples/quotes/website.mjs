/**
 * An insurer's website, as far as its events go. Appends for each quote its start and two updates of its products, each
 * quote to a stream of its own. In one of ten the first update comes before the start.
 *
 *   node website.mjs [--quotes 100] [--rate 20] [--broken 0.01] [--log appended.ndjson]
 *
 * `--rate` is quotes a second; `--broken` the share of quotes that get an update nobody can read; `--log` is where it writes
 * down what it appended, for whoever wants to compare.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { jsonEvent, KurrentDBClient } from '@kurrent/kurrentdb-client'

const { values } = parseArgs({
  options: {
    quotes: { type: 'string', default: '100' },
    rate: { type: 'string', default: '20' },
    broken: { type: 'string', default: '0' },
    log: { type: 'string' },
  },
})
const client = KurrentDBClient.connectionString(process.env.KURRENTDB_URL ?? 'kurrentdb://localhost:2113?tls=false')
const log = values.log === undefined ? undefined : createWriteStream(values.log)
const rate = Number(values.rate)
const PRODUCTS = ['car', 'home', 'pet', 'travel']
const RATES = ['basic', 'plus']
/** Quotes that are appended side by side. */
const TOGETHER = 50

function amount() {
  return Math.random() < 0.2 ? null : Math.round(Math.random() * 100_000) / 100
}

function started(id) {
  const data = {
    id,
    reference: `Q-${id.slice(0, 8)}`,
    contact: { name: 'Zoë O’Neill', email: `${id.slice(0, 8)}@example.com`, phone: null },
    timestamp: new Date().toISOString().replace('Z', '+00:00'),
    isFirstQuote: Math.random() < 0.5,
  }
  return jsonEvent({ type: 'quote_started', data })
}

function updated(quoteId) {
  const products = PRODUCTS.filter(() => Math.random() < 0.6).map((key) => ({
    id: `${key}-1`,
    key,
    name: `${key} insurance`,
    total: amount(),
    ipt: amount(),
    rates: RATES.map((rate) => ({
      key: rate,
      description: Math.random() < 0.5 ? null : `${key} ${rate}`,
      isOffered: Math.random() < 0.9,
      basePremium: amount(),
      loading: amount(),
      discount: amount(),
      ipt: amount(),
      commission: amount(),
      total: amount(),
      status: 'quoted',
      ratingAttributes: { postcode: 'AB1 2CD', age: 20 + Math.floor(Math.random() * 50) },
      errors: [],
    })),
  }))
  return jsonEvent({ type: 'quote_products_updated', data: { quoteId, products } })
}

async function append(number) {
  const id = randomUUID()
  const [start, first, second] = [started(id), updated(id), updated(id)]
  const steps = number % 10 === 9 ? [[first], [start, second]] : [[start, first], [second]]
  // No quote has such an id; it takes nothing from the others.
  if (Math.random() < Number(values.broken)) {
    steps.push([jsonEvent({ type: 'quote_products_updated', data: { quoteId: 'none', products: [] } })])
  }
  steps.push([jsonEvent({ type: 'quote_viewed', data: { id } })])
  for (const events of steps) await client.appendToStream(`quote-${id}`, events)
  const events = steps.flat()
  log?.write(`${JSON.stringify({ id, events: events.map(({ type, data }) => ({ type, data })) })}\n`)
}

const startedAt = performance.now()
for (let appended = 0; appended < Number(values.quotes); ) {
  const now = Math.ceil(((performance.now() - startedAt) / 1000) * rate)
  const due = Math.min(Number(values.quotes), now, appended + TOGETHER)
  await Promise.all(Array.from({ length: due - appended }, (_, index) => append(appended + index)))
  appended = due
  if (appended < Number(values.quotes)) await delay(Math.min(50, 1000 / rate))
}
await client.dispose()
if (log !== undefined) await once(log.end(), 'close')
