import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createClient } from '@libsql/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli, type Ended } from '../support/built-cli.js'
import { RECEIVER_CA, Receiver } from '../support/webhook/receiver.js'

const CONFIG = fileURLToPath(new URL('alerts', import.meta.url))
const CANARY = 'C4N4RY'

describe('alerts of the command line', () => {
  let cli: BuiltCli
  let receiver: Receiver
  let folder = ''
  const file = (name: string): string => pathToFileURL(join(folder, name)).href

  beforeAll(async () => {
    cli = await builtCli()
    receiver = await Receiver.start()
    folder = await mkdtemp(join(tmpdir(), 'lockstep-alerts-'))
    await writeFile(join(folder, 'ca.pem'), RECEIVER_CA)
    for (const name of ['left.db', 'right.db']) {
      await change(name, 'create table records (id integer primary key, value text not null)')
      await change(name, `insert into records values (1, 'a'), (2, 'b'), (3, 'c')`)
    }
  })
  beforeEach(() => {
    receiver.received.length = 0
    receiver.replies = [{}]
  })
  afterAll(async () => {
    await cli[Symbol.asyncDispose]()
    await receiver[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function change(name: string, statement: string): Promise<void> {
    const client = createClient({ url: file(name) })
    await client.execute(statement)
    client.close()
  }

  async function lockstep(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const ended = await cli.start(args, {
      cwd: CONFIG,
      env: {
        LEFT_FILE: file('left.db'),
        RIGHT_FILE: file('right.db'),
        STATE_FILE: file('state.db'),
        HOOK_URL: receiver.url(`/services/${CANARY}`),
        HOOK_SECRET: CANARY,
        HOOK_CA: join(folder, 'ca.pem'),
        LOCKSTEP_DEBUG: '1',
        ...env,
      },
    }).ended
    expect(ended.stdout + ended.stderr).not.toContain(CANARY)
    return ended
  }
  const told = (): readonly string[] =>
    receiver.received.flatMap(({ body }) => {
      expect(body).not.toContain('canary-of-a-row')
      const { alerts } = JSON.parse(body)
      return alerts.map(({ flow, kind, status }: Record<string, string>) => `${flow} ${kind} ${status}`)
    })

  it('a check that differs is told once, within the back-off no more, and its end once', async () => {
    await change('right.db', `update records set value = 'x' where id = 3`)
    expect(await lockstep(['check', 'same'])).toMatchObject({ code: 1 })
    expect(told()).toEqual([])
    await change('right.db', `update records set value = 'x'`)
    expect(await lockstep(['check', 'quiet'])).toMatchObject({ code: 1 })
    expect(await lockstep(['check', 'same', '--no-alert'])).toMatchObject({ code: 1 })
    expect(told()).toEqual([])
    expect(await lockstep(['check', 'same'])).toMatchObject({ code: 1 })
    expect(told()).toEqual(['same different raised'])
    expect(JSON.parse(receiver.received[0]?.body ?? '').alerts).toMatchObject([
      { count: 3, command: 'lockstep check same --more-info' },
    ])
    expect(await lockstep(['run', 'same', '--once'])).toMatchObject({ code: 1 })
    expect(told()).toEqual(['same different raised'])
    expect(await lockstep(['check', 'same', '--repair', 'apply', '--side', 'right', '--yes'])).toMatchObject({
      code: 0,
    })
    expect(told()).toEqual(['same different raised', 'same different resolved'])
    expect(await lockstep(['check', 'same'])).toMatchObject({ code: 0 })
    expect(told()).toHaveLength(2)
  })

  it('flows that stop at one time are one message, sent again after a 500', async () => {
    receiver.replies = [{ status: 500 }, {}]
    expect(await lockstep(['run', 'broken', 'alsoBroken'])).toMatchObject({ code: 70 })
    expect(receiver.received).toHaveLength(2)
    const [first, second] = receiver.received
    expect(first?.headers['lockstep-delivery']).toBe(second?.headers['lockstep-delivery'])
    expect(told().slice(2).toSorted()).toEqual(['alsoBroken stopped raised', 'broken stopped raised'])
  })

  it('what happened in runs is listed by a process that comes later, the newest first', async () => {
    const all = await lockstep(['events', '--json'])
    expect(all.stdout).not.toContain('canary-of-a-row')
    const { events, more } = JSON.parse(all.stdout)
    expect(more).toBe(false)
    const of = (name: string): unknown[] => events.filter(({ flow }: { flow: string }) => flow === name)
    expect(of('broken')).toMatchObject([
      { event: 'failed', level: 'error', message: 'stopped: unexpected TypeError; see the log' },
      { event: 'started', level: 'info', times: 1 },
    ])
    expect(of('same')).toMatchObject(['stopped', 'different', 'started'].map((event) => ({ event })))
    const args = ['--level', 'warn', '--event', 'different,started', '--before', events[0].id]
    const table = await lockstep(['events', 'same', ...args])
    expect(table.stdout.split('\n')).toEqual([
      expect.stringMatching(/^ *LAST +FLOW +EVENT +TIMES +CODE +MESSAGE$/),
      expect.stringMatching(/^.* ago +same +different +1 +different: /),
      '',
    ])
  })

  it('a receiver that refuses is a notice, and changes nothing else', async () => {
    receiver.replies = [{ status: 404, body: `no ${CANARY}` }]
    await change('right.db', `update records set value = 'y'`)
    const ended = await lockstep(['check', 'same'])
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringContaining('different') })
    expect(ended.stderr).toContain('alert-undelivered')
    receiver.replies = [{}]
    receiver.received.length = 0
    expect(await lockstep(['check', 'same'])).toMatchObject({ code: 1 })
    expect(told()).toEqual(['same different raised'])
  })

  it('alert test sends one, and says what came back; doctor looks', async () => {
    const sent = await lockstep(['alert', 'test', 'same'])
    expect(sent).toMatchObject({ code: 0, stdout: expect.stringContaining('arrived: 200 ok') })
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ test: true, alerts: [{ flow: 'same' }] })
    receiver.replies = [{ status: 403, body: 'invalid_token' }]
    const refused = await lockstep(['alert', 'test', '--json'])
    expect(refused.code).toBe(3)
    expect(JSON.parse(refused.stdout).results).toMatchObject([
      { arrived: false, flows: ['same', 'broken', 'alsoBroken'], answer: expect.stringContaining('403 invalid_token') },
    ])
    expect(await lockstep(['alert', 'test', 'quiet'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nowhere'),
    })
    const looked = await lockstep(['doctor', 'same'])
    expect(looked.stdout).toContain(`webhook https://localhost:${receiver.port}`)
    expect((await lockstep(['doctor', 'same'], { HOOK_URL: `https://localhost:1/${CANARY}` })).stdout).toContain(
      'cannot be reached',
    )
  })
})
