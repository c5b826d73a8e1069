import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { s3 } from '../../src/adapters/objects/s3/index.js'
import { FEED_CONFIG } from '../flows/feed/feed-config.js'
import { builtCli } from '../support/built-cli.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { startS3Double } from '../support/objects/s3-double.js'
import { S3_CREDENTIALS } from '../support/objects/s3-server.js'
import { dedicatedServer, FAST_SETTINGS, plainClient } from '../support/postgres.js'
import { query } from '../support/sql.js'

const ROWS = 16
const Manifest = z.object({ rows: z.number(), files: z.array(z.object({ name: z.string() })) })
const Line = z.object({ id: z.number(), body: z.string() })

/** Whoever reads row 6 waits while somebody holds the gate: then parts of a file are on their way. Rows of 10 MB that gzip makes half as large: what is
 *  repeated is too far away for it. */
const SETUP = `create table versions (id int primary key, body text);
  alter table versions alter body set storage external;
  insert into versions select n, repeat((select string_agg(md5(n || '.' || i), '') from generate_series(1, 32768) i), 10) from generate_series(1, ${ROWS}) n;
  create function gate(id int) returns boolean language plpgsql as $$ begin
    if id = 6 then perform pg_advisory_lock_shared(7); perform pg_advisory_unlock_shared(7); end if; return true; end $$;
  create role feeder login;
  grant select on versions to feeder`

test.runIf(process.platform === 'linux')(
  'a feed of rows of 10 MB whose store stands still stays below 256 MB, and is whole when it goes on',
  async ({ annotate }) => {
    await using server = await dedicatedServer({ settings: FAST_SETTINGS })
    await query(server.url(), SETUP)
    await using double = await startS3Double('feeds', S3_CREDENTIALS.accessKeyId)
    await using proxy = await FaultProxy.start(double.endpoint)
    await using cli = await builtCli()
    await using holder = await plainClient(server.url())
    await holder.query('select pg_advisory_lock(7)')
    const feeding = cli.start(['run', 'versions', '--config', FEED_CONFIG], {
      env: {
        FEED_URL: server.url().replace('postgres@', 'feeder@'),
        FEED_WHERE: 'gate(id)',
        FEED_S3: `http://127.0.0.1:${proxy.port}`,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
        // As the guide has it for a container of 256 MB.
        NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=1',
      },
    })
    let peakKb = 0
    const watch = setInterval(async () => {
      const status = await readFile(`/proc/${feeding.process.pid}/status`, 'utf8').catch(() => '')
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
    }, 20)
    try {
      const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted`
      await expect.poll(async () => (await query(server.url(), waiting)).length, { timeout: 60_000 }).toBeGreaterThan(0)
      await proxy.set({ kind: 'hold' })
      await holder.query('select pg_advisory_unlock(7)')
      await standsStill(server.url())
      await proxy.set({ kind: 'none' })
      const { code, stdout, stderr } = await feeding.ended
      expect(code, stdout + stderr).toBe(0)
    } finally {
      clearInterval(watch)
    }
    await annotate(`peak ${Math.round(peakKb / 1024)} MB`)
    expect(peakKb).toBeGreaterThan(0)
    expect(peakKb).toBeLessThan(256 * 1024)
    const rows = await query(server.url(), 'select id, md5(body) as sum from versions order by id')
    expect(await published(double.endpoint)).toEqual(rows)
  },
)

/** The readers have asked the server for nothing more for 2 s. */
async function standsStill(url: string): Promise<void> {
  const quiet = `select count(*)::int as readers, coalesce(min(clock_timestamp() - state_change) > interval '2 s', false) as quiet
    from pg_stat_activity where usename = 'feeder'`
  await expect
    .poll(async () => (await query(url, quiet))[0], { timeout: 60_000, interval: 100 })
    .toMatchObject({ readers: expect.any(Number), quiet: true })
}

/** The key of each row that was published, and a digest of the rest. */
async function published(endpoint: string): Promise<unknown[]> {
  const store = s3({ bucket: 'feeds', prefix: 'kill', endpoint, region: 'eu-central-1', credentials: S3_CREDENTIALS })
  const signal = AbortSignal.timeout(60_000)
  const bytesOf = async (name: string): Promise<Buffer> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of store.read(name, signal)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const names = (await store.list('', signal)).map(({ name }) => name)
  const newest = names.filter((name) => name.endsWith('.manifest.json')).at(-1) ?? ''
  const { files } = Manifest.parse(JSON.parse(String(await bytesOf(newest))))
  const rows: unknown[] = []
  for (const { name } of files) {
    for (const line of String(gunzipSync(await bytesOf(name)))
      .trimEnd()
      .split('\n')) {
      const { id, body } = Line.parse(JSON.parse(line))
      rows.push({ id, sum: createHash('md5').update(body).digest('hex') })
    }
  }
  return rows
}
