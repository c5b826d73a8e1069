import { describe, expect, it } from 'vitest'
import { shutdown } from './shutdown.js'

describe('shutdown', () => {
  it('drains on the first request and aborts on the second', () => {
    const process = shutdown()
    expect([process.state, process.drain.aborted, process.abort.aborted]).toEqual(['running', false, false])
    expect(process.request()).toBe('draining')
    expect([process.state, process.drain.aborted, process.abort.aborted]).toEqual(['draining', true, false])
    expect(process.request()).toBe('aborting')
    expect([process.state, process.drain.aborted, process.abort.aborted]).toEqual(['aborting', true, true])
    expect(process.request()).toBe('aborting')
  })
})
