import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, inject, it, vi } from 'vitest'
import { EmbeddedServer } from '../../src/embedded/server.js'
import { dedicatedServer, plainClient } from '../support/postgres.js'

const answer = async (server: EmbeddedServer): Promise<unknown> => {
  await using client = await plainClient(server.url())
  return (await client.query('SELECT 1 AS one')).rows
}

describe('an embedded server', () => {
  it('keeps what was committed when it is killed and started again', async () => {
    await using server = await dedicatedServer()
    await using client = await plainClient(server.url())
    await client.query('CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)')
    await server.kill()
    expect(server.pid).toBeUndefined()
    await server.start()
    await using again = await plainClient(server.url())
    expect((await again.query('SELECT id FROM kept')).rows).toEqual([{ id: 7 }])
  })

  it('leaves no backend behind when it is killed', async () => {
    await using server = await dedicatedServer()
    await using client = await plainClient(server.url())
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await server.kill()
    expect(await states(rows.map(({ pid }) => pid))).not.toMatch(/[RSDT]/)
  })

  it('stops and starts; starting it twice is one start', async () => {
    await using server = await dedicatedServer()
    await server.start()
    await server.stop()
    await server.start()
    expect(await answer(server)).toEqual([{ one: 1 }])
  })

  it('can be disposed while it is frozen, and takes its folder along', async () => {
    const server = await dedicatedServer()
    await using client = await plainClient(server.url())
    void client
    await server.freeze(true)
    const { pid } = server
    await server[Symbol.asyncDispose]()
    expect(await states([pid ?? 0])).toBe('')
    expect(existsSync(server.dataFolder)).toBe(false)
  })

  it('answers again after it was frozen and thawed', async () => {
    await using server = await dedicatedServer()
    await server.freeze(true)
    await server.freeze(false)
    expect(await answer(server)).toEqual([{ one: 1 }])
  })

  it('says why it did not start', async () => {
    const failed = dedicatedServer({ settings: { shared_buffers: 'plenty' } })
    await expect(failed).rejects.toMatchObject({
      code: 'embedded-postgres',
      message: expect.stringMatching(/shared_buffers/),
    })
  })

  it('says why its cluster could not be made', async () => {
    const programs = { initdb: '/nowhere/initdb', postgres: '/nowhere/postgres', [Symbol.asyncDispose]: async () => {} }
    await expect(EmbeddedServer.start(programs)).rejects.toMatchObject({ code: 'embedded-postgres' })
  })

  it('ends, and its folder goes, when the process that started it is killed', async () => {
    const program = fileURLToPath(new URL('orphan-maker.ts', import.meta.url))
    const parent = spawn(process.execPath, ['--import', 'tsx', program], {
      env: { ...process.env, POSTGRES_PROGRAMS: JSON.stringify(inject('postgresBinaries')) },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const { pid, self, dataFolder } = JSON.parse(String(line))
    expect(await states([pid])).toMatch(/[RS]/)
    process.kill(self, 'SIGKILL')
    await vi.waitFor(async () => expect(await states([pid])).toBe(''), { timeout: 40_000, interval: 100 })
    await vi.waitFor(() => expect(existsSync(dataFolder)).toBe(false), { timeout: 40_000, interval: 100 })
  })
})

/** The state letters of the processes that there still are. */
async function states(pids: readonly number[]): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', pids.join(',')]).catch(() => ({
    stdout: '',
  }))
  return stdout.trim()
}
