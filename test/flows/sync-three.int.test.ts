import { expect, test } from 'vitest'
import { postgres } from '../../src/adapters/postgres/index.js'
import { sync } from '../../src/flows/sync/sync.js'
import { testDatabase } from '../support/postgres.js'
import { query, someRows, value } from '../support/sql.js'

const urls = { a: testDatabase('a').url, b: testDatabase('b').url, c: testDatabase('b').url }

test('two flows of one process share a side: what one brings to it, the other takes on', async () => {
  for (const url of Object.values(urls)) await query(url, 'create table records (id uuid primary key, value text)')
  await using a = postgres(urls.a)
  await using b = postgres(urls.b)
  await using c = postgres(urls.c)
  const abort = new AbortController()
  const runs = [b, c].map((other, index) =>
    sync({ table: 'records', between: [a, other], compareEveryMs: 1e9 }).run({
      name: `mirror${index}`,
      observer: (event) => {
        if (event.type === 'verdict') compared.add(event.flow)
      },
      drain: new AbortController().signal,
      abort: abort.signal,
      untilCaughtUp: false,
    }),
  )
  const compared = new Set<string>()
  try {
    // From now on only the ledgers bring rows across.
    await expect.poll(() => compared.size).toBe(2)
    await query(urls.b, someRows('from b', 500))
    await query(urls.c, someRows('from c', 300))
    for (const url of Object.values(urls)) {
      await expect.poll(() => value(url, 'select count(*)::int from records')).toBe(800)
    }
  } finally {
    abort.abort()
    await Promise.allSettled(runs)
  }
})
