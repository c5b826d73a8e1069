import { describe, expect, it, vi } from 'vitest'
import { shutdown } from './shutdown.js'

describe('shutdown', () => {
  it('drains on the first request and aborts on the second', () => {
    const asked = shutdown()
    expect([asked.state, asked.drain.aborted, asked.abort.aborted]).toEqual(['running', false, false])
    expect(asked.request()).toBe('draining')
    expect([asked.state, asked.drain.aborted, asked.abort.aborted]).toEqual(['draining', true, false])
    expect(asked.request()).toBe('aborting')
    expect([asked.state, asked.drain.aborted, asked.abort.aborted]).toEqual(['aborting', true, true])
    expect(asked.request()).toBe('aborting')
  })

  it('lets any number of flows wait for it, without a warning of Node', async () => {
    const warned = vi.fn()
    process.on('warning', warned)
    const { drain, abort } = shutdown()
    for (const signal of [drain, abort])
      for (let flow = 0; flow < 50; flow++) signal.addEventListener('abort', () => flow)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })
})
