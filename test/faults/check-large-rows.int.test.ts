import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { builtCli } from '../support/built-cli.js'
import { plainClient, testDatabase } from '../support/postgres.js'

const EXAMPLE = fileURLToPath(new URL('../../examples/sync', import.meta.url))
const A = testDatabase('a')
const B = testDatabase('b')

/** Bytes of a value; the first half of the rows differ, the second half are missing on one side. */
const VALUE = 10_000_000
const ROWS = 20

test('check of rows of 10 MB stays below 256 MB, also where they are compressed to nothing', async () => {
  await using cli = await builtCli()
  for (const [side, url] of [A.url, B.url].entries()) {
    await using client = await plainClient(url)
    await client.query('create table records (id uuid primary key, value text)')
    await client.query(`insert into records select md5(i::text)::uuid, 'small' from generate_series(1000, 2000) i`)
    const large = `insert into records select md5(i::text)::uuid, repeat(chr(97 + i), ${VALUE}) || $1 from generate_series(1, $2) i`
    await client.query(large, [String(side), side === 0 ? ROWS : ROWS / 2])
  }
  // As the guide has it for a container of 256 MB: without limits Node leaves more garbage lying about.
  const env = { A_URL: A.url, B_URL: B.url, NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=1' }
  const checking = cli.start(['check', 'mirror', '--json'], { cwd: EXAMPLE, env })
  let peakKb = 0
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${checking.process.pid}/status`, 'utf8').catch(() => '')
    peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  }, 20)
  try {
    const { code, stdout } = await checking.ended
    expect(stdout).toMatch(/"missingLeft":0,"missingRight":10,"changed":10/)
    expect(code).toBe(1)
  } finally {
    clearInterval(watch)
  }
  expect(peakKb).toBeGreaterThan(0)
  expect(peakKb).toBeLessThan(256 * 1024)
})
