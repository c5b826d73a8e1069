import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '../../src/adapters/postgres/index.js'
import type { DeadLetter } from '../../src/core/dead-letter.js'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { plainClient, testDatabase } from '../support/postgres.js'

const PROJECT = fileURLToPath(new URL('letters', import.meta.url))
const database = testDatabase()

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  cli.start(args, { cwd: PROJECT, env: { LETTERS_URL: database.url, ...env } })
/** At a terminal of its own, where a person types the answer once it is asked. */
async function atTerminal(answer: string, ...args: string[]): Promise<{ code: unknown; screen: string }> {
  const command = [process.execPath, join(cli.folder, 'cli', 'main.js'), 'dead-letters', ...args]
  const terminal = spawn('script', ['-qefc', command.map((word) => `'${word}'`).join(' '), '/dev/null'], {
    cwd: PROJECT,
    env: { PATH: process.env['PATH'], LETTERS_URL: database.url },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let screen = ''
  let asked = false
  terminal.stdout.on('data', (chunk) => {
    screen += String(chunk)
    if (asked || !screen.includes('[y/N] ')) return
    asked = true
    terminal.stdin.write(answer)
  })
  const [code] = await once(terminal, 'close')
  return { code, screen }
}

const letters = (...args: string[]) => start(['dead-letters', ...args]).ended

/** Tries to clear the screen and to look like a line of ours; were it in a list, the canary would tell. */
const PAYLOAD = '{"canary":1}\u001b[2J\u009b2J\nstate     replayed'

const CONTROL = /[^\P{Cc}\n]/u

const LETTER: DeadLetter = {
  flow: 'scans',
  lane: 'lane',
  stage: 'validate',
  code: 'schema-invalid',
  reason: 'port: Too big: expected number to be <=65535',
  payload: PAYLOAD,
  encoding: 'text',
  headers: { trace: 'header-canary\u001b]0;title\u0007' },
  origin: '{"stream":"origin-canary"}',
  itemKey: 'message-1',
  position: undefined,
  attempts: 1,
  held: false,
}

const WAITING = [
  LETTER,
  { ...LETTER, itemKey: 'message-2', stage: 'decode', code: 'json-invalid', reason: 'no JSON at byte 7' },
  { ...LETTER, itemKey: 'message-3', stage: 'write', code: 'foreign-key', held: true },
  {
    ...LETTER,
    flow: 'quotes',
    itemKey: 'event-1',
    encoding: 'base64',
    payload: Buffer.alloc(5_000, 0x1b).toString('base64'),
  },
] as const

async function states(): Promise<unknown[]> {
  await using client = await plainClient(database.url)
  const { rows } = await client.query('SELECT item_key, state, attempts FROM lockstep.dead_letters ORDER BY item_key')
  return rows.map(({ item_key, state, attempts }) => `${item_key} ${state} ${attempts}`)
}

async function idOf(itemKey: string): Promise<string> {
  await using client = await plainClient(database.url)
  const { rows } = await client.query('SELECT id FROM lockstep.dead_letters WHERE item_key = $1', [itemKey])
  return String(rows[0]?.id)
}

beforeEach(async () => {
  await using handle = postgres(database.url)
  await handle.state.prepare(AbortSignal.timeout(60_000))
  await using client = await plainClient(database.url)
  await client.query('TRUNCATE lockstep.dead_letters')
  await handle.state.deadLetters.store(WAITING)
})

describe('list', () => {
  test('of all flows, without anything of what is in the letters', async () => {
    const ended = await letters('list')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const lines = ended.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(9)
    expect(lines[0]).toMatch(/^FLOW +ID +STATE +STAGE +CODE +LAST +TRIES$/)
    expect(ended.stdout).toMatch(new RegExp(`scans +${await idOf('message-3')} +held +write +foreign-key`))
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
    const { stdout } = await letters('list', '--json')
    for (const text of [ended.stdout, stdout]) expect(text).not.toMatch(CONTROL)
    for (const text of [ended.stdout, stdout]) expect(text).not.toMatch(/canary|headers|payload/)
  })

  test('of what passes the filters', async () => {
    const keys = async (...args: string[]): Promise<unknown> => {
      const { letters: found } = JSON.parse((await letters('list', 'scans', '--json', ...args)).stdout)
      return found.map(({ itemKey }: { itemKey: string }) => itemKey).sort()
    }
    expect(await keys('--code', 'json-invalid', '--code', 'foreign-key')).toEqual(['message-2', 'message-3'])
    expect(await keys('--stage', 'decode,validate', '--state', 'dead')).toEqual(['message-1', 'message-2'])
    expect(await keys('--state', 'held')).toEqual(['message-3'])
    expect(await keys('--since', '1h')).toHaveLength(3)
    expect(await keys('--until', '1h')).toEqual([])
  })

  test('says that there are more', async () => {
    const { stdout } = await letters('list', 'scans', '--limit', '2')
    expect(stdout.trimEnd().split('\n')).toHaveLength(7)
    expect(stdout).toContain('--limit 20')
    expect(JSON.parse((await letters('list', '--limit', '2', '--json')).stdout)).toMatchObject({ more: true })
  })

  test('of a flow that has none, and of a database without state tables', async () => {
    expect(await letters('list', 'mirror')).toMatchObject({ code: 0, stdout: 'no dead letters\n' })
    const fresh = start(['dead-letters', 'list', 'scans'], { LETTERS_URL: database.urlOf({ database: 'postgres' }) })
    expect(await fresh.ended).toMatchObject({ code: 0, stdout: 'no dead letters\n' })
  })

  test('of a flow whose letters nobody can read', async () => {
    expect(await letters('list', 'topic')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('letters-unreadable'),
    })
  })
})

describe('show', () => {
  test('all of a letter, and nothing that drives the terminal', async () => {
    const { code, stdout } = await letters('show', 'scans', await idOf('message-1'))
    expect(code).toBe(0)
    expect(stdout).toContain('{"canary":1}\\u{1b}[2J\\u{9b}2J\n  state     replayed')
    expect(stdout).toContain('trace: header-canary\\u{1b}]0;title\\u{7}')
    expect(stdout).toContain('origin-canary')
    expect(stdout).toMatch(/^state +dead$/m)
    expect(stdout).not.toMatch(CONTROL)
  })

  test('bytes as a hex dump: 4 KiB of them, or all', async () => {
    const id = await idOf('event-1')
    const part = await letters('show', 'quotes', id)
    expect(part.stdout).toContain('payload, 5,000 bytes that are no text')
    expect(part.stdout.match(/ {2}\|\.{16}\|$/gm)).toHaveLength(256)
    expect(part.stdout).toContain('... and 904 more bytes')
    const full = await letters('show', 'quotes', id, '--full')
    expect(full.stdout.match(/ {2}\|\.+\|$/gm)).toHaveLength(313)
  })

  test('the payload alone, byte by byte', async () => {
    expect(await letters('show', 'scans', await idOf('message-1'), '--payload')).toMatchObject({ stdout: PAYLOAD })
    const { stdout } = await letters('show', 'quotes', await idOf('event-1'), '--payload')
    expect(stdout).toBe('\u001b'.repeat(5_000))
  })

  test('as JSON that holds every character and drives no terminal', async () => {
    const { stdout } = await letters('show', 'scans', await idOf('message-1'), '--json')
    expect(JSON.parse(stdout)).toMatchObject({ payload: PAYLOAD, headers: LETTER.headers, state: 'dead' })
    expect(stdout).not.toMatch(CONTROL)
  })

  test('an unknown id', async () => {
    expect(await letters('show', 'scans', 'none')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('letter-unknown'),
    })
  })
})

describe('replay', () => {
  test('by filter: 0 when all are stored', async () => {
    const ended = await letters('replay', 'scans', '--code', 'schema-invalid,foreign-key')
    expect(ended).toMatchObject({ code: 0, stdout: 'scans: 2 of 2 dead letters replayed\n' })
    expect(await states()).toEqual([
      'event-1 dead 1',
      'message-1 replayed 1',
      'message-2 dead 1',
      'message-3 replayed 1',
    ])
  })

  test('5 when some failed again, with the log on stderr', async () => {
    const ended = await letters('replay', 'scans', '--all', '--json')
    expect(ended.code).toBe(5)
    expect(JSON.parse(ended.stdout)).toEqual({ flow: 'scans', letters: 3, replayed: 2, failed: 1 })
    expect(JSON.parse(ended.stderr)).toMatchObject({ event: 'flow.dead-letters', code: 'json-invalid' })
    expect(await states()).toContain('message-2 dead 2')
    const quiet = start(['dead-letters', 'replay', 'scans', '--all'], { LOCKSTEP_LOG_LEVEL: 'error' })
    expect(await quiet.ended).toMatchObject({
      code: 5,
      stderr: '',
      stdout: expect.stringContaining('1 letter failed again'),
    })
  })

  test('by id, also of one that was discarded', async () => {
    const id = await idOf('message-1')
    expect(await letters('discard', 'scans', id)).toMatchObject({ code: 0 })
    expect(await letters('replay', 'scans', id)).toMatchObject({ code: 0 })
    expect(await states()).toContain('message-1 replayed 1')
  })

  test.each([
    [['scans'], 'letters-not-chosen'],
    [['scans', 'none'], 'letter-unknown'],
    [['mirror', '--all'], 'letters-not-replayable'],
    [['topic', '--all'], 'letters-unreadable'],
    [['scans', '--since', 'yesterday'], 'Write a time such as'],
    [['scans', '--stage', 'wrote'], 'Allowed choices are decode'],
  ])('%j is refused', async (args, text) => {
    const before = await states()
    expect(await letters('replay', ...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(text),
    })
    expect(await states()).toEqual(before)
  })
})

describe('discard', () => {
  test('by id, without a question', async () => {
    const ids = [await idOf('message-1'), await idOf('message-3')]
    expect(await letters('discard', 'scans', ...ids)).toMatchObject({
      code: 0,
      stdout: 'scans: 2 dead letters discarded\n',
    })
    expect(await states()).toEqual([
      'event-1 dead 1',
      'message-1 discarded 1',
      'message-2 dead 1',
      'message-3 discarded 1',
    ])
    expect(await letters('discard', 'scans', ...ids)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('letter-unknown'),
    })
  })

  test('more only with --yes where nobody can be asked, and tells how many it would be', async () => {
    const before = await states()
    const refused = await letters('discard', 'scans', '--all')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('this would discard 3 dead letters') })
    expect(await letters('discard', 'scans', '--yes')).toMatchObject({ code: 2 })
    expect(await states()).toEqual(before)
    const ended = await letters('discard', 'scans', '--state', 'dead', '--yes', '--json')
    expect(JSON.parse(ended.stdout)).toEqual({ flow: 'scans', letters: 2, discarded: 2 })
    expect(await states()).toEqual([
      'event-1 dead 1',
      'message-1 discarded 1',
      'message-2 discarded 1',
      'message-3 held 1',
    ])
  })
})

describe.runIf(process.platform === 'linux')('discard, at a terminal', () => {
  test.each([
    ['nothing', '\r'],
    ['Ctrl-D', '\u0004'],
  ])('asks, and discards nothing when the answer is %s', async (_name, answer) => {
    const before = await states()
    const { code, screen } = await atTerminal(answer, 'discard', 'scans', '--all')
    expect(screen).toContain('discard 3 dead letters of scans? [y/N] ')
    expect(screen).toContain('nothing was discarded')
    expect(code).toBe(0)
    expect(await states()).toEqual(before)
  })

  test('discards them when the answer is yes', async () => {
    const { code, screen } = await atTerminal('Y\r', 'discard', 'scans', '--state', 'dead')
    expect(screen).toContain('scans: 2 dead letters discarded')
    expect(code).toBe(0)
    expect(await states()).toEqual([
      'event-1 dead 1',
      'message-1 discarded 1',
      'message-2 discarded 1',
      'message-3 held 1',
    ])
  })
})

describe('other commands', () => {
  test('status counts dead and held letters apart', async () => {
    const { stdout } = await start(['status', 'scans', '--json']).ended
    expect(JSON.parse(stdout)).toMatchObject({ flows: [{ flow: 'scans', deadLetters: 2, held: 1 }] })
    expect((await start(['status', 'scans']).ended).stdout).toMatch(/DEAD +HELD +CONFL\n.* 2 +1 +0$/m)
  })

  test('doctor warns, by code', async () => {
    const { code, stdout } = await start(['doctor', 'scans', 'mirror']).ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/warn .*dead_letters: 2 dead letters: (schema|json)-invalid 1, (schema|json)-invalid 1/)
    expect(stdout.match(/warn /g)).toHaveLength(1)
  })

  test('a log level of the environment that is none', async () => {
    const ended = await start(['run', 'scans'], { LOCKSTEP_LOG_LEVEL: 'loud' }).ended
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('env.LOCKSTEP_LOG_LEVEL') })
  })
})
