import { spawnSync } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { LockstepClient } from 'lockstep/client'
import { describe, expect, it, vi } from 'vitest'
import { FlowMetrics } from '../../src/observe/metrics.js'
import { listen } from '../../src/serve/listen.js'
import { subject, TOKEN, token } from './subject.js'

const CANARY = 'canary-9f8e7d6c'

function options(api: ReturnType<typeof subject>) {
  const metrics = new FlowMetrics({
    version: '0.0.0',
    flows: [{ name: 'quotes', kind: 'ingest' }],
    board: api.board,
    stored: () => ({ deadLetters: 1, held: 0, conflicts: 0 }),
    stale: () => false,
    connections: () => new Map([['memory://database', { open: 2, used: 1, waiting: 0, oldestUseMs: 1_500 }]]),
  })
  return {
    access: { host: '127.0.0.1', port: 0, token, names: [] },
    metrics: () => metrics.text(),
    unexpected: () => {},
  }
}

/** Listens to the events and reads nothing of them. */
async function deafClient(url: string): Promise<Socket> {
  const { host, hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET /api/v1/events HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`)
  await vi.waitFor(() => expect(socket.bytesWritten).toBeGreaterThan(0))
  return socket
}

function promtool(args: readonly string[], input = ''): { status: number | null; said: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8', timeout: 30_000 })
  if (error !== undefined) throw error
  return { status, said: stdout + stderr }
}

describe('the server on a port', () => {
  it('streams what happens, pauses and resumes, and ends with its streams', async () => {
    await using api = subject()
    const server = await listen(api.desk, options(api))
    const client = new LockstepClient({ url: server.url, token: TOKEN })
    const seen: string[] = []
    const listening = (async () => {
      for await (const event of client.events()) {
        seen.push(event.type === 'happening' ? event.happening.type : event.type)
      }
    })()
    await vi.waitFor(() => expect(seen).toContain('flows'))
    await client.pause('quotes')
    await vi.waitFor(() => expect(seen).toContain('paused'), 10_000)
    await client.resume('quotes')
    api.stream.append({ json: { id: 'a', price: 1 } })
    await vi.waitFor(async () => expect((await client.flow('quotes')).items).toBe(1), 10_000)
    const healthy = await fetch(`${server.url}/healthz`)
    expect([healthy.status, await healthy.text()]).toEqual([200, 'alive\n'])
    await server[Symbol.asyncDispose]()
    await listening
    await expect(client.flows()).rejects.toMatchObject({ code: 'no-answer' })
  })

  it('hangs up on clients that do not read, and tells the others everything at once', async () => {
    await using api = subject()
    await using server = await listen(api.desk, options(api))
    const client = new LockstepClient({ url: server.url, token: TOKEN })
    const deaf = await Promise.all([deafClient(server.url), deafClient(server.url)])
    const over = new AbortController()
    const heard = new Set<string>()
    const listening = (async () => {
      for await (const event of client.events({ signal: over.signal }))
        heard.add(event.type === 'happening' ? event.happening.message : event.type)
    })().catch(() => {})
    await vi.waitFor(() => expect(heard.size).toBe(1), 10_000)
    // More than what a client may leave unread and what the buffers of the system take; no two alike, as those would be one.
    const [bursts, each, bytes] = [30, 200, 2_000]
    for (let burst = 0; burst < bursts; burst++) {
      for (let one = 0; one < each; one++) {
        const message = `${burst}-${one}`.padEnd(bytes, ' word')
        api.board.observer({ flow: 'quotes', type: 'notice', level: 'warn', code: `code-${burst}-${one}`, message })
      }
      const last = `${burst}-${each - 1}`.padEnd(bytes, ' word')
      await vi.waitFor(() => expect(heard.has(last)).toBe(true), { timeout: 20_000, interval: 2 })
    }
    expect([...heard].filter((message) => message.length === bytes)).toHaveLength(bursts * each)
    for (const socket of deaf) socket.resume()
    await vi.waitFor(() => expect(deaf.map(({ closed }) => closed)).toEqual([true, true]), 10_000)
    expect(Math.max(...deaf.map(({ bytesRead }) => bytesRead))).toBeLessThan(bursts * each * bytes)
    expect((await client.flows()).map(({ name }) => name)).toEqual(['quotes'])
    over.abort()
    await listening
  })

  it('says so when another program listens there', async () => {
    await using api = subject()
    const other = createServer().listen(0, '127.0.0.1')
    try {
      await vi.waitFor(() => expect(other.address()).not.toBeNull())
      const address = other.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const { access, ...rest } = options(api)
      await expect(listen(api.desk, { ...rest, access: { ...access, port } })).rejects.toMatchObject({
        code: 'serve-address',
      })
    } finally {
      other.close()
    }
  })

  it('has metrics by the conventions of Prometheus, with what the flow did', async () => {
    await using api = subject()
    api.refused.add('bad')
    api.stream.append({ json: { id: 'a', price: 1 } }, { json: { id: 'bad', price: 1 } })
    await vi.waitFor(() => expect(api.board.totals('quotes')).toMatchObject({ stored: 1, deadLetters: 1 }))
    const text = await options(api).metrics()
    expect(text).toContain('lockstep_records_total{flow="quotes",outcome="stored"} 1')
    expect(text).toContain('lockstep_records_total{flow="quotes",outcome="dead_letter"} 1')
    expect(text).toContain('lockstep_flow_state{flow="quotes",kind="ingest",state="running"} 1')
    expect(text).toMatch(/lockstep_batch_duration_seconds_bucket\{le="\+Inf",flow="quotes"\} [1-9]/)
    expect(text).toContain('lockstep_pool_connections{database="memory://database",state="idle"} 1')
    expect(text).toContain('lockstep_oldest_transaction_seconds{database="memory://database"} 1.5')
    // Those of Node's process have names of their own makers.
    const own = text.split('\n').filter((line) => line.includes('lockstep_'))
    expect(promtool(['check', 'metrics'], `${own.join('\n')}\n`)).toEqual({ status: 0, said: '' })
  })

  it('comes with rules for alerts that fire when they should', () => {
    const { status, said } = promtool(['test', 'rules', 'deploy/prometheus/lockstep-rules.test.yml'])
    expect(status, said).toBe(0)
  })

  it('answers nothing of what is secret in the config, wherever it stands', async () => {
    const secretUrl = `postgres://user:${CANARY}@127.0.0.1:1/app`
    const { postgres } = await import('lockstep/postgres')
    const { mysql } = await import('lockstep/mysql')
    const { check } = await import('lockstep')
    const [left, right] = [postgres(secretUrl), mysql(`mysql://user:${CANARY}@127.0.0.1:1/app`)]
    const compared = check.tables({ left: left.table('t'), right: right.table('t') })
    await using api = subject({ flows: { compared }, access: { token } })
    await vi.waitFor(() => expect(api.board.figures('compared')).toBeDefined())
    const headers = { authorization: `Bearer ${TOKEN}` }
    const document: { paths: Record<string, { get?: unknown }> } = JSON.parse(
      await (await api.get('/openapi.json')).text(),
    )
    const paths = Object.keys(document.paths).filter(
      (path) => document.paths[path]?.get !== undefined && !path.endsWith('events'),
    )
    const answers = await Promise.all(
      [...paths, '/api/v1/flows/{flow}/events'].map(async (path) => {
        const answer = await api.get(path.replace('{flow}', 'compared').replace(/\{\w+\}/, '1'), { headers })
        return `${path} ${await answer.text()}`
      }),
    )
    expect(answers.join('\n')).toContain('127.0.0.1')
    expect(answers.filter((answer) => answer.includes(CANARY))).toEqual([])
    expect(answers.filter((answer) => answer.includes(TOKEN))).toEqual([])
    await left[Symbol.asyncDispose]()
    await right[Symbol.asyncDispose]()
  })
})
