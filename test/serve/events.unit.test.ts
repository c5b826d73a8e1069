import { memoryDatabase } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { openDesk } from '../../src/cli/serve/open-desk.js'
import { eventId, type LoggedEvent } from '../../src/core/event-log.js'
import { shutdown } from '../../src/engine/shutdown.js'
import { FlowBoard } from '../../src/observe/board/flow-board.js'
import { appOf, request, toyFlow } from './subject.js'

const OWN = '0a1b2c3d'
const OTHER = 'ffffffff'
const Answer = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      level: z.string(),
      message: z.string(),
      lane: z.string().nullable(),
      code: z.string().nullable(),
      times: z.number(),
    }),
  ),
  next: z.string().nullable(),
})

const minutesAgo = (minutes: number): number => Date.now() - minutes * 60_000

function logged(ms: number, tag: string, rest: Partial<LoggedEvent> = {}): LoggedEvent {
  const at = new Date(ms).toISOString()
  const event = { flow: 'checked', event: 'failed', level: 'error', at, lastAt: at, times: 1 } as const
  return {
    ...event,
    id: eventId(ms, tag, ms % 1_000),
    message: `${tag} ${at}`,
    code: undefined,
    subject: 'db',
    ...rest,
  }
}

/** The API over a log of events and a board that remembers. */
async function subject(events: readonly LoggedEvent[]) {
  const state = memoryDatabase({ tables: [] })
  await state.state.events.save(events)
  const flows = { checked: toyFlow(async () => {}) }
  const board = new FlowBoard()
  const { drain, abort } = shutdown()
  const named = Object.entries(flows).map(([name, flow]) => ({ name, flow }))
  const parts = { board, observer: board.observer, drain, abort, eventTag: OWN }
  const app = appOf(openDesk({ flows, state }, named, parts))
  const ask = async (query = '') =>
    Answer.parse(await (await app.fetch(request(`/api/v1/flows/checked/events?${query}`))).json())
  return { state, board, ask, app }
}

describe('what happened in a flow', () => {
  it('is what this process remembers and what the log keeps of before and of others, each once', async () => {
    const before = logged(minutesAgo(60), OWN)
    const others = logged(minutesAgo(5), OTHER, { level: 'warn', event: 'retry' })
    const { board, ask, state } = await subject([before, others])
    board.observer({ flow: 'checked', type: 'started', kind: 'check' })
    // The log has that one too.
    await state.state.events.save([logged(Date.now(), OWN, { event: 'started', level: 'info' })])
    expect((await ask()).items.map(({ type, message }) => [type, message])).toEqual([
      ['started', 'check started'],
      ['retry', others.message],
      ['failed', before.message],
    ])
    expect((await ask('level=warn')).items.map(({ type }) => type)).toEqual(['retry', 'failed'])
    expect((await ask('type=started')).items.map(({ type }) => type)).toEqual(['started'])
    expect((await ask('type=failed')).items).toMatchObject([{ id: before.id, lane: 'db', code: null, times: 1 }])
  })

  it('comes in pages that miss none and repeat none, from both', async () => {
    const rows = Array.from({ length: 400 }, (_, number) => logged(minutesAgo(400 - number), OTHER))
    const { board, ask } = await subject(rows)
    for (let number = 0; number < 30; number++) {
      board.observer({ flow: 'checked', type: 'notice', level: 'warn', code: `c${number}`, message: `m${number}` })
    }
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: z.output<typeof Answer> = await ask(`limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...page.items.map(({ message }) => message))
      cursor = page.next
    }
    const remembered = Array.from({ length: 30 }, (_, number) => `m${number}`)
    expect([...seen].sort()).toEqual([...remembered, ...rows.map(({ message }) => message)].sort())
    expect(seen.filter((message) => message.startsWith(OTHER))).toEqual(rows.map(({ message }) => message).reverse())
  })

  it('is what is remembered while the log cannot be read, and an answer that says so for pages beyond', async () => {
    const { board, ask, app, state } = await subject([logged(minutesAgo(5), OTHER), logged(minutesAgo(6), OTHER)])
    board.observer({ flow: 'checked', type: 'started', kind: 'check' })
    const { next } = await ask('limit=2')
    vi.spyOn(state.state.events, 'list').mockRejectedValue(new Error('gone'))
    expect((await ask()).items.map(({ type }) => type)).toEqual(['started'])
    expect((await app.fetch(request(`/api/v1/flows/checked/events?cursor=${next}`))).status).toBe(500)
    expect((await app.fetch(request('/api/v1/flows/checked/events?cursor=abc'))).status).toBe(400)
  })
})
