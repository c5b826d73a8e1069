import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { sqlite } from 'lockstep/sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'

const CONFIG = fileURLToPath(new URL('history', import.meta.url))

describe('the history of checks', () => {
  let cli: BuiltCli
  let folder = ''
  const file = (name: string): string => join(folder, `${name}.db`)

  const sql = async (name: string, ...statements: readonly string[]) => {
    const client = createClient({ url: `file:${file(name)}` })
    const results = await client.batch([...statements], 'write')
    client.close()
    return results.at(-1)?.rows ?? []
  }

  const lockstep = (...args: readonly string[]) => {
    const env = { LEFT_FILE: file('left'), RIGHT_FILE: file('right'), STATE_FILE: file('state'), LOCKSTEP_DEBUG: '' }
    return cli.start(args, { cwd: CONFIG, env }).ended
  }

  const runs = async (flow: string) => {
    await using state = sqlite(file('state'))
    return await state.state.checks.list({ flow })
  }

  const idOf = async (flow: string): Promise<string> => (await runs(flow))[0]?.id ?? ''

  beforeAll(async () => {
    cli = await builtCli()
    folder = await mkdtemp(join(tmpdir(), 'lockstep-history-'))
    for (const name of ['left', 'right']) {
      await sql(
        name,
        'create table records (id integer primary key, value text, blob integer)',
        'create table blobs (id integer primary key, refs integer not null)',
        `insert into records select value, 'canary ' || value, 1 from json_each('[1,2,3,4,5]')`,
        'insert into blobs values (1, 5)',
      )
    }
  })
  afterAll(async () => {
    await cli[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('is empty at first, also where no state tables have been made', async () => {
    expect(await lockstep('check', 'history')).toMatchObject({ code: 0, stdout: 'no run of a check is kept yet\n' })
    expect(await lockstep('check', 'show', 'none')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('check history'),
    })
  })

  it('keeps runs of `check` and of `run`, newest first, and shows how differences went', async () => {
    expect(await lockstep('check', '--flow', 'history')).toMatchObject({ code: 0 })
    await sql('right', `update records set value = 'other' where id = 2`, 'delete from records where id = 3')
    expect(await lockstep('run', 'history')).toMatchObject({ code: 1 })
    const [newest, oldest] = await runs('history')
    expect(newest).toMatchObject({
      flow: 'history',
      state: 'finished',
      exitCode: 1,
      report: { verdict: 'different', changed: 1, missingRight: 1, rows: { left: 5n, right: 4n } },
      found: { byKind: { changed: 1, 'missing-right': 1 }, kept: 2 },
    })
    expect(oldest).toMatchObject({ exitCode: 0, report: { verdict: 'same' } })
    const { stdout } = await lockstep('check', 'history', 'history', '--limit', '2')
    expect(stdout).toMatch(/RUN .* VERDICT/)
    expect(stdout).toMatch(new RegExp(`${newest?.id} .* different .* 1 changed, 1 missing right`))
    expect(stdout).toMatch(/history ▁█ .*0 to 2/)
    const json = JSON.parse((await lockstep('check', 'history', '--limit', '1', '--json')).stdout)
    expect(json).toMatchObject({ runs: [{ id: newest?.id, report: { rows: { left: '5' } } }], more: true })
  })

  it('shows a run with its findings, page by page, and without a value of a row', async () => {
    const id = await idOf('history')
    const shown = await lockstep('check', 'show', id)
    expect(shown).toMatchObject({ code: 0, stderr: '' })
    expect(shown.stdout).toContain(`run ${id} of history  different`)
    expect(shown.stdout).toMatch(/changed +2 {2}differs in value/)
    expect(shown.stdout).toMatch(/missing right +3/)
    const page = JSON.parse((await lockstep('check', 'show', id, '--after', '1', '--limit', '1', '--json')).stdout)
    expect(page).toMatchObject({ run: { id }, findings: [{ number: 2 }], more: false })
    expect((await lockstep('check', 'show', id, '--limit', '1')).stdout).toContain(`check show ${id} --after 1`)
    const dump = await sql(
      'state',
      'select group_concat(key_values || details) as all_of_them from lockstep_check_findings',
    )
    expect(JSON.stringify(dump)).not.toMatch(/canary|other/)
  })

  it('keeps the query and the filter that were used, and rows where the flow says so', async () => {
    await sql('right', `insert into records select 10 + value, 'more', 1 from json_each('[1,2,3,4]')`)
    expect(await lockstep('check', 'rows')).toMatchObject({ code: 1 })
    const [kept] = await runs('rows')
    expect(kept?.subject).toMatchObject({
      left: { query: 'select id, value from records' },
      right: { where: 'id < 100' },
    })
    expect(kept?.found).toMatchObject({ kept: 3, byKind: { 'missing-left': 4, 'missing-right': 1, changed: 1 } })
    const { stdout } = await lockstep('check', 'show', kept?.id ?? '')
    expect(stdout).toContain('select id, value from records')
    expect(stdout).toContain('id < 100')
    expect(stdout).toContain('3 findings of 6 are kept')
  })

  it('keeps stored numbers, and a check with repair', async () => {
    expect(await lockstep('check', 'blobs', '--repair', 'sql')).toMatchObject({ code: 1 })
    const [kept] = await runs('blobs')
    expect(kept?.subject).toMatchObject({ kind: 'references', of: 'count', references: [{ where: 'id > 0' }] })
    const { stdout } = await lockstep('check', 'show', kept?.id ?? '')
    expect(stdout).toMatch(/wrong +1 {2}stored 5, counted 8/)
  })

  it('shows a run whose process was killed as interrupted', async () => {
    const { cwd, env } = {
      cwd: CONFIG,
      env: { LEFT_FILE: file('left'), RIGHT_FILE: file('right'), STATE_FILE: file('state') },
    }
    const running = cli.start(['check', '--flow', 'history', '--settle', '600000'], { cwd, env })
    await expect.poll(() => runs('history'), { timeout: 60_000 }).toMatchObject([{ state: 'running' }, {}, {}])
    running.process.kill('SIGKILL')
    await running.ended
    await sql(
      'state',
      `update lockstep_check_runs set heartbeat_at = '2026-01-01T00:00:00.000Z' where ended_at is null`,
    )
    const [run] = await runs('history')
    expect(run?.state).toBe('interrupted')
    expect((await lockstep('check', 'show', run?.id ?? '')).stdout).toContain('ended without a word')
  })

  it('writes a page with the runs before it, as a whole or not at all', async () => {
    const page = join(folder, 'check.html')
    const html = ['check', '--flow', 'history', '--format', 'html', '--output']
    expect(await lockstep(...html, page)).toMatchObject({ code: 1, stdout: '' })
    const text = await readFile(page, 'utf8')
    expect(text).toMatch(/^<!doctype html>.*<\/html>\n$/s)
    expect(text).toContain('This run and those before')
    expect(text).not.toMatch(/canary|other</)
    expect(await readdir(folder)).not.toContainEqual(expect.stringContaining('partial'))
    expect(await lockstep(...html, join(folder, 'nowhere', 'check.html'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('output-unwritable'),
    })
  })

  it('does not change the verdict when it cannot be written, and says so', async () => {
    await sql('state', 'update lockstep_version set version = 99')
    const ran = await lockstep('check', '--flow', 'history')
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('nothing of this run is kept')
    expect(ran.stderr).toContain('version 99')
  })
})
