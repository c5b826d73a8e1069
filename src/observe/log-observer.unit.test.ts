import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DataError, UnavailableError } from '../core/errors.js'
import { logObserver } from './log-observer.js'
import { createLogger } from './logger.js'

const flow = 'mirror'
const CANARY = 'pa55word'
const URL_WITH_PASSWORD = `postgres://me:${CANARY}@db:5432/app`

/** A logger that keeps its lines. */
function logging(level: 'info' | 'trace' = 'trace') {
  const text: string[] = []
  const logger = createLogger(level, { write: (line) => void text.push(line) })
  return { text, logger, lines: () => text.map((line): unknown => JSON.parse(line)) }
}

describe('createLogger', () => {
  it('never shows credentials', () => {
    const { text, logger } = logging()
    const cause = new Error(`row (1, ${CANARY})`)
    const error = Object.assign(new Error(`no answer from ${URL_WITH_PASSWORD}`, { cause }), { detail: CANARY })
    logger.error(
      { error, url: URL_WITH_PASSWORD, password: CANARY, server: { token: CANARY, at: { urls: [URL_WITH_PASSWORD] } } },
      `to ${URL_WITH_PASSWORD}`,
    )
    logger.info(URL_WITH_PASSWORD)
    logger.info('%s is the address', URL_WITH_PASSWORD)
    logger.child({ flow }).warn({ config: { db: { password: CANARY } } }, 'from a child')
    expect(text).toHaveLength(4)
    expect(text.join('')).not.toContain(CANARY)
    expect(text.join('')).toContain('postgres://[redacted]@db:5432/app')
  })

  it('keeps type, code and message of an error', () => {
    const { lines, logger } = logging()
    logger.error({ error: new DataError('check-violation', 'a check failed') }, 'no')
    expect(lines()).toMatchObject([
      {
        level: 'error',
        message: 'no',
        error: { type: 'DataError', code: 'check-violation', message: 'a check failed' },
      },
    ])
  })
})

describe('logObserver', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('sums up batches instead of a line for each', () => {
    const { lines, logger } = logging('info')
    const observer = logObserver(logger)
    for (let second = 0; second <= 20; second++) {
      for (let batch = 0; batch < 100; batch++) {
        observer({ flow, type: 'batch', lane: 'a', items: 10, durationMs: 2, lagMs: batch })
      }
      vi.advanceTimersByTime(1_000)
    }
    const progress = {
      event: 'flow.progress',
      flow,
      level: 'info',
      items: 10_000,
      batches: 1_000,
      itemsPerSecond: 1_000,
      maxLagMs: 99,
    }
    expect(lines()).toMatchObject([progress, progress])
    observer({ flow, type: 'stopped', exitCode: 0, error: undefined })
    expect(lines().slice(2)).toMatchObject([
      { event: 'flow.progress', items: 1_000 },
      { event: 'flow.stopped', level: 'info', exitCode: 0 },
    ])
  })

  it('writes the first retry of a while and counts the others', () => {
    const { lines, text, logger } = logging()
    const observer = logObserver(logger)
    const error = new UnavailableError('gone', `no answer from ${URL_WITH_PASSWORD}`)
    for (let attempt = 1; attempt <= 50; attempt++)
      observer({ flow, type: 'retry', lane: 'a', attempt, delayMs: 100, error })
    expect(lines()).toMatchObject([{ event: 'flow.retry', level: 'warn', attempt: 1, error: { code: 'gone' } }])
    vi.advanceTimersByTime(10_000)
    observer({ flow, type: 'retry', lane: 'a', attempt: 51, delayMs: 100, error })
    expect(lines().slice(1)).toMatchObject([
      { event: 'flow.progress', retries: 50, message: 'no batches; retries: 50' },
      { event: 'flow.retry', attempt: 51 },
    ])
    expect(text.join('')).not.toContain(CANARY)
  })

  it('names what fails once, although its reason names it too', () => {
    const { lines, logger } = logging()
    const observer = logObserver(logger)
    const subject = 'postgres://db:5432/app'
    observer({ flow, type: 'health', subject, healthy: false, reason: `${subject}: connection refused` })
    observer({ flow, type: 'health', subject, healthy: false, reason: 'connection refused' })
    const line = { message: `${subject} fails: connection refused`, subject }
    expect(lines()).toMatchObject([line, line])
  })

  it('gives each fact its event and level', () => {
    const { lines, logger } = logging()
    const observer = logObserver(logger)
    observer({ flow, type: 'started', kind: 'sync' })
    observer({ flow, type: 'health', subject: 'db', healthy: false, reason: 'gone' })
    observer({ flow, type: 'health', subject: 'db', healthy: true, reason: undefined })
    observer({ flow, type: 'dead-letters', lane: 'a', count: 2, code: 'c', reason: 'r' })
    observer({ flow, type: 'dead-letters', lane: 'a', count: 1, code: 'orphan', reason: 'r', held: true })
    observer({ flow, type: 'conflicts', count: 1, decision: 'kept-both' })
    observer({ flow, type: 'verdict', verdict: 'same', detail: 'all', figures: { rows: 1 } })
    observer({ flow, type: 'verdict', verdict: 'different', detail: 'some', figures: { rows: 1 } })
    observer({ flow, type: 'notice', level: 'warn', code: 'horizon-held', message: 'by someone' })
    observer({ flow, type: 'checkpoint', lane: 'a' })
    observer({ flow, type: 'draining' })
    observer({ flow, type: 'caught-up' })
    observer({ flow, type: 'stopped', exitCode: 5, error: new DataError('c', 'no') })
    expect(lines()).toMatchObject([
      { event: 'flow.started', level: 'info', kind: 'sync' },
      { event: 'flow.unavailable', level: 'error', subject: 'db', reason: 'gone' },
      { event: 'flow.recovered', level: 'info', healthy: true },
      { event: 'flow.dead-letters', level: 'warn', count: 2 },
      { event: 'flow.held', level: 'info', count: 1 },
      { event: 'flow.conflicts', level: 'warn', count: 1 },
      { event: 'flow.same', level: 'info', figures: { rows: 1 } },
      { event: 'flow.different', level: 'warn' },
      { event: 'flow.warning', level: 'warn', code: 'horizon-held', message: 'by someone' },
      { event: 'flow.draining', level: 'info' },
      { event: 'flow.caught-up', level: 'info' },
      { event: 'flow.failed', level: 'error', exitCode: 5, error: { type: 'DataError' } },
    ])
  })

  it('has a line for each batch for those who look closely, and says of which request something comes', () => {
    const { lines, logger } = logging()
    const observer = logObserver(logger)
    observer({ flow, requestId: 'r-1', type: 'batch', lane: 'a', items: 10, durationMs: 2, lagMs: 3 })
    expect(lines()).toMatchObject([
      { event: 'flow.batch', level: 'debug', lane: 'a', items: 10, durationMs: 2, lagMs: 3, requestId: 'r-1' },
    ])
  })

  it('says of a feed that was refused what the event log says', () => {
    const { lines, logger } = logging()
    const observer = logObserver(logger)
    observer({ flow, type: 'started', kind: 'feed' })
    observer({ flow, type: 'stopped', exitCode: 5, error: new DataError('feed-shrunk', 'too few') })
    expect(lines()).toMatchObject([{ event: 'flow.started' }, { event: 'flow.refused', level: 'error' }])
  })

  it('has a line for the first dead letters of a code, and sums up the rest and what was skipped', () => {
    const { lines, logger } = logging()
    const observer = logObserver(logger)
    for (let batch = 0; batch < 100; batch++) {
      for (const code of ['json', 'schema'])
        observer({ flow, type: 'dead-letters', lane: 'a', count: 3, code, reason: 'r' })
      observer({ flow, type: 'skipped', lane: 'a', count: 2, reason: 'stale' })
    }
    const letters = { event: 'flow.dead-letters', level: 'warn', count: 3 }
    expect(lines()).toMatchObject([
      { ...letters, code: 'json' },
      { ...letters, code: 'schema' },
    ])
    vi.advanceTimersByTime(10_000)
    observer({ flow, type: 'dead-letters', lane: 'a', count: 1, code: 'json', reason: 'r' })
    expect(lines().slice(2)).toMatchObject([
      { event: 'flow.progress', batches: 0, deadLetters: { json: 300, schema: 300 }, skipped: { stale: 200 } },
      { ...letters, code: 'json', count: 1 },
    ])
  })
})
