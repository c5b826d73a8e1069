import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { doctor, type Example, generate, lockstep, schemaOf } from './example.js'

const global = testMariadb()
const shard = testMariadb()
let cli: BuiltCli

beforeAll(async () => {
  cli = await builtCli()
  await mariadbQuery(global.url, await schemaOf('blobs/global.sql'))
  await mariadbQuery(shard.url, await schemaOf('blobs/shard.sql'))
})
afterAll(() => cli[Symbol.asyncDispose]())

const Planted = z.object({
  kind: z.string(),
  key: z.string(),
  stored: z.coerce.string().optional(),
  expected: z.coerce.string(),
})
const Report = z.object({
  verdict: z.string(),
  mismatch: z.number(),
  unreferenced: z.number(),
  orphan: z.number(),
  findings: z.array(Planted.extend({ sources: z.array(z.object({ rows: z.array(z.array(z.string())).optional() })) })),
})

it('finds what the generator planted, all of it and nothing else', async () => {
  const env = { GLOBAL_URL: global.url, SHARD_URL: shard.url }
  const example: Example = { cli, config: 'blobs/lockstep.config.ts', env }
  const options = ['--blobs', '6000', '--references', '40000', '--faults', '120']
  const planted = z.array(Planted).parse(await generate('blobs/generator.mjs', options, env))
  expect(await doctor(example)).not.toMatchObject({ level: 'error' })
  const { code, stdout, stderr } = await lockstep(example, [
    'check',
    'blobs',
    '--json',
    '--more-info',
    '--limit',
    '5000',
  ])
  expect(code, stderr).toBe(1)
  const { findings, ...report } = Report.parse(JSON.parse(stdout))
  expect(report).toEqual({ verdict: 'different', mismatch: 120, unreferenced: 120, orphan: 120 })
  const byKey = (faults: readonly z.infer<typeof Planted>[]) =>
    new Map(faults.map((fault) => [fault.key, [fault.kind, fault.stored, fault.expected]] as const).sort())
  expect(byKey(findings)).toEqual(byKey(planted))
  for (const { kind, sources } of findings) {
    if (kind !== 'unreferenced') expect(sources[0]?.rows?.length).toBeGreaterThan(0)
  }
  const summary = await lockstep(example, ['check', 'blobs'])
  expect(summary.stdout).toMatch(/blobs: different/)
  expect(summary.stdout).toMatch(/120 keys referred to, and there is no such row/)
  expect(summary.stdout.split('\n').length).toBeLessThan(24)
}, 120_000)

const Repaired = z.object({
  repair: z.object({ planned: z.number(), repaired: z.number(), applied: z.boolean() }),
  orphan: z.number(),
})

it('repairs the stored numbers, guarded and only when told to; a kill in the middle leaves nothing half done', async () => {
  const env = { GLOBAL_URL: global.url, SHARD_URL: shard.url }
  const example: Example = { cli, config: 'blobs/lockstep.config.ts', env }
  const content = () =>
    mariadbQuery(global.url, 'select sum(crc32(concat(ID, ":", NumReferences))) as n from BlobStorage')
  const before = await content()
  const repair = (...more: readonly string[]) => lockstep(example, ['check', 'blobs', '--repair', 'apply', ...more])
  expect(await repair()).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
  expect(await repair('--yes', '--max-repairs', '100')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('100'),
  })
  expect(await content()).toEqual(before)
  const dying: Example = { ...example, env: { ...env, LOCKSTEP_FAILPOINT: 'repair:before-commit:2' } }
  expect(await lockstep(dying, ['check', 'blobs', '--repair', 'apply', '--yes'])).toMatchObject({ code: null })
  expect(await content()).not.toEqual(before)
  const { stdout: script } = await lockstep(example, ['check', 'blobs', '--repair', 'sql'])
  expect(
    script.match(/^UPDATE .* SET `NumReferences` = \d+ WHERE `ID` = \d+ AND `NumReferences` = \d+;$/gm),
  ).toHaveLength(140)
  const { code, stdout, stderr } = await repair('--yes', '--json')
  expect(code, stderr).toBe(1)
  expect(Repaired.parse(JSON.parse(stdout))).toEqual({
    repair: { planned: 140, repaired: 140, applied: true },
    orphan: 120,
  })
  const after = JSON.parse((await lockstep(example, ['check', 'blobs', '--json'])).stdout)
  expect(after).toMatchObject({ mismatch: 0, unreferenced: 0, orphan: 120 })
}, 120_000)

it('is told by doctor which index is missing, once the table is large, and what counting without it costs', async () => {
  const example: Example = {
    cli,
    config: 'blobs/lockstep.config.ts',
    env: { GLOBAL_URL: global.url, SHARD_URL: shard.url },
  }
  await mariadbQuery(
    shard.url,
    'insert into OutsideAttachment (BlobStorageID) select null from seq_1_to_150000; analyze table OutsideAttachment',
  )
  const { stdout } = await lockstep(example, ['doctor', 'blobs'])
  const [, fix = ''] = /fix: (.*)/.exec(stdout) ?? []
  expect(fix).toBe(
    `ALTER TABLE \`${shard.name}\`.\`OutsideAttachment\` ADD INDEX (\`BlobStorageID\`), ALGORITHM=INPLACE, LOCK=NONE;`,
  )
  expect(stdout).toMatch(/counting all keys: now about 1\d\d,000 rows, [\d.]+ MB; with an index about/)
  expect(stdout).toContain('0 errors, 1 warning')
  await mariadbQuery(shard.url, fix)
  expect((await lockstep(example, ['doctor', 'blobs'])).stdout).toContain('all is well')
}, 60_000)

it('takes at most thirty lines of config', async () => {
  expect((await schemaOf('blobs/lockstep.config.ts')).trimEnd().split('\n').length).toBeLessThanOrEqual(30)
})
